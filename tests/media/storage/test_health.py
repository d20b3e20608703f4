"""A bucket that is wrong, away, full or public: readyz and the doctor say it, and what to do."""

from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from config import health
from config.doctor.findings import Level
from config.doctor.parts import _storage
from media.core.place import Place
from media.sides.bucket import Bucket
from tests.media.storage.conftest import KEYS, Line, stored_in
from tests.media.storage.test_bucket import keys

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def said(settings: Any) -> tuple[bool, bool, list[tuple[Level, str, str]]]:
    part = health.storage()
    return part.ok, part.required, [(one.level, one.what, one.next_step) for one in _storage(timezone.now())]


def test_a_good_bucket(in_bucket: Place, settings: Any) -> None:
    ok, _required, found = said(settings)
    assert (ok, [level for level, *_rest in found], keys(in_bucket)) == (True, [Level.FINE], [])
    assert "storage" in [part.name for part in health.readiness()]


def test_a_disk_is_not_asked(settings: Any, media_root: Any) -> None:
    stored_in(settings, Place())
    assert (said(settings), "storage" in [part.name for part in health.readiness()]) == ((True, True, []), False)


def test_a_wrong_bucket(place: Place, settings: Any, media_root: Any) -> None:
    stored_in(settings, replace(place, bucket="nobody-has-this"))
    ok, required, found = said(settings)
    assert (ok, required, found[0][0]) == (False, True, Level.WRONG)
    assert ("没有这个桶" in found[0][1], "STORAGE_URL" in found[0][2], KEYS["secret"] in str(found)) == (
        True,
        True,
        False,
    )


@pytest.mark.parametrize(
    ("mode", "required", "words"), [("forbidden", True, "不让进"), ("down", False, "连不上"), ("slow", False, "连不上")]
)
def test_a_bucket_that_does_not_answer(
    in_bucket: Place, line: Line, settings: Any, monkeypatch: Any, mode: str, required: bool, words: str
) -> None:
    line.breaks(mode, "HEAD", "GET", "PUT")
    ok, is_required, found = said(settings)
    assert (ok, is_required, words in found[0][1]) == (False, required, True)


def test_a_full_bucket(in_bucket: Place, line: Line, settings: Any) -> None:
    line.breaks("full", "PUT")
    ok, _required, found = said(settings)
    assert (ok, found[0][0], "满了" in found[0][1]) == (True, Level.WRONG, True)


def test_a_public_bucket(in_bucket: Place, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put = Bucket.put

    def public(side: Bucket, key: str, *rest: Any) -> None:
        put(side, key, *rest)
        side._client.put_object_acl(**side._name(key), ACL="public-read")

    monkeypatch.setattr(Bucket, "put", public)
    _ok, _required, found = said(settings)
    assert (found[0][0], "公开" in found[0][1], keys(in_bucket)) == (Level.WRONG, True, [])


def test_a_move_that_nobody_finished(place: Place, settings: Any, media_root: Any) -> None:
    stored_in(settings, place, Place())
    _ok, _required, found = said(settings)
    assert [(level, "STORAGE_OLD_URL" in what) for level, what, _step in found] == [
        (Level.FINE, False),
        (Level.CARE, True),
    ]
