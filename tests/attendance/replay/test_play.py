"""Traces through the ledger's operations: the edges by hand, random rooms against a slow second-by-second oracle."""

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attendance.management.commands.replay_trace import MANY
from attendance.replay.play import replay
from attendance.replay.scratch import scratch_database
from attendance.replay.trace import read_trace

pytestmark = pytest.mark.integration

RULE = {"min_share": 0.8, "late_after_s": 300, "leave_early_s": 300, "bridge_s": 30, "outbox_s": 60, "make_up_days": 7}
WINDOW = 1200
ROOT = Path(__file__).resolve().parents[3]
SAMPLES = sorted((ROOT / "tests" / "data" / "traces").glob("*.json"))


def event(t: float, do: str, device: str = "p1", **values: Any) -> dict[str, Any]:
    return {"t": t, "do": do, "member": "甲", "device": device, **values}


def join(t: float, device: str = "p1", worker: str = "w1") -> dict[str, Any]:
    return event(t, "join", device, worker=worker)


def stay(t: float, device: str = "p1") -> dict[str, Any]:
    return event(t, "stay", device, every=15)


def outbox(t: float, start: float, end: float, device: str = "p1", key: str = "u") -> dict[str, Any]:
    return event(t, "outbox", device, id=key, **{"from": start, "to": end})


def watched(t: float, start: float, end: float, rate: float = 1.0, device: str = "p1") -> dict[str, Any]:
    return event(t, "watched", device, id=f"{device}-{t}", ranges=[[start, end]], rate=rate)


def watched_through(start: float, upto: int) -> list[dict[str, Any]]:
    """A player that began at ``start`` and reports every ten minutes what it played, up to media second ``upto``."""
    steps = [(at, min(at + 600, upto)) for at in range(0, upto, 600)]
    return [event(start, "play"), *(watched(start + end, begin, end) for begin, end in steps)]


def run(events: list[dict[str, Any]], *, end: float = WINDOW, **more: Any) -> dict[str, Any]:
    trace = {"window": [0, end], "rule": RULE, "media_s": 1200, "members": ["甲"], "events": events, **more}
    from django.db import transaction

    with scratch_database(), transaction.atomic():
        answer = replay(read_trace(json.dumps(trace)))["甲"]
        transaction.set_rollback(True)
    return answer


def down(t: float) -> dict[str, Any]:
    return {"t": t, "do": "down"}


def up(t: float) -> dict[str, Any]:
    return {"t": t, "do": "up"}


LEAVE = event(1200, "leave")
CASES: list[tuple[str, list[dict[str, Any]], float]] = [
    ("no stay in between", [join(0), LEAVE], 1200),
    ("never heard again", [join(100)], 0),
    ("leave without join", [event(50, "leave")], 0),
    ("joined twice", [join(0), stay(90), join(100), stay(1200), LEAVE], 1200),
    ("show after leave", [join(0), event(300, "leave"), event(400, "show"), LEAVE], 300),
    ("hide then silent", [join(0), event(300, "hide"), event(310, "silent")], 300),
    ("hidden for a moment is bridged", [join(0), event(300, "hide"), event(330, "show"), LEAVE], 1200),
    ("hidden is not an outage", [join(0), event(300, "hide"), event(400, "silent"), outbox(401, 300, 400)], 300),
    ("silence ends when last heard", [join(0), stay(607), event(640, "silent")], 600),
    ("silent, then its worker dies",
     [join(0), stay(600), event(600, "silent"), {"t": 615, "do": "crash", "worker": "w1"}], 600),
    ("outbox before the silence is noticed",
     [join(0), stay(600), event(600, "silent"), join(650, worker="w2"), outbox(651, 600, 650), stay(1200), LEAVE],
     1200),
    ("outbox of a long outage, with a bridge",
     [join(0), stay(600), event(600, "silent"), join(680), outbox(681, 600, 680), stay(1200), LEAVE], 1200),
    ("outbox of a longer outage",
     [join(0), stay(600), event(600, "silent"), join(700), outbox(701, 600, 700), stay(1200), LEAVE], 1160),
    ("outbox of two devices",
     [join(0), join(0, "p2"), stay(600), stay(600, "p2"), event(600, "silent"), event(600, "silent", "p2"),
      outbox(700, 600, 640), outbox(700, 610, 660, "p2", "v")], 660),
    ("outbox of a device that was never there", [outbox(100, 0, 60)], 0),
    ("crash of two workers",
     [join(0), join(0, "p2", "w2"), stay(600), stay(600, "p2"), {"t": 600, "do": "crash", "worker": "w1"},
      event(700, "leave", "p2")], 700),
    ("hidden while its worker dies",
     [join(0), event(300, "hide"), {"t": 400, "do": "crash", "worker": "w1"}, event(500, "show")], 300),
    ("a dead worker's late outbox",
     [join(0), stay(600), {"t": 600, "do": "crash", "worker": "w1"}, join(655, worker="w2"), outbox(656, 600, 655),
      LEAVE],
     1200),
    ("away for a while", [join(0), stay(600), down(600), up(700), join(710), stay(1200), LEAVE], 1100),
    ("away, and a minute too late", [join(0), stay(600), down(600), up(700), join(760), stay(1200), LEAVE], 1040),
    ("nobody joins a site that is away", [down(100), join(150), up(200), stay(1200), LEAVE], 0),
    ("away and never back", [join(0), stay(600), down(600), join(700), stay(1200), LEAVE], 600),
    ("up without having been away", [join(0), up(600), stay(1200), LEAVE], 1200),
    ("away twice", [join(0), down(300), up(400), join(400), down(800), up(900), join(900), stay(1200), LEAVE], 1000),
    ("quiet before the site went away",
     [join(0), stay(600), event(600, "silent"), down(615), up(700), join(700), stay(1200), LEAVE], 1115),
    ("ended before it began", [{"t": -10, "do": "end"}, join(0), LEAVE], 0),
    ("reopened", [join(0), stay(495), {"t": 495, "do": "end"}, {"t": 600, "do": "reopen"}, join(610), LEAVE], 495),
]  # fmt: skip


