"""The recording of a lecture: what the media agent packed becomes the replay, and is deleted when nobody needs it."""

import datetime as dt
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from attendance import operations as ledger
from attendance.models import Occasion
from attendance.queries.windows import HELD, undone_until
from attendance.sentences.records import moment
from live.core.media.holes import Hole, as_lists
from live.models import Lecture
from live.operations.captions import carry_captions, write_captions
from live.operations.stage import announce_stage, step
from media.models import Video
from media.operations import PlacedRecording, adopt_recording, carry_chapters, mark_replaced, place_recording
from organizations.models import User

log = structlog.get_logger(__name__)
State = Lecture.State


class UnableToDropRecording(Exception):
    """Somebody may still have to watch it, or there is none; the message, for the person who asks, says which."""


def finish_recording(
    *,
    occasion_id: int,
    folder: Path | None,
    duration_ms: int,
    started_at: dt.datetime | None,
    cuts: Sequence[tuple[int, int]] = (),
    holes: Sequence[Hole] | None = None,
    width: int,
    height: int,
    as_of: dt.datetime,
    ended_at: dt.datetime | None = None,
) -> None:
    """Take over what the media agent packed and offer it as the replay; ``folder`` None: nothing was recorded.

    ``folder`` holds ``master.m3u8``; ``started_at`` is the wall-clock moment of media time 0, ``cuts`` the pauses
    that it leaves out (media time and length, ms), ``holes`` what was on the air and is not in it. After an ending that
    was undone it holds all parts of the lecture and takes the place of the earlier replay, which stays where nothing
    better comes. The files are placed first, which takes as long as a copy takes; then one short transaction names
    them. Safe to call twice, after a rollback too. Nothing happens when the ending was undone while it was packed, even
    if the lecture has ended again (``ended_at``: the end that was packed): what came in between is not in it. What
    turns up later of a lecture that was said to have no replay becomes one, but nothing where somebody deleted the
    recording. Raises UnableToAdopt.
    """
    lecture = Lecture.objects.select_related("occasion").get(pk=occasion_id)
    end = ended_at or lecture.ended_at
    if lecture.ended_at != end:
        return
    if folder is None or started_at is None or duration_ms <= 0 or not lecture.record:
        _finish_without(occasion_id, holes, end)
        return
    if lecture.state not in (State.ENDED, State.UNRECORDED) or lecture.recording_dropped_at is not None:
        return
    # Outside any transaction: a poster and a copy take as long as they take; a row held so long would stop the room.
    placed = place_recording(key=f"lecture {occasion_id}", folder=folder, width=width, height=height)
    with transaction.atomic():
        if not step(occasion_id, lecture.state, State.RECORDED, of_end=end):
            return  # undone meanwhile: what was placed is packed again at the next end, and swept after a day
        # Read after the claim: what was read before the files were placed may have been replaced since.
        earlier_id = Lecture.objects.values_list("recording_id", flat=True).get(pk=occasion_id)
        video = _adopt(lecture, placed, duration_ms)
        Lecture.objects.filter(pk=occasion_id).update(recording=video, **_holes_field(holes))
        _make_up_by(lecture, started_at, duration_ms, cuts, as_of)
        _take_the_place_of(earlier_id, video, as_of)
        write_captions(occasion_id=occasion_id, as_of=as_of)
        transaction.on_commit(lambda: announce_stage(occasion_id))


def _make_up_by(
    lecture: Lecture, started_at: dt.datetime, duration_ms: int, cuts: Sequence[tuple[int, int]], as_of: dt.datetime
) -> None:
    """Tell the ledger of the replay; a meeting is made up with the secretary, and counts by none."""
    if lecture.is_meeting:
        return
    offset = (lecture.occasion.window_start_at or started_at) - started_at
    ledger.set_replay(
        occasion_id=lecture.pk, media_ms=duration_ms, media_offset_ms=round(offset / dt.timedelta(milliseconds=1)),
        media_cuts=cuts, as_of=as_of,
    )  # fmt: skip


def _take_the_place_of(earlier_id: uuid.UUID | None, video: Video, as_of: dt.datetime) -> None:
    """What somebody wrote to the earlier replay, if there is one, goes with the new one."""
    if earlier_id is None or earlier_id == video.pk:
        return
    carry_captions(earlier_id=earlier_id, video_id=video.pk, as_of=as_of)
    carry_chapters(earlier_id=earlier_id, video_id=video.pk)
    mark_replaced(video_id=earlier_id, as_of=as_of)


