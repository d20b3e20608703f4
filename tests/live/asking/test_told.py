"""What a room is told of its questions: nothing is taken back by an answer that is older than what was told."""

import asyncio
from typing import Any, cast

import pytest

from live import queries
from live.core.wire import asking, protocol
from live.room import asking as module
from live.room.asking import Asking
from live.room.rooms import Room


@pytest.mark.unit
def test_a_mark_that_was_told_while_the_database_was_asked_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, Any]] = []

    class Line:
        """A process with one room."""

        rooms = background = property(lambda self: self)

        def __init__(self, room: Room) -> None:
            self.open = {room.occasion_id: room}

        def spawn(self, work: Any) -> None:
            work.close()

        def deliver(self, _room: int, event: protocol.Event) -> None:
            told.append(protocol.as_data(event))
            process.on_event(room, event)

    facts = queries.AskingFacts(poll=None, tally=None, notice="", changed={1: (3, "open"), 2: (5, "open")})

    async def asked(_work: Any) -> Any:
        if meanwhile:
            Line(room).deliver(7, meanwhile.pop())
        return {7: facts}

    meanwhile: list[protocol.Event] = [asking.MarkedEvent(question=1, state="answered")]
    room = Room(7, state="live")
    process = Asking(cast(Any, Line(room)))
    room.asking.questions.update({1: (2, "open"), 2: (4, "open")})
    monkeypatch.setattr(module, "in_database", asked)
    asyncio.run(process.look())
    assert told == [
        {"t": "marked", "question": 1, "state": "answered"},
        {"t": "votes", "questions": [2], "votes": [5]},
    ]
    # The next look compares what is known now.
    facts = queries.AskingFacts(poll=None, tally=None, notice="", changed={1: (3, "answered"), 2: (5, "open")})
    asyncio.run(process.look())
    assert told[2:] == [{"t": "votes", "questions": [1], "votes": [3]}]
