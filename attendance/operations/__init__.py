"""What can be done in the ledger: keyword-only verbs. Every answer is given after the commit."""

from attendance.operations.absence import record_absence
from attendance.operations.leases import beat_lease, end_lease, reap_leases, start_lease
from attendance.operations.marks import mark_dirty
from attendance.operations.notes import (
    UnableToAnswerDispute,
    UnableToRaiseDispute,
    UnableToRecord,
    answer_dispute,
    approve_leave,
    correct_record,
    declare,
    raise_dispute,
    record_hall,
)
from attendance.operations.occasions import (
    UnableToCloseOccasion,
    UnableToOpenOccasion,
    UnableToPlanOccasion,
    UnableToSetMedia,
    close_occasion,
    create_occasion,
    open_occasion,
    reschedule_occasion,
    set_media_items,
    set_replay,
)
from attendance.operations.presence import (
    End,
    Join,
    UnableToRecordPresence,
    close_presences,
    open_presences,
    record_outbox,
)
from attendance.operations.reconciling import reconcile
from attendance.operations.settling import UnableToSettle, settle, settle_dirty
from attendance.operations.watch import (
    UnableToReportWatched,
    UnableToStartWatch,
    WatchState,
    report_watched,
    start_watch,
)

__all__ = [
    "End",
    "Join",
    "UnableToAnswerDispute",
    "UnableToCloseOccasion",
    "UnableToOpenOccasion",
    "UnableToPlanOccasion",
    "UnableToRaiseDispute",
    "UnableToRecord",
    "UnableToRecordPresence",
    "UnableToReportWatched",
    "UnableToSetMedia",
    "UnableToSettle",
    "UnableToStartWatch",
    "WatchState",
    "answer_dispute",
    "approve_leave",
    "beat_lease",
    "close_occasion",
    "close_presences",
    "correct_record",
    "create_occasion",
    "declare",
    "end_lease",
    "mark_dirty",
    "open_occasion",
    "open_presences",
    "raise_dispute",
    "reap_leases",
    "reconcile",
    "record_absence",
    "record_hall",
    "record_outbox",
    "report_watched",
    "reschedule_occasion",
    "set_media_items",
    "set_replay",
    "settle",
    "settle_dirty",
    "start_lease",
    "start_watch",
]
