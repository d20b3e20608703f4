"""Wagtail's admin, cut down to what organisers need."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from wagtail import hooks
from wagtail.documents.models import AbstractDocument
from wagtail.models import Page
from wagtail.permissions import policy_registry

from organizations.models import User

# Wagtail's own reports and help are about its machinery, not about learning.
HIDDEN = {"reports", "help"}


@hooks.register("construct_main_menu")
def keep_to_the_work(request: HttpRequest, items: list[Any]) -> None:
    if not getattr(request.user, "is_superuser", False):
        items[:] = [item for item in items if item.name not in HIDDEN]


@hooks.register("before_serve_document")
def documents_are_for_editors(document: AbstractDocument, request: HttpRequest) -> None:
    """Members get documents through the lesson that offers them; this address is the library's."""
    if not isinstance(request.user, User):
        raise Http404
    policy = policy_registry.get(document)
    found = policy.instances_user_has_any_permission_for(request.user, ["choose", "change"])
    if not found.filter(pk=document.pk).exists():
        raise Http404


@hooks.register("construct_page_chooser_queryset")
def choose_among_ones_own(pages: QuerySet[Page], request: HttpRequest) -> QuerySet[Page]:
    """Wagtail's chooser lists every child of a page; other organisations' courses do not exist for this editor."""
    own = policy_registry.get_by_type(Page).explorable_instances(request.user)
    return pages.filter(pk__in=own.values("pk"))
