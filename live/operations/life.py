"""The life of a lecture: scheduled → live → ended → recorded | unrecorded, each step claimed once.

For ten minutes an ending is undone from any state after it (``live.operations.ending``); what follows the end is in
``live.operations.recording``.
"""

import datetime as dt

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from attendance import operations as ledger
from attendance.clock import ahead_of_database
from attendance.models import Training
from attendance.queries.windows import resumed_at, window_limit
from live import room_events
from live.core import lifecycle
from live.models import AirTurn, Lecture, RaisedHand
from live.operations.air import Air, leave_air, take_air
from live.operations.breaks import close_break
from live.operations.hands import lower_all_hands
from live.operations.meeting import clear_seats
from live.operations.meeting_notes import keep_minutes
from live.operations.meeting_recording import close_recording
from live.operations.nodes import move_lecture
from live.operations.polls import close_open_poll
from live.operations.speakers import clear_stage
from live.operations.stage import announce, announce_stage, step
from live.queries import nodes

log = structlog.get_logger(__name__)
State = Lecture.State


class UnableToGoLive(Exception):
    """``code``: "too_early", "too_late", "draft" (members cannot see the training yet) or "state"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnableToEndLecture(Exception):
    """The lecture is not live."""


def go_live(*, occasion_id: int, as_of: dt.datetime, air: Air | None = None) -> None:
    """Open the lecture and its occasion; from now on presence counts. Going live twice is going live once.

    ``air``: the host's page that begins it, and sends the picture; or the device outside, which is waited for.
    """
    with transaction.atomic():
        lecture = Lecture.objects.select_related("occasion__training").get(pk=occasion_id)
        if lecture.state == State.LIVE:
            return
        plan = lecture.occasion
        if plan.training.state == Training.State.DRAFT:
            raise UnableToGoLive("draft")
        if refusal := lifecycle.start_refusal(starts_at=plan.starts_at, ends_at=plan.ends_at, as_of=as_of):
            raise UnableToGoLive(refusal)
        if not step(occasion_id, State.SCHEDULED, State.LIVE, live_at=as_of):
            raise UnableToGoLive("state")
        ledger.open_occasion(occasion_id=occasion_id, as_of=as_of)
        if air is not None:  # told first: no other open page takes the new state for its own turn
            take_air(occasion_id=occasion_id, host_id=air.host_id, source=air.source, socket=air.socket, as_of=as_of)
            if air.source == AirTurn.ENCODER:
                leave_air(occasion_id=occasion_id, socket=air.socket, as_of=as_of)
        transaction.on_commit(lambda: announce(occasion_id, "live"))


def end_lecture(*, occasion_id: int, as_of: dt.datetime) -> None:
    """End a live lecture: the occasion closes and settles, the media agent packs the recording. Once."""
    with transaction.atomic():
        lecture = Lecture.objects.select_for_update(of=("self",), no_key=True).get(pk=occasion_id)
        close_break(lecture, as_of=as_of)
        if not step(occasion_id, State.LIVE, State.ENDED, ended_at=as_of):
            raise UnableToEndLecture
        close_open_poll(occasion_id=occasion_id, as_of=as_of)
        ledger.close_occasion(occasion_id=occasion_id, as_of=as_of)
        if lecture.is_meeting or not lecture.record:
            ledger.set_unrecorded(occasion_id=occasion_id)  # now: the media agent may never come to say so
        # One event for the room: else each process tells of each hand that it finds gone.
        if RaisedHand.objects.filter(lecture_id=occasion_id).exists():
            lower_all_hands(occasion_id=occasion_id)
        clear_stage(occasion_id=occasion_id)
        if lecture.is_meeting:
            clear_seats(occasion_id=occasion_id)
            keep_minutes(occasion_id=occasion_id, actor_id=lecture.lecturer_id, as_of=as_of)
            close_recording(occasion_id=occasion_id, as_of=as_of)
            if not lecture.record:
                step(occasion_id, State.ENDED, State.UNRECORDED)  # nothing of it is packed: no media agent carries it
        transaction.on_commit(lambda: announce_stage(occasion_id))


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
                continue  # somebody ended it in this moment
            log.info("lecture_ended_by_schedule", occasion=lecture.pk)
            ended.append(lecture.pk)
    return ended


def place_lecture(*, occasion_id: int, as_of: dt.datetime) -> str | None:
    """Return the address of the engine that carries a live lecture, choosing the host with most room if none does.

    None while no media agent is running. A host whose agent is dead is left.
    """
    lecture = Lecture.objects.select_related("media_node").filter(pk=occasion_id, state=State.LIVE).first()
    if lecture is None:
        return None
    if lecture.media_node is not None and nodes.is_fresh(lecture.media_node, as_of=as_of):
        return lecture.media_node.url
    # Hosts beat by the database's clock: one that seems silent may be so by ours alone.
    as_of -= ahead_of_database(as_of=timezone.now())
    if lecture.media_node is not None and nodes.is_fresh(lecture.media_node, as_of=as_of):
        return lecture.media_node.url
    node = nodes.pick_node(as_of=as_of)
    if node is None:
        return None
    # Of two who place it at once one does, and both answer what then stands there.
    move_lecture(occasion_id, from_id=lecture.media_node_id, to_id=node.pk, as_of=as_of)
    placed = Lecture.objects.select_related("media_node").get(pk=occasion_id).media_node
    return placed.url if placed is not None else None


def note_picture(*, occasion_id: int, as_of: dt.datetime) -> None:
    """Remember that a picture was on air at ``as_of`` (the host's browser publishes): never an earlier moment.

    Read by ``end_forgotten_lectures``, by the rooms and by the next media agent.
    """
    # Reports of sockets and of the agent overtake one another; a late one must not take the moment back.
    live = Lecture.objects.filter(Q(published_at=None) | Q(published_at__lt=as_of), pk=occasion_id, state=State.LIVE)
    live.update(published_at=as_of)


def announce_picture(*, occasion_id: int, on: bool, as_of: dt.datetime) -> None:
    """The lecturer's picture came on the air or left it: note it, and tell the room."""
    if on:
        note_picture(occasion_id=occasion_id, as_of=as_of)
    room_events.publish(occasion_id, {"t": "picture", "on": on}, flush=True)
