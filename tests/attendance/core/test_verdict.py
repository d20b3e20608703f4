"""``judge``: one row a branch. Seconds in the tables, milliseconds inside."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import portion
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.core.intervals import Span, Spans
from attendance.core.reasons import Code
from attendance.core.rules import Basis, Rule
from attendance.core.verdict import (
    Ended,
    Evidence,
    Outbox,
    Presence,
    State,
    Verdict,
    Watched,
    Window,
    judge,
    outages,
)  # fmt: skip

pytestmark = pytest.mark.unit

HOUR = Window(start=0, end=3_600_000, media_ms=3_600_000, make_up_until=10_000_000)
RULE = Rule()
COURSE = Rule(basis=Basis.MEDIA, hours=Decimal(2))


def here(start: float, end: float, device: str = "p1", ended: Ended = Ended.LEFT) -> Presence:
    return Presence(device, int(start * 1000), int(end * 1000), ended)


def sent(start: float, end: float, at: float = 9_000, device: str = "p1") -> Outbox:
    return Outbox(device, int(start * 1000), int(end * 1000), int(at * 1000))


def seen(start: float, end: float, at: float = 8_000, media: str = "replay") -> Watched:
    return Watched(media, ((int(start * 1000), int(end * 1000)),), int(at * 1000))


def hall(start: float, end: float) -> Span:
    return Span(int(start * 1000), int(end * 1000))


def codes(verdict: Verdict) -> list[str]:
    return [str(reason.code) for reason in verdict.reasons]


SILENT, LOST, HIDDEN = Ended.SILENT, Ended.WORKER_LOST, Ended.HIDDEN

LIVE = [
    ("nobody came", {}, 0, State.MISSING, ["no_evidence"]),
    ("all of it", {"presences": [here(-60, 3620)]}, 3600, State.ATTENDED, ["share"]),
    ("exactly enough", {"presences": [here(0, 2880)]}, 2880, State.ATTENDED, ["share", "left_early"]),
    ("a moment too little", {"presences": [here(0, 2879.9)]}, 2879.9, State.MISSING, ["share", "left_early"]),
    ("late", {"presences": [here(400, 3600)]}, 3200, State.ATTENDED, ["share", "late"]),
    ("bridged", {"presences": [here(0, 1000), here(1030, 3600)]}, 3600, State.ATTENDED, ["share", "bridged"]),
    ("not bridged", {"presences": [here(0, 1000), here(1030.5, 3600)]}, 3569.5, State.ATTENDED, ["share"]),
    ("two phones are one person", {"presences": [here(0, 2000), here(1000, 3600, "p2")]}, 3600, State.ATTENDED,
     ["share", "two_devices"]),
    ("hidden", {"presences": [here(0, 600, ended=HIDDEN), here(2400, 3600)]}, 1800, State.MISSING,
     ["share", "hidden"]),
    ("hidden and never back", {"presences": [here(0, 3000, ended=HIDDEN)]}, 3000, State.ATTENDED,
     ["share", "left_early", "hidden"]),
    ("worker lost", {"presences": [here(0, 1800, ended=LOST), here(1808, 3600)]}, 3600, State.ATTENDED,
     ["share", "bridged", "worker_lost"]),
    ("outbox fills an outage", {"presences": [here(0, 900, ended=SILENT), here(950, 3600)],
     "outboxes": [sent(900, 950)]}, 3600, State.ATTENDED, ["share", "silent", "outbox"]),
    ("outbox proves a minute at most", {"presences": [here(0, 900, ended=SILENT), here(1100, 3600)],
     "outboxes": [sent(900, 1100)]}, 3460, State.ATTENDED, ["share", "silent", "outbox", "outbox_cut"]),
    ("never twice", {"presences": [here(0, 900, ended=SILENT), here(1100, 3600)],
     "outboxes": [sent(900, 950), sent(940, 1000), sent(1000, 1050)]}, 3460, State.ATTENDED,
     ["share", "silent", "outbox", "outbox_cut"]),
    ("no outage after a clean leave", {"presences": [here(0, 900), here(1000, 3600)],
     "outboxes": [sent(900, 1000)]}, 3500, State.ATTENDED, ["share", "outbox_cut"]),
    ("of another device", {"presences": [here(0, 900, ended=SILENT), here(1000, 3600)],
     "outboxes": [sent(900, 1000, device="p9")]}, 3500, State.ATTENDED, ["share", "silent", "outbox_cut"]),
    ("not from the future", {"presences": [here(0, 3000, ended=SILENT)], "outboxes": [sent(3000, 3060, at=3020)]},
     3020, State.ATTENDED, ["share", "left_early", "silent", "outbox", "outbox_cut"]),
    ("after the end", {"presences": [here(3700, 4000)]}, 0, State.MISSING, ["no_evidence", "after_window"]),
    ("before the start", {"presences": [here(-100, -50)]}, 0, State.MISSING, ["no_evidence"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "evidence", "live_s", "state", "reasons"), LIVE, ids=[row[0] for row in LIVE])
def test_live(name: str, evidence: dict[str, Any], live_s: float, state: State, reasons: list[str]) -> None:
    verdict = judge(Evidence(**{key: tuple(rows) for key, rows in evidence.items()}), HOUR, RULE)
    assert (verdict.live_ms / 1000, verdict.state, codes(verdict)) == (live_s, state, reasons)
    assert verdict.hours == (1 if state is State.ATTENDED else 0)


OTHER = [
    ("hall", {"halls": (hall(0, 3600),)}, (0, 0, 3600, 3600), State.ATTENDED, ["share", "hall"]),
    ("hall and phone", {"halls": (hall(0, 1800),), "presences": (here(1500, 3600),)}, (2100, 0, 1800, 3600),
     State.ATTENDED, ["share", "hall"]),
    ("made up", {"watched": (seen(0, 3600),)}, (0, 3600, 0, 3600), State.MADE_UP, ["share", "watched"]),
    ("half and half", {"presences": (here(0, 1800),), "watched": (seen(1700, 3600),)}, (1800, 1900, 0, 3600),
     State.MADE_UP, ["share", "left_early", "watched"]),
    ("made up too late", {"watched": (seen(0, 3600, at=10_001),)}, (0, 3600, 0, 3600), State.MISSING,
     ["no_evidence", "watched", "watched_late"]),
    ("too little", {"watched": (seen(0, 1000),)}, (0, 1000, 0, 1000), State.MISSING, ["share", "watched"]),
    ("excused", {"leave": "sick"}, (0, 0, 0, 0), State.EXCUSED, ["leave"]),
    ("came all the same", {"leave": "sick", "presences": (here(0, 3600),)}, (3600, 0, 0, 3600), State.ATTENDED,
     ["share", "leave"]),
    ("elsewhere", {"declared": "visit"}, (0, 0, 0, 0), State.MADE_UP, ["declared"]),
    ("exempt", {"exempt": "roster"}, (0, 0, 0, 0), State.EXEMPT, ["exempt"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "evidence", "clocks", "state", "reasons"), OTHER, ids=[row[0] for row in OTHER])
def test_other_witnesses(
    name: str, evidence: dict[str, Any], clocks: tuple[float, ...], state: State, reasons: list[str]
) -> None:
    verdict = judge(Evidence(**evidence), HOUR, RULE)
    milliseconds = (verdict.live_ms, verdict.replay_ms, verdict.hall_ms, verdict.union_ms)
    assert tuple(value / 1000 for value in milliseconds) == clocks
    assert (verdict.state, codes(verdict)) == (state, reasons)


def test_a_failed_capture_makes_nobody_missing() -> None:
    window = Window(start=0, end=3_600_000, capture_failed=True)
    verdict = judge(Evidence(), window, RULE)
    assert (verdict.state, codes(verdict)) == (State.INCOMPLETE, ["no_evidence", "capture_failed"])


def test_while_it_runs_nothing_is_final() -> None:
    verdict = judge(Evidence(presences=(here(0, 60),)), Window(start=0, end=3_600_000, final=False), RULE)
    assert (verdict.state, codes(verdict)) == (State.PENDING, ["not_final", "share", "left_early"])


def test_an_empty_window_credits_nobody() -> None:
    verdict = judge(Evidence(presences=(here(0, 60),)), Window(start=5_000, end=5_000), RULE)
    assert (verdict.state, verdict.live_ms, codes(verdict)) == (State.MISSING, 0, ["no_evidence", "empty_window"])


def test_media_lies_on_the_windows_axis_by_its_offset() -> None:
    window = Window(start=0, end=100_000, media_ms=200_000, media_offset=50_000)
    verdict = judge(Evidence(watched=(seen(0, 60), seen(140, 200))), window, RULE)
    assert (verdict.replay_ms, verdict.union_ms) == (120_000, 20_000)


def test_media_after_a_pause_lies_as_much_later() -> None:
    """The lecturer's line was gone from 100 to 160: who left at 100 and watched the rest has it all but the pause."""
    window = Window(start=0, end=300_000, media_ms=240_000, media_cuts=((100_000, 60_000),))
    verdict = judge(Evidence(presences=(here(0, 100),), watched=(seen(100, 240),)), window, RULE)
    assert (verdict.live_ms, verdict.replay_ms, verdict.union_ms) == (100_000, 140_000, 240_000)


