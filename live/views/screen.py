"""The hall's screen: the picture, large, for hours without a hand. It counts for nobody."""

from typing import Any

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_GET

from live.models import Lecture
from live.permissions import lecture_for_rights, may_join
from live.sentences.screen import screen_words
from live.sentences.slides import slide_room_words
from live.views.access import lecture_json, lecture_page
from live.views.api import room_state, ticket_for
from live.views.link import short_address
from live.views.pages import removed_page
from organizations.permissions import signed_in

SHOWN = (
    *("state", "seq", "now", "starts_at", "ends_at", "void_reason", "live_at", "break_until"),
    *("hls_url", "hls_audio_url", "undone_until", "slides_url", "slide", "captions", "speakers"),
)


@require_GET
@lecture_page(may_join, otherwise=removed_page)
def screen(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """What hangs in a hall: nothing of the person who opened it, nor of the talk, stands in the page."""
    state = room_state(lecture, signed_in(request), as_of=timezone.now())
    where = reverse("live_link", args=[lecture.code]) if lecture.code else reverse("live_room", args=[lecture.pk])
    room = request.build_absolute_uri(where)
    data: dict[str, Any] = {key: state[key] for key in SHOWN}
    data |= {
        "poll": state["asking"]["poll"],
        "notice": state["asking"]["notice"],
        "words": screen_words(),
        "slide_words": slide_room_words(),
        "urls": {
            "state": reverse("live_state", args=[lecture.pk]),
            "ticket": reverse("live_screen_ticket", args=[lecture.pk]),
            "socket": f"/ws/live/{lecture.pk}/",
        },
    }
    context = {
        "occasion": lecture.occasion,
        "data": data,
        "drawing": _drawn(room),
        "address": short_address(request, lecture) or room.partition("://")[2],
    }
    return render(request, "live/screen.html", context)


@require_GET
@lecture_json(may_join, find=lecture_for_rights)
def screen_ticket(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """A ticket whose presence is no evidence of anybody's."""
    return ticket_for(request, lecture, is_counted=False)


def _drawn(address: str) -> str:
    """Return the address as a QR code in SVG, without a style or script of its own."""
    code = segno.make(address, error="m", micro=False)
    return mark_safe(code.svg_inline(border=2, omitsize=True, svgclass="code", lineclass=None))  # noqa: S308 - our own
