"""What is on air on another host: asked of it once, whoever watches, and given to nobody else (ADR 95)."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.front.aired import Far, aired_site
from tests.front.site import PATIENCE_S

pytestmark = pytest.mark.front
VIEWERS = 20
SEGMENT = bytes(range(256)) * 500


@pytest.fixture(scope="module")
def far() -> Iterator[Far]:
    with aired_site() as made:
        yield made


@pytest.fixture(scope="module")
def organiser(far: Far) -> requests.Session:
    return far.front.browser("organiser")


def test_many_viewers_cost_the_media_host_one_read(far: Far, organiser: requests.Session) -> None:
    (far.folder / "run-1000-00000.m4s").write_bytes(SEGMENT)
    (far.folder / "live.m3u8").write_text("#EXTM3U\n# first\n")
    playlist = organiser.get(far.urls["organiser"] + "live.m3u8", timeout=60)
    assert (playlist.status_code, playlist.text) == (200, "#EXTM3U\n# first\n")
    assert playlist.headers["Content-Type"] == "application/vnd.apple.mpegurl"
    assert playlist.headers["Cache-Control"] == "private, max-age=1"
    url = far.urls["organiser"] + "run-1000-00000.m4s"
    with ThreadPoolExecutor(VIEWERS) as pool:
        answers = list(pool.map(lambda _one: organiser.get(url, timeout=60), range(VIEWERS)))
    assert [(one.status_code, one.content == SEGMENT) for one in answers] == [(200, True)] * VIEWERS
    assert far.asked("run-1000-00000.m4s") == 1
    assert answers[0].headers["Cache-Control"] == "private, max-age=31536000, immutable"
    ranged = organiser.get(url, headers={"Range": "bytes=1000-1999"}, timeout=60)
    assert (ranged.status_code, ranged.content) == (206, SEGMENT[1000:2000])
    assert far.asked("run-1000-00000.m4s") == 1


def test_a_playlist_is_soon_the_next_one_and_what_is_not_there_yet_is_asked_again(
    far: Far, organiser: requests.Session
) -> None:
    url = far.urls["organiser"] + "run-1000-00001.m4s"
    assert organiser.get(url, timeout=60).status_code == 404
    (far.folder / "run-1000-00001.m4s").write_bytes(SEGMENT[:5000])
    assert organiser.get(url, timeout=60).content == SEGMENT[:5000]
    (far.folder / "live.m3u8").write_text("#EXTM3U\n# second\n")
    until = time.monotonic() + PATIENCE_S
    while "second" not in organiser.get(far.urls["organiser"] + "live.m3u8", timeout=60).text:
        assert time.monotonic() < until, "the playlist of before is still given"
        time.sleep(0.1)


def test_it_is_nobody_elses(far: Far, organiser: requests.Session) -> None:
    (far.folder / "run-1000-00000.m4s").write_bytes(SEGMENT)
    url = far.urls["organiser"] + "run-1000-00000.m4s"
    assert organiser.get(url, timeout=60).status_code == 200
    assert far.front.browser().get(url, timeout=60).status_code == 404
    assert far.front.browser("member").get(url, timeout=60).status_code == 404
    inner = f"/_media/aired/{far.line.url.removeprefix('http://')}/x/live/{far.front.facts['lecture']}/live.m3u8"
    assert organiser.get(far.front.url + inner, timeout=60).status_code == 404
    said = far.front.all_logged()
    assert '"request":"GET /_media/aired/…"' in said
    assert "/_media/aired/" not in said.replace("/_media/aired/…", "")
    # The media host itself answers what the site has signed, to its hosts, and nothing else.
    for path in ("/_media/stored/x~y/live/1/live.m3u8", "/accounts/login/", "/", "/_media/stored/x~y/videos/1/a.m4s"):
        assert requests.get(far.at + path, timeout=60).status_code == 404


def test_a_media_host_that_is_away_is_said_and_not_kept(far: Far, organiser: requests.Session) -> None:
    (far.folder / "run-1000-00002.m4s").write_bytes(SEGMENT)
    url = far.urls["organiser"] + "run-1000-00002.m4s"
    far.line.breaks("down", "GET")
    try:
        answer = organiser.get(url, timeout=60)
        assert answer.status_code == 503
        assert "immutable" not in answer.headers.get("Cache-Control", "")
    finally:
        far.line.breaks("")
    assert organiser.get(url, timeout=60).content == SEGMENT
