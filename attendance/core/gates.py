"""Quizzes that have to be passed before a course counts as finished: which are asked of whom, which are missing. Pure.

ADR 66. A gate that came later asks nothing of whoever had finished before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from attendance.core.evidence import Evidence, Gate, Window
from attendance.core.reasons import Code, Reason

PREFIX = "q:"


def quiz_key(quiz_id: object) -> str:
    """Return the name under which the ledger knows a quiz."""
    return f"{PREFIX}{quiz_id}"


def changed(held: Mapping[str, int], wanted: Iterable[str], *, at: int) -> dict[str, int]:
    """Return the gates that hold from now on, each since when (ms): those that were there keep their moment."""
    return {key: held.get(key, at) for key in sorted(set(wanted))}


def still_open(asked: Sequence[Gate], evidence: Evidence, until: int | None) -> tuple[Gate, ...]:
    """Return which of these gates were not passed up to a moment (None: at all)."""
    passed = {one.key for one in evidence.passed if until is None or one.at <= until}
    return tuple(gate for gate in asked if gate.key not in passed)


def asked(evidence: Evidence, window: Window, *, was_enough: Callable[[int], bool]) -> tuple[Gate, ...]:
    """Return the gates that this member has to pass: not those that came after they had finished.

    ``was_enough``: whether what was studied up to a moment (ms) was enough by itself.
    """
    found: list[Gate] = []
    for since in sorted({gate.since for gate in window.gates}):
        # A gate from which they were spared is no part of what they had to pass before the next one came.
        had_finished = since > 0 and not still_open(found, evidence, since) and was_enough(since)
        if not had_finished:
            found += [gate for gate in window.gates if gate.since == since]
    return tuple(found)


def reasons(evidence: Evidence, window: Window, asked: Sequence[Gate], lacking: Sequence[Gate]) -> list[Reason]:
    """Return what is said of the quizzes that are asked of this member; ``lacking``: enough was studied, and these
    alone are missing."""
    if lacking and not still_open(lacking, evidence, None):
        return [Reason(Code.QUIZ_LATE, {"count": len(lacking)})]
    of = len(asked)
    if lacking:
        return [Reason(Code.QUIZ_DUE, {"left": len(lacking), "of": of})]
    done = of - len(still_open(asked, evidence, window.make_up_until))
    return [Reason(Code.QUIZ_PASSED, {"count": done, "of": of})] if done else []
