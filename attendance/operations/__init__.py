"""What can be done in the ledger: keyword-only verbs. Every answer is given after the commit."""

from attendance.core.plan import OccasionPlan
from attendance.operations.absence import record_absence
from attendance.operations.catching_up import tell_who_missed
from attendance.operations.checks import (
    CheckPlan,
    UnableToAnswerCheck,
    UnableToSaveCheck,
    answer_question,
    copy_check,
    save_check,
    withdraw_check,
)
from attendance.operations.choices import (
    UnableToChoose,
    ask_for_email,
    choose_channels,
    confirm_email,
    drop_email,
    end_calendar,
    make_calendar,
)
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
from attendance.operations.notices import mark_notices_seen, prune_notices, tell
from attendance.operations.occasions import (
    UnableToCloseOccasion,
    UnableToOpenOccasion,
    UnableToPlanOccasion,
    UnableToReopenOccasion,
    UnableToVoidOccasion,
    close_occasion,
    create_occasion,
    hold_training,
    mark_not_held,
    move_end,
    open_occasion,
    reopen_occasion,
    reschedule_occasion,
    void_occasion,
    withdraw_occasion,
)
from attendance.operations.offered_media import UnableToSetMedia, set_media_items, set_replay, set_unrecorded
from attendance.operations.pausing import set_pause
from attendance.operations.presence import (
    End,
    Join,
    UnableToRecordPresence,
    close_presences,
    open_presences,
    record_outbox,
)
from attendance.operations.recomputing import (
    UnableToRecompute,
    advance_recomputation,
    begin_recomputation,
    drop_recomputation,
    try_recomputation,
)
from attendance.operations.reconciling import reconcile
from attendance.operations.reminder_sending import send_reminders
from attendance.operations.reminders import UnableToRemind, UnableToSetReminders, remind, remind_by_clock, set_reminders
from attendance.operations.removing import remove_evidence
from attendance.operations.reviewing import UnableToReview, decide_correction, withdraw_correction
from attendance.operations.rosters import complete_roster, enter_at_once, prepare_rosters
from attendance.operations.rules import (
    Gives,
    HoursPlan,
    UnableToSaveHours,
    offer_rule_again,
    save_hours_table,
    withdraw_hours_tables,
    withdraw_rule,
)
from attendance.operations.sealing import seal_days
from attendance.operations.sessions import make_session
from attendance.operations.settling import UnableToSettle, settle, settle_dirty
from attendance.operations.sheets import print_sheet
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
    WatchReport,
    report_all_watched,
    report_watched,
)
from attendance.operations.watch_queue import report_together
from attendance.operations.watch_start import UnableToStartWatch, WatchState, start_watch

__all__ = [
    "CheckPlan",
    "End",
    "Gives",
    "HallTicks",
    "HoursPlan",
    "Join",
    "OccasionPlan",
    "Study",
    "UnableToAnswerCheck",
    "UnableToAnswerDispute",
    "UnableToAskLeave",
    "UnableToCheckIn",
    "UnableToChoose",
    "UnableToCloseOccasion",
    "UnableToDecideLeave",
    "UnableToOpenOccasion",
    "UnableToPlanOccasion",
    "UnableToRaiseDispute",
    "UnableToRecompute",
    "UnableToRecord",
    "UnableToRecordPresence",
    "UnableToRemind",
    "UnableToReopenOccasion",
    "UnableToReportWatched",
    "UnableToReview",
    "UnableToSaveCheck",
    "UnableToSaveHours",
    "UnableToSetMedia",
    "UnableToSetReminders",
    "UnableToSettle",
    "UnableToStartWatch",
    "UnableToVoidOccasion",
    "WatchReport",
    "WatchState",
    "Wish",
    "advance_recomputation",
    "answer_dispute",
    "answer_question",
    "approve_in_part",
    "approve_leave",
    "approve_leaves",
    "ask_declaration",
    "ask_for_email",
    "ask_leave",
    "beat_lease",
    "begin_recomputation",
    "check_in",
    "check_summary",
    "choose_channels",
    "close_hall",
    "close_occasion",
    "close_presences",
    "complete_roster",
    "confirm_declaration",
    "confirm_email",
    "copy_check",
    "correct_record",
    "create_occasion",
    "cross_out_guest",
    "decide_correction",
    "declare",
    "differences",
    "drop_email",
    "drop_recomputation",
    "end_calendar",
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
    "fold_for_page",
    "fold_summary",
    "follow_exemptions",
    "hold_in_person",
    "hold_training",
    "make_calendar",
    "make_session",
    "mark_answers_seen",
    "mark_counts",
    "mark_dirty",
    "mark_not_held",
    "mark_notices_seen",
    "move_end",
    "offer_rule_again",
    "open_hall",
    "open_occasion",
    "open_presences",
    "prepare_rosters",
    "print_sheet",
    "prune_notices",
    "raise_dispute",
    "reap_leases",
    "rebuild_occasion",
    "reconcile",
    "record_absence",
    "record_hall",
    "record_outbox",
    "refuse_declaration",
    "refuse_leaves",
    "remind",
    "remind_by_clock",
    "remove_evidence",
    "reopen_occasion",
    "report_all_watched",
    "report_together",
    "report_watched",
    "reschedule_occasion",
    "save_check",
    "save_hours_table",
    "seal_days",
    "send_reminders",
    "set_media_items",
    "set_pause",
    "set_reminders",
    "set_replay",
    "set_unrecorded",
    "settle",
    "settle_dirty",
    "start_lease",
    "start_watch",
    "take_back_leave",
    "tell",
    "tell_who_missed",
    "try_recomputation",
    "void_occasion",
    "withdraw",
    "withdraw_check",
    "withdraw_correction",
    "withdraw_declaration",
    "withdraw_dispute",
    "withdraw_hours_tables",
    "withdraw_leave",
    "withdraw_occasion",
    "withdraw_rule",
    "write_guest",
]