@pytest.mark.parametrize(("name", "events", "live_s"), CASES, ids=[case[0] for case in CASES])
def test_live_seconds(db: None, name: str, events: list[dict[str, Any]], live_s: float) -> None:
    assert run(events)["live_s"] == live_s


WATCH: list[tuple[str, list[dict[str, Any]], float, str]] = [
    ("watched before play", [watched(1300, 0, 15), event(1301, "play"), watched(1311, 0, 10)], 10, "missing"),
    ("three times as fast", [event(1300, "play"), watched(1310, 0, 30, 3.0)], 23, "missing"),
    ("beyond the end", [event(1300, "play"), watched(1400, 1190, 1300)], 10, "missing"),
    ("on two devices", [event(1300, "play"), event(1300, "play", "p2"), watched(1900, 0, 600),
                        watched(1900, 600, 1200, device="p2")], 1200, "made_up"),
    ("on three, from one budget", [*(event(1300, "play", key) for key in ("p1", "p2", "p3")), watched(1400, 0, 100),
                                  watched(1400, 100, 200, device="p2"), watched(1400, 200, 300, device="p3")], 230,
     "missing"),
    ("too late", watched_through(7 * 86400 + 1, 1200), 1200, "missing"),
    ("just in time", watched_through(7 * 86400, 1200), 1200, "made_up"),
    ("excused, then watched", [event(0, "excuse"), *watched_through(1300, 1000)], 1000, "made_up"),
    ("claimed at once", [event(1300, "play"), watched(9000, 0, 1200)], 603, "missing"),
    ("hall and excused", [event(0, "excuse"), event(0, "hall", **{"from": -100, "to": 5000})], 0, "attended"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "events", "replay_s", "state"), WATCH, ids=[case[0] for case in WATCH])
def test_replay_seconds(db: None, name: str, events: list[dict[str, Any]], replay_s: float, state: str) -> None:
    answer = run(events)
    assert (answer["replay_s"], answer["state"]) == (replay_s, state)


