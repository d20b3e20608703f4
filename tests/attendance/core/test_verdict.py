"""``judge``: one row a branch. Seconds in the tables, milliseconds inside."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import portion
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.core.evidence import Earlier, Ended, Evidence, Outbox, Presence, Watched, Window
from attendance.core.intervals import Span, Spans
from attendance.core.live import provable
from attendance.core.reasons import Code
from attendance.core.rules import Basis, Rule
from attendance.core.verdict import State, Verdict, asked_at_first, judge

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


def away(*pairs: tuple[float, float], **values: Any) -> Window:
    """An hour's window out of which these seconds were ours."""
    spans = Spans.of((int(start * 1000), int(end * 1000)) for start, end in pairs)
    return Window(start=0, end=3_600_000, media_ms=3_600_000, make_up_until=10_000_000, away=spans, **values)


AWAY = [
    ("a moment", away((1800, 1850)), {"presences": (here(0, 1800, ended=LOST), here(1850, 3600))}, 3550,
     State.ATTENDED, ["share", "worker_lost", "away"]),
    ("back half a minute later", away((1800, 1920)), {"presences": (here(0, 1800, ended=LOST), here(1950, 3600))}, 3480,
     State.ATTENDED, ["share", "bridged", "worker_lost", "away"]),
    ("and a beat more for a broken end", away((1800, 1920)),
     {"presences": (here(0, 1800, ended=LOST), here(1965, 3600))}, 3480, State.ATTENDED,
     ["share", "bridged", "worker_lost", "away"]),
    ("no more than that", away((1800, 1920)), {"presences": (here(0, 1800, ended=LOST), here(1965.1, 3600))}, 3434.9,
     State.ATTENDED, ["share", "worker_lost", "away"]),
    ("the share is one of what is left", away((600, 1800)), {"presences": (here(0, 600), here(2280, 3600))}, 1920,
     State.ATTENDED, ["share", "away"]),
    ("a fifth is not more than a fifth", away((600, 1320)), {}, 0, State.MISSING, ["no_evidence", "away"]),
    ("more than a fifth makes nobody missing", away((600, 1320.1)), {}, 0, State.INCOMPLETE, ["no_evidence", "torn"]),
    ("all of it", away((-100, 4000)), {"presences": (here(-200, -100),)}, 0, State.INCOMPLETE, ["torn"]),
    ("outside of it", away((-100, 0), (3600, 4000)), {}, 0, State.MISSING, ["no_evidence"]),
    ("excused all the same", away((600, 1800)), {"leave": "sick"}, 0, State.EXCUSED, ["leave", "away"]),
    ("an hour in a hall, most of it ours", away((0, 720)), {"halls": (hall(0, 2880),)}, 0, State.ATTENDED,
     ["share", "left_early", "away", "hall"]),
    ("not late by what was ours", away((0, 600)), {"presences": (here(900, 3600),)}, 2700, State.ATTENDED,
     ["share", "away"]),
    ("paused, and nobody's fault", Window(start=0, end=3_600_000, paused=Spans.of([(0, 1_000_000)])),
     {"presences": (here(0, 3600),)}, 2600, State.ATTENDED, ["share"]),
    ("paused: a fifth of what is left", Window(start=0, end=2_000_000, paused=Spans.of([(0, 1_000_000)]),
     away=Spans.of([(900_000, 1_200_001)])), {}, 0, State.INCOMPLETE, ["no_evidence", "torn"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "window", "evidence", "live_s", "state", "reasons"), AWAY, ids=[row[0] for row in AWAY]
)
def test_what_was_ours_leaves_the_window(
    name: str, window: Window, evidence: dict[str, Any], live_s: float, state: State, reasons: list[str]
) -> None:
    verdict = judge(Evidence(**evidence), window, RULE)
    assert (verdict.live_ms / 1000, verdict.state, codes(verdict)) == (live_s, state, reasons)


def test_while_it_runs_nothing_is_final() -> None:
    verdict = judge(Evidence(presences=(here(0, 60),)), Window(start=0, end=3_600_000, final=False), RULE)
    assert (verdict.state, codes(verdict)) == (State.PENDING, ["not_final", "share"])


def test_an_empty_window_credits_nobody() -> None:
    verdict = judge(Evidence(presences=(here(0, 60),)), Window(start=5_000, end=5_000), RULE)
    assert (verdict.state, verdict.live_ms, codes(verdict)) == (State.MISSING, 0, ["empty_window"])


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


def test_a_recording_asks_only_for_a_share_of_what_there_is() -> None:
    """Recorded from minute 15 to 60: whoever saw 36 of these 45 minutes has made it up, 1 ms less has not."""
    window = Window(start=0, end=3_600_000, media_ms=2_700_000, media_offset=-900_000)
    nothing = judge(Evidence(), window, RULE)
    assert (nothing.state, nothing.done_ms, nothing.needed_ms) == (State.MISSING, 0, 2_160_000)
    assert asked_at_first(window, RULE) == (2_160_000, 2_700_000)
    short = judge(Evidence(watched=(seen(0, 2159.999),)), window, RULE)
    assert (short.state, short.needed_ms - short.done_ms) == (State.MISSING, 1)
    enough = judge(Evidence(watched=(seen(0, 2160),)), window, RULE)
    assert (enough.state, enough.union_ms, codes(enough)) == (State.MADE_UP, 2_160_000, ["share", "watched"])
    assert enough.reasons[0].params == {
        "clock": "recorded", "ms": 2_160_000, "of_ms": 2_700_000, "share": 0.8, "need_ms": 2_160_000
    }  # fmt: skip


RECORDED = [
    ("half of the window is enough of a recording", 1_800_000, (seen(0, 1440),), (), State.MADE_UP),
    ("less than half is none", 1_799_999, (seen(0, 1800),), (), State.MISSING),
    ("live time in the recorded part counts too", 2_700_000, (seen(0, 1000),), (here(1000, 2160),), State.MADE_UP),
    ("live time outside of it does not", 2_700_000, (seen(0, 2000),), (here(2700, 3500),), State.MISSING),
    ("without a replay nothing is made up", 2_700_000, (), (here(0, 2500),), State.MISSING),
    ("too late is too late", 2_700_000, (seen(0, 2700, at=10_001),), (), State.MISSING),
]  # fmt: skip


@pytest.mark.parametrize(("name", "media_ms", "watched", "live", "state"), RECORDED, ids=[row[0] for row in RECORDED])
def test_what_was_not_recorded_is_not_owed(
    name: str, media_ms: int, watched: tuple[Watched, ...], live: tuple[Presence, ...], state: State
) -> None:
    window = Window(start=0, end=3_600_000, media_ms=media_ms, make_up_until=10_000_000)
    assert judge(Evidence(watched=watched, presences=live), window, RULE).state is state


def test_the_shortest_way_says_what_is_left() -> None:
    """With 40 of 60 minutes live, 8 are left of the whole hour; of a recording of 45 there would be none to watch."""
    window = Window(start=0, end=3_600_000, media_ms=2_700_000)
    verdict = judge(Evidence(presences=(here(0, 2400),)), window, RULE)
    assert (verdict.done_ms, verdict.needed_ms) == (2_400_000, 2_880_000)
    half = judge(Evidence(presences=(here(900, 2400),)), window, RULE)
    assert (half.done_ms, half.needed_ms) == (1_500_000, 2_160_000)


AB = (("a", 50_000), ("b", 50_000))
COURSE_ROWS = [
    ("on time", {"watched": (seen(0, 50, 10, "a"), seen(0, 35, 20, "b"))}, 85, State.ATTENDED, 2),
    ("after the deadline", {"watched": (seen(0, 50, 10, "a"), seen(0, 35, 40, "b"))}, 85, State.MADE_UP, 2),
    ("too late", {"watched": (seen(0, 50, 10, "a"), seen(0, 35, 70, "b"))}, 85, State.MISSING, 0),
    ("a bit more, not enough", {"watched": (seen(0, 20, 10, "a"), seen(0, 20, 40, "b"))}, 40, State.MISSING, 0),
    ("twice is once", {"watched": (seen(0, 50, 10, "a"), seen(0, 50, 20, "a"))}, 50, State.MISSING, 0),
    ("no piece is longer than it is", {"watched": (seen(0, 90, 10, "a"),)}, 50, State.MISSING, 0),
    ("what is not in it earns nothing", {"watched": (seen(0, 50, 10, "a"), seen(0, 50, 10, "c"))}, 50, State.MISSING,
     0),
    ("in a hall", {"halls": (hall(0, 90),)}, 90, State.ATTENDED, 2),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "evidence", "union_s", "state", "hours"), COURSE_ROWS, ids=[row[0] for row in COURSE_ROWS]
)
def test_a_course_counts_media(name: str, evidence: dict[str, Any], union_s: float, state: State, hours: int) -> None:
    window = Window(start=0, end=100_000, media_ms=100_000, items=AB, deadline=30_000, make_up_until=60_000)
    verdict = judge(Evidence(**evidence), window, COURSE)
    assert (verdict.union_ms / 1000, verdict.state, verdict.hours) == (union_s, state, hours)


