"""A rehearsal of a lecture: the lecturer's desk with a room that is played in the page (ADR 75)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from live.core.wire.protocol import as_data
from live.core.wire.slides import NO_SLIDES
from live.models import Lecture
from live.permissions import may_host
from live.sentences.rehearsal import rehearsal_script
from live.views.access import lecture_page
from live.views.api import NOTHING_ASKED
from live.views.pages import desk_context
from organizations.permissions import signed_in


@require_GET
@lecture_page(may_host)
def rehearsal(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """The desk before the lecture, with simulated members: nothing of it reaches the server, let alone a record.

    Once the lecture is on the air, or over, there is nothing to rehearse: the way leads to its desk.
    """
    if lecture.state != Lecture.State.SCHEDULED:
        return redirect("live_host", occasion_id=lecture.pk)
    user, now = signed_in(request), timezone.now()
    context = desk_context(lecture, user, as_of=now)
    data = context["data"]
    # Of its own for all that a page keeps in the browser: what is typed here is not what is typed there.
    data["occasion"] = -lecture.pk
    # Begins as a lecture does that nobody has entered; only the slides are its own.
    data |= {
        "opens_at": 0,
        # Whoever rehearses plays the lecturer.
        "lecturer": user.pk,
        "encoder_key": False,
        "chat": [],
        "captions": [],
        "speakers": [],
        "restricted": [],
        "air_log": [],
        "talk": True,
        "locked": False,
        "asking": NOTHING_ASKED,
        "stage": {"on_air": None, "hands": []},
        "slide": as_data(NO_SLIDES),
    }
    context |= {
        "is_rehearsal": True,
        "rehearsal": {
            "script": rehearsal_script(),
            "host": {"member": user.pk, "name": user.name, "unit": ""},
            "real": reverse("live_state", args=[lecture.pk]),
        },
    }
    return render(request, "live/host.html", context)
