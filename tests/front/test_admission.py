"""nginx lets in so many of a kind at once: the others are told to come again at once, and keep nobody out (ADR 99)."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from tests.front.site import Front, certificate, rendered, start_nginx
from tests.services import free_port, wait_for_port

pytestmark = pytest.mark.front
MOST = 3


class Pages(ThreadingHTTPServer):
    """Stands for the page servers: answers what is asked while it is ``open``, and holds it else."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.open, self.asked = threading.Event(), threading.Semaphore(0)
        self.seen: list[str] = []


class Answer(BaseHTTPRequestHandler):
    server: Pages

    def do_GET(self) -> None:
        self.server.seen.append(self.path)
        self.server.asked.release()
        if self.path.startswith("/slow/"):
            self.server.open.wait(60)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_said: object) -> None:
        pass


@pytest.fixture
def pages() -> Iterator[Pages]:
    with Pages() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.open.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def front(tmp_path: Path, pages: Pages) -> Iterator[Front]:
    made, key = certificate(tmp_path)
    port = free_port()
    front = Front(f"https://localhost:{port}", tmp_path, made, {}, pages.server_port, free_port())
    nginx = start_nginx(front, rendered(front, key=key, http_port=free_port(), https_port=port, most=MOST))
    front.processes["nginx"] = nginx
    wait_for_port(port, nginx)
    yield front
    front.stop("nginx")


def test_a_rush_for_pages_is_let_in_in_parts_and_keeps_no_report_out(front: Front, pages: Pages) -> None:
    def ask(path: str, method: str = "GET") -> requests.Response:
        with front.browser() as browser:
            return browser.request(method, f"{front.url}{path}", timeout=90)

    with ThreadPoolExecutor(MOST) as pool:
        held = [pool.submit(ask, f"/slow/{n}") for n in range(MOST)]
        for _ in held:
            assert pages.asked.acquire(timeout=60)
        refused = [ask("/me/"), ask("/me/", "POST")]
        let_in = [ask("/watch/5/report", "POST"), ask("/live/5/outbox", "POST"), ask("/m/x/videos/1/a.m4s")]
        pages.open.set()
        assert [one.result().status_code for one in held] == [200] * MOST
    assert [one.status_code for one in let_in] == [200] * 3
    assert [(one.status_code, one.headers["Retry-After"]) for one in refused] == [(503, "5")] * 2
    assert ["请稍等几秒再试" in one.content.decode() for one in refused] == [True, True]
    assert 5 <= int(refused[0].headers["Refresh"]) <= 9
    assert "Refresh" not in refused[1].headers, "a form is not sent again by itself"
    assert "/me/" not in pages.seen
    assert ask("/me/").status_code == 200
