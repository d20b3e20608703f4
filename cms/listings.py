"""Whose each picture and document is, in the lists of the library and in what an author chooses from.

One library for the whole tree, whose collections are the units (ADR 30): both kinds of lists are narrowed by them.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import Filter
from django_filters.filters import QuerySetRequestMixin
from wagtail.admin.active_filters import ActiveFilter, BaseFilterAdapter, register_filter_adapter_class
from wagtail.admin.ui.tables import Column
from wagtail.documents.views import chooser as document_chooser
from wagtail.documents.views import documents
from wagtail.images.views import chooser as picture_chooser
from wagtail.images.views import images
from wagtail.permissions import policy_registry

from cms.belonging import UNIT, Belonging
from cms.library import LOOKING
from cms.permissions import OFFICE
from organizations.models import Node
from organizations.permissions import visible_nodes
from organizations.queries import subtree
from organizations.unit_choice import WORK, UnitChoice, UnitInput


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


def units_to_ask_for(model: type[Any], user: Any) -> QuerySet[Node]:
    """Return the units by which a person may narrow: those of their part of the tree, and those of what they see else.

    One that has nothing finds nothing, which is an answer.
    """
    if user.is_superuser:
        return Node.objects.order_by("path")
    asked = Q(pk__in=units_with(model, user).order_by().values("pk"))
    return Node.objects.filter(asked | Q(pk__in=visible_nodes(user, *OFFICE).order_by().values("pk"))).order_by("path")


class Unfound:
    """What was typed means no unit: nothing is found, and the reason stands where the unit would."""

    def __init__(self, error: ValidationError) -> None:
        self.why = " ".join(error.messages)

    def __str__(self) -> str:
        return self.why


class UnitToFind(UnitChoice):
    """The choice of a unit in a search: words that mean none find nothing, instead of everything."""

    def __init__(self, queryset: QuerySet[Node] | None, **kwargs: Any) -> None:
        kwargs.setdefault("label", gettext_lazy("所属组织"))
        said = {"required": False, "help_text": gettext_lazy("连同它的下级。写代码或名称，或者点“选择组织”。")}
        super().__init__(queryset, scope=WORK, empty=gettext_lazy("全部组织"), **{**kwargs, **said})

    def clean(self, value: Any) -> Any:
        try:
            return super().clean(value)
        except ValidationError as error:
            return Unfound(error)


def of_unit(items: QuerySet[Any], unit: Node | Unfound | None) -> QuerySet[Any]:
    """Narrow pictures or documents to those of a unit and of what lies below it; all where none is named."""
    if unit is None:
        return items
    if isinstance(unit, Unfound):
        return items.none()
    field = Belonging.field_for(items.model)
    # By key, because the search can narrow a question about columns only.
    inside = Belonging.objects.filter(subtree([unit.path], at="node"))
    return items.filter(pk__in=inside.exclude(**{field: None}).values(field))


class OfUnit(forms.Form):
    """Put before a chooser's own filters: of which unit. Not shown where there is nothing to choose between."""

    model: type[Any]
    user: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if units_with(self.model, self.user)[:2].count() == 2:
            asks = UnitInput(attrs={"data-chooser-modal-search-filter": True})
            self.fields["unit"] = UnitToFind(units_to_ask_for(self.model, self.user), widget=asks)

    def filter(self, objects: QuerySet[Any]) -> Any:
        return super().filter(of_unit(objects, self.cleaned_data.get("unit")))  # type: ignore[misc]


class UnitFilter(QuerySetRequestMixin, Filter):
    """A list's own: its units are asked for whoever looks."""

    field_class = UnitToFind


class UnitFilterAdapter(BaseFilterAdapter):
    """The unit that a list is narrowed to. It goes with both of its inputs: the text alone would narrow again."""

    def get_active_filters(self) -> Any:
        gone = self.get_url_without_filter_param([self.name, f"{self.name}_text"])
        yield ActiveFilter(self.bound_field.auto_id, self.filter.label, str(self.value), gone)


def tell_whose() -> None:
    """Let Wagtail's four lists of the library load the unit with each item, show it and narrow by it. Once."""
    register_filter_adapter_class(UnitFilter, adapter_class=UnitFilterAdapter)
    for view in (documents.IndexView, images.IndexView):
        view.get_base_queryset = _with_unit(view.get_base_queryset)
        view.columns = _with_column(view.__dict__["columns"])
        view.filterset_class.base_filters["unit"] = _unit_filter(view.model)
    for view in (document_chooser.BaseDocumentChooseView, picture_chooser.BaseImageChooseView):
        view.get_object_list = _with_unit(view.get_object_list)
        view.columns = _with_column(view.__dict__["columns"])
        view.get_filter_form_class = _narrowed(view.get_filter_form_class)


def _unit_filter(model: type[Any]) -> UnitFilter:
    def units(request: HttpRequest) -> QuerySet[Node]:
        return units_to_ask_for(model, request.user)

    def narrow(items: QuerySet[Any], name: str, unit: Node | Unfound) -> QuerySet[Any]:
        return of_unit(items, unit)

    return UnitFilter(queryset=units, method=narrow, label=gettext_lazy("所属组织"))


def _narrowed(form_class: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def narrowed(view: Any) -> Any:
        said = {"model": view.model_class, "user": view.request.user}
        return type("OfUnitForm", (OfUnit, form_class(view)), said)

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
