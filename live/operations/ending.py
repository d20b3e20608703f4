"""After the end of a lecture: undo it, hold it again, declare it void, delete its recording when nobody needs it.

Undoing works from every state that the media agent has brought the lecture to meanwhile. The agent keeps what was
recorded until nothing can be undone any more, carries the same folder on, and packs all parts into one recording at the
next end; media time 0 stays where it was, so what anybody has watched of an earlier replay stays watched.
"""

import datetime as dt
import uuid
from typing import NotRequired, TypedDict, Unpack

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from attendance import operations as ledger
from attendance.consequences import moment
from attendance.models import Occasion
from attendance.windows import HELD, undone_until
from live.models import Lecture
from live.operations.lectures import announce_stage, schedule_lecture
from media.operations import mark_replaced
from organizations.models import User

log = structlog.get_logger(__name__)
State = Lecture.State


class UnableToResumeLecture(Exception):
    """``code``: "undo_over" (ten minutes have passed) or "state"; the message is for the person who asks."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class UnableToVoidLecture(Exception):
    """The message, for the person who asks, says why it is not voided."""


class UnableToHoldAgain(Exception):
    """It was planned once more already; ``lecture`` is that plan, the message is for the person who asks."""

    def __init__(self, lecture: Lecture) -> None:
        at = moment(lecture.occasion.starts_at)
        words = _("这一场已经另外安排过：“{title}”，{at}。要改时间请改那一场；那一场也没有举行的，在那一场上再开。")
        super().__init__(words.format(title=lecture.occasion.title, at=at))
        self.lecture = lecture


class UnableToDropRecording(Exception):
    """Somebody may still have to watch it, or there is none; the message, for the person who asks, says which."""


class LecturePlan(TypedDict):
    """What is planned of a lecture, as ``schedule_lecture`` takes it."""

    training_id: int
    title: str
    node_id: int
    starts_at: dt.datetime
    ends_at: dt.datetime
    lecturer_id: int
    rule_id: int
    record: NotRequired[bool]
    webrtc_cap: NotRequired[int | None]


def resume_lecture(*, occasion_id: int, as_of: dt.datetime) -> None:
    """Undo the ending of a lecture within ten minutes: on air again, and what lay between is nobody's time.

    Raises UnableToResumeLecture.
    """
    over = [State.ENDED, State.RECORDED, State.UNRECORDED]
    with transaction.atomic():
        # The lecture before the occasion, as everywhere: the agent's handing over holds the first and asks for both.
        if Lecture.objects.filter(pk=occasion_id, state__in=over).update(state=State.LIVE, ended_at=None) != 1:
            raise UnableToResumeLecture("state", _("这场直播没有结束。"))
        try:
            ledger.reopen_occasion(occasion_id=occasion_id, as_of=as_of)
        except ledger.UnableToReopenOccasion as error:
            raise UnableToResumeLecture("undo_over", str(error)) from error
        transaction.on_commit(lambda: announce_stage(occasion_id))
    log.info("lecture_resumed", occasion=occasion_id)


def void_lecture(*, occasion_id: int, reason: str, actor_id: int, as_of: dt.datetime) -> None:
    """Declare a lecture that has ended void, with a reason that members read; signed, and in the back office's log.

    Raises UnableToVoidLecture.
    """
    # Here, because the media agent runs without Wagtail.
    from wagtail.log_actions import log as log_action  # noqa: PLC0415

    with transaction.atomic():
        try:
            ledger.void_occasion(occasion_id=occasion_id, reason=reason, voided_by_id=actor_id, as_of=as_of)
        except ledger.UnableToVoidOccasion as error:
            raise UnableToVoidLecture(str(error)) from error
        occasion = Occasion.objects.get(pk=occasion_id)
        actor = User.objects.get(pk=actor_id)
        log_action(instance=occasion, action="live.void", user=actor, data={"reason": occasion.void_reason})
        transaction.on_commit(lambda: announce_stage(occasion_id))


@transaction.atomic
def hold_again(*, occasion_id: int, actor_id: int, as_of: dt.datetime, **plan: Unpack[LecturePlan]) -> Lecture:
    """Schedule a lecture in the place of one that was not held, which becomes void for that reason, or of a void one.

    Once: the same plan sent twice is one lecture. Raises UnableToHoldAgain for another plan, UnableToScheduleLecture
    for one that cannot stand, UnableToVoidLecture if the other was held.
    """
    # The row is held: of two clicks at once, the second finds what the first has planned.
    occasion = Occasion.objects.select_for_update(no_key=True).get(pk=occasion_id)
    if occasion.state not in (Occasion.State.NOT_HELD, Occasion.State.VOID):
        raise UnableToVoidLecture(_("这一场已经举行过，要再讲一次请另外安排。"))
    planned = Lecture.objects.select_related("occasion").filter(in_place_of_id=occasion_id).first()
    if planned is not None:
        if planned.state == State.SCHEDULED and planned.occasion.starts_at == plan["starts_at"]:
            return planned
        raise UnableToHoldAgain(planned)
    lecture = schedule_lecture(as_of=as_of, actor_id=actor_id, **plan)
    Lecture.objects.filter(pk=lecture.pk).update(in_place_of_id=occasion_id)
    if occasion.state == Occasion.State.NOT_HELD:
        with translation.override(settings.LANGUAGE_CODE):  # stored once, read by everybody
            reason = _("这一场没有举行，已经另外安排。")
        void_lecture(occasion_id=occasion_id, reason=reason, actor_id=actor_id, as_of=as_of)
    return lecture


@transaction.atomic
def drop_recording(*, occasion_id: int, actor_id: int, as_of: dt.datetime) -> None:
    """Delete the recording of a lecture when nobody can make up with it any more; in the back office's log.

    What it counted for stays counted, and nothing that the media agent still has becomes a recording again. Its file
    goes with the next sweep; a lesson that shows it keeps it. Raises UnableToDropRecording.
    """
    lecture = _held(Lecture.objects.filter(pk=occasion_id)).get()
    if lecture.recording_id is None:
        raise UnableToDropRecording(_("这一场没有回放。"))
    if refusal := why_recording_stays(lecture, as_of=as_of):
        raise UnableToDropRecording(refusal)
    video_id = lecture.recording_id
    _let_go(lecture, actor_id=actor_id, as_of=as_of)
    mark_replaced(video_id=video_id, as_of=as_of)


@transaction.atomic
def let_go_of_recording(*, video_id: uuid.UUID, actor_id: int | None, as_of: dt.datetime) -> None:
    """The same where the video itself is deleted; the lecture keeps a recording that somebody may still need."""
    lecture = _held(Lecture.objects.filter(recording_id=video_id)).first()
    if lecture is not None and not why_recording_stays(lecture, as_of=as_of):
        _let_go(lecture, actor_id=actor_id, as_of=as_of)


def why_recording_stays(lecture: Lecture, *, as_of: dt.datetime) -> str:
    """Return why the recording of a lecture cannot be deleted yet, for whoever asks; "" when it can.

    The one answer for the lecture's own page and for that of the video.
    """
    occasion = lecture.occasion
    until = occasion.make_up_until_at
    if lecture.state != State.RECORDED or occasion.state in (Occasion.State.SCHEDULED, Occasion.State.OPEN):
        return _("这一场还没有结束，或者回放还在整理，请过一会儿再删除。")
    if occasion.state in HELD and until is None:
        return _("这一场正在认定，还有人可以看回放补学，认定以后才能删除。")
    if occasion.state in HELD and until is not None and until > as_of:
        return _("还有人可以看回放补学（到 {at}），过了这个时间才能删除。").format(at=moment(until))
    undo = undone_until(occasion)
    if undo is not None and undo > as_of:
        return _("结束不到 10 分钟，还可以恢复直播，请过一会儿再删除。")
    return ""


def _held(lectures: QuerySet[Lecture]) -> QuerySet[Lecture]:
    """The lecture before its video, as everywhere (``finish_recording``); who only points at it need not wait."""
    return lectures.select_for_update(of=("self",), no_key=True).select_related("occasion")


def _let_go(lecture: Lecture, *, actor_id: int | None, as_of: dt.datetime) -> None:
    from wagtail.log_actions import log as log_action  # noqa: PLC0415 - the media agent runs without Wagtail

    fields = {"recording": None, "state": State.UNRECORDED, "recording_dropped_at": as_of}
    Lecture.objects.filter(pk=lecture.pk).update(**fields)
    actor = User.objects.filter(pk=actor_id).first()
    log_action(instance=lecture.occasion, action="live.drop_recording", user=actor)
    log.info("recording_dropped", occasion=lecture.pk, actor_id=actor_id)
    transaction.on_commit(lambda: announce_stage(lecture.pk))
