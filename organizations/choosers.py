"""What every chooser of a unit's own things in Wagtail's editor is made of, and the menu item that leads to them.

A thing of one's own is what ``own`` of the chooser's viewset returns for a person: the list, the search and the answer
to a choice all ask it, so that a key typed by hand chooses nothing that the list would not have shown.
"""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic.chooser import (
    BaseChooseView,
    ChooseResultsView,
    ChooseView,
    ChosenMultipleView,
    ChosenView,
    CreateView,
)
from wagtail.admin.viewsets.chooser import ChooserViewSet

from organizations.models import Role
from organizations.permissions import has_role


def nothing(user: Any) -> QuerySet[Any]:
    """What a view asks that no viewset made: it would show what is everybody's. Raises NotImplementedError."""
    raise NotImplementedError


class Listed(BaseChooseView):
    """Mixin before the two views that list: what this person may choose, and whose it is."""

    own: Callable[[Any], QuerySet[Any]] = staticmethod(nothing)

    def get_object_list(self) -> QuerySet[Any]:
        return self.own(self.request.user)

    @property
    def columns(self) -> list[Column]:
        return [*super().columns, *self.told()]

    def told(self) -> list[Column]:
        """What one needs to tell two things of one name apart."""
        return [Column("node", label=_("所属组织"), accessor="node")]


class Choose(Listed, ChooseView):
    pass


class ChooseResults(Listed, ChooseResultsView):
    pass


class Chosen(ChosenView):
    own: Callable[[Any], QuerySet[Any]] = staticmethod(nothing)

    def get_object(self, pk: str) -> Any:
        return self.own(self.request.user).get(pk=pk)


class ChosenMultiple(ChosenMultipleView):
    own: Callable[[Any], QuerySet[Any]] = staticmethod(nothing)

    def get_objects(self, pks: list[str]) -> QuerySet[Any]:
        return self.own(self.request.user).filter(pk__in=pks)


class NothingCreated(CreateView):
    """Such things are made on their own pages; Wagtail's create view would break without a form."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        raise Http404


class OwnChooserViewSet(ChooserViewSet):
    """A chooser among one's own things. ``own`` takes a person; a query without the slice, in the list's order."""

    own: Callable[[Any], QuerySet[Any]] = staticmethod(nothing)
    choose_view_class: Any = Choose
    choose_results_view_class: Any = ChooseResults
    chosen_view_class = Chosen
    chosen_multiple_view_class = ChosenMultiple
    create_view_class = NothingCreated
    per_page = 12

    def get_common_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_common_view_kwargs(**kwargs), "own": self.own}


class OrganiserMenuItem(MenuItem):
    """Shown to organisers."""

    def is_shown(self, request: HttpRequest) -> bool:
        return has_role(request.user, Role.ORGANISER)