OURS: list[tuple[str, list[dict[str, Any]], str, list[str]]] = [
    ("a fifth", [down(300), up(540)], "missing", ["no_evidence", "away"]),
    ("more than a fifth", [down(300), up(545)], "incomplete", ["no_evidence", "torn"]),
    ("to the end", [down(600), up(5000)], "incomplete", ["no_evidence", "torn"]),
    ("for good", [down(600)], "incomplete", ["no_evidence", "torn"]),
    ("while one worker died and the others went on", [join(0), {"t": 300, "do": "crash", "worker": "w1"}], "missing",
     ["share", "left_early", "worker_lost"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "events", "state", "reasons"), OURS, ids=[case[0] for case in OURS])
def test_our_fault_is_not_theirs(
    db: None, name: str, events: list[dict[str, Any]], state: str, reasons: list[str]
) -> None:
    answer = run(events)
    assert (answer["state"], answer["reasons"]) == (state, reasons)


def test_an_occasion_without_records_is_judged_all_the_same(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when it was not held: nobody is recorded, and the answer still says what the evidence comes to."""
    from attendance import operations

    monkeypatch.setattr(operations, "settle", lambda **_values: None)
    monkeypatch.setattr(operations, "reconcile", lambda **_values: None)
    answer = run([join(0), stay(300), event(300, "leave")])
    assert (answer["live_s"], answer["state"], answer["reasons"]) == (300, "missing", ["share", "left_early"])


NEXT = {"off": ["join"], "on": ["leave", "silent", "hide"], "hidden": ["show", "leave"]}


@st.composite
def rooms(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw what one member with two phones does, one step every 15 seconds or more; every step is heard."""
    events: list[dict[str, Any]] = []
    on: dict[str, str] = {}
    t = 0
    for _step in range(draw(st.integers(1, 18))):
        t += 15 * draw(st.integers(1, 8))
        device = draw(st.sampled_from(["p1", "p2"]))
        state = on.get(device, "off")
        do = draw(
            st.sampled_from({"off": ["join"], "on": ["leave", "silent", "hide"], "hidden": ["show", "leave"]}[state])
        )
        if state == "on":
            events.append(stay(t, device))
        events.append(join(t, device) if do == "join" else event(t, do, device))
        on[device] = {"join": "on", "show": "on", "hide": "hidden"}.get(do, "off")
    for device in ("p1", "p2"):
        if on.get(device) == "on":
            events += [stay(t + 15, device), event(t + 15, "leave", device)]
    return events


def slow_live_s(events: list[dict[str, Any]]) -> int:
    """Walk through every second of the window and ask whether a phone was there; then fill the short gaps."""
    there = [False] * WINDOW
    for device in ("p1", "p2"):
        mine = [one for one in events if one["device"] == device and one["do"] != "stay"]
        for second in range(WINDOW):
            before = [one["do"] for one in mine if one["t"] <= second]
            there[second] |= bool(before) and before[-1] in ("join", "show")
    seconds = [second for second in range(WINDOW) if there[second]]
    broken = {one["t"] for one in events if one["do"] == "silent"}
    used = 0
    for one, two in pairwise(seconds):
        gap, later = two - one - 1, 15 if one + 1 in broken else 0
        if gap - later <= RULE["bridge_s"] and used + gap <= len(seconds) / 4:
            used += gap
    return len(seconds) + used


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=rooms())
def test_random_rooms_agree_with_a_slow_oracle(db: None, events: list[dict[str, Any]]) -> None:
    assert run(events)["live_s"] == slow_live_s(events)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample_gives_its_truth(db: None, path: Path) -> None:
    """Seconds within 1 s of what was true (the ledger's goal for a clean trace), and the very state."""
    text = path.read_bytes()
    answer, truth = replay(read_trace(text)), json.loads(text)["truth"]
    assert set(answer) == set(truth)
    for member, expected in truth.items():
        told = {key: answer[member][key] for key in expected}
        assert told == {**expected, **{key: pytest.approx(expected[key], abs=1) for key in expected if key != "state"}}


def test_the_command_prints_a_line_a_file_and_leaves_nothing(db: None, tmp_path: Path, capsys: Any) -> None:
    from attendance.models import Occasion

    path = tmp_path / "plain.json"
    path.write_text(json.dumps({"window": [0, 60], "rule": RULE, "members": ["甲"], "events": [join(0)]}))
    call_command("replay_trace", str(path), str(path))
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["甲"]["state"] for line in lines] == ["missing", "missing"]
    assert not Occasion.objects.exists()


def test_many_are_played_by_several_processes_with_the_same_answers(db: None, tmp_path: Path, capsys: Any) -> None:
    """A thousand traces: each processor plays some, the answers stand in the order of the files. The command's own
    database has no tables: whoever asked it anything would fail."""
    files = (SAMPLES * MANY)[:MANY]
    call_command("replay_trace", *files[: len(SAMPLES)])
    alone = capsys.readouterr().out.splitlines()
    empty = os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'empty.sqlite3'}",
        "REDIS_URL": "",
        "VAR_DIR": str(tmp_path),
    }
    command = [sys.executable, "manage.py", "replay_trace", *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, env=empty, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == (alone * MANY)[:MANY]


def test_of_many_a_malformed_one_ends_with_status_2_too(db: None, tmp_path: Path, monkeypatch: Any) -> None:
    (bad := tmp_path / "bad.json").write_text("{}")
    monkeypatch.setattr("attendance.management.commands.replay_trace.MANY", 2)
    with pytest.raises(CommandError, match=r"bad\.json") as refused:
        call_command("replay_trace", *SAMPLES[:2], bad)
    assert refused.value.returncode == 2


def test_a_malformed_trace_ends_with_status_2(db: None, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "bad.json"
    path.write_text('{"window": [0, 60]}')
    with pytest.raises(CommandError, match="has no members") as refused:
        call_command("replay_trace", str(path))
    assert refused.value.returncode == 2
    assert capsys.readouterr().out == ""
