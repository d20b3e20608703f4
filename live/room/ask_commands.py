"""The commands of what is asked in a room, for ``TABLE`` in ``live.room.commands``.

Whoever asks, answers or votes is answered after the commit; a refusal carries the ``id`` of what it is about.
"""

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from live import operations
from live.core.wire import asking, captions, protocol
from live.room.connections import Connection
from live.room.refusals import Refused
from live.room.rooms import Room
from live.room.threads import in_database

if TYPE_CHECKING:
    from live.room.process import RoomProcess


async def _answer_poll(process: "RoomProcess", room: Room, connection: Connection, command: asking.AnswerPoll) -> None:
    said = await process.asking.answers.put(
        operations.Answering(
            occasion_id=room.occasion_id,
            poll_id=command.poll,
            member_id=connection.member_id,
            choice=command.choice,
            at=timezone.now(),
        )
    )
    if isinstance(said, operations.UnableToAnswer):
        raise Refused(said.code, command.id)
    frame = protocol.encode(asking.Answered(id=command.id, poll=command.poll, choice=said))
    # Their other devices show the same; those of another process when they next fetch the state.
    for one in room.of_member(connection.member_id):
        process.rooms.tell(one, frame)


async def _ask(process: "RoomProcess", room: Room, connection: Connection, command: asking.Ask) -> None:
    if not connection.ask_allowance.take(time.monotonic()):
        raise Refused("slow_down", command.id)
    work = partial(
        operations.ask,
        occasion_id=room.occasion_id,
        author_id=connection.member_id,
        client_id=command.id,
        text=command.text,
        as_of=timezone.now(),
        is_host=connection.host,
    )
    try:
        question_id = await in_database(work)
    except operations.UnableToAsk as error:
        raise Refused(error.code, command.id) from error
    process.rooms.tell(connection, protocol.encode(asking.Stored(id=command.id, item=question_id)))


async def _vote(process: "RoomProcess", room: Room, connection: Connection, command: asking.Vote) -> None:
    said = await process.asking.votes.put(
        operations.Voting(
            occasion_id=room.occasion_id,
            question_id=command.question,
            member_id=connection.member_id,
            on=command.on,
            at=timezone.now(),
        )
    )
    if isinstance(said, operations.UnableToVote):
        raise Refused(said.code, command.id)
    process.rooms.tell(connection, protocol.encode(asking.Stored(id=command.id, item=said)))


async def _react(process: "RoomProcess", room: Room, connection: Connection, command: asking.React) -> None:
    if connection.member_id in room.muted:
        raise Refused("muted")
    if room.state != "live":
        raise Refused("closed")
    if not connection.react_allowance.take(time.monotonic()):
        raise Refused("slow_down")
    process.asking.react(room, connection.member_id, command.kind)


async def _save_poll(process: "RoomProcess", room: Room, connection: Connection, command: asking.SavePoll) -> None:
    draft = operations.PollDraft(command.text, command.options, command.quiz, command.right)
    work = partial(
        operations.save_poll,
        occasion_id=room.occasion_id,
        poll_id=command.poll,
        client_id=command.id,
        draft=draft,
        actor_id=connection.member_id,
        as_of=timezone.now(),
    )
    try:
        poll_id = await in_database(work)
    except operations.UnableToPoll as error:
        raise Refused(error.code, command.id) from error
    process.rooms.tell(connection, protocol.encode(asking.Stored(id=command.id, item=poll_id)))


async def _lead_poll(room: Room, work: Any, poll_id: int, **facts: Any) -> None:
    try:
        await in_database(partial(work, occasion_id=room.occasion_id, poll_id=poll_id, **facts))
    except operations.UnableToPoll as error:
        raise Refused(error.code) from error


async def _drop_poll(process: "RoomProcess", room: Room, connection: Connection, command: asking.DropPoll) -> None:
    await _lead_poll(room, operations.drop_poll, command.poll)


async def _open_poll(process: "RoomProcess", room: Room, connection: Connection, command: asking.OpenPoll) -> None:
    await _lead_poll(room, operations.open_poll, command.poll, as_of=timezone.now())


async def _close_poll(process: "RoomProcess", room: Room, connection: Connection, command: asking.ClosePoll) -> None:
    await _lead_poll(room, operations.close_poll, command.poll, as_of=timezone.now())


async def _show_poll(process: "RoomProcess", room: Room, connection: Connection, command: asking.ShowPoll) -> None:
    await _lead_poll(room, operations.show_poll, command.poll, on=command.on)


async def _mark(process: "RoomProcess", room: Room, connection: Connection, command: asking.MarkQuestion) -> None:
    work = partial(
        operations.mark_question,
        occasion_id=room.occasion_id,
        question_id=command.question,
        state=command.state,
        as_of=timezone.now(),
    )
    try:
        await in_database(work)
    except operations.UnableToMark as error:
        raise Refused("gone") from error


async def _pin(process: "RoomProcess", room: Room, connection: Connection, command: asking.Pin) -> None:
    work = partial(
        operations.pin,
        occasion_id=room.occasion_id,
        text=command.text,
        actor_id=connection.member_id,
        as_of=timezone.now(),
    )
    try:
        await in_database(work)
    except operations.UnableToPin as error:
        raise Refused(error.code) from error


async def _caption(process: "RoomProcess", room: Room, connection: Connection, command: captions.Caption) -> None:
    if not connection.caption_allowance.take(time.monotonic()):
        raise Refused("slow_down", command.id)
    work = partial(
        operations.caption,
        occasion_id=room.occasion_id,
        author_id=connection.member_id,
        client_id=command.id,
        text=command.text,
        as_of=timezone.now(),
    )
    try:
        line = await in_database(work)
    except operations.UnableToCaption as error:
        raise Refused(error.code, command.id) from error
    process.rooms.tell(connection, protocol.encode(asking.Stored(id=command.id, item=line)))


async def _drop_caption(
    process: "RoomProcess", room: Room, connection: Connection, command: captions.DropCaption
) -> None:
    work = partial(operations.drop_caption, occasion_id=room.occasion_id, line_id=command.line, as_of=timezone.now())
    try:
        await in_database(work)
    except operations.UnableToCaption as error:
        raise Refused(error.code) from error


TABLE: dict[type[protocol.Command], Any] = {
    asking.AnswerPoll: _answer_poll,
    asking.Ask: _ask,
    asking.Vote: _vote,
    asking.React: _react,
    asking.SavePoll: _save_poll,
    asking.DropPoll: _drop_poll,
    asking.OpenPoll: _open_poll,
    asking.ClosePoll: _close_poll,
    asking.ShowPoll: _show_poll,
    asking.MarkQuestion: _mark,
    asking.Pin: _pin,
    captions.Caption: _caption,
    captions.DropCaption: _drop_caption,
}
