"""Where a lecture stands now: each step is claimed once, and its room is told after the commit."""

import datetime as dt

from live import room_events
from live.core import lifecycle
from live.models import Lecture


def step(occasion_id: int, old: str, new: str, *, of_end: dt.datetime | None = None, **fields: dt.datetime) -> bool:
    """Claim the step of a lecture from one state to the next; False: somebody else took it, or it is over.

    ``of_end``: the end from which the step follows; after another one (the first was undone) it is not to be had.

    A condition in the database and no look before: the host's socket, the agent and the clock may all end a lecture at
    the same moment, and one of them does.
    """
    assert lifecycle.may_follow(old, new)  # type: ignore[arg-type]  # noqa: S101 - a slip of the programmer
    # Whose recording was deleted has come to its end, also for an agent that found the segments before.
    claimable = Lecture.objects.filter(pk=occasion_id, state=old, recording_dropped_at=None)
    if of_end is not None:
        claimable = claimable.filter(ended_at=of_end)
    return claimable.update(state=new, **fields) == 1


def announce(occasion_id: int, state: str) -> None:
    """Tell a lecture's room what became of it. Call it after the commit: whoever is told asks the database."""
    room_events.publish(occasion_id, {"t": "state", "state": state}, flush=True)


def announce_stage(occasion_id: int) -> None:
    """Tell the room where its lecture stands now. Call it after the commit."""
    # It is there: only what has not begun is ever cancelled.
    announce(occasion_id, Lecture.objects.select_related("occasion").get(pk=occasion_id).stage)
