"""What holds: the one place that decides between a verdict and a correction. Written beside each record, read by all.

A correction carries the digest of the evidence it was made on. Evidence that came later and makes the verdict better
than it was then, and better than what the correction says, is not hidden by it: the record follows again.
"""

from dataclasses import dataclass
from decimal import Decimal

from attendance.models import Correction, RecordState

S = RecordState
# How much a state says for a person: a correction gives way only to a verdict that says more.
_WORTH = {S.PENDING: 0, S.MISSING: 1, S.INCOMPLETE: 1, S.EXCUSED: 2, S.EXEMPT: 2, S.MADE_UP: 3, S.ATTENDED: 4}
DONE = frozenset({S.ATTENDED, S.MADE_UP})


@dataclass(frozen=True, slots=True)
class Holding:
    """The state that holds, the correction it comes from (None: the verdict's own), and the hours that follow."""

    state: str
    correction_id: int | None
    hours: Decimal


def what_holds(
    *, state: str, hours: Decimal, digest: str, correction: Correction | None, full_hours: Decimal
) -> Holding:
    """Return what holds for a verdict ``state`` on the evidence ``digest``, given the last correction, if any.

    ``hours`` are the verdict's, ``full_hours`` what the rule credits for having taken part.
    """
    if correction is None or _is_overtaken(correction, state, digest):
        return Holding(state, None, hours)
    corrected = RecordState(correction.state)
    return Holding(corrected.value, correction.pk, full_hours if corrected in DONE else Decimal(0))


def _is_overtaken(correction: Correction, state: str, digest: str) -> bool:
    worth = _WORTH[RecordState(state)]
    was, corrected = _WORTH[RecordState(correction.was_state)], _WORTH[RecordState(correction.state)]
    return digest != correction.evidence_digest and worth > was and worth > corrected
