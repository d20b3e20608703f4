"""What the judge makes of the check of understanding: whether it was passed in time, and what is said about it."""

from __future__ import annotations

from attendance.core.evidence import CheckAsked, Evidence, Understood, Window
from attendance.core.reasons import Code, Reason


def is_passed(evidence: Evidence, window: Window) -> bool:
    """Whether an attempt was passed before the make-up ended, in whatever version of the questions."""
    return any(one.is_passed for one in _timely(evidence, window))


def reasons(evidence: Evidence, window: Window, *, is_lacking: bool) -> list[Reason]:
    """Return what is said of the check; ``is_lacking``: enough was made up, and it alone is missing."""
    passed = next((one for one in _timely(evidence, window) if one.is_passed), None)
    if passed is not None:
        return [Reason(Code.UNDERSTOOD, {"right": passed.right, "of": passed.of})]
    if not is_lacking or window.check is None:
        return []
    late = next((one for one in evidence.understood if one.is_passed), None)
    if late is not None:
        return [Reason(Code.CHECK_LATE, {"right": late.right, "of": late.of})]
    return [_missing(window.check, [one for one in evidence.understood if one.version == window.check.version])]


def _missing(asked: CheckAsked, tries: list[Understood]) -> Reason:
    if not tries:
        return Reason(Code.CHECK_DUE, {"need": asked.need, "of": asked.of})
    last = tries[-1]
    said = {"right": last.right, "of": last.of, "need": last.need}
    if asked.most and len(tries) >= asked.most:
        return Reason(Code.CHECK_SPENT, {"count": len(tries), **said})
    return Reason(Code.CHECK_FAILED, said)


def _timely(evidence: Evidence, window: Window) -> list[Understood]:
    until = window.make_up_until
    return [one for one in evidence.understood if until is None or one.at <= until]
