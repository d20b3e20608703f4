"""The trace format: what happened in a room. Reading only; ``attendance/replay/play.py`` plays it.

A trace is JSON with ``window``, ``rule``, ``members``, ``events`` (ordered by ``t``, the server's clock in seconds)
and, if there is a replay, ``media_s``. Whatever does not fit is refused with a sentence.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MOST_SECONDS = 1e9  # about 30 years either way: further is a mistake, and outside the calendar in the end
_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
RULE_KEYS = ("min_share", "late_after_s", "leave_early_s", "bridge_s", "outbox_s", "make_up_days")
# What each event needs besides ``t`` and ``do``.
NEEDS: dict[str, tuple[str, ...]] = {
    "join": ("member", "device", "worker"),
    "stay": ("member", "device", "every"),
    "hide": ("member", "device"),
    "show": ("member", "device"),
    "leave": ("member", "device"),
    "silent": ("member", "device"),
    "crash": ("worker",),
    "down": (),
    "up": (),
    "outbox": ("member", "device", "id", "from", "to"),
    "hall": ("member", "from", "to"),
    "watched": ("member", "device", "id", "ranges", "rate"),
    "play": ("member", "device"),
    "excuse": ("member",),
    "end": (),
    "reopen": (),
}


class UnableToReadTrace(ValueError):
    """The text is no trace; the message says where."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened at ``t``; ``values`` holds what its kind needs, checked."""

    t: float
    do: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Trace:
    """One trace, checked. Seconds throughout."""

    start: float
    end: float
    rule: Mapping[str, float]
    media_s: float | None
    members: tuple[str, ...]
    events: tuple[Event, ...]


def read_trace(text: str | bytes) -> Trace:
    """Return the trace in ``text``; raises UnableToReadTrace."""
    try:
        data = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise UnableToReadTrace(f"not JSON: {error}") from error
    if not isinstance(data, dict):
        raise UnableToReadTrace("not an object")
    window = _of(data, "window", "the trace")
    if not isinstance(window, list) or len(window) != 2:
        raise UnableToReadTrace("window must be [start, end]")
    start, end = (_number(value, "window") for value in window)
    if start >= end:
        raise UnableToReadTrace("the window ends before it starts")
    members = _members(_of(data, "members", "the trace"))
    media_s = data.get("media_s")
    if media_s is not None and _number(media_s, "media_s") < 0:
        raise UnableToReadTrace("media_s is negative")
    events = _of(data, "events", "the trace")
    if not isinstance(events, list):
        raise UnableToReadTrace("events must be a list")
    return Trace(
        start=start,
        end=end,
        rule=_rule(_of(data, "rule", "the trace")),
        media_s=media_s,
        members=members,
        events=_events(events, frozenset(members)),
    )


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _of(values: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in values:
        raise UnableToReadTrace(f"{where} has no {key}")
    return values[key]


def _number(value: Any, where: str) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or abs(value) > MOST_SECONDS:
        raise UnableToReadTrace(f"{where} is no sensible number")
    return float(value)


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 40 or _UNFIT.search(value):
        raise UnableToReadTrace(f"{where} is no short text")
    return value


def _members(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise UnableToReadTrace("members must be a list")
    members = tuple(_text(value, "a member") for value in values)
    if len(set(members)) != len(members):
        raise UnableToReadTrace("a member stands twice on the roster")
    return members


def _rule(values: Any) -> dict[str, float]:
    if not isinstance(values, dict):
        raise UnableToReadTrace("rule must be an object")
    rule = {key: _number(_of(values, key, "the rule"), key) for key in RULE_KEYS}
    if not 0 < rule["min_share"] <= 1 or min(rule.values()) < 0 or rule["make_up_days"] > 10_000:
        raise UnableToReadTrace("a number of the rule is out of range")
    return rule


def _events(values: list[Any], members: frozenset[str]) -> tuple[Event, ...]:
    events: list[Event] = []
    for index, value in enumerate(values):
        event = _event(value, f"event {index}", members)
        if events and event.t < events[-1].t:
            raise UnableToReadTrace(f"event {index} is earlier than the one before it")
        events.append(event)
    return tuple(events)


def _event(value: Any, where: str, members: frozenset[str]) -> Event:
    if not isinstance(value, dict):
        raise UnableToReadTrace(f"{where} is no object")
    do = _of(value, "do", where)
    if not isinstance(do, str) or do not in NEEDS:
        raise UnableToReadTrace(f"{where} does something unknown")
    t = _number(_of(value, "t", where), f"{where}: t")
    values = {key: READ[key](_of(value, key, where), f"{where}: {key}") for key in NEEDS[do]}
    if "member" in values and values["member"] not in members:
        raise UnableToReadTrace(f"{where} names an unknown member")
    return Event(t, do, values)


def _interval(value: Any, where: str) -> float:
    every = _number(value, where)
    if every <= 0:
        raise UnableToReadTrace(f"{where} is not positive")
    return every


def _pairs(value: Any, where: str) -> tuple[tuple[float, float], ...]:
    if not isinstance(value, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in value):
        raise UnableToReadTrace(f"{where} must be a list of [start, end]")
    return tuple((_number(start, where), _number(end, where)) for start, end in value)


READ: dict[str, Callable[[Any, str], Any]] = {
    "member": _text,
    "device": _text,
    "worker": _text,
    "id": _text,
    "every": _interval,
    "from": _number,
    "to": _number,
    "rate": _number,
    "ranges": _pairs,
}