def test_media_beside_pauses_is_laid_piece_by_piece() -> None:
    window = Window(start=1000, end=2000, media_offset=100, media_cuts=((200, 50), (300, 25)))
    assert window.lay(Spans.of([(150, 350), (600, 5000)])).as_lists() == [
        [1050, 1100],
        [1150, 1250],
        [1275, 1325],
        [1575, 2000],
    ]


COURSE_ROWS = [
    ("on time", {"watched": (seen(0, 50, 10, "a"), seen(0, 35, 20, "b"))}, 85, State.ATTENDED, 2),
    ("after the deadline", {"watched": (seen(0, 50, 10, "a"), seen(0, 35, 40, "b"))}, 85, State.MADE_UP, 2),
    ("too late", {"watched": (seen(0, 50, 10, "a"), seen(0, 35, 70, "b"))}, 85, State.MISSING, 0),
    ("a bit more, not enough", {"watched": (seen(0, 20, 10, "a"), seen(0, 20, 40, "b"))}, 40, State.MISSING, 0),
    ("twice is once", {"watched": (seen(0, 50, 10, "a"), seen(0, 50, 20, "a"))}, 50, State.MISSING, 0),
    ("in a hall", {"halls": (hall(0, 90),)}, 90, State.ATTENDED, 2),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "evidence", "union_s", "state", "hours"), COURSE_ROWS, ids=[row[0] for row in COURSE_ROWS]
)
def test_a_course_counts_media(name: str, evidence: dict[str, Any], union_s: float, state: State, hours: int) -> None:
    window = Window(start=0, end=100_000, media_ms=100_000, deadline=30_000, make_up_until=60_000)
    verdict = judge(Evidence(**evidence), window, COURSE)
    assert (verdict.union_ms / 1000, verdict.state, verdict.hours) == (union_s, state, hours)


