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
from attendance.operations.notices import mark_notices_seen, tell
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
from attendance.operations.rosters import complete_roster, enter_at_once, prepare_rosters
from attendance.operations.settling import UnableToSettle, settle, settle_dirty
from attendance.operations.summary import (
    check_summary,
    differences,
    fold_for_page,
    fold_summary,
    mark_counts,
    rebuild_occasion,
)
from attendance.operations.watch import (
    UnableToReportWatched,
    UnableToStartWatch,
    WatchState,
    report_watched,
    start_watch,
)

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
    "WatchState",
    "answer_dispute",
    "approve_leave",
    "beat_lease",
    "check_summary",
    "close_occasion",
    "close_presences",
    "complete_roster",
    "correct_record",
    "create_occasion",
    "declare",
    "differences",
    "end_lease",
    "enter_at_once",
    "expect_again",
    "expect_no_longer",
    "fold_for_page",
    "fold_summary",
    "mark_answers_seen",
    "mark_counts",
    "mark_dirty",
    "mark_not_held",
    "mark_notices_seen",
    "move_end",
    "open_occasion",
    "open_presences",
    "prepare_rosters",
    "raise_dispute",
    "reap_leases",
    "rebuild_occasion",
    "reconcile",
    "record_absence",
    "record_hall",
    "record_outbox",
    "reopen_occasion",
    "report_watched",
    "reschedule_occasion",
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
