"""What Python hands to the islands and what TypeScript believes of it are one."""

from pathlib import Path

import pytest
from django.conf import settings

from config.islands import WORDS, words_module
from live.sentences import room

pytestmark = pytest.mark.unit


def test_types_of_the_sentences_have_not_drifted() -> None:
    path = Path(settings.BASE_DIR) / "frontend/src/lib/sentences.ts"
    assert path.read_text() == words_module(), "run manage.py write_words"


@pytest.mark.parametrize("name", WORDS)
def test_every_sentence_is_one(name: str) -> None:
    assert {key: text for key, text in WORDS[name]().items() if not text.strip()} == {}


def test_both_pages_of_the_room_know_the_sentences_of_the_talk() -> None:
    assert room.talk_words().keys() <= room.room_words().keys() & room.host_words().keys()


def test_no_part_of_the_desk_overwrites_another() -> None:
    desk = [room._host_devices(), room._host_air(), room._host_headline(), room._host_break(), room._host_after()]
    more = [room.people_words(), room.fallback_words(), room._host_people(), room._host_stage()]
    assert len(room.host_words()) == sum(len(part) for part in [room.talk_words(), *desk, *more])
