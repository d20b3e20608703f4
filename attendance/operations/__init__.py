"""What can be done in the ledger: keyword-only verbs. Every answer is given after the commit."""

from attendance.core.plan import OccasionPlan
from attendance.operations.absence import record_absence
from attendance.operations.corrections import UnableToRecord, correct_record
from attendance.operations.declarations import (
    ask_declaration,
    confirm_declaration,
    refuse_declaration,
    withdraw_declaration,
)
from attendance.operations.disputes import (
    UnableToAnswerDispute,
    UnableToRaiseDispute,
    answer_dispute,
    mark_answers_seen,
    raise_dispute,
    withdraw_dispute,
)
from attendance.operations.excusing import excuse_absent
from attendance.operations.exempting import end_exemption_early, enter_exemption, follow_exemptions
from attendance.operations.halls import (
    UnableToCheckIn,
    check_in,
    close_hall,
    cross_out_guest,
    find_guest,
    open_hall,
    write_guest,
)
from attendance.operations.in_person import hold_in_person
from attendance.operations.leases import beat_lease, end_lease, reap_leases, start_lease
from attendance.operations.leavers import expect_again, expect_no_longer
from attendance.operations.leaves import (
    UnableToAskLeave,
    UnableToDecideLeave,
    Wish,
    approve_in_part,
    approve_leaves,
    ask_leave,
    enter_leave,
    refuse_leaves,
    take_back_leave,
    withdraw_leave,
)
from attendance.operations.marks import mark_dirty
from attendance.operations.naming import expect_only
from attendance.operations.notes import (
    HallTicks,
    Study,
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
from attendance.operations.reviewing import UnableToReview, decide_correction, withdraw_correction
from attendance.operations.rosters import complete_roster, enter_at_once, prepare_rosters
from attendance.operations.settling import UnableToSettle, settle, settle_dirty
from attendance.operations.sheets import print_sheet
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
    "Study",
    "UnableToAnswerDispute",
    "UnableToAskLeave",
    "UnableToCheckIn",
    "UnableToCloseOccasion",
    "UnableToDecideLeave",
    "UnableToOpenOccasion",
    "UnableToPlanOccasion",
    "UnableToRaiseDispute",
    "UnableToRecord",
    "UnableToRecordPresence",
    "UnableToReopenOccasion",
    "UnableToReportWatched",
    "UnableToReview",
    "UnableToSetMedia",
    "UnableToSettle",
    "UnableToStartWatch",
    "UnableToVoidOccasion",
    "WatchState",
    "Wish",
    "answer_dispute",
    "approve_in_part",
    "approve_leave",
    "approve_leaves",
    "ask_declaration",
    "ask_leave",
    "beat_lease",
    "check_in",
    "close_hall",
    "close_occasion",
    "close_presences",
    "complete_roster",
    "confirm_declaration",
    "correct_record",
    "create_occasion",
    "cross_out_guest",
    "decide_correction",
    "declare",
    "end_exemption_early",
    "end_lease",
    "enter_at_once",
    "enter_exemption",
    "enter_leave",
    "excuse_absent",
    "expect_again",
    "expect_no_longer",
    "expect_only",
    "find_guest",
    "follow_exemptions",
    "hold_in_person",
    "mark_answers_seen",
    "mark_dirty",
    "mark_not_held",
    "mark_notices_seen",
    "move_end",
    "open_hall",
    "open_occasion",
    "open_presences",
    "prepare_rosters",
    "print_sheet",
    "raise_dispute",
    "reap_leases",
    "reconcile",
    "record_absence",
    "record_hall",
    "record_outbox",
    "refuse_declaration",
    "refuse_leaves",
    "reopen_occasion",
    "report_watched",
    "reschedule_occasion",
    "set_media_items",
    "set_replay",
    "settle",
    "settle_dirty",
    "start_lease",
    "start_watch",
    "take_back_leave",
    "tell",
    "void_occasion",
    "withdraw",
    "withdraw_correction",
    "withdraw_declaration",
    "withdraw_dispute",
    "withdraw_leave",
    "withdraw_occasion",
    "write_guest",
]
