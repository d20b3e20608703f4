"""Statements of what people have learnt, as xAPI 1.0.3 has them (ADR 79). Pure: dictionaries as they are sent.

Nobody is named in what is made here but by the account that the caller gives. The verbs and the types of activity are
ADL's own vocabulary; what a statement is about gets an IRI below this site's address, which need not lead to a page.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

ADL = "http://adlnet.gov/expapi"
VERSION = "1.0.3"
BATCH = 100  # statements a request
SPACE = uuid.UUID("5f1c1c3e-7d0b-5b3b-9a57-3f8a1d2b6c40")
"""The namespace of our ids (RFC 9562, version 5): the same thing said twice is one statement wherever it arrives."""

# What a verb is called, by its last word; what is displayed binds nobody.
VERBS: Mapping[str, Mapping[str, str]] = {
    "attended": {"zh-CN": "参加了", "en": "attended"},
    "completed": {"zh-CN": "学完了", "en": "completed"},
    "experienced": {"zh-CN": "读了", "en": "experienced"},
    "passed": {"zh-CN": "通过了", "en": "passed"},
    "failed": {"zh-CN": "没有通过", "en": "failed"},
}
TYPES = frozenset({"meeting", "course", "lesson", "assessment"})


@dataclass(frozen=True, slots=True)
class Thing:
    """What a statement is about: its IRI, one of ``TYPES`` and its title."""

    iri: str
    type: str
    title: str

    def as_activity(self) -> dict[str, Any]:
        definition = {"type": f"{ADL}/activities/{self.type}", "name": {"zh-CN": self.title}}
        return {"objectType": "Activity", "id": self.iri, "definition": definition}


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it; what is None, or no duration, is left out. ``score``: how many were right, of how many."""

    completion: bool | None = None
    success: bool | None = None
    score: tuple[int, int] | None = None
    duration_ms: int = 0
    extensions: Mapping[str, Any] | None = None

    def written(self) -> dict[str, Any]:
        said: dict[str, Any] = {}
        if self.completion is not None:
            said["completion"] = self.completion
        if self.success is not None:
            said["success"] = self.success
        if self.score is not None:
            right, of = self.score
            said["score"] = {"scaled": round(right / of, 4), "raw": right, "min": 0, "max": of}
        if self.duration_ms:
            said["duration"] = duration(self.duration_ms)
        if self.extensions:
            said["extensions"] = dict(self.extensions)
        return said


def id_of(*, site: str, key: str) -> uuid.UUID:
    """Return the id of the statement that says ``key`` on this site: always the same one."""
    return uuid.uuid5(SPACE, f"{site} {key}")


def duration(ms: int) -> str:
    """Return a time as ISO 8601 has it, to the hundredth of a second as xAPI compares it: ``PT45M3.5S``."""
    minutes, hundredths = divmod(ms // 10, 6000)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")
    parts = [f"{hours}H" if hours else "", f"{minutes}M" if minutes else "", f"{seconds}S" if hundredths else ""]
    return "PT" + ("".join(parts) or "0S")


def agent(*, site: str, account: str, name: str = "") -> dict[str, Any]:
    """Return a person as an account of this site; by name only where one is given."""
    said: dict[str, Any] = {"objectType": "Agent", "account": {"homePage": site, "name": account}}
    return {**said, "name": name} if name else said


def statement(
    *,
    id_: uuid.UUID,
    actor: Mapping[str, Any],
    verb: str,
    thing: Thing,
    result: Result,
    within: Mapping[str, Thing],
    platform: str,
    at: datetime,
) -> dict[str, Any]:
    """Return a statement. ``verb``: one of ``VERBS``; ``within``: what the thing belongs to, by ``parent`` or
    ``grouping``."""
    context: dict[str, Any] = {"platform": platform, "language": "zh-CN"}
    if within:
        context["contextActivities"] = {relation: [one.as_activity()] for relation, one in within.items()}
    return {
        "id": str(id_),
        "actor": dict(actor),
        "verb": {"id": f"{ADL}/verbs/{verb}", "display": dict(VERBS[verb])},
        "object": thing.as_activity(),
        "result": result.written(),
        "context": context,
        "timestamp": at.isoformat(timespec="milliseconds"),
    }


def voiding(*, id_: uuid.UUID, site: str, voided: uuid.UUID, at: datetime) -> dict[str, Any]:
    """Return the statement by which the site takes one back (xAPI 1.0.3, part two, 2.3.2): it cannot be taken back."""
    return {
        "id": str(id_),
        "actor": agent(site=site, account="site"),
        "verb": {"id": f"{ADL}/verbs/voided", "display": {"zh-CN": "撤回了", "en": "voided"}},
        "object": {"objectType": "StatementRef", "id": str(voided)},
        "timestamp": at.isoformat(timespec="milliseconds"),
    }