def test_a_course_without_media_credits_nobody() -> None:
    assert judge(Evidence(halls=(hall(0, 90),)), Window(start=0, end=100_000), COURSE).state is State.MISSING


def test_one_film_counts_once_by_whatever_name() -> None:
    window = Window(start=0, end=100_000, media_ms=100_000)
    verdict = judge(Evidence(watched=(seen(0, 60, 10, "a"), seen(0, 60, 10, "b"))), window, COURSE)
    assert (verdict.replay_ms, verdict.done_ms, verdict.needed_ms) == (60_000, 60_000, 80_000)


def changed(*earlier: Earlier) -> Window:
    """A course of b and c today, in which a and b had been until 20 s."""
    return Window(
        start=0, end=100_000, media_ms=100_000, items=(("b", 50_000), ("c", 50_000)), deadline=30_000,
        make_up_until=60_000, earlier=earlier,
    )  # fmt: skip


UNTIL_20 = Earlier(20_000, AB)
CHANGED = [
    ("finished before", {"watched": (seen(0, 50, 10, "a"), seen(0, 35, 20, "b"))}, State.ATTENDED, 35,
     ["share", "earlier_version", "watched"]),
    ("finished one report later", {"watched": (seen(0, 50, 10, "a"), seen(0, 35, 21, "b"))}, State.MISSING, 35,
     ["share", "watched"]),
    ("half of it before", {"watched": (seen(0, 50, 10, "a"),)}, State.MISSING, 0, ["no_evidence"]),
    ("what it is now", {"watched": (seen(0, 50, 10, "b"), seen(0, 35, 25, "c"))}, State.ATTENDED, 85,
     ["share", "watched"]),
    ("late now, on time then", {"watched": (seen(0, 50, 10, "a"), seen(0, 50, 10, "b"), seen(0, 50, 40, "c"))},
     State.ATTENDED, 100, ["share", "earlier_version", "watched"]),
    ("in a hall before", {"halls": (hall(0, 15),), "watched": (seen(0, 50, 10, "a"),)}, State.MISSING, 15,
     ["share", "hall"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "evidence", "state", "union_s", "reasons"), CHANGED, ids=[row[0] for row in CHANGED])
def test_who_had_finished_a_course_stays_finished(
    name: str, evidence: dict[str, Any], state: State, union_s: int, reasons: list[str]
) -> None:
    verdict = judge(Evidence(**evidence), changed(UNTIL_20), COURSE)
    assert (verdict.state, verdict.union_ms / 1000, codes(verdict)) == (state, union_s, reasons)


def test_who_had_made_up_a_course_stays_so_and_the_version_is_said() -> None:
    window = changed(Earlier(5_000, (("a", 90_000),)), Earlier(40_000, AB))
    verdict = judge(Evidence(watched=(seen(0, 50, 10, "a"), seen(0, 35, 40, "b"))), window, COURSE)
    assert (verdict.state, verdict.hours) == (State.MADE_UP, 2)
    assert [reason.as_json() for reason in verdict.reasons[:2]] == [
        {"code": "share", "clock": "media", "ms": 85_000, "of_ms": 100_000, "share": 0.85, "need_ms": 80_000},
        {"code": "earlier_version", "until": 40_000},
    ]


@pytest.mark.parametrize(
    ("evidence", "final", "state", "reasons"),
    [
        ({}, False, State.PENDING, ["nothing_asked"]),
        ({}, True, State.EXEMPT, ["nothing_asked"]),
        ({"watched": (seen(0, 50, 10, "a"),)}, True, State.EXEMPT, ["nothing_asked"]),
        ({"watched": (seen(0, 50, 10, "a"), seen(0, 35, 20, "b"))}, True, State.ATTENDED, ["share", "earlier_version"]),
        ({"leave": "duty"}, True, State.EXCUSED, ["leave", "nothing_asked"]),
        ({"exempt": "roster"}, True, State.EXEMPT, ["exempt"]),
    ],
)
def test_a_course_of_which_everything_was_taken_out_asks_nothing(
    evidence: dict[str, Any], final: bool, state: State, reasons: list[str]
) -> None:
    window = Window(start=0, end=100_000, items=(), deadline=30_000, earlier=(UNTIL_20,), final=final)
    verdict = judge(Evidence(**evidence), window, COURSE)
    assert sorted(codes(verdict)) == sorted(reasons)
    assert verdict.state == state


def test_an_outbox_proves_no_more_than_the_presence_that_broke() -> None:
    rows = (
        here(0, 900, ended=SILENT), here(890, 1000), here(2000, 2000, ended=LOST), here(2010, 2020, "p2", LOST),
        here(3000, 3100, "p2", SILENT), here(3140, 3150, "p2"),
    )  # fmt: skip
    assert {device: [list(span) for span in spans] for device, spans in provable(rows, 60_000).items()} == {
        "p1": [],
        "p2": [[2_020_000, 2_030_000], [3_100_000, 3_140_000]],
    }


EDGES = [
    ("a broken end may have lasted a beat longer", (here(0, 1000, ended=SILENT), here(1045, 3600)), (), 3600),
    ("and no longer", (here(0, 1000, ended=SILENT), here(1045.5, 3600)), (), 3554.5),
    ("a clean one ended when it did", (here(0, 1000), here(1030.5, 3600)), (), 3569.5),
    ("of two devices the one that ended last", (here(0, 1000, ended=SILENT), here(0, 1010, "p2"), here(1041, 3600)),
     (), 3569),
    ("at most a quarter, the earliest first", (here(0, 100), here(120, 140), here(150, 180), here(210, 220)), (), 190),
    ("whole gaps only", (here(0, 40), here(61, 80), here(90, 100)), (), 79),
    ("the phone says when it was cut off", (here(0, 886, ended=SILENT), here(990, 3600)), (sent(900, 990),), 3600),
    ("not later than a beat", (here(0, 886, ended=SILENT), here(990, 3600)), (sent(902, 990),), 3556),
    ("a storm of moments", tuple(here(90 * n, 90 * n + 1, f"d{n}", SILENT) for n in range(40)),
     tuple(sent(90 * n + 1, 90 * n + 61, device=f"d{n}") for n in range(40)), 80),
]  # fmt: skip


@pytest.mark.parametrize(("name", "presences", "outboxes", "live_s"), EDGES, ids=[row[0] for row in EDGES])
def test_gaps(name: str, presences: tuple[Presence, ...], outboxes: tuple[Outbox, ...], live_s: float) -> None:
    verdict = judge(Evidence(presences=presences, outboxes=outboxes), HOUR, RULE)
    assert verdict.live_ms / 1000 == live_s


SPANS = st.lists(
    st.tuples(st.integers(-50, 150), st.integers(0, 60), st.sampled_from(["p1", "p2"]), st.sampled_from(list(Ended))),
    max_size=8,
)


@given(SPANS, st.integers(0, 20))
def test_live_agrees_with_portion(rows: list[tuple[int, int, str, Ended]], bridge: int) -> None:
    """Clean ends only: the union, and of its gaps the earliest that fit into a quarter of it."""
    evidence = Evidence(presences=tuple(Presence(device, s, s + n) for s, n, device, _ended in rows))
    verdict = judge(evidence, Window(start=0, end=100), Rule(bridge_s=bridge / 1000))
    joined = portion.empty()
    for start, length, _device, _ended in rows:
        joined |= portion.closedopen(start, start + length) if length else portion.empty()
    parts = [part for part in joined & portion.closedopen(0, 100) if not part.empty]
    total = sum(part.upper - part.lower for part in parts)
    used = 0
    for one, two in pairwise(parts):
        gap = two.lower - one.upper
        used += gap if gap <= bridge and used + gap <= total / 4 else 0
    assert verdict.live_ms == total + used


WORTH = {State.MISSING: 0, State.INCOMPLETE: 0, State.MADE_UP: 1, State.ATTENDED: 2}
PAIRS = st.lists(st.tuples(st.integers(-20, 110), st.integers(0, 80)), max_size=4)


@given(SPANS, PAIRS, PAIRS, PAIRS, st.integers(0, 40))
def test_time_that_was_ours_makes_nobody_worse(
    rows: list[tuple[int, int, str, Ended]], halls: list[Any], watched: list[Any], ours: list[Any], bridge: int
) -> None:
    """Whatever the evidence says, a window from which our absence left is never a worse one for the person; and what
    is credited never is more than the window that is left."""
    evidence = Evidence(
        presences=tuple(Presence(device, s, s + n, ended) for s, n, device, ended in rows),
        halls=tuple(Span(s, s + n) for s, n in halls),
        watched=(Watched("replay", tuple((s, s + n) for s, n in watched), 50),),
    )
    rule = Rule(bridge_s=bridge / 1000)
    before = judge(evidence, Window(start=0, end=100, media_ms=100), rule)
    spans = Spans.of((s, s + n) for s, n in ours)
    after = judge(evidence, Window(start=0, end=100, media_ms=100, away=spans), rule)
    assert WORTH[after.state] >= WORTH[before.state]
    assert max(after.live_ms, after.hall_ms, after.union_ms) <= 100 - spans.clip(0, 100).total
    assert (spans & after.live).total == 0


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
