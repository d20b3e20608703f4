"""The ledger: what was expected, what was seen, what follows from it. Evidence is stored, conclusions are computed."""

from attendance.models.notice import Notice
from attendance.models.plan import Occasion, Rule, Training
from attendance.models.presence import PresenceSpan, WatchBudget, WatchSession, WorkerLease
from attendance.models.record import Correction, Dispute, Evidence, Record, RecordState
from attendance.models.roster import RosterEntry, RosterWork
from attendance.models.seal import MonthlyFile, Removal, Seal, SealedBlock

__all__ = [
    "Correction",
    "Dispute",
    "Evidence",
    "MonthlyFile",
    "Notice",
    "Occasion",
    "PresenceSpan",
    "Record",
    "RecordState",
    "Removal",
    "RosterEntry",
    "RosterWork",
    "Rule",
    "Seal",
    "SealedBlock",
    "Training",
    "WatchBudget",
    "WatchSession",
    "WorkerLease",
]
