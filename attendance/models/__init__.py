"""The ledger: what was expected, what was seen, what follows from it. Evidence is stored, conclusions are computed."""

from attendance.models.notice import Notice
from attendance.models.plan import Occasion, Rule, Training
from attendance.models.presence import PresenceSpan, WatchBudget, WatchSession, WorkerLease
from attendance.models.record import Correction, Dispute, Evidence, Record, RecordState
from attendance.models.roster import Named, RosterEntry, RosterWork

__all__ = [
    "Correction",
    "Dispute",
    "Evidence",
    "Named",
    "Notice",
    "Occasion",
    "PresenceSpan",
    "Record",
    "RecordState",
    "RosterEntry",
    "RosterWork",
    "Rule",
    "Training",
    "WatchBudget",
    "WatchSession",
    "WorkerLease",
]
