"""What is on air on another host: asked of it once, whoever watches, and given to nobody else (ADR 95)."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.front.site import BASE_DIR, GRANIAN, Front, MediaFront, front_site, rendered_media, start_nginx
from tests.media.storage.conftest import Line, line_to
from tests.services import as_user, free_port, wait_for_port

pytestmark = pytest.mark.front
VIEWERS = 20
SEGMENT = bytes(range(256)) * 500
REGISTER = """
import json, sys
from django.utils import timezone
from live.models import Lecture, MediaNode
from media.signing import signed_url
asked = json.loads(sys.argv[-1])
node = MediaNode.objects.create(name="far", url="janus+tcp:" + asked["at"], beat_at=timezone.now(), address=asked["at"])
Lecture.objects.filter(pk=asked["lecture"]).update(media_node=node)
named = {"root": "live", "object_id": str(asked["lecture"]), "path": "", "as_of": timezone.now()}
print("URLS " + json.dumps({who: signed_url(viewer_id=key, **named) for who, key in asked["viewers"].items()}))
"""


@dataclass
class Far:
    """The site, a media host beside it, and a line between them that counts. ``urls``: by viewer, up to the name."""

    front: Front
    folder: Path
    line: Line
    at: str
    urls: dict[str, str]

    def asked(self, name: str) -> int:
        return sum(path.endswith(f"/{name}") for _method, path in self.line.asked)


@pytest.fixture(scope="module")
def far() -> Iterator[Far]:
    with front_site(MEDIA_APART="1") as front:
        var, port, pages = front.folder / "media", free_port(), free_port()
        live = var / "live" / str(front.facts["lecture"])
        live.mkdir(parents=True)
        environment = front.environment | {
            "VAR_DIR": str(var), "MEDIA_NODE": "far", "MEDIA_NODE_ADDRESS": f"127.0.0.1:{port}",
        }  # fmt: skip
        at = ["--host", "127.0.0.1", "--port", str(pages), "--workers", "1", "config.wsgi:application"]
        with (front.folder / "far.log").open("ab") as log:
            command = [*as_user(None), sys.executable, "-m", "granian", *GRANIAN, *at]
            process = subprocess.Popen(command, cwd=BASE_DIR, env=environment, stdout=log, stderr=log)
        front.processes["far-pages"] = process
        site = rendered_media(var / "nginx", listen=f"127.0.0.1:{port}", pages=pages, var=var)
        front.processes["far-nginx"] = start_nginx(MediaFront(var), site)
        wait_for_port(pages, process)
        with line_to(f"http://127.0.0.1:{port}") as line:
            told = {
                "at": line.url.removeprefix("http://"), "lecture": front.facts["lecture"],
                "viewers": {who: front.facts[who] for who in ("organiser", "member")},
            }  # fmt: skip
            code = f"import django; django.setup()\n{REGISTER}"
            command = [sys.executable, "-c", code, json.dumps(told)]
            done = subprocess.run(
                command, cwd=BASE_DIR, env=front.environment, capture_output=True, text=True, check=True
            )
            urls = json.loads(done.stdout.partition("URLS ")[2].splitlines()[0])
            yield Far(
                front, live, line, f"http://127.0.0.1:{port}", {who: front.url + url for who, url in urls.items()}
            )


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
    ranged = organiser.get(url, headers={"Range": "bytes=1000-1999"}, timeout=30)
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
    for _attempt in range(600):
        if "second" in organiser.get(far.urls["organiser"] + "live.m3u8", timeout=60).text:
            return
    pytest.fail("the playlist of before is still given")


def test_it_is_nobody_elses(far: Far, organiser: requests.Session) -> None:
    (far.folder / "run-1000-00000.m4s").write_bytes(SEGMENT)
    url = far.urls["organiser"] + "run-1000-00000.m4s"
    assert organiser.get(url, timeout=60).status_code == 200
    assert far.front.browser().get(url, timeout=60).status_code == 404
    assert far.front.browser("member").get(url, timeout=60).status_code == 404
    inner = f"/_media/aired/{far.line.url.removeprefix('http://')}/x/live/{far.front.facts['lecture']}/live.m3u8"
    assert organiser.get(far.front.url + inner, timeout=60).status_code == 404
    assert "/_media/aired/" not in far.front.access_log.replace("/_media/aired/…", "")
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
