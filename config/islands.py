"""Which sentences each island gets, and the TypeScript that names their keys: one that is missing fails the build."""

from collections.abc import Callable, Mapping

from attendance.sentences.records import hall_words
from cms.sentences import asked_words, editor_words, player_words
from live.sentences.asking import ask_words, host_ask_words
from live.sentences.captions import caption_words
from live.sentences.check import check_words
from live.sentences.meeting import meeting_words
from live.sentences.room import host_words, room_words, talk_words
from live.sentences.screen import screen_words
from live.sentences.slides import slide_room_words, slide_words
from media.sentences import upload_words

HEAD = """// Made by `manage.py write_words` from what config/islands.py names. Do not edit: a test compares the two.
"""

WORDS: Mapping[str, Callable[[], dict[str, str]]] = {
    "TalkWords": talk_words,
    "RoomWords": room_words,
    "HostWords": host_words,
    "MeetingWords": meeting_words,
    "AskWords": ask_words,
    "HostAskWords": host_ask_words,
    "ScreenWords": screen_words,
    "SlideWords": slide_room_words,
    "HostSlideWords": slide_words,
    "CaptionWords": caption_words,
    "CheckWords": check_words,
    "PlayerWords": player_words,
    "AskedWords": asked_words,
    "UploadWords": upload_words,
    "EditorWords": editor_words,
    "HallWords": hall_words,
}


def words_module() -> str:
    """Return the text of ``frontend/src/lib/sentences.ts``: a type an island, with the keys of its sentences."""
    return "\n".join([HEAD, *(_interface(name, list(words())) for name, words in WORDS.items())])


def _interface(name: str, keys: list[str]) -> str:
    return f"export interface {name} {{\n" + "".join(f"  {key}: string;\n" for key in sorted(keys)) + "}\n"
