"""What the room's islands ask: the state after a gap, a fresh ticket, and a place for what the line swallowed."""

import datetime as dt
import json
import re
from dataclasses import asdict
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from attendance.operations import UnableToRecordPresence, record_outbox
from attendance.queries.windows import undone_until
from live import queries, room_events
from live.core.wire.protocol import BIG, IDENT, as_data
from live.core.wire.slides import NO_SLIDES
from live.models import Lecture
from live.own_record import own_record
from live.permissions import (
    expects,
    is_locked_out,
    is_withheld,
    lecture_for_rights,
    may_host,
    may_join,
    may_read_recording,
)
from live.queries.meeting import notes, seats
from live.room import tickets
from live.sentences.room import air_notes, recording_told
from live.views.access import lecture_json
from live.views.slides import slides_url
from media.queries import UnableToPlay, playback
from media.signing import signed_url
from organizations.models import User
from organizations.permissions import signed_in

DEVICE = re.compile(r"[0-9a-f]{32}")
MAX_BODY = 4096
NOTHING_ASKED: dict[str, Any] = {"poll": None, "choice": None, "notice": "", "questions": [], "voted": []}


def milliseconds(at: dt.datetime | None) -> int | None:
    """Return Unix milliseconds."""
    return None if at is None else round(at.timestamp() * 1000)


def room_state(lecture: Lecture, user: User, *, as_of: dt.datetime) -> dict[str, Any]:
    """Return where the room stands: what a page begins with, and what a phone fetches after a gap."""
    is_host = may_host(user, lecture)
    is_outside = is_locked_out(user, lecture, as_of=as_of)
    live = lecture.state == Lecture.State.LIVE and not (is_outside or lecture.is_meeting)
    facts = queries.room_facts([lecture.pk])[lecture.pk]
    state: dict[str, Any] = {
        "state": lecture.stage,
        "undone_until": milliseconds(undone_until(lecture.occasion)),
        "void_reason": lecture.occasion.void_reason,
        "seq": room_events.seq_of(lecture.pk),
        "now": milliseconds(as_of),
        "starts_at": milliseconds(lecture.occasion.starts_at),
        "ends_at": milliseconds(lecture.occasion.ends_at),
        "live_at": milliseconds(lecture.live_at),
        "break_until": facts.break_until,
        "slides_url": "" if lecture.is_over or is_outside else slides_url(lecture, user),
        "slide": as_data(NO_SLIDES if is_outside else facts.slide),
        "hls_url": _hls(lecture, user, "live.m3u8", as_of) if live else "",
        "hls_audio_url": _hls(lecture, user, "audio.m3u8", as_of) if live else "",
        # Whoever a locked room keeps outside reads and sees nothing of what is said and shown inside.
        "chat": [] if is_outside else [line.event() for line in queries.chat_lines(occasion_id=lecture.pk)],
        "last_message": facts.last_message,
        "talk": facts.is_chat_open,
        "locked": facts.is_locked,
        "captions": [] if is_outside else queries.caption_lines(occasion_id=lecture.pk, is_host=is_host),
        "speakers": [asdict(one) for one in queries.speakers(lecture.pk)] if facts.speakers and not is_outside else [],
        "asking": NOTHING_ASKED
        if is_outside
        else queries.asking_state(occasion_id=lecture.pk, member_id=user.pk, is_host=is_host),
        "mine": own_record(lecture, member_id=user.pk, as_of=as_of),
    }
    if lecture.is_meeting:
        # Who waits outside may know it before they come in.
        state["recorded_since"] = facts.meeting.recorded if facts.meeting else None
        state["seats"] = [] if is_outside else [asdict(one) for one in seats(lecture.pk)]
        state["notes"] = [] if is_outside else [asdict(one) for one in notes(lecture.pk)]
    if is_host:
        held = queries.restricted(lecture.pk)
        state["recording"] = recording_told(lecture, as_of=as_of)
        state["stage"] = {
            "on_air": as_data(queries.on_air(lecture.pk)) if facts.turn[0] else None,
            "hands": [as_data(hand) for hand in queries.hand_events(facts.hands)],
        }
        state["air_log"] = air_notes(lecture.pk)
        state["restricted"] = [{"member": row.member_id, "name": row.member.name, "kind": row.kind} for row in held]
    return state