def test_a_course_without_media_credits_nobody() -> None:
    assert judge(Evidence(halls=(hall(0, 90),)), Window(start=0, end=100_000), COURSE).state is State.MISSING


def test_a_socket_still_heard_means_no_outage() -> None:
    rows = (here(0, 900, ended=SILENT), here(890, 1000), here(2000, 2000, ended=LOST), here(2010, 2020, "p2", LOST))
    assert {device: spans.as_lists() for device, spans in outages(rows, 60_000).items()} == {
        "p1": [[2_000_000, 2_060_000]],
        "p2": [[2_020_000, 2_080_000]],
    }


SPANS = st.lists(
    st.tuples(st.integers(-50, 150), st.integers(0, 60), st.sampled_from(["p1", "p2"]), st.sampled_from(list(Ended))),
    max_size=8,
)


@given(SPANS, st.integers(0, 20))
def test_live_agrees_with_portion(rows: list[tuple[int, int, str, Ended]], bridge: int) -> None:
    evidence = Evidence(presences=tuple(Presence(device, s, s + n, ended) for s, n, device, ended in rows))
    verdict = judge(evidence, Window(start=0, end=100), Rule(bridge_s=bridge / 1000))
    joined = portion.empty()
    for start, length, _device, _ended in rows:
        joined |= portion.closedopen(start, start + length) if length else portion.empty()
    parts = [part for part in joined & portion.closedopen(0, 100) if not part.empty]
    total = sum(part.upper - part.lower for part in parts)
    gaps = (two.lower - one.upper for one, two in pairwise(parts))
    assert verdict.live_ms == total + sum(gap for gap in gaps if gap <= bridge)


@given(SPANS, SPANS)
def test_more_evidence_never_counts_less(one: list[Any], two: list[Any]) -> None:
    def live(rows: list[Any]) -> int:
        spans = tuple(Presence(device, s, s + n, Ended.LEFT) for s, n, device, _ended in rows)
        return judge(Evidence(presences=spans), Window(start=0, end=100), Rule(bridge_s=0)).live_ms

    assert max(live(one), live(two)) <= live(one + two) <= min(100, live(one) + live(two))


def test_a_reason_is_stored_with_its_parameters() -> None:
    verdict = judge(Evidence(presences=(here(400, 3600),)), HOUR, RULE)
    assert [reason.as_json() for reason in verdict.reasons] == [
        {"code": "share", "clock": "live", "ms": 3_200_000, "of_ms": 3_600_000, "share": 0.8889, "need_ms": 2_880_000},
        {"code": "late", "ms": 400_000},
    ]


def test_every_code_has_a_name_of_its_own() -> None:
    assert len({str(code) for code in Code}) == len(Code)
