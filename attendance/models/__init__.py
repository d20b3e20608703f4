"""The ledger: what was expected, what was seen, what follows from it. Evidence is stored, conclusions are computed."""

from attendance.models.check import Check, CheckAnswer, CheckQuestion
from attendance.models.hall import Declaration, Guest, Hall, Sheet
from attendance.models.hours import HoursConversion, HoursOwed, HoursTable
from attendance.models.leave import Leave, LeaveOccasion
from attendance.models.notice import Notice
from attendance.models.plan import Occasion, Rule, Training, TrainingUnit
from attendance.models.presence import PresenceSpan, WatchBudget, WatchSession, WorkerLease
from attendance.models.recomputation import Recomputation, Recomputed
from attendance.models.record import Correction, Dispute, Evidence, Record, RecordState
from attendance.models.reminder import (
    Channel,
    ChannelDay,
    MessageAccount,
    MessageCount,
    NoticeChoice,
    Reminder,
    ReminderMessage,
    ReminderSetting,
    WayTrouble,
)
from attendance.models.review import CorrectionReview
from attendance.models.roster import Named, RosterEntry, RosterWork
from attendance.models.seal import MonthlyFile, Removal, Seal, SealedBlock
from attendance.models.summary import NodeSummary, SummaryCheck, SummaryMark, TrainingSummary

__all__ = [
    "Channel",
    "ChannelDay",
    "Check",
    "CheckAnswer",
    "CheckQuestion",
    "Correction",
    "CorrectionReview",
    "Declaration",
    "Dispute",
    "Evidence",
    "Guest",
    "Hall",
    "HoursConversion",
    "HoursOwed",
    "HoursTable",
    "Leave",
    "LeaveOccasion",
    "MessageAccount",
    "MessageCount",
    "MonthlyFile",
    "Named",
    "NodeSummary",
    "Notice",
    "NoticeChoice",
    "Occasion",
    "PresenceSpan",
    "Recomputation",
    "Recomputed",
    "Record",
    "RecordState",
    "Reminder",
    "ReminderMessage",
    "ReminderSetting",
    "Removal",
    "RosterEntry",
    "RosterWork",
    "Rule",
    "Seal",
    "SealedBlock",
    "Sheet",
    "SummaryCheck",
    "SummaryMark",
    "Training",
    "TrainingSummary",
    "TrainingUnit",
    "WatchBudget",
    "WatchSession",
    "WayTrouble",
    "WorkerLease",
]
