"""The outbox in a real browser: kept until acknowledged, sent again with the same id, given up after a day."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.e2e.pages.browser import ROOT

pytestmark = pytest.mark.e2e

HOST = "http://outbox.test"
HELPER = """
window.acknowledged = []; window.refused = [];
window.start = (owner) => {
  window.box = new lib.Outbox({
    owner,
    onAcknowledged: (entry) => window.acknowledged.push(entry.id),
    onRefused: (entry, error) => window.refused.push([entry.id, error.code, error.message]),
  });
};
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> str:
    """frontend/src/lib/outbox.ts, built for old phones as the islands are, as ``window.lib``."""
    target: Path = tmp_path_factory.mktemp("outbox") / "outbox.js"
    command = ["node_modules/.bin/esbuild", "src/lib/outbox.ts", "--bundle", "--format=iife", "--global-name=lib"]
    command += ["--target=chrome70,safari12", "--supported:destructuring=true", "--log-level=error"]
    subprocess.run([*command, f"--outfile={target}"], cwd=ROOT / "frontend", check=True)
    return target.read_text(encoding="utf-8")


class Server:
    """Answers the phone's posts as told and remembers them."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.received: list[dict[str, Any]] = []

    def __call__(self, route: Route) -> None:
        if route.request.method == "GET":
            route.fulfill(
                content_type="text/html", body='<html lang="zh-Hans"><meta name="csrf-token" content="t0ken">'
            )
            return
        status = self.answers.pop(0) if self.answers else 200
        if status == 0:
            route.abort("internetdisconnected")
            return
        self.received.append({**json.loads(route.request.post_data or "{}"), "status": status})
        assert route.request.headers["x-csrftoken"] == "t0ken"
        body = {"error": "closed", "message": "场次已经结束"} if status == 409 else {}
        route.fulfill(status=status, content_type="application/json", body=json.dumps(body))


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def phone(browser: Browser, server: Server, library: str) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.route("**/*", server)
    page.goto(HOST)
    page.evaluate(library + ";window.lib = lib;" + HELPER)
    yield page
    context.close()


def test_an_entry_is_sent_once_and_forgotten_when_acknowledged(phone: Page, server: Server) -> None:
    key = phone.evaluate("(start('wang'), box.add('/watch', {seconds: 5}))")
    phone.wait_for_function("acknowledged.length === 1")
    assert server.received == [{"seconds": 5, "id": key, "status": 200}]
    assert phone.evaluate("box.waiting()") == 0


def test_what_the_line_lost_goes_again_with_the_same_id(phone: Page, server: Server) -> None:
    server.answers = [0, 503]
    key = phone.evaluate("(start('wang'), box.add('/watch', {seconds: 5}))")
    phone.wait_for_function("acknowledged.length === 1")
    assert [(post["id"], post["status"]) for post in server.received] == [(key, 503), (key, 200)]


def test_it_waits_out_a_page_that_was_closed(phone: Page, server: Server, library: str) -> None:
    server.answers = [0]
    key = phone.evaluate("(start('wang'), box.add('/watch', {seconds: 7}))")
    phone.wait_for_timeout(300)
    phone.goto(HOST)
    phone.evaluate(library + ";window.lib = lib;" + HELPER)
    phone.evaluate("(start('wang'), box.flush(true))")
    phone.wait_for_function("acknowledged.length === 1")
    assert [post["id"] for post in server.received] == [key]


def test_one_persons_record_is_never_sent_as_anothers(phone: Page, server: Server, library: str) -> None:
    server.answers = [0]
    phone.evaluate("(start('wang'), box.add('/watch', {seconds: 7}))")
    phone.wait_for_timeout(300)
    phone.goto(HOST)
    phone.evaluate(library + ";window.lib = lib;" + HELPER)
    phone.evaluate("(start('zhang'), box.flush(true))")
    phone.wait_for_timeout(300)
    assert server.received == []
    assert phone.evaluate("box.waiting()") == 0


def test_a_refusal_for_good_is_told_and_not_repeated(phone: Page, server: Server) -> None:
    server.answers = [409]
    key = phone.evaluate("(start('wang'), box.add('/watch', {seconds: 5}))")
    phone.wait_for_function("refused.length === 1")
    assert phone.evaluate("refused") == [[key, "closed", "场次已经结束"]]
    assert phone.evaluate("box.waiting()") == 0


def test_signed_out_is_no_refusal(phone: Page, server: Server) -> None:
    server.answers = [401]
    phone.evaluate("(start('wang'), box.add('/watch', {seconds: 5}))")
    phone.wait_for_timeout(300)
    assert phone.evaluate("[box.waiting(), refused.length]") == [1, 0]


def test_a_day_old_entry_is_given_up(phone: Page, server: Server) -> None:
    waiting = phone.evaluate(
        """async () => {
          const store = lib.memoryStore();
          const old = {id: "a", url: "/watch", body: {}, owner: "wang", tries: 9, nextAt: 0};
          store.put({...old, createdAt: Date.now() - lib.KEPT_MS - 1000});
          store.put({...old, id: "b", createdAt: Date.now() - lib.KEPT_MS + 60000, body: {id: "b"}});
          const box = new lib.Outbox({owner: "wang", store});
          await box.flush();
          return box.waiting();
        }"""
    )
    assert waiting == 0
    assert [post["id"] for post in server.received] == ["b"]


def test_without_storage_it_is_kept_in_memory(phone: Page, server: Server) -> None:
    server.answers = [0]
    phone.evaluate("Object.defineProperty(window, 'localStorage', {get() { throw new Error('refused'); }})")
    key = phone.evaluate("(start('wang'), box.add('/watch', {seconds: 5}))")
    phone.wait_for_function("acknowledged.length === 1")
    assert [post["id"] for post in server.received] == [key]


def test_what_grew_on_its_way_is_kept_as_it_grew(phone: Page, server: Server) -> None:
    server.answers = [0]
    phone.evaluate("(start('wang'), box.add('/watch', {seconds: 5}, 'a'), box.add('/watch', {seconds: 9}, 'a'))")
    phone.wait_for_function("acknowledged.length === 1")
    assert [(post["id"], post["seconds"]) for post in server.received] == [("a", 9)]


def test_a_page_that_is_left_keeps_its_last_entry(phone: Page, server: Server, library: str) -> None:
    """Even when the request of its last moment is lost with it."""
    server.answers = [0, 0]
    phone.evaluate(
        """() => {
          start("wang");
          box.add("/watch", {seconds: 5}, "a");
          window.addEventListener("pagehide", () => { box.forget("a"); box.addLast("/watch", {seconds: 9}, "b"); });
        }"""
    )
    phone.goto(HOST)
    server.answers.clear()
    phone.evaluate(library + ";window.lib = lib;" + HELPER)
    phone.evaluate("(start('wang'), box.flush(true))")
    phone.wait_for_function("acknowledged.length === 1")
    assert [(post["id"], post["seconds"]) for post in server.received][-1] == ("b", 9)
    assert phone.evaluate("box.waiting()") == 0


def test_ids_are_random_and_the_wait_grows_to_minutes(phone: Page) -> None:
    key = phone.evaluate("(start('wang'), box.add('/watch', {}))")
    assert len(key) == 32
    waits = phone.evaluate("[1, 2, 5, 30].map(lib.waitBefore)")
    assert [1500 <= waits[0] <= 2500, 3000 <= waits[1] <= 5000, 24_000 <= waits[2] <= 40_000] == [True] * 3
    assert 225_000 <= waits[3] <= 375_000
