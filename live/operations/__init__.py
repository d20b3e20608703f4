"""All that changes around a lecture: its plan and its life, and what is said and done in its room."""

from live.core.plan import LecturePlan
from live.operations.breaks import UnableToTakeBreak, end_break, take_break
from live.operations.chat import (
    Saying,
    UnableToChat,
    UnableToRestrict,
    delete_old_chat,
    hide_message,
    lift_restriction,
    restrict,
    say_all,
)
from live.operations.ending import UnableToResumeLecture, UnableToVoidLecture, resume_lecture, void_lecture
from live.operations.life import (
    UnableToEndLecture,
    UnableToGoLive,
    announce_picture,
    end_forgotten_lectures,
    end_lecture,
    go_live,
    note_picture,
    place_lecture,
)
from live.operations.plan import (
    UnableToCancelLecture,
    UnableToHoldAgain,
    UnableToScheduleLecture,
    cancel_lecture,
    hold_again,
    repeat_lecture,
    reschedule_lecture,
    schedule_lecture,
)
from live.operations.recording import (
    UnableToDropRecording,
    drop_recording,
    finish_recording,
    let_go_of_recording,
    note_holes,
    why_recording_stays,
)

__all__ = [
    "LecturePlan",
    "Saying",
    "UnableToCancelLecture",
    "UnableToChat",
    "UnableToDropRecording",
    "UnableToEndLecture",
    "UnableToGoLive",
    "UnableToHoldAgain",
    "UnableToRestrict",
    "UnableToResumeLecture",
    "UnableToScheduleLecture",
    "UnableToTakeBreak",
    "UnableToVoidLecture",
    "announce_picture",
    "cancel_lecture",
    "delete_old_chat",
    "drop_recording",
    "end_break",
    "end_forgotten_lectures",
    "end_lecture",
    "finish_recording",
    "go_live",
    "hide_message",
    "hold_again",
    "let_go_of_recording",
    "lift_restriction",
    "note_holes",
    "note_picture",
    "place_lecture",
    "repeat_lecture",
    "reschedule_lecture",
    "restrict",
    "resume_lecture",
    "say_all",
    "schedule_lecture",
    "take_break",
    "void_lecture",
    "why_recording_stays",
]
