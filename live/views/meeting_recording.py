"""What was recorded of a meeting: watched by who was expected at it, deleted by the secretary. It counts for nobody."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from live import operations
from live.meeting_forms import DropRecordingForm
from live.models import Lecture
from live.permissions import may_drop_meeting_recording, may_read_meeting_recording
from live.queries.meeting import recording_turns
from live.sentences.meeting import recording_words, turn_words
from live.sentences.room import missing_rows
from live.views.access import lecture_page
from live.views.pages import looking_player
from organizations.permissions import signed_in


@require_GET
@lecture_page(may_read_meeting_recording, meets=True)
def watch(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """The recording, or what became of it. While the meeting goes on: the way into it."""
    if not lecture.is_over:
        return redirect("live_room", occasion_id=lecture.pk)
    user, as_of = signed_in(request), timezone.now()
    may_drop = may_drop_meeting_recording(user, lecture) and lecture.recording is not None
    context = {
        "lecture": lecture,
        "occasion": lecture.occasion,
        "player": _player(lecture, request),
        "turns": turn_words(recording_turns(lecture.pk)),
        "missing": missing_rows(lecture) if lecture.recording is not None else [],
        "may_drop": may_drop,
        "stays": operations.why_recording_stays(lecture, as_of=as_of) if may_drop else "",
    }
    return render(request, "live/meeting_recording.html", context)


@require_http_methods(["GET", "POST"])
@lecture_page(may_drop_meeting_recording, meets=True)
def drop(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """Delete the recording, with a reason; asks first."""
    as_of, back = timezone.now(), reverse("live_meeting_recording", args=[lecture.pk])
    refusal = _("这场会议没有录像。") if lecture.recording is None else ""
    if refusal := refusal or operations.why_recording_stays(lecture, as_of=as_of):
        messages.error(request, refusal)
        return redirect("meeting" if lecture.recording is None else "live_meeting_recording", occasion_id=lecture.pk)
    form = DropRecordingForm(request.POST or None)
    actor = signed_in(request).pk
    if request.method == "POST" and form.is_valid() and form.save(lecture, actor_id=actor, as_of=as_of):
        messages.success(request, _("会议录像已删除。"))
        return redirect("meeting", occasion_id=lecture.pk)
    context = {
        "form": form,
        "title": _("删除会议录像"),
        "lecture": lecture,
        "text": _("删除以后，应到的人都不能再看这场会议的录像，不能撤销。到会情况和会议记录不变。"),
        "back": back,
    }
    return render(request, "live/ask.html", context, status=422 if form.errors else 200)


def _player(lecture: Lecture, request: HttpRequest) -> dict[str, Any]:
    words = {"subtitle": _("会议录像"), "message": recording_words(lecture)}
    return looking_player(lecture, signed_in(request)) | words
