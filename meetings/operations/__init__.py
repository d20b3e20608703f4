"""What can be done with meetings: keyword-only verbs; each raises its own error with a sentence for people."""

from meetings.operations.books import close_year_books, year_book
from meetings.operations.forms import UnableToChangeForm, change_form, reset_form
from meetings.operations.holding import Attendance, TimesAreOthers, UnableToRecordOne, Written, write_attendance
from meetings.operations.minutes import MOST_STUDIED, UnableToWriteMinutes, book_mark, write_minutes
from meetings.operations.planning import (
    GatheringPlan,
    UnableToPlanMeeting,
    change_gathering,
    label_occasion,
    plan_gathering,
    void_gathering,
    withdraw_gathering,
)

__all__ = [
    "MOST_STUDIED",
    "Attendance",
    "GatheringPlan",
    "TimesAreOthers",
    "UnableToChangeForm",
    "UnableToPlanMeeting",
    "UnableToRecordOne",
    "UnableToWriteMinutes",
    "Written",
    "book_mark",
    "change_form",
    "change_gathering",
    "close_year_books",
    "label_occasion",
    "plan_gathering",
    "reset_form",
    "void_gathering",
    "withdraw_gathering",
    "write_attendance",
    "write_minutes",
    "year_book",
]
