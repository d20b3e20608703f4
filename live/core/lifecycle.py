"""The life of a lecture: which state follows which, and when a clock alone ends it. Pure; times are aware datetimes."""

import datetime as dt
from typing import Literal

State = Literal["scheduled", "live", "ended", "recorded", "unrecorded"]

# Nothing goes back: what happens in a room after its end is not counted.
FOLLOWS: dict[State, tuple[State, ...]] = {
    "scheduled": ("live",),
    "live": ("ended",),
    "ended": ("recorded", "unrecorded"),
    "recorded": (),
    "unrecorded": (),
}
EARLIEST = dt.timedelta(minutes=30)
LATEST = dt.timedelta(hours=3)
LONGEST = dt.timedelta(hours=12)
SILENT_END = dt.timedelta(minutes=30)
HARD_END = dt.timedelta(hours=3)


def may_follow(old: State, new: State) -> bool:
    """Whether a lecture in ``old`` may become ``new``."""
    return new in FOLLOWS[old]


def opens_at(starts_at: dt.datetime) -> dt.datetime:
    """Return when the lecturer may go live and members may wait in the room: 30 minutes before the start."""
    return starts_at - EARLIEST


def start_refusal(*, starts_at: dt.datetime, ends_at: dt.datetime, as_of: dt.datetime) -> str:
    """Return why a scheduled lecture cannot go live now: "", "too_early" or "too_late" (3 h after its planned end)."""
    if as_of < opens_at(starts_at):
        return "too_early"
    return "too_late" if as_of > ends_at + LATEST else ""


def plan_refusal(*, starts_at: dt.datetime, ends_at: dt.datetime, as_of: dt.datetime) -> str:
    """Return why a plan cannot stand: "", "order", "too_long" (over 12 h) or "past" (it would be over already)."""
    if ends_at <= starts_at:
        return "order"
    if ends_at - starts_at > LONGEST:
        return "too_long"
    return "past" if ends_at <= as_of else ""


def is_forgotten(*, ends_at: dt.datetime, picture_at: dt.datetime, as_of: dt.datetime) -> bool:
    """Whether a live lecture should be ended by itself.

    That is so when its planned end has passed and no picture came for 30 minutes, or 3 hours after the planned end in
    any case. ``picture_at``: when a picture was last known to be on air (or when it went live).
    """
    silent_since = max(ends_at, picture_at)
    return as_of >= ends_at + HARD_END or as_of >= silent_since + SILENT_END