def _hls(lecture: Lecture, user: User, path: str, as_of: dt.datetime) -> str:
    return signed_url(root="live", object_id=str(lecture.pk), viewer_id=user.pk, path=path, as_of=as_of)


@require_GET
@lecture_json(may_join, meets=True)
def state(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    return JsonResponse(room_state(lecture, signed_in(request), as_of=timezone.now()))


@require_GET
@lecture_json(may_join, find=lecture_for_rights, meets=True)
def ticket(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """A ticket for this browser's next socket; ``device`` is the random name it gave itself."""
    return ticket_for(request, lecture, is_counted=True)


def ticket_for(request: HttpRequest, lecture: Lecture, *, is_counted: bool) -> HttpResponse:
    """The same; without ``is_counted`` presence is evidence of nobody's."""
    device = request.GET.get("device", "")
    if DEVICE.fullmatch(device) is None:
        return JsonResponse({"error": "bad_device", "message": _("请刷新页面再试。")}, status=400)
    user = signed_in(request)
    is_host = may_host(user, lecture)
    made = tickets.make(
        tickets.Ticket(
            occasion=lecture.pk,
            member=user.pk,
            device=device,
            host=is_host,
            # Whoever is no host was let in as one who is expected: a room that comes back asks that once a phone.
            # Further sessions let in who was at the first, too.
            meets=lecture.is_meeting,
            withheld=not is_host and is_withheld(user, lecture),
            counted=is_counted and (not (is_host or lecture.occasion.repeats_id) or expects(lecture.occasion, user.pk)),
        ),
        session_key=request.session.session_key or "",
    )
    return JsonResponse({"ticket": made, "url": f"/ws/live/{lecture.pk}/"})


@require_POST
@lecture_json(may_join, meets=True)
def outbox(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """A stretch that the phone played while its line was down, sent late: accepted once, for 24 hours.

    The same ``id`` again gets the same answer.
    """
    try:
        note = _read_note(request.body)
    except ValueError:
        return JsonResponse({"error": "malformed", "message": _("这条记录读不出来。")}, status=400)
    try:
        record_outbox(
            occasion_id=lecture.pk,
            member_id=signed_in(request).pk,
            device=note["device"],
            client_id=note["id"],
            started_at=note["started_at"],
            ended_at=note["ended_at"],
            as_of=timezone.now(),
        )
    except UnableToRecordPresence as error:
        return JsonResponse({"error": "refused", "message": str(error)}, status=409)
    return JsonResponse({"accepted": True})


@require_GET
@lecture_json(may_read_recording, meets=True)
def replay_addresses(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """Fresh signed addresses for an open replay page, whose own have expired."""
    if lecture.recording is None:
        raise Http404
    try:
        found = playback(video=lecture.recording, viewer_id=signed_in(request).pk, as_of=timezone.now())
    except UnableToPlay as error:
        raise Http404 from error
    return JsonResponse(found.addresses() | {"slides_url": slides_url(lecture, signed_in(request))})


def _read_note(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_BODY:
        raise ValueError("too long")
    try:
        data = json.loads(body)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(data, dict):
        raise ValueError("not an object")
    ident, device = data.get("id"), data.get("device")
    if not isinstance(ident, str) or not isinstance(device, str):
        raise ValueError("no id")
    if IDENT.fullmatch(ident) is None or DEVICE.fullmatch(device) is None:
        raise ValueError("bad id")
    return {
        "id": ident,
        "device": device,
        "started_at": _moment(data.get("from_ms")),
        "ended_at": _moment(data.get("to_ms")),
    }


def _moment(value: Any) -> dt.datetime:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < min(BIG, 10**14):
        raise ValueError("bad moment")
    return dt.datetime.fromtimestamp(value / 1000, tz=dt.UTC)
