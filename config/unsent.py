"""What only takes a form has no page: whoever opens it with a browser is led to the page it belongs to.

That happens to people who did nothing wrong: the session was over when they tapped, they signed in, and ``next`` led
them to the address that was to take their form, which is gone.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _

from config import views
from organizations.models import User

NOT_ALLOWED = 405
EVERYTHING = ".*/$"  # Wagtail's own address for whatever it does not know
# Where the page that a form stands on is not above its address: the page's name, and what of the address names it.
PAGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "me_dispute_withdraw": ("me_record", ("occasion_id",)),
    "live_meeting_cancel": ("meeting", ("occasion_id",)),
    "live_slides_remove": ("live_host", ("occasion_id",)),
    "uses_publish": ("wagtailadmin_pages:edit", ("page_id",)),
}


class LeadBack:
    """Lead a browser that opens what takes forms alone to the page above it, and say that nothing was sent.

    Scripts, and whatever else is no page that a browser opens, get the 405 as it is; a browser that sends what an
    address does not take gets a page of ours. Stands after MessageMiddleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code != NOT_ALLOWED or not opens_a_page(request):
            return response
        if request.method != "GET":
            sorry = views.not_allowed(request)
            sorry["Allow"] = response.get("Allow", "")
            return sorry
        if isinstance(request.user, User):
            messages.warning(request, _("刚才那一步没有提交，请再点一次。"))
        return HttpResponseRedirect(page_above(request.path_info))


def opens_a_page(request: HttpRequest) -> bool:
    """Whether a browser asks that will show the answer: scripts of ours ask for JSON, or for anything."""
    return "text/html" in request.headers.get("Accept", "") and not views.wants_json(request)


def page_above(path: str) -> str:
    """Return the page that an address of forms belongs to: as ``PAGES`` says, else the nearest address above."""
    found = resolve(path)
    if found.url_name in PAGES:
        name, keys = PAGES[found.url_name]
        return reverse(name, kwargs={key: found.kwargs[key] for key in keys})
    parts = path.strip("/").split("/")
    for length in range(len(parts) - 1, 0, -1):
        above = "/" + "/".join(parts[:length]) + "/"
        if is_page(above):
            return above
    return "/"


def is_page(path: str) -> bool:
    """Whether an address is one that can be opened, as far as its name says."""
    try:
        found: Any = resolve(path)
    except Resolver404:
        return False
    return found.func is not views.nothing_here and not found.route.endswith(EVERYTHING)
