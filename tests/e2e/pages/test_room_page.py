"""The room's two pages by themselves, with a server that is played: the order of what is said, and a stopped page."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.e2e.pages.browser import ROOT

pytestmark = pytest.mark.e2e

HOST = "http://room.test"
DATA: dict[str, Any] = {
    "occasion": 1, "you": 7, "owner": "me", "counted": True, "is_lite": False, "state": "live", "seq": 0,
    "mine": None, "now": 1000,
    "starts_at": 0, "ends_at": 9_999_999, "undone_until": None, "void_reason": "", "live_at": 1, "hls_url": "",
    "hls_audio_url": "", "chat": [], "talk": True, "locked": False, "break_until": None,
    "stage": {"on_air": None, "hands": []}, "air_log": [],
    "asking": {"poll": None, "choice": None, "notice": "", "questions": [], "voted": [], "polls": []}, "ask_words": {},
    "urls": {
        "state": "/state", "ticket": "/ticket", "outbox": "/outbox", "socket": "/socket", "replay": "", "people": "/p",
    },
    "words": {
        "me": "我", "sound_only": "只听声音", "picture_again": "看画面",
        "waiting_turn": "剩下的会自动发出", "not_sent": "没有发出去", "elsewhere": "点“在这里看”",
        "live_for": "直播 {time}", "in_break": "休息中", "speaking": "正在发言：{names}",
        "invited": "主持人请您上台发言。上台以后，大家都能听到您的声音。",
    },
    "slides_url": "/s/", "slide_words": {"of": "课件 {page}/{pages}", "big_picture": "放大讲师"},
    "poll": None, "notice": "", "decks": [],
    "slide": {"deck": "", "page": 0, "pages": 0}, "captions": [], "speakers": [],
    "opens_at": 0, "title": "防汛避险", "restricted": [],
}  # fmt: skip
# A socket that answers as the test says: `said` is what the page sent, `speak` what it hears.
SOCKET = """
window.said = [];
window.WebSocket = class {
  static OPEN = 1;
  readyState = 1;
  constructor() {
    window.line = this;
    setTimeout(() => { window.speak({ t: "joined", at: 1000, seq: 0, state: "live", counted: true, muted: false,
      host: !!document.getElementById("host"),
      people: 1, picture: false, hand: false, chat: true, locked: false, break_until: null, ice: [],
      stage: { on_air: null, hands: [], unclear: 0 } }); window.hasJoined = true; }, 0);
  }
  send(text) { const one = JSON.parse(text); if (one.t === "chat") window.said.push(one); }
  close() {}
};
window.speak = (frame) => window.line.onmessage({ data: JSON.stringify(frame) });
"""


def script(island: str, folder: Path) -> str:
    target = folder / f"{island}.js"
    command = ["node_modules/.bin/esbuild", f"src/{island}/main.ts", "--bundle", "--format=iife"]
    command += ["--target=chrome70,safari12", "--supported:destructuring=true", "--log-level=error"]
    subprocess.run([*command, f"--outfile={target}"], cwd=ROOT / "frontend", check=True)
    return target.read_text(encoding="utf-8")


def sheets(folder: Path) -> str:
    command = ["node_modules/.bin/esbuild", "styles/app.css", "styles/room.css", "--bundle", "--external:weui*"]
    subprocess.run([*command, f"--outdir={folder}", "--log-level=error"], cwd=ROOT / "frontend", check=True)
    return "".join((folder / f"{name}.css").read_text(encoding="utf-8") for name in ("app", "room"))


def source(name: str) -> str:
    """A template with what it includes in its place."""
    text = (ROOT / "live/templates" / name).read_text(encoding="utf-8")
    return re.sub(r"{% include \"(live/[^\"]+)\" %}", lambda found: source(found[1]), text)


def html(island: str) -> str:
    """The page's own template, with nothing filled in."""
    template = source(f"live/{island}.html")
    words = re.sub(r"{% translate \"([^\"]*)\" %}", r"\1", template)
    bare = re.sub(r"{[%{].*?[%}]}", "", words)
    data = f'<script type="application/json" id="{island}-data">{json.dumps(DATA)}</script>'
    return f'<!doctype html><html lang="zh-Hans"><meta charset="utf-8">{bare}{data}<script src="/island.js"></script>'


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Callable[[str], Page]]:
    contexts: list[BrowserContext] = []

    def open_page(island: str) -> Page:
        text, code = html(island), script(island, tmp_path)

        def answer(route: Route) -> None:
            path = route.request.url.removeprefix(HOST)
            if path == "/":
                route.fulfill(content_type="text/html", body=text)
            elif path == "/island.js":
                route.fulfill(content_type="text/javascript", body=code)
            elif path.startswith("/ticket"):
                route.fulfill(content_type="application/json", body='{"ticket": "t"}')
            else:
                route.fulfill(content_type="application/json", body=json.dumps(DATA))

        contexts.append(browser.new_context())
        contexts[-1].add_init_script(SOCKET)
        page = contexts[-1].new_page()
        page.route("**/*", answer)
        page.goto(HOST + "/")
        page.wait_for_function("window.hasJoined")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def room(opened: Callable[[str], Page]) -> Page:
    return opened("room")


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
    room.wait_for_function("said.length === 2")
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


