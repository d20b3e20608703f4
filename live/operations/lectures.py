"""The plan and the life of a lecture: scheduled → live → ended → recorded | unrecorded, each step claimed once.

For ten minutes an ending is undone from any state after it (``live.operations.ending``).
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance import operations as ledger
from attendance.models import Occasion, Rule, Training
from attendance.rules import why_not_at
from attendance.windows import resumed_at, window_limit
from live import room_events
from live.core import lifecycle
from live.core.media.holes import Hole, as_lists
from live.models import Lecture
from live.queries import may_lecture, nodes
from media.operations import adopt_recording, mark_replaced, place_recording
from organizations.models import Node, User
from organizations.permissions import in_subtree

log = structlog.get_logger(__name__)
State = Lecture.State


class UnableToScheduleLecture(Exception):
    """The plan cannot stand. ``field`` names the input, the message is for the person who planned."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class UnableToCancelLecture(Exception):
    """The lecture has begun; it can be ended, not cancelled."""


class UnableToGoLive(Exception):
    """``code``: "too_early", "too_late", "draft" (members cannot see the training yet) or "state"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnableToEndLecture(Exception):
    """The lecture is not live."""


def schedule_lecture(
    *,
    training_id: int,
    title: str,
    node_id: int,
    starts_at: dt.datetime,
    ends_at: dt.datetime,
    lecturer_id: int,
    rule_id: int,
    as_of: dt.datetime,
    record: bool = True,
    webrtc_cap: int | None = None,
    actor_id: int | None = None,
) -> Lecture:
    """Plan a lecture of a training for everybody in a node's subtree; in the log of its training.

    Raises ``UnableToScheduleLecture``.
    """
    title = _checked_plan(training_id, title, node_id, starts_at, ends_at, lecturer_id, rule_id, as_of)
    with transaction.atomic():
        occasion = ledger.create_occasion(
            training_id=training_id,
            kind="lecture",
            title=title,
            node_id=node_id,
            starts_at=starts_at,
            ends_at=ends_at,
            rule_id=rule_id,
        )
        lecture = Lecture.objects.create(
            occasion=occasion,
            lecturer_id=lecturer_id,
            record=record,
            webrtc_cap=settings.LIVE_WEBRTC_CAP if webrtc_cap is None else webrtc_cap,
        )
        _log("live.plan", occasion, actor_id)
        return lecture


def reschedule_lecture(
    *,
    occasion_id: int,
    training_id: int,
    title: str,
    node_id: int,
    starts_at: dt.datetime,
    ends_at: dt.datetime,
    lecturer_id: int,
    rule_id: int,
    as_of: dt.datetime,
    record: bool = True,
    webrtc_cap: int | None = None,
    actor_id: int | None = None,
) -> None:
    """Change the plan of a lecture that has not begun; in the log of its training.

    Raises ``UnableToScheduleLecture``.
    """
    title = _checked_plan(training_id, title, node_id, starts_at, ends_at, lecturer_id, rule_id, as_of, occasion_id)
    cap = settings.LIVE_WEBRTC_CAP if webrtc_cap is None else webrtc_cap
    with transaction.atomic():
        claimed = Lecture.objects.filter(pk=occasion_id, state=State.SCHEDULED).update(
            lecturer_id=lecturer_id, record=record, webrtc_cap=cap
        )
        if not claimed:
            raise UnableToScheduleLecture("", _("直播已经开始，不能再修改安排。"))
        ledger.reschedule_occasion(
            occasion_id=occasion_id,
            title=title,
            node_id=node_id,
            starts_at=starts_at,
            ends_at=ends_at,
            rule_id=rule_id,
            training_id=training_id,
        )
        _log("live.change", Occasion.objects.select_related("training").get(pk=occasion_id), actor_id)


def _log(action: str, occasion: Occasion, actor_id: int | None) -> None:
    """Write a step of a plan into the log of its training, where somebody took it."""
    # Here, because the media agent runs without Wagtail.
    from wagtail.log_actions import log as log_action  # noqa: PLC0415

    if actor_id is None:
        return
    told = {"occasion": occasion.pk, "title": occasion.title, "starts_at": occasion.starts_at.isoformat()}
    log_action(instance=occasion.training, action=action, user=User.objects.get(pk=actor_id), data=told)


def cancel_lecture(*, occasion_id: int, as_of: dt.datetime, actor_id: int | None = None) -> None:
    """Withdraw a lecture that has not begun: nobody can have taken part.

    Where a leave is written down for it, that stays, at an occasion that is void. In the log of its training. Raises
    UnableToCancelLecture.
    """
    from attendance.cancelled import log_cancelled  # noqa: PLC0415 - the media agent runs without Wagtail

    with transaction.atomic():
        held = Lecture.objects.select_for_update(of=("self",)).select_related("occasion__training")
        lecture = held.filter(pk=occasion_id).first()
        if lecture is None or lecture.state != State.SCHEDULED:
            raise UnableToCancelLecture
        log_cancelled(action="live.cancel", occasion=lecture.occasion, actor_id=actor_id)
        if not ledger.withdraw_occasion(occasion_id=occasion_id, actor_id=actor_id, as_of=as_of):
            lecture.delete()
        transaction.on_commit(lambda: _announce(occasion_id, "cancelled"))


def go_live(*, occasion_id: int, as_of: dt.datetime) -> None:
    """Open the lecture and its occasion; from now on presence counts. Going live twice is going live once."""
    with transaction.atomic():
        lecture = Lecture.objects.select_related("occasion__training").get(pk=occasion_id)
        if lecture.state == State.LIVE:
            return
        plan = lecture.occasion
        if plan.training.state == Training.State.DRAFT:
            raise UnableToGoLive("draft")
        if refusal := lifecycle.start_refusal(starts_at=plan.starts_at, ends_at=plan.ends_at, as_of=as_of):
            raise UnableToGoLive(refusal)
        if not _step(occasion_id, State.SCHEDULED, State.LIVE, live_at=as_of):
            raise UnableToGoLive("state")
        ledger.open_occasion(occasion_id=occasion_id, as_of=as_of)
        transaction.on_commit(lambda: _announce(occasion_id, "live"))


def end_lecture(*, occasion_id: int, as_of: dt.datetime) -> None:
    """End a live lecture: the occasion closes and settles, the media agent packs the recording. Once."""
    with transaction.atomic():
        if not _step(occasion_id, State.LIVE, State.ENDED, ended_at=as_of):
            raise UnableToEndLecture
        ledger.close_occasion(occasion_id=occasion_id, as_of=as_of)
        transaction.on_commit(lambda: announce_stage(occasion_id))


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
) -> None:
    """Take over what the media agent packed and offer it as the replay; ``folder`` None: nothing was recorded.

    ``folder`` holds ``master.m3u8``; ``started_at`` is the wall-clock moment of media time 0, ``cuts`` the pauses
    that it leaves out (media time and length, ms), ``holes`` what was on the air and is not in it. After an ending that
    was undone it holds all parts of the lecture and takes the place of the earlier replay, which stays where nothing
    better comes. The files are placed first, which takes as long as a copy takes; then one short transaction names
    them. Safe to call twice, after a rollback too; nothing happens when the ending was undone while it was packed. What
    turns up later of a lecture that was said to have no replay becomes one, but nothing where somebody deleted the
    recording. Raises UnableToAdopt.
    """
    lecture = Lecture.objects.select_related("occasion").get(pk=occasion_id)
    if folder is None or started_at is None or duration_ms <= 0 or not lecture.record:
        _finish_without(occasion_id, holes)
        return
    if lecture.state not in (State.ENDED, State.UNRECORDED) or lecture.recording_dropped_at is not None:
        return
    placed = place_recording(key=f"lecture {occasion_id}", folder=folder, width=width, height=height)
    with transaction.atomic():
        if not _step(occasion_id, lecture.state, State.RECORDED):
            return  # undone meanwhile: what was placed is packed again at the next end, and swept after a day
        earlier_id = Lecture.objects.values_list("recording_id", flat=True).get(pk=occasion_id)
        video = adopt_recording(
            placed=placed,
            title=lecture.occasion.title,
            duration_ms=duration_ms,
            node_id=lecture.occasion.node_id,
            created_by_id=lecture.lecturer_id,
        )
        Lecture.objects.filter(pk=occasion_id).update(recording=video, **_holes_field(holes))
        window_start_at = lecture.occasion.window_start_at or started_at
        ledger.set_replay(
            occasion_id=occasion_id,
            media_ms=duration_ms,
            media_offset_ms=round((window_start_at - started_at) / dt.timedelta(milliseconds=1)),
            media_cuts=cuts,
            as_of=as_of,
        )
        if earlier_id is not None and earlier_id != video.pk:
            mark_replaced(video_id=earlier_id, as_of=as_of)
        transaction.on_commit(lambda: announce_stage(occasion_id))


@transaction.atomic
def _finish_without(occasion_id: int, holes: Sequence[Hole] | None) -> None:
    """There is nothing (new) to offer: an earlier replay stays, else there is none."""
    lecture = Lecture.objects.get(pk=occasion_id)
    if _step(occasion_id, State.ENDED, State.RECORDED if lecture.recording_id else State.UNRECORDED):
        if not lecture.recording_id:
            Lecture.objects.filter(pk=occasion_id).update(**_holes_field(holes))
        transaction.on_commit(lambda: announce_stage(occasion_id))


def _holes_field(holes: Sequence[Hole] | None) -> dict[str, Any]:
    return {} if holes is None else {"holes": as_lists(holes)}


def note_holes(*, occasion_id: int, holes: Sequence[Hole]) -> None:
    """Write down what of a live lecture was on the air and is not recorded, and what is not being recorded now.

    The lecturer's page shows it; the agent after this one goes on from it.
    """
    Lecture.objects.filter(pk=occasion_id, state=State.LIVE).update(holes=as_lists(holes))


def note_picture(*, occasion_id: int, as_of: dt.datetime) -> None:
    """Remember that a picture was on air at ``as_of`` (the host's browser publishes): never an earlier moment.

    Read by ``end_forgotten_lectures``, by the rooms and by the next media agent.
    """
    live = Lecture.objects.filter(Q(published_at=None) | Q(published_at__lt=as_of), pk=occasion_id, state=State.LIVE)
    live.update(published_at=as_of)


def announce_picture(*, occasion_id: int, on: bool, as_of: dt.datetime) -> None:
    """The lecturer's picture came on the air or left it: note it, and tell the room."""
    if on:
        note_picture(occasion_id=occasion_id, as_of=as_of)
    room_events.publish(occasion_id, {"t": "picture", "on": on}, flush=True)


def place_lecture(*, occasion_id: int, as_of: dt.datetime) -> str | None:
    """Return the address of the engine that carries a live lecture, choosing the host with most room if none does.

    None while no media agent is running. A host whose agent is dead is left.
    """
    lecture = Lecture.objects.select_related("media_node").filter(pk=occasion_id, state=State.LIVE).first()
    if lecture is None:
        return None
    if lecture.media_node is not None and nodes.is_fresh(lecture.media_node, as_of=as_of):
        return lecture.media_node.url
    node = nodes.pick_node(as_of=as_of)
    if node is None:
        return None
    Lecture.objects.filter(pk=occasion_id, media_node_id=lecture.media_node_id).update(media_node=node)
    placed = Lecture.objects.select_related("media_node").get(pk=occasion_id).media_node
    return placed.url if placed is not None else None


def end_forgotten_lectures(*, as_of: dt.datetime) -> list[int]:
    """End lectures that nobody ended (``lifecycle.is_forgotten``); return their ids. Safe to run twice."""
    ended = []
    for lecture in Lecture.objects.filter(state=State.LIVE).select_related("occasion"):
        picture_at = lecture.published_at or lecture.live_at or as_of
        # What was undone a moment ago is not ended at once again: it has half an hour for its picture.
        ends_at = max(window_limit(lecture.occasion), resumed_at(lecture.occasion) or lecture.occasion.ends_at)
        if lifecycle.is_forgotten(ends_at=ends_at, picture_at=picture_at, as_of=as_of):
            try:
                end_lecture(occasion_id=lecture.pk, as_of=as_of)
            except UnableToEndLecture:
                continue
            log.info("lecture_ended_by_schedule", occasion=lecture.pk)
            ended.append(lecture.pk)
    return ended


def _step(occasion_id: int, old: str, new: str, **fields: dt.datetime) -> bool:
    assert lifecycle.may_follow(old, new)  # type: ignore[arg-type]  # noqa: S101 - a slip of the programmer
    # Whose recording was deleted has come to its end, also for an agent that found the segments before.
    standing = Lecture.objects.filter(pk=occasion_id, state=old, recording_dropped_at=None)
    return standing.update(state=new, **fields) == 1


def _announce(occasion_id: int, state: str) -> None:
    room_events.publish(occasion_id, {"t": "state", "state": state}, flush=True)


def announce_stage(occasion_id: int) -> None:
    """Tell the room where its lecture stands now. Call it after the commit."""
    lecture = Lecture.objects.select_related("occasion").filter(pk=occasion_id).first()
    if lecture is not None:
        _announce(occasion_id, lecture.stage)


def _checked_plan(
    training_id: int,
    title: str,
    node_id: int,
    starts_at: dt.datetime,
    ends_at: dt.datetime,
    lecturer_id: int,
    rule_id: int,
    as_of: dt.datetime,
    occasion_id: int | None = None,
) -> str:
    title = " ".join(title.replace("\x00", "").split())
    if not 0 < len(title) <= 120:
        raise UnableToScheduleLecture("title", _("请填写名称，不超过 120 个字。"))
    words = {
        "order": ("ends_at", _("结束时间要晚于开始时间。")),
        "too_long": ("ends_at", _("一场直播不能超过 12 小时。")),
        "past": ("starts_at", _("这个时间已经过去了。")),
    }
    if refusal := lifecycle.plan_refusal(starts_at=starts_at, ends_at=ends_at, as_of=as_of):
        raise UnableToScheduleLecture(*words[refusal])
    training = Training.objects.select_related("node").filter(pk=training_id).first()
    if training is None:
        raise UnableToScheduleLecture("training", _("没有这个培训。"))
    node = Node.objects.filter(pk=node_id).first()
    if node is None or not in_subtree(node, training.node):
        raise UnableToScheduleLecture("node", _("参加范围要在这个培训的范围之内。"))
    rule = Rule.objects.select_related("node").filter(pk=rule_id).first()
    if rule is None:
        raise UnableToScheduleLecture("rule", _("没有这条认定规则。"))
    stored = Occasion.objects.filter(pk=occasion_id).first() if occasion_id else None
    if refusal := why_not_at(rule=rule, node=node, stored=stored):
        raise UnableToScheduleLecture("rule", refusal)
    lecturer = User.objects.filter(pk=lecturer_id, is_active=True).first()
    if lecturer is None or not may_lecture(lecturer, node, on_date=timezone.localdate(as_of)):
        raise UnableToScheduleLecture("lecturer", _("这个人在这里没有讲师职责。"))
    return title
