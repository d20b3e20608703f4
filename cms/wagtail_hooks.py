"""Wagtail's admin, cut down to what organisers need."""

from typing import Any

from django.http import Http404, HttpRequest
from wagtail import hooks
from wagtail.documents.models import AbstractDocument
from wagtail.permissions import policy_registry

# Wagtail's own reports and help are about its machinery, not about learning.
HIDDEN = {"reports", "help"}


@hooks.register("construct_main_menu")
def keep_to_the_work(request: HttpRequest, items: list[Any]) -> None:
    if not getattr(request.user, "is_superuser", False):
        items[:] = [item for item in items if item.name not in HIDDEN]


@hooks.register("before_serve_document")
def documents_are_for_editors(document: AbstractDocument, request: HttpRequest) -> None:
    """Members get documents through the lesson that offers them; this address is the library's."""
    policy = policy_registry.get(document)
    found = policy.instances_user_has_any_permission_for(request.user, ["choose", "change"])
    if not request.user.is_authenticated or not found.filter(pk=document.pk).exists():
        raise Http404
