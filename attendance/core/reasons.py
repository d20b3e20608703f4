"""Why a verdict is what it is: codes with parameters. The sentences stand in ``attendance/sentences/records.py``."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """Every reason a verdict can give. Parameters: milliseconds end in ``_ms``, shares are 0 to 1."""

    SHARE = "share"  # clock (live | hall | live_hall | room | union | recorded | media), ms, of_ms, share, need_ms
    LATE = "late"  # ms
    LEFT_EARLY = "left_early"  # ms
    BRIDGED = "bridged"  # count, ms
    HIDDEN = "hidden"  # count, ms
    TWO_DEVICES = "two_devices"  # count
    SILENT = "silent"  # count
    WORKER_LOST = "worker_lost"  # count
    OUTBOX = "outbox"  # ms
    OUTBOX_CUT = "outbox_cut"  # ms
    HALL = "hall"  # ms
    ROOM = "room"  # ms: in the room of a meeting in person
    WATCHED = "watched"  # ms, of_ms
    WATCHED_LATE = "watched_late"  # ms
    AFTER_WINDOW = "after_window"
    LEAVE = "leave"  # category
    DECLARED = "declared"  # category, ms (0: nobody said how long)
    CHECKED_IN = "checked_in"  # at (ms since 1970): the code of a hall was scanned, and nobody has confirmed it yet
    AWAITED = "awaited"  # what was ticked in the hall of the unit is still on a phone
    REPEATED = "repeated"  # at (ms since 1970): took part in a further session, which began then
    FURTHER = "further"  # a further session: what came of it stands at the occasion that it repeats
    EXEMPT = "exempt"  # why
    NO_EVIDENCE = "no_evidence"
    AWAY = "away"  # ms: the site was away so long, and it changes nothing
    TORN = "torn"  # ms: the site was away for more than a fifth of the window
    EARLIER_VERSION = "earlier_version"  # until (ms since 1970): finished before the course was changed
    NOTHING_ASKED = "nothing_asked"  # all that there was to study has been taken out
    EMPTY_WINDOW = "empty_window"
    NOT_FINAL = "not_final"
    UNDERSTOOD = "understood"  # right, of: the check of understanding was passed
    CHECK_DUE = "check_due"  # need, of: enough was watched, and the check is still to be answered
    CHECK_FAILED = "check_failed"  # right, of, need: the last attempt; another one is possible
    CHECK_SPENT = "check_spent"  # count, right, of, need: no attempt is left
    CHECK_LATE = "check_late"  # right, of: passed after the deadline for making up
    QUIZ_PASSED = "quiz_passed"  # count, of: so many of the quizzes that are asked for are passed
    QUIZ_DUE = "quiz_due"  # left, of: enough was studied, and so many quizzes are still to be passed
    QUIZ_LATE = "quiz_late"  # count: enough was studied, and quizzes were passed only after the deadline


CHECK_OWED = frozenset({Code.CHECK_DUE, Code.CHECK_FAILED})
"""Enough was watched, and answering the check makes it count."""
CHECK_MISSING = CHECK_OWED | {Code.CHECK_SPENT, Code.CHECK_LATE}
"""Enough was watched, and only the check is missing."""
ALONE_MISSING = CHECK_MISSING | {Code.QUIZ_DUE, Code.QUIZ_LATE}
"""Enough was watched or studied, and only the check or quizzes are missing."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason with its parameters."""

    code: Code
    params: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the shape stored in ``Record.reasons``: ``{"code": …, **params}``."""
        return {"code": str(self.code), **self.params}
