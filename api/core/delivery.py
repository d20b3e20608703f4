"""How a report is signed, and when it is tried again. Pure."""

import hashlib
import hmac
from enum import StrEnum

MINUTE_S = 60
# After each failure; then no more: the log keeps it, and a person may send it again.
PAUSES_S = (MINUTE_S, 5 * MINUTE_S, 30 * MINUTE_S, 2 * 60 * MINUTE_S, 6 * 60 * MINUTE_S, 12 * 60 * MINUTE_S)
LASTING = 4  # failures after which pauses grow no more where nothing is given up


def signature(*, secret: str, sent_s: int, body: bytes) -> str:
    """Return the header ``t=…,v1=…``: SHA-256 (HMAC) over the moment in Unix seconds, a dot and the body's bytes.

    The receiver computes the same and refuses what is older than some minutes: a copy is worth nothing later.
    """
    digest = hmac.digest(secret.encode(), f"{sent_s}.".encode() + body, hashlib.sha256).hex()
    return f"t={sent_s},v1={digest}"


def pause_s(failures: int) -> int | None:
    """Return for how long to wait after so many failures in a row, or None: it is given up."""
    return PAUSES_S[failures - 1] if failures <= len(PAUSES_S) else None


def is_taken(status: int) -> bool:
    """Whether a target has taken a report: a redirect is no answer, and is not followed."""
    return 200 <= status < 300


def lasting_pause_s(failures: int) -> int:
    """Return for how long to wait after so many failures in a row where nothing is given up: two hours at most."""
    return PAUSES_S[min(failures, LASTING) - 1]


class Answer(StrEnum):
    """What an answer of a record store means for the statements that were sent (xAPI 1.0.3, part three, 2.1.3, 3.2)."""

    TAKEN = "taken"
    REFUSED = "refused"  # something of what was sent: without it the rest may be taken
    HAS_IT = "has_it"  # one of these ids is known there, with the same words or others
    LATER = "later"  # it is no fault of the statements


def answer_of(status: int) -> Answer:
    """Return what a status means; 0 stands for none."""
    if is_taken(status):
        return Answer.TAKEN
    if status == 409:
        return Answer.HAS_IT
    return Answer.REFUSED if status in (400, 413, 422) else Answer.LATER
