"""Media time in digits."""

import pytest

from cms.templatetags import player
from courses import found_words
from live.sentences import cutting, room
from media.core import chapters
from media.core.clock import clock
from media.views import admin, captions

pytestmark = pytest.mark.unit


def test_the_clock_shows_hours_only_when_there_are_any() -> None:
    assert [clock(ms) for ms in (-5, 61_999, 3_909_000)] == ["00:00", "01:01", "1:05:09"]


def test_every_page_says_it_alike() -> None:
    shows = [player, found_words, cutting, room, chapters, admin, captions]
    assert [module.__name__ for module in shows if getattr(module, "clock", None) is not clock] == []
