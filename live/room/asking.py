"""What is asked in this process's rooms: answers and votes in batches, and once a second what the room is told.

The database is the truth: once a second it is asked for the rooms of the process, and what differs from what a room was
told goes out, counts as one frame for all. An opened poll, a mark and the notice are told at once as well, after their
commit. Reactions are not stored: each process tells a sample of its own, and how many cannot hear with its head count.
"""

import random
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import structlog
from django.db import DatabaseError
from django.utils import timezone

from live import operations, queries, room_events, supervise
from live.core.wire import asking, captions, protocol
from live.room.batches import Batches
from live.room.checks import HIDDEN_OVERLAP
from live.room.threads import in_database

if TYPE_CHECKING:
    from live.room.process import RoomProcess
    from live.room.rooms import Room

log = structlog.get_logger(__name__)

LOOK_S = 1.0
REACTIONS_SHOWN = 4
Told = dict[int, tuple[int, str]]
NEW_QUESTIONS = 5  # a second: nobody reads more, and each is as long as three lines of chat
VOTES_TOLD = 100


class Asking:
    """The part of one process's rooms that asks and counts; on its event loop."""

    def __init__(self, process: "RoomProcess") -> None:
        spawn = process.background.spawn
        self._process = process
        self._looked_at = timezone.now()
        self.answers = Batches(spawn=spawn, store=_answer_all, name="poll_answers")
        self.votes = Batches(spawn=spawn, store=_vote_all, name="votes")

    def start(self) -> None:
        """Begin, until the process's background ends."""
        self._process.background.spawn(supervise.forever("rooms_asking", self._turn, every_s=LOOK_S))

    def on_event(self, room: "Room", event: protocol.Event) -> None:
        """An event passes through the room on its way to the browsers: what the room was told is known."""
        if isinstance(event, asking.PollEvent):
            room.asking.poll = event
        elif isinstance(event, asking.PinnedEvent):
            room.asking.notice = event.text
        elif isinstance(event, asking.MarkedEvent) and event.question in room.asking.questions:
            # One that was not told yet is told with its mark.
            votes, _state = room.asking.questions[event.question]
            room.asking.questions[event.question] = (votes, event.state)

    async def _turn(self) -> None:
        for room in list(self._process.rooms.open.values()):
            self._tell_reactions(room)
        try:
            await self.look()
        except DatabaseError:
            log.warning("rooms_cannot_look_at_what_is_asked")

    async def look(self) -> None:
        """Tell all rooms what the database says and they were not told. Raises DatabaseError."""
        rooms, now = dict(self._process.rooms.open), timezone.now()
        since, self._looked_at = self._looked_at - HIDDEN_OVERLAP, now
        if not rooms:
            return
        before = {key: (room.asking.poll, room.asking.notice) for key, room in rooms.items()}
        told = {key: dict(room.asking.questions) for key, room in rooms.items()}
        facts = await in_database(partial(queries.asking_facts, list(rooms), changed_since=since))
        for occasion_id, room in rooms.items():
            self._tell(room, facts[occasion_id], *before[occasion_id])
            self._tell_captions(room, facts[occasion_id].captions)
            await self._tell_questions(room, facts[occasion_id].changed, told[occasion_id])

    def _tell(self, room: "Room", facts: queries.AskingFacts, poll: asking.PollEvent | None, notice: str) -> None:
        deliver = partial(self._process.rooms.deliver, room.occasion_id)
        found = None if facts.poll is None else protocol.event_of(facts.poll.event())
        # What was told since the question is newer than the answer; the next look compares again.
        if found is not None and found != poll and room.asking.poll is poll:
            deliver(found)
        if facts.notice != notice and room.asking.notice == notice:
            deliver(asking.PinnedEvent(text=facts.notice))
        if facts.poll is not None and facts.tally is not None:
            tally = asking.TallyEvent(poll=facts.poll.poll, counts=facts.tally)
            if tally != room.asking.tally:
                room.asking.tally = tally
                deliver(tally)

    def _tell_captions(self, room: "Room", lines: dict[int, str]) -> None:
        """The room itself knows what it was told of them (``RoomAsking``)."""
        deliver = partial(self._process.rooms.deliver, room.occasion_id)
        texts = {line: text for line, text in lines.items() if text}
        if texts:
            deliver(captions.CaptionsEvent(lines=list(texts), texts=list(texts.values())))
        for line in lines.keys() - texts.keys():
            deliver(captions.CaptionDroppedEvent(line=line))

    async def _tell_questions(self, room: "Room", changed: Told, before: Told) -> None:
        """``before``: what had been told when the question was put; what was told since is newer than the answer."""
        told = room.asking.questions
        deliver = partial(self._process.rooms.deliver, room.occasion_id)
        new = sorted(key for key, (_votes, state) in changed.items() if key not in told and state != "hidden")
        for event in await in_database(partial(queries.question_events, new[:NEW_QUESTIONS])) if new else ():
            told[event["question"]] = (event["votes"], event["state"])
            deliver(protocol.event_of(event))
        same = {key: changed[key] for key in changed if key in told and told[key] == before.get(key)}
        for key, (_votes, state) in same.items():
            if told[key][1] != state:
                deliver(asking.MarkedEvent(question=key, state=state))  # type: ignore[arg-type]
        news = [key for key, (votes, _state) in same.items() if told[key][0] != votes][:VOTES_TOLD]
        for key in news:
            told[key] = (changed[key][0], told[key][1])
        if news:
            deliver(asking.VotesEvent(questions=news, votes=[told[key][0] for key in news]))

    # --- reactions ----------------------------------------------------------------------------------------------

    def react(self, room: "Room", member_id: int, kind: str) -> None:
        """Somebody reacts; told with the next look."""
        room.asking.reactions.append(kind)
        if kind == "unclear":
            room.asking.unclear[member_id] = time.monotonic()

    def _tell_reactions(self, room: "Room") -> None:
        waiting = list(room.asking.reactions)
        room.asking.reactions.clear()
        if waiting:
            sample = random.sample(waiting, min(len(waiting), REACTIONS_SHOWN))
            room_events.publish(room.occasion_id, {"t": "reactions", "kinds": sample})
        people = room.cannot_hear()
        if people != room.asking.unclear_told:
            room.asking.unclear_told = people
            self._process.rooms.deliver(room.occasion_id, asking.UnclearEvent(people=people))


def _answer_all(answers: Sequence[operations.Answering]) -> list[int | operations.UnableToAnswer]:
    return operations.answer_polls(answers=answers)


def _vote_all(votings: Sequence[operations.Voting]) -> list[int | operations.UnableToVote]:
    return operations.vote_questions(votings=votings)
