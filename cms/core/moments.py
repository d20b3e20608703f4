"""At which moments the videos of a lesson ask which questions. Pure.

A question stands in the lesson as a block of its own and belongs to the nearest video or recording above it: it moves
with it, and no stored video had to become another kind of block (ADR 81).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cms.core.lesson import VIDEO, held_in
from quizzes.core.asked import moment_ms

ASKS = "asks"


@dataclass(frozen=True, slots=True)
class Moment:
    """One question of a lesson: the video's key as text ("" for none above), when (ms), and whether it must be
    answered to go on."""

    video: str
    at_ms: int
    question_id: int
    must: bool


def moments_in(raw: Iterable[Mapping[str, Any]]) -> list[Moment]:
    """Return what is asked in a raw stream, by video and moment; what is unfit is left out, and of a
    question that stands there twice the second time."""
    found: dict[int, Moment] = {}
    video = ""
    for block in raw:
        name, value = str(block.get("type")), block.get("value")
        if held_in(name) == VIDEO:
            video = str(value or "")
        if name != ASKS or not isinstance(value, Mapping):
            continue
        at_ms, question = moment_ms(str(value.get("at") or "")), value.get("question")
        if at_ms is not None and isinstance(question, int):
            found.setdefault(question, Moment(video, at_ms, question, bool(value.get("must"))))
    return sorted(found.values(), key=lambda one: (one.video, one.at_ms))
