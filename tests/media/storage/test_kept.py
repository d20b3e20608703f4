"""What lies in a bucket and is kept by the web server in front (MEDIA_CACHE, ADR 93): how it is told, and asks."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from media.core.place import Place
from media.signing import STORED_S, signed_url, stored_address
from tests.factories.media import ReadyVideoFactory
from tests.media.storage.conftest import Line
from tests.media.storage.test_bucket import body, opened, put
from tests.media.test_uploads import uploader

__all__ = ["opened"]
pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def test_with_a_cache_in_front_the_bucket_is_asked_by_it_alone(
    in_bucket: Place, line: Line, opened: None, settings: Any
) -> None:
    user, client = uploader()
    video = ReadyVideoFactory()
    put(in_bucket, f"{video.folder}/s.m4s", b"bytes")
    put(in_bucket, f"{video.folder}/s.m3u8", b"#EXTM3U")
    settings.MEDIA_ACCEL_PREFIX, settings.MEDIA_CACHE, now = "/_media/", True, timezone.now()
    named = {"root": "videos", "object_id": str(video.pk)}
    path = f"{'0' * 32}/s.m4s"
    line.asked.clear()
    told = client.get(signed_url(**named, viewer_id=user.pk, path=path, as_of=now))
    assert (body(told), told["Content-Type"], line.asked) == (b"", "video/iso.segment", [])
    inner = told["X-Accel-Redirect"]
    assert inner.startswith("/_media/stored/")
    assert str(user.pk) not in inner.split("/")
    found = Client().get(inner)  # of nginx, which is nobody
    assert (body(found), found["Cache-Control"]) == (b"bytes", "private, max-age=31536000, immutable")
    playlist = client.get(signed_url(**named, viewer_id=user.pk, path=f"{'0' * 32}/s.m3u8", as_of=now))
    assert (body(playlist), playlist.has_header("X-Accel-Redirect")) == (b"#EXTM3U", False)


def test_what_the_cache_asks_with_is_of_one_file_and_ends(in_bucket: Place, opened: None) -> None:
    video, now = ReadyVideoFactory(), timezone.now()
    for name in ("a.m4s", "b.m4s", "c.txt"):
        put(in_bucket, f"{video.folder}/{name}", b"bytes")
    named = {"root": "videos", "object_id": str(video.pk)}
    address = stored_address(**named, path=f"{'0' * 32}/a.m4s", as_of=now)
    token = address.split("/")[3]
    gone = stored_address(**named, path=f"{'0' * 32}/d.m4s", as_of=now)
    text = stored_address(**named, path=f"{'0' * 32}/c.txt", as_of=now)
    late = stored_address(**named, path=f"{'0' * 32}/a.m4s", as_of=now - timedelta(seconds=STORED_S))
    forged = [address.replace(token, one) for one in ("x", "~", f"zzzzzz~{token.partition('~')[2]}", f"é~{token}")]
    wrong = [address.replace("a.m4s", "b.m4s"), address.replace("/videos/", "/slides/"), gone, text, late, *forged]
    assert [(one, Client().get(one).status_code) for one in wrong] == [(one, 404) for one in wrong]
    assert Client().get(address).status_code == 200
    assert Client().post(address).status_code == 405
