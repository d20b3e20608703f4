"""What is a trace, and what is refused."""

import json
from typing import Any

import pytest

from attendance.replay.trace import UnableToReadTrace, read_trace

pytestmark = pytest.mark.unit

RULE = {"min_share": 0.8, "late_after_s": 300, "leave_early_s": 300, "bridge_s": 30, "outbox_s": 60, "make_up_days": 7}
JOIN = {"t": 1, "do": "join", "member": "甲", "device": "p1", "worker": "w1"}
GOOD: dict[str, Any] = {"window": [0, 60], "rule": RULE, "media_s": 60, "members": ["甲"], "events": [JOIN]}


def test_a_trace_is_read() -> None:
    trace = read_trace(json.dumps(GOOD))
    assert (trace.start, trace.end, trace.media_s, trace.members) == (0, 60, 60, ("甲",))
    assert (trace.events[0].t, trace.events[0].do, trace.events[0].values["worker"]) == (1, "join", "w1")


def test_ranges_are_read() -> None:
    trace = read_trace(json.dumps({**GOOD, "events": [{**WATCHED, "ranges": [[0, 1.5], [2, 1]]}]}))
    assert trace.events[0].values["ranges"] == ((0, 1.5), (2, 1))


def test_what_happens_to_the_site_and_a_stay_are_read() -> None:
    stay = {"t": 2, "do": "stay", "member": "甲", "device": "p1", "every": 15}
    trace = read_trace(json.dumps({**GOOD, "events": [JOIN, stay, {"t": 3, "do": "down"}, {"t": 4, "do": "up"}]}))
    assert [(event.t, event.do) for event in trace.events] == [(1, "join"), (2, "stay"), (3, "down"), (4, "up")]
    assert (trace.events[1].values["every"], dict(trace.events[2].values)) == (15, {})


def test_a_trace_without_replay_is_read() -> None:
    assert read_trace(json.dumps({key: value for key, value in GOOD.items() if key != "media_s"})).media_s is None


WATCHED = {"t": 1, "do": "watched", "member": "甲", "device": "p1", "id": "x", "rate": 1.0}
BAD: list[tuple[str, dict[str, Any]]] = [
    ("window", {"window": [0]}),
    ("window", {"window": [60, 0]}),
    ("window", {"window": [0, 1e12]}),
    ("rule", {"rule": []}),
    ("bridge_s", {"rule": {key: value for key, value in RULE.items() if key != "bridge_s"}}),
    ("rule", {"rule": {**RULE, "min_share": 0}}),
    ("rule", {"rule": {**RULE, "make_up_days": 10_001}}),
    ("min_share", {"rule": {**RULE, "min_share": True}}),
    ("media_s", {"media_s": -1}),
    ("members", {"members": "甲"}),
    ("member", {"members": ["甲", "甲"]}),
    ("member", {"members": [""]}),
    ("events", {"events": {}}),
    ("event 0", {"events": [7]}),
    ("unknown", {"events": [{"t": 1, "do": "dance"}]}),
    ("unknown", {"events": [{"t": 1, "do": ["join"]}]}),
    ("no t", {"events": [{"do": "end"}]}),
    ("no worker", {"events": [{"t": 1, "do": "join", "member": "甲", "device": "p1"}]}),
    ("unknown member", {"events": [{**JOIN, "member": "乙"}]}),
    ("short text", {"events": [{**JOIN, "device": "a\x00"}]}),
    ("earlier", {"events": [JOIN, {**JOIN, "t": 0}]}),
    ("positive", {"events": [{"t": 1, "do": "stay", "member": "甲", "device": "p1", "every": 0}]}),
    ("ranges", {"events": [{**WATCHED, "ranges": [[0]]}]}),
    ("ranges", {"events": [{**WATCHED, "ranges": [[0, "1"]]}]}),
]


@pytest.mark.parametrize(("said", "change"), BAD, ids=[f"{index}-{row[0]}" for index, row in enumerate(BAD)])
def test_what_is_no_trace_is_refused(said: str, change: dict[str, Any]) -> None:
    with pytest.raises(UnableToReadTrace, match=said):
        read_trace(json.dumps({**GOOD, **change}))


@pytest.mark.parametrize("text", ["", "[]", "{", b"\xff\xfe\xff", '{"window": [NaN, 1]}', "[" * 100_000, "{}"])
def test_what_is_no_json_object_is_refused(text: str | bytes) -> None:
    with pytest.raises(UnableToReadTrace):
        read_trace(text)
