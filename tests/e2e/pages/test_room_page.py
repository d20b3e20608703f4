"""The room's page by itself, with a server that is played: the order of what is said, and a page that was stopped."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.pages.browser import ROOT

pytestmark = pytest.mark.e2e

HOST = "http://room.test"
DATA = {
    "occasion": 1, "you": 7, "owner": "me", "counted": True, "state": "live", "seq": 0, "mine": None, "now": 1000,
    "starts_at": 0, "ends_at": 9_999_999, "undone_until": None, "void_reason": "", "live_at": 0, "hls_url": "",
    "hls_audio_url": "", "chat": [],
    "urls": {"state": "/state", "ticket": "/ticket", "outbox": "/outbox", "socket": "/socket", "replay": ""},
    "words": {
        "me": "我", "waiting_turn": "剩下的会自动发出", "not_sent": "没有发出去", "elsewhere": "点“在这里看”",
        "live_for": "直播 {time}",
    },
}  # fmt: skip
# A socket that answers as the test says: `said` is what the page sent, `speak` what it hears.
SOCKET = """
window.said = [];
window.WebSocket = class {
  static OPEN = 1;
  readyState = 1;
  constructor() {
    window.line = this;
    setTimeout(() => window.speak({ t: "joined", at: 1000, seq: 0, state: "live", counted: true, muted: false,
      people: 1, picture: false }), 0);
  }
  send(text) { const one = JSON.parse(text); if (one.t === "chat") window.said.push(one); }
  close() {}
};
window.speak = (frame) => window.line.onmessage({ data: JSON.stringify(frame) });
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    target: Path = tmp_path_factory.mktemp("room") / "room.js"
    command = ["node_modules/.bin/esbuild", "src/room/main.ts", "--bundle", "--format=iife"]
    command += ["--target=chrome70,safari12", "--supported:destructuring=true", "--log-level=error"]
    subprocess.run([*command, f"--outfile={target}"], cwd=ROOT / "frontend", check=True)
    return target.read_text(encoding="utf-8")


def html() -> str:
    """The page's own template, with nothing filled in."""
    template = (ROOT / "live/templates/live/room.html").read_text(encoding="utf-8")
    words = re.sub(r"{% translate \"([^\"]*)\" %}", r"\1", template)
    bare = re.sub(r"{[%{].*?[%}]}", "", words)
    data = f'<script type="application/json" id="room-data">{json.dumps(DATA)}</script>'
    return f'<!doctype html><html lang="zh-Hans"><meta charset="utf-8">{bare}{data}<script src="/room.js"></script>'


@pytest.fixture
def room(browser: Browser, script: str) -> Iterator[Page]:
    page_text = html()

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(HOST)
        if path == "/":
            route.fulfill(content_type="text/html", body=page_text)
        elif path == "/room.js":
            route.fulfill(content_type="text/javascript", body=script)
        elif path.startswith("/ticket"):
            route.fulfill(content_type="application/json", body='{"ticket": "t"}')
        else:
            route.fulfill(content_type="application/json", body=json.dumps(DATA))

    context = browser.new_context()
    context.add_init_script(SOCKET)
    page = context.new_page()
    page.route("**/*", answer)
    page.goto(HOST + "/")
    page.wait_for_function("window.line")
    yield page
    context.close()


def say(room: Page, *texts: str) -> None:
    for text in texts:
        room.fill("#say-text", text)
        room.press("#say-text", "Enter")


def sent(room: Page) -> list[str]:
    return [one["text"] for one in room.evaluate("said")]


def hear(room: Page, **frame: Any) -> None:
    room.evaluate("frame => speak(frame)", frame)


def test_a_later_sentence_never_overtakes_an_earlier_one(room: Page) -> None:
    say(room, "一", "二", "三")
    first = room.evaluate("said")[0]
    assert sent(room) == ["一"]
    hear(room, t="chat", error="slow_down", id=first["id"])
    expect(room.locator("#say-note")).to_have_text("剩下的会自动发出")
    room.wait_for_function("said.length === 2", timeout=10_000)
    assert sent(room) == ["一", "一"]
    for message in (1, 2, 3):
        hear(room, t="ack", id=room.evaluate("said[said.length - 1].id"), message=message)
    assert sent(room) == ["一", "一", "二", "三"]
    expect(room.locator("#chat .waiting")).to_have_count(0)
    expect(room.locator("#say-note")).to_be_hidden()


def test_what_was_not_sent_goes_after_a_reload_with_the_same_id(room: Page) -> None:
    say(room, "一", "二")
    before = room.evaluate("said")[0]
    room.reload()
    room.wait_for_function("said.length === 1")
    assert room.evaluate("said")[0] == before
    hear(room, t="ack", id=before["id"], message=1)
    assert sent(room) == ["一", "二"]
    hear(room, t="ack", id=room.evaluate("said[1].id"), message=2)
    assert room.evaluate("Object.keys(sessionStorage)") == []


def test_a_page_that_was_stopped_has_a_way_back_and_no_dead_controls(room: Page) -> None:
    for name in ("sound-only", "full", "live-mark"):
        expect(room.locator(f"#{name}")).to_be_visible()
    room.evaluate("line.onclose({ code: 4409 })")
    here = room.locator("#here-step")
    expect(here).to_be_visible()
    for name in ("sound-only", "full", "live-mark"):
        expect(room.locator(f"#{name}")).to_be_hidden()
    for name in ("hand", "say-text", "say-send"):
        expect(room.locator(f"#{name}")).to_be_disabled()
    here.click()
    expect(room.locator("#live-mark")).to_be_visible()
    expect(here).to_be_hidden()
