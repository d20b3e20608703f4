"""The page on which somebody tries out before a lecture or meeting whether this phone can take part.

It keeps nothing: what the phone finds stays on the phone.
"""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from live.room.turn import ice_servers
from live.sentences.check import check_words
from organizations.permissions import role_required, signed_in

RELAYS_FOR_S = 300
# No lecture has this number. The room lets every socket open before it says that there is no ticket.
NO_ROOM = "/ws/live/0/"


@require_GET
@never_cache
@role_required()
def check(request: HttpRequest) -> HttpResponse:
    """The page; all of it is decided on the phone (frontend/src/check)."""
    data = {
        "list": static("check/sample.m3u8"),
        "sound": static("check/sample.m4a"),
        "bytes": static("check/sample0.m4s"),
        "script": static("js/hls.js"),
        "socket": NO_ROOM,
        "relays": reverse("live_check_relays"),
        "words": check_words(),
    }
    return render(request, "live/check.html", {"tab": "me", "data": data})


@require_POST
def relays(request: HttpRequest) -> HttpResponse:
    """The relays as a room gives them, for five minutes; an empty list where the site has none."""
    if not request.user.is_authenticated:
        return JsonResponse({"error": "signed_out"}, status=401)
    found = ice_servers(member_id=signed_in(request).pk, as_of=timezone.now(), for_s=RELAYS_FOR_S)
    answer = JsonResponse({"relays": found})
    answer.headers["Cache-Control"] = "no-store"
    return answer
