"""Whose each picture and document is, in the lists of the library and in what an author chooses from."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from wagtail.admin.ui.tables import Column
from wagtail.documents.views import chooser as document_chooser
from wagtail.documents.views import documents
from wagtail.images.views import chooser as picture_chooser
from wagtail.images.views import images

from cms.belonging import UNIT


def whose(item: Any) -> str:
    """Return the unit of a picture or document in words; no query where ``UNIT`` was loaded with it."""
    belonging = getattr(item, "belonging", None)
    if belonging is not None:
        return str(belonging.node)
    return _("只归上传的人") if item.uploaded_by_user_id else _("不归任何组织")


def tell_whose() -> None:
    """Let Wagtail's four lists of the library load the unit with each item, and show it. Once, at the start."""
    for view in (documents.IndexView, images.IndexView):
        view.get_base_queryset = _with_unit(view.get_base_queryset)
        view.columns = _with_column(view.__dict__["columns"])
    for view in (document_chooser.BaseDocumentChooseView, picture_chooser.BaseImageChooseView):
        view.get_object_list = _with_unit(view.get_object_list)
        view.columns = _with_column(view.__dict__["columns"])


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