def test_an_older_answer_takes_nothing_back_of_what_was_said_since(room: Page) -> None:
    held: list[Route] = []
    room.route("**/state", lambda route: held.append(route))
    speaker = {"member": 8, "name": "李", "unit": "", "on": True}
    with room.expect_request("**/state"):
        hear(room, t="tick", seq=5, people=1, events=[], left_out=0)
    hear(room, t="tick", seq=6, people=1, events=[{"t": "speakers", "speakers": [speaker]}], left_out=0)
    older = DATA | {"speakers": [], "asking": {**DATA["asking"], "notice": "请带笔记本"}}
    held[0].fulfill(content_type="application/json", body=json.dumps(older))
    expect(room.locator("#notice-text")).to_have_text("请带笔记本")
    expect(room.locator("#speaking")).to_have_text("正在发言：李")


def test_in_low_data_mode_the_sound_comes_first_and_the_picture_when_it_is_asked_for(
    opened: Callable[[str], Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DATA, "is_lite", True)
    key = opened("room").locator("#sound-only")
    expect(key).to_have_text("看画面")
    key.click()
    expect(key).to_have_text("只听声音")


def test_in_a_break_no_clock_goes_on_at_the_picture(room: Page) -> None:
    expect(room.locator("#live-time")).to_contain_text("直播")
    hear(room, t="tick", seq=1, people=1, events=[{"t": "break", "until": 9_000_000}], left_out=0)
    expect(room.locator("#live-time")).to_have_text("休息中")
    hear(room, t="tick", seq=2, people=1, events=[{"t": "break", "until": None}], left_out=0)
    expect(room.locator("#live-time")).to_contain_text("直播")


def test_the_lecturers_page_that_was_stopped_has_a_way_back_of_its_own(opened: Callable[[str], Page]) -> None:
    host = opened("host")
    expect(host.locator("#end")).to_be_visible()
    here = host.locator("#here-step")
    expect(here).to_be_hidden()
    host.evaluate("line.onclose({ code: 4409 })")
    expect(here).to_be_visible()
    expect(host.locator("#desk-state")).to_have_text("点“在这里看”")
    for name in ("say-text", "say-send"):
        expect(host.locator(f"#{name}")).to_be_disabled()
    here.click()
    expect(here).to_be_hidden()
    expect(host.locator("#say-text")).to_be_enabled()


@pytest.mark.parametrize("island", ["room", "host"])
def test_what_was_typed_and_what_waits_outlive_a_reload(opened: Callable[[str], Page], island: str) -> None:
    page = opened(island)
    say(page, "一")
    page.fill("#say-text", "还没写完")
    before = page.evaluate("said")[0]
    page.reload()
    page.wait_for_function("said.length === 1")
    assert page.evaluate("said")[0] == before
    assert page.input_value("#say-text") == "还没写完"
    expect(page.locator("#chat .waiting")).to_have_count(1)


# The frame that the base gives: the room fills the page, the field to write in stands at its foot.
FRAMED = """() => {
  const made = (html, ...parts) => {
    document.body.insertAdjacentHTML("beforeend", html);
    document.body.lastElementChild.firstElementChild.append(...parts);
  };
  document.documentElement.dataset.mode = "elder";
  document.body.className = "room-body";
  const [room, foot] = [document.getElementById("room"), document.querySelector(".room-foot")];
  for (const one of document.querySelectorAll("body > :not(script):not(.room):not(.room-foot)")) one.hidden = true;
  made("<div class=page><main></main></div>", room);
  made("<section class=foot id=foot><div class=room-foot></div></section>", ...foot.children);
  foot.remove();
}"""
# What a finger meets in the middle of a key.
MET = """key => {
  const { left, top, width, height } = key.getBoundingClientRect();
  return key.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}"""


@pytest.mark.parametrize("height", [740, 640])
def test_the_keys_of_ones_own_stage_stand_above_the_field_in_large_letters(
    room: Page, tmp_path: Path, height: int
) -> None:
    room.set_viewport_size({"width": 360, "height": height})
    room.add_style_tag(content=sheets(tmp_path))
    room.evaluate(FRAMED)
    words = {"t": "captions", "lines": [1, 2], "texts": ["水位已经超过警戒线，请马上转移", "先到村委会集合"]}
    seven = {"member": 7, "name": "王建国", "unit": "", "on": False}
    eight = {"member": 8, "name": "李秀英", "unit": "", "on": True}
    slide = {"t": "slide", "deck": "a", "page": 1, "pages": 3}
    for events in ([slide, words], [{"t": "speakers", "speakers": [seven, eight]}]):
        hear(room, t="tick", seq=1, people=2, left_out=0, events=events)
    for ident in ("step-up", "step-no"):
        assert room.locator(f"#{ident}").evaluate(MET), ident
    hear(room, t="tick", seq=2, people=2, left_out=0, events=[{"t": "speakers", "speakers": [{**seven, "on": True}]}])
    assert room.locator("#step-down").evaluate(MET)


def test_the_hall_sees_the_slide_in_large_every_part_of_what_is_said_and_who_speaks(
    opened: Callable[[str], Page],
) -> None:
    hall = opened("screen")
    eight = {"member": 8, "name": "李秀英", "unit": "", "on": True}
    slide = {"t": "slide", "deck": "a", "page": 2, "pages": 3}
    texts = ["一" * 40, "二" * 40, "三" * 40]
    said = {"t": "captions", "lines": [1, 2, 3], "texts": texts}
    with hall.expect_request("**/s/a/1280/2.jpg"):
        hear(hall, t="tick", seq=1, people=2, left_out=0, events=[slide, said, {"t": "speakers", "speakers": [eight]}])
    for part in texts:
        expect(hall.locator("#captions")).to_have_text(part)
    expect(hall.locator("#speaking")).to_have_text("正在发言：李秀英")
