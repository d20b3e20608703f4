"""The ledger: what was expected, what was seen, what follows from it. Evidence is stored, conclusions are computed."""

from attendance.models.notice import Notice
from attendance.models.plan import Occasion, Rule, Training
from attendance.models.presence import PresenceSpan, WatchBudget, WatchSession, WorkerLease
from attendance.models.record import Correction, Dispute, Evidence, Record, RecordState
from attendance.models.reminder import Channel, NoticeChoice, Reminder, ReminderMessage, ReminderSetting, SmsDay
from attendance.models.roster import RosterEntry, RosterWork

__all__ = [
    "Channel",
    "Correction",
    "Dispute",
    "Evidence",
    "Notice",
    "NoticeChoice",
    "Occasion",
    "PresenceSpan",
    "Record",
    "RecordState",
    "Reminder",
    "ReminderMessage",
    "ReminderSetting",
    "RosterEntry",
    "RosterWork",
    "Rule",
    "SmsDay",
    "Training",
    "WatchBudget",
    "WatchSession",
    "WorkerLease",
]
