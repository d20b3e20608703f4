"""All that changes around a lecture: its plan and its life, and what is said and done in its room."""

from live.operations.lectures import (
    UnableToCancelLecture,
    UnableToEndLecture,
    UnableToGoLive,
    UnableToScheduleLecture,
    cancel_lecture,
    end_forgotten_lectures,
    end_lecture,
    finish_recording,
    go_live,
    note_picture,
    reschedule_lecture,
    schedule_lecture,
)
from live.operations.room import (
    UnableToChat,
    UnableToRestrict,
    delete_old_chat,
    hide_message,
    lift_restriction,
    restrict,
    say,
)

__all__ = [
    "UnableToCancelLecture",
    "UnableToChat",
    "UnableToEndLecture",
    "UnableToGoLive",
    "UnableToRestrict",
    "UnableToScheduleLecture",
    "cancel_lecture",
    "delete_old_chat",
    "end_forgotten_lectures",
    "end_lecture",
    "finish_recording",
    "go_live",
    "hide_message",
    "lift_restriction",
    "note_picture",
    "reschedule_lecture",
    "restrict",
    "say",
    "schedule_lecture",
]