def _adopt(lecture: Lecture, placed: PlacedRecording, duration_ms: int) -> Video:
    occasion = lecture.occasion
    return adopt_recording(
        placed=placed,
        title=occasion.title,
        duration_ms=duration_ms,
        node_id=occasion.node_id,
        created_by_id=lecture.lecturer_id,
    )


@transaction.atomic
def _finish_without(occasion_id: int, holes: Sequence[Hole] | None, end: dt.datetime | None) -> None:
    """There is nothing (new) to offer: an earlier replay stays, else there is none."""
    lecture = Lecture.objects.get(pk=occasion_id)
    if step(occasion_id, State.ENDED, State.RECORDED if lecture.recording_id else State.UNRECORDED, of_end=end):
        if not lecture.recording_id:
            Lecture.objects.filter(pk=occasion_id).update(**_holes_field(holes))
            ledger.set_unrecorded(occasion_id=occasion_id)
        transaction.on_commit(lambda: announce_stage(occasion_id))


def _holes_field(holes: Sequence[Hole] | None) -> dict[str, Any]:
    return {} if holes is None else {"holes": as_lists(holes)}


def note_holes(*, occasion_id: int, holes: Sequence[Hole]) -> None:
    """Write down what of a live lecture was on the air and is not recorded, and what is not being recorded now.

    The lecturer's page shows it; the agent after this one goes on from it.
    """
    Lecture.objects.filter(pk=occasion_id, state=State.LIVE).update(holes=as_lists(holes))


@transaction.atomic
def drop_recording(*, occasion_id: int, actor_id: int, as_of: dt.datetime, reason: str = "") -> None:
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
    _let_go(lecture, actor_id=actor_id, as_of=as_of, reason=reason)
    mark_replaced(video_id=video_id, as_of=as_of)


@transaction.atomic
def let_go_of_recording(*, video_id: uuid.UUID, actor_id: int | None, as_of: dt.datetime) -> None:
    """The same where the video itself is deleted; the lecture keeps a recording that somebody may still need."""
    lecture = _held(Lecture.objects.filter(recording_id=video_id)).first()
    if lecture is not None and not why_recording_stays(lecture, as_of=as_of):
        _let_go(lecture, actor_id=actor_id, as_of=as_of)


def why_recording_stays(lecture: Lecture, *, as_of: dt.datetime) -> str:
    """Return why the recording of a lecture cannot be deleted yet, for whoever asks; "" when it can.

    The one answer for the lecture's own page and for that of the video. With a meeting's nobody makes up.
    """
    occasion = lecture.occasion
    until = occasion.make_up_until_at
    if lecture.state != State.RECORDED or occasion.state in (Occasion.State.SCHEDULED, Occasion.State.OPEN):
        return _("这一场还没有结束，或者回放还在整理，请过一会儿再删除。")
    if occasion.state in HELD and until is None and not lecture.is_meeting:
        return _("这一场正在认定，还有人可以看回放补学，认定以后才能删除。")
    if occasion.state in HELD and until is not None and until > as_of and not lecture.is_meeting:
        return _("还有人可以看回放补学（到 {at}），过了这个时间才能删除。").format(at=moment(until))
    undo = undone_until(occasion)
    if undo is not None and undo > as_of:
        if lecture.is_meeting:
            return _("结束不到 10 分钟，还可以恢复会议，请过一会儿再删除。")
        return _("结束不到 10 分钟，还可以恢复直播，请过一会儿再删除。")
    return ""


def _held(lectures: QuerySet[Lecture]) -> QuerySet[Lecture]:
    """The lecture before its video, as everywhere (``finish_recording``); who only points at it need not wait."""
    return lectures.select_for_update(of=("self",), no_key=True).select_related("occasion")


def _let_go(lecture: Lecture, *, actor_id: int | None, as_of: dt.datetime, reason: str = "") -> None:
    from wagtail.log_actions import log as log_action  # noqa: PLC0415 - the media agent runs without Wagtail

    fields = {"recording": None, "state": State.UNRECORDED, "recording_dropped_at": as_of}
    Lecture.objects.filter(pk=lecture.pk).update(**fields)
    actor = User.objects.filter(pk=actor_id).first()
    data = {"reason": reason} if reason else {}
    log_action(instance=lecture.occasion, action="live.drop_recording", user=actor, data=data)
    log.info("recording_dropped", occasion=lecture.pk, actor_id=actor_id)
    transaction.on_commit(lambda: announce_stage(lecture.pk))
