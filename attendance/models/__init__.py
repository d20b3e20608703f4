"""The ledger: what was expected, what was seen, what follows from it. Evidence is stored, conclusions are computed."""

from attendance.models.hours import HoursConversion, HoursOwed, HoursTable
from attendance.models.notice import Notice
from attendance.models.plan import Occasion, Rule, Training
from attendance.models.presence import PresenceSpan, WatchBudget, WatchSession, WorkerLease
from attendance.models.recomputation import Recomputation, Recomputed
from attendance.models.record import Correction, Dispute, Evidence, Record, RecordState
from attendance.models.roster import RosterEntry, RosterWork

__all__ = [
    "Correction",
    "Dispute",
    "Evidence",
    "HoursConversion",
    "HoursOwed",
    "HoursTable",
    "Notice",
    "Occasion",
    "PresenceSpan",
    "Recomputation",
    "Recomputed",
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
