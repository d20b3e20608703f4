"""The ledger: what was expected, what was seen, what follows from it. Evidence is stored, conclusions are computed."""

from attendance.models.notice import Notice
from attendance.models.plan import Occasion, Rule, Training
from attendance.models.presence import PresenceSpan, WatchBudget, WatchSession, WorkerLease
from attendance.models.record import Correction, Dispute, Evidence, Record, RecordState
from attendance.models.roster import RosterEntry, RosterWork
from attendance.models.summary import NodeSummary, SummaryCheck, SummaryMark, TrainingSummary

__all__ = [
    "Correction",
    "Dispute",
    "Evidence",
    "NodeSummary",
    "Notice",
    "Occasion",
    "PresenceSpan",
    "Record",
    "RecordState",
    "RosterEntry",
    "RosterWork",
    "Rule",
    "SummaryCheck",
    "SummaryMark",
    "Training",
    "TrainingSummary",
    "WatchBudget",
    "WatchSession",
    "WorkerLease",
]
