"""What can be done in the ledger: keyword-only verbs. Every answer is given after the commit."""

from attendance.core.plan import OccasionPlan
from attendance.operations.absence import record_absence
from attendance.operations.corrections import UnableToRecord, correct_record
from attendance.operations.disputes import (
    UnableToAnswerDispute,
    UnableToRaiseDispute,
    answer_dispute,
    mark_answers_seen,
    raise_dispute,
)
from attendance.operations.leases import beat_lease, end_lease, reap_leases, start_lease
from attendance.operations.leavers import expect_again, expect_no_longer
from attendance.operations.marks import mark_dirty
from attendance.operations.notes import (
    HallTicks,
    approve_leave,
    declare,
    record_hall,
    withdraw,
)
from attendance.operations.notices import forget_notices, mark_notices_seen, tell
from attendance.operations.occasions import (
    UnableToCloseOccasion,
    UnableToOpenOccasion,
    UnableToPlanOccasion,
    UnableToReopenOccasion,
    UnableToSetMedia,
    UnableToVoidOccasion,
    close_occasion,
    create_occasion,
    mark_not_held,
    move_end,
    open_occasion,
    reopen_occasion,
    reschedule_occasion,
    set_media_items,
    set_replay,
    void_occasion,
    withdraw_occasion,
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
from attendance.operations.removing import remove_evidence
from attendance.operations.rosters import complete_roster, enter_at_once, prepare_rosters
from attendance.operations.sealing import seal_days
from attendance.operations.settling import UnableToSettle, settle, settle_dirty
from attendance.operations.watch import (
    UnableToReportWatched,
    UnableToStartWatch,
    WatchReport,
    WatchState,
    report_all_watched,
    report_watched,
    start_watch,
)
from attendance.operations.watch_queue import report_together

__all__ = [
    "End",
    "HallTicks",
    "Join",
    "OccasionPlan",
    "UnableToAnswerDispute",
    "UnableToCloseOccasion",
    "UnableToOpenOccasion",
    "UnableToPlanOccasion",
    "UnableToRaiseDispute",
    "UnableToRecord",
    "UnableToRecordPresence",
    "UnableToReopenOccasion",
    "UnableToReportWatched",
    "UnableToSetMedia",
    "UnableToSettle",
    "UnableToStartWatch",
    "UnableToVoidOccasion",
    "WatchReport",
    "WatchState",
    "answer_dispute",
    "approve_leave",
    "beat_lease",
    "close_occasion",
    "close_presences",
    "complete_roster",
    "correct_record",
    "create_occasion",
    "declare",
    "end_lease",
    "enter_at_once",
    "expect_again",
    "expect_no_longer",
    "forget_notices",
    "mark_answers_seen",
    "mark_dirty",
    "mark_not_held",
    "mark_notices_seen",
    "move_end",
    "open_occasion",
    "open_presences",
    "prepare_rosters",
    "raise_dispute",
    "reap_leases",
    "reconcile",
    "record_absence",
    "record_hall",
    "record_outbox",
    "remove_evidence",
    "reopen_occasion",
    "report_all_watched",
    "report_together",
    "report_watched",
    "reschedule_occasion",
    "seal_days",
    "set_media_items",
    "set_replay",
    "settle",
    "settle_dirty",
    "start_lease",
    "start_watch",
    "tell",
    "void_occasion",
    "withdraw",
    "withdraw_occasion",
]
