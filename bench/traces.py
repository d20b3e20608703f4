"""Traces through the ledger, as ``manage.py replay_trace`` plays them: how far from the truth, and how long it takes.

The sample traces (tests/data/traces) carry the true seconds; the goals are the ledger's own: a clean trace within 1 s,
after any one fault within 15 s, never more than 5 s too much. Then 1,000 random traces of 500 events each (``TRACES``:
how many), by the clock and as CPU seconds of the command, which other work on the machine does not change: on two
processors the clock shows half of them. The goal, 60 s for 1,000, is the clock's, and the start of the command counts.
"""

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench._figure import figure

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = sorted((ROOT / "tests" / "data" / "traces").glob("*.json"))
FAULTS = {
    "empty-outboxes", "hide-storm", "late-outbox", "pocket", "reconnect-storm", "site-down", "site-down-long",
    "worker-killed",
}  # fmt: skip
TRACES, EVENTS, MEMBERS, WINDOW_S = int(os.environ.get("TRACES", "1000")), 500, 10, 3600
RULE = {
    "min_share": 0.8, "late_after_s": 300, "leave_early_s": 300, "bridge_s": 30, "outbox_s": 60, "make_up_days": 7,
}  # fmt: skip
NEXT = {"off": ("join",), "on": ("stay", "stay", "leave", "silent", "hide"), "hidden": ("show", "leave")}
AFTER = {"join": "on", "show": "on", "stay": "on", "hide": "hidden", "leave": "off", "silent": "off"}


def replayed(files: list[Path]) -> list[dict[str, Any]]:
    """Return what the command answers, an object a file."""
    command = [sys.executable, "manage.py", "replay_trace", *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def errors() -> dict[str, list[float]]:
    """Return, by trace, how much more (or less) than the truth each clock of each member says, in seconds."""
    found: dict[str, list[float]] = {}
    for path, answer in zip(SAMPLES, replayed(SAMPLES), strict=True):
        truth = json.loads(path.read_text(encoding="utf-8"))["truth"]
        found[path.stem] = [
            answer[member][clock] - true
            for member, clocks in truth.items()
            for clock, true in clocks.items()
            if clock.endswith("_s")
        ]
    return found


def random_trace(chance: random.Random, name: str) -> dict[str, Any]:
    """Ten members who come, stay, fall silent, lock their phones and leave, in any order a phone can do it; the last
    quarter of the events are reports of the replay."""
    members = [f"m{number}" for number in range(MEMBERS)]
    states = dict.fromkeys(members, "off")
    events = []
    live = EVENTS * 3 // 4
    for number in range(live):
        member = chance.choice(members)
        do = chance.choice(NEXT[states[member]])
        states[member] = AFTER[do]
        one = {"t": round(WINDOW_S * number / live, 3), "do": do, "member": member, "device": "p1"}
        events.append(one | ({"worker": "w1"} if do == "join" else {"every": 10} if do == "stay" else {}))
    events += [{"t": WINDOW_S + 60, "do": "play", "member": member, "device": "p1"} for member in members]
    for number in range(EVENTS - len(events)):
        start = number // MEMBERS * 60
        events.append(
            {"t": WINDOW_S + 120 + start, "do": "watched", "member": members[number % MEMBERS], "device": "p1",
             "id": f"x{number}", "ranges": [[start, start + 60]], "rate": 1.0}
        )  # fmt: skip
    return {
        "name": name,
        "window": [0, WINDOW_S],
        "rule": RULE,
        "media_s": WINDOW_S,
        "members": members,
        "events": events,
    }


def cpu_s() -> float:
    """Return the CPU seconds of all commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    found = errors()
    clean = [abs(error) for name, each in found.items() if name not in FAULTS for error in each]
    faulty = [abs(error) for name, each in found.items() if name in FAULTS for error in each]
    too_much = max(error for each in found.values() for error in each)
    figure(bench="traces", figure="largest error of a clean sample trace", value=max(clean), unit="s", goal=1)
    figure(bench="traces", figure="largest error after one fault", value=max(faulty), unit="s", goal=15)
    figure(bench="traces", figure="most that any sample says too much", value=too_much, unit="s", goal=5)
    chance = random.Random(450_000)
    with tempfile.TemporaryDirectory(prefix="classroom-bench-") as folder:
        files = [Path(folder) / f"{number}.json" for number in range(TRACES)]
        for path in files:
            path.write_text(json.dumps(random_trace(chance, path.stem)), encoding="utf-8")
        began, used = time.monotonic(), cpu_s()
        replayed(files)
        wall, took = time.monotonic() - began, cpu_s() - used
    name, goal = f"{TRACES} random traces of {EVENTS} events", 60 * TRACES / 1000
    figure(bench="traces", figure=f"{name}, by the clock", value=wall, unit="s", goal=goal)
    figure(
        bench="traces", figure=f"{name}, processor", value=took, unit="s CPU", goal=goal * len(os.sched_getaffinity(0))
    )
    figure(bench="traces", figure="processor a trace", value=took / TRACES * 1000, unit="ms CPU")


if __name__ == "__main__":
    main()
