"""Pages outside an editor's subtree do not exist in Wagtail's admin, whichever of its views is asked."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from wagtail.models import Page
from wagtail.permissions import policy_registry

# What Wagtail's addresses call a page's key.
NAMES = ("page_id", "parent_page_id", "page_to_move_id", "destination_id", "page_pk")


class OtherPagesAreNotFound:
    """Wagtail's explorer and its move page show any page below the editor's root, by title; here they answer 404.

    Stands after AuthenticationMiddleware. One query for each request to the admin that names a page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        asked = {kwargs[name] for name in NAMES if name in kwargs}
        if not asked or not request.path.startswith("/admin/") or not request.user.is_authenticated:
            return
        own = policy_registry.get_by_type(Page).explorable_instances(request.user)
        if own.filter(pk__in=asked).count() < len(asked):
            raise Http404
