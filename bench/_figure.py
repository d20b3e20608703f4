"""How every benchmark prints a figure."""

import json
import sys


def figure(
    *,
    bench: str,
    figure: str,
    value: float,
    unit: str,
    peer: str = "",
    peer_value: float | None = None,
    goal: float | None = None,
    higher_is_better: bool = False,
) -> None:
    """Print one JSON line. ``ratio``: how many times better than the peer. ``pass``: the goal (if any) is met."""
    ratio = None
    if peer_value and value:
        ratio = round(value / peer_value if higher_is_better else peer_value / value, 3)
    passed = goal is None or (value >= goal if higher_is_better else value <= goal)
    line = {"bench": bench, "figure": figure, "value": round(value, 3), "unit": unit, "peer": peer}
    line |= {
        "peer_value": None if peer_value is None else round(peer_value, 3),
        "ratio": ratio,
        "goal": goal,
        "pass": passed,
    }
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()
