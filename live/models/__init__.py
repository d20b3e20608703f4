"""Live lectures: the room, its words, and the hosts that carry its media."""

from live.models.asking import PinnedNotice, Poll, PollAnswer, Question, QuestionVote
from live.models.captions import CaptionLine
from live.models.chat import ChatMessage, Restriction
from live.models.lecture import Lecture, LecturePart, MediaNode
from live.models.meeting import MeetingNote, RecordingTurn, Seat
from live.models.series import CancelledLecture, LectureSeries
from live.models.slides import SlideDeck, SlideTurn
from live.models.stage import AirTurn, EncoderKey, MediaPeer, RaisedHand, Speaker

__all__ = [
    "AirTurn",
    "CancelledLecture",
    "CaptionLine",
    "ChatMessage",
    "EncoderKey",
    "Lecture",
    "LecturePart",
    "LectureSeries",
    "MediaNode",
    "MediaPeer",
    "MeetingNote",
    "PinnedNotice",
    "Poll",
    "PollAnswer",
    "Question",
    "QuestionVote",
    "RaisedHand",
    "RecordingTurn",
    "Restriction",
    "Seat",
    "SlideDeck",
    "SlideTurn",
    "Speaker",
]
