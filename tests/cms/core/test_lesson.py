"""Reading a lesson's stored content."""

import pytest

from cms.core.lesson import media_key, values_of

pytestmark = pytest.mark.unit
VIDEO = "6f3c1a2e-58a1-4a8e-8d0c-0a3f7f1b2c3d"
RAW = [
    {"type": "text", "value": "<p>甲</p>", "id": "1"},
    {"type": "video", "value": VIDEO, "id": "2"},
    {"type": "video", "value": VIDEO, "id": "3"},
    {"type": "video", "value": None, "id": "4"},
    {"type": "picture", "value": {"image": 7, "alt": "水沟", "decorative": False}, "id": "5"},
    {"type": "document", "value": 9, "id": "6"},
]


def test_the_same_video_twice_is_one_piece_of_media() -> None:
    assert values_of(RAW, "video") == [VIDEO]


def test_pictures_and_documents_by_their_id() -> None:
    assert values_of(RAW, "picture") == ["7"]
    assert values_of(RAW, "document") == ["9"]


def test_the_key_names_the_recording() -> None:
    assert media_key(VIDEO) == f"v:{VIDEO}"
