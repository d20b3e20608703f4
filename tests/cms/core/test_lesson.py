"""Reading a lesson's stored content."""

import pytest

from cms.core.lesson import media_key, values_of, words_in

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


def test_what_several_blocks_hold_is_found_in_all_of_them() -> None:
    sound = "0b2e6a34-6c84-4f86-9f0c-0c6a5d3e9a11"
    pictures = [
        {"type": "item", "value": {"image": 8, "alt": "甲"}, "id": "a"},
        {"type": "item", "value": {"image": None, "alt": ""}, "id": "b"},
        {"type": "item", "value": {"image": 7, "alt": "乙"}, "id": "c"},
        9,
    ]
    raw = [*RAW, {"type": "gallery", "value": pictures, "id": "7"}, {"type": "audio", "value": sound, "id": "8"}]
    assert values_of(raw, "picture") == ["7", "8", "9"]
    assert values_of(raw, "video") == [VIDEO, sound]


def test_an_authors_words_are_told_from_what_was_chosen() -> None:
    raw = [
        {"type": "text", "value": "<h2>先看路</h2><p>再出门</p>"},
        {"type": "callout", "value": {"kind": "mind", "text": "<p>水漫桥</p>"}},
        {"type": "link", "value": {"title": "拨打", "url": "https://x.cn"}},
        {"type": "gallery", "value": [{"value": {"image": 7}}]},
        {"type": "quiz", "value": 3},
    ]
    assert words_in(raw).split() == ["先看路", "再出门", "水漫桥", "拨打"]
