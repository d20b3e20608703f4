"""The life of a lecture: which state follows which, and when a clock alone ends it. Pure; times are aware datetimes."""

import datetime as dt
from typing import Literal

State = Literal["scheduled", "live", "ended", "recorded", "unrecorded"]

Stage = Literal["scheduled", "live", "ended", "recorded", "unrecorded", "not_held", "void"]

# Only an ending is undone, for ten minutes, whatever has become of the recording meanwhile. A recording can be deleted
# when nothing is to be made up any more.
FOLLOWS: dict[State, tuple[State, ...]] = {
    "scheduled": ("live",),
    "live": ("ended",),
    "ended": ("recorded", "unrecorded", "live"),
    "recorded": ("live", "unrecorded"),
    "unrecorded": ("live", "recorded"),  # segments that lay on a host which was away
}
EARLIEST = dt.timedelta(minutes=30)
LATEST = dt.timedelta(hours=3)
LONGEST = dt.timedelta(hours=12)
SILENT_END = dt.timedelta(minutes=30)
HARD_END = dt.timedelta(hours=3)


def may_follow(old: State, new: State) -> bool:
    """Whether a lecture in ``old`` may become ``new``."""
    return new in FOLLOWS[old]


def stage_of(state: str, occasion_state: str) -> Stage:
    """Return where a lecture stands for everybody who looks: its own state, unless it was not held or is void."""
    if state in ("scheduled", "live") or occasion_state not in ("not_held", "void"):
        return state  # type: ignore[return-value]
    return occasion_state  # type: ignore[return-value]


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

    That is so when the time planned for it has passed and no picture came for 30 minutes, or 3 hours after that time in
    any case. ``ends_at``: when that time is over, counted from the real start; ``picture_at``: when a picture was last
    known to be on air (or when it went live).
    """
    silent_since = max(ends_at, picture_at)
    return as_of >= ends_at + HARD_END or as_of >= silent_since + SILENT_END
