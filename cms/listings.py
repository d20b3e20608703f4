"""Whose each picture and document is, in the lists of the library and in what an author chooses from.

One library for the whole tree, whose collections are the units (ADR 30): both kinds of lists are narrowed by them.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import ModelChoiceFilter
from wagtail.admin.ui.tables import Column
from wagtail.documents.views import chooser as document_chooser
from wagtail.documents.views import documents
from wagtail.images.views import chooser as picture_chooser
from wagtail.images.views import images
from wagtail.permissions import policy_registry

from cms.belonging import UNIT, Belonging
from cms.library import LOOKING
from organizations.models import Node


def whose(item: Any) -> str:
    """Return the unit of a picture or document in words; no query where ``UNIT`` was loaded with it."""
    belonging = getattr(item, "belonging", None)
    if belonging is not None:
        return str(belonging.node)
    return _("只归上传的人") if item.uploaded_by_user_id else _("不归任何组织")


def units_with(model: type[Any], user: Any) -> QuerySet[Node]:
    """Return the units to which the pictures or documents belong that a person may see, in the order of the tree."""
    own = policy_registry.get_by_type(model).instances_user_has_any_permission_for(user, LOOKING)
    return Node.objects.filter(pk__in=own.order_by().values(UNIT)).order_by("path")


def of_unit(items: QuerySet[Any], unit: Node | None) -> QuerySet[Any]:
    """Narrow pictures or documents to those of one unit; all where none is named."""
    if unit is None:
        return items
    field = Belonging.field_for(items.model)
    # By key, because the search can narrow a question about columns only.
    return items.filter(pk__in=Belonging.objects.filter(node=unit).exclude(**{field: None}).values(field))


class OfUnit(forms.Form):
    """Put before a chooser's own filters: of which unit. Not shown where there is nothing to choose between."""

    units: QuerySet[Node]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.units[:2].count() == 2:
            chosen = forms.Select(attrs={"data-chooser-modal-search-filter": True})
            self.fields["unit"] = forms.ModelChoiceField(
                self.units, label=_("所属组织"), required=False, empty_label=_("全部组织"), widget=chosen
            )

    def filter(self, objects: QuerySet[Any]) -> Any:
        return super().filter(of_unit(objects, self.cleaned_data.get("unit")))  # type: ignore[misc]


def tell_whose() -> None:
    """Let Wagtail's four lists of the library load the unit with each item, show it and narrow by it. Once."""
    for view in (documents.IndexView, images.IndexView):
        view.get_base_queryset = _with_unit(view.get_base_queryset)
        view.columns = _with_column(view.__dict__["columns"])
        view.filterset_class.base_filters["unit"] = _unit_filter(view.model)
    for view in (document_chooser.BaseDocumentChooseView, picture_chooser.BaseImageChooseView):
        view.get_object_list = _with_unit(view.get_object_list)
        view.columns = _with_column(view.__dict__["columns"])
        view.get_filter_form_class = _narrowed(view.get_filter_form_class)


def _unit_filter(model: type[Any]) -> ModelChoiceFilter:
    def units(request: HttpRequest) -> QuerySet[Node]:
        return units_with(model, request.user)

    def narrow(items: QuerySet[Any], name: str, unit: Node | None) -> QuerySet[Any]:
        return of_unit(items, unit)

    words = {"label": gettext_lazy("所属组织"), "empty_label": gettext_lazy("全部组织")}
    return ModelChoiceFilter(queryset=units, method=narrow, **words)


def _narrowed(form_class: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def narrowed(view: Any) -> Any:
        units = units_with(view.model_class, view.request.user)
        return type("OfUnitForm", (OfUnit, form_class(view)), {"units": units})

    return narrowed


def _with_unit(found: Callable[[Any], QuerySet[Any]]) -> Callable[[Any], QuerySet[Any]]:
    return lambda view: found(view).select_related(UNIT)


def _with_column(shown: Any) -> property:
    """Put the unit before the day; a grid of pictures has no columns."""
    columns = getattr(shown, "fget", None) or shown.func

    def told(view: Any) -> list[Any]:
        found = list(columns(view))
        at = next((index for index, column in enumerate(found) if column.name == "created_at"), None)
        if at is not None:
            found.insert(at, Column("unit", label=_("所属组织"), accessor=whose))
        return found

    return property(told)
