"""A site and a media host that shares no disk with it, with what is on air there (``MEDIA_APART=1``, ADR 95)."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.front.site import (
    BASE_DIR,
    GRANIAN,
    PATIENCE_S,
    Front,
    MediaFront,
    front_site,
    rendered_media,
    start_nginx,
)  # fmt: skip
from tests.media.storage.conftest import Line, line_to
from tests.services import as_user, free_port, wait_for_port

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


def _wait_for_answer(url: str) -> None:
    """Its port is open before its worker has read the program, and nginx waits for neither."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            requests.get(url, headers={"X-Forwarded-Proto": "https"}, timeout=PATIENCE_S)
        except requests.RequestException:
            assert time.monotonic() < until, url
            time.sleep(0.2)
        else:
            return


@contextlib.contextmanager
def aired_site(
    *, viewers: tuple[str, ...] = ("organiser", "member"), database: str = "", workers: int = 1
) -> Iterator[Far]:
    """``viewers``: names of the seeded site's people for whom addresses are signed."""
    with front_site(database=database, workers=workers, MEDIA_APART="1") as front:
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
        _wait_for_answer(f"http://127.0.0.1:{pages}/healthz")
        with line_to(f"http://127.0.0.1:{port}") as line:
            told = {
                "at": line.url.removeprefix("http://"), "lecture": front.facts["lecture"],
                "viewers": {who: front.facts[who] for who in viewers},
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
