"""The page of the room in a real browser: what it says when its line goes, and how soon it is back."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.conftest import CHROMIUM_ARGS, PHONE
from tests.e2e.pages.browser import ROOT
from tests.faults.promises import measured
from tests.faults.stack import People, Stack, after

pytestmark = [pytest.mark.faults, pytest.mark.engine]
SERVER_NOTICES_S = 60
RELEASES = 2000
PRESENT = "SELECT count(DISTINCT member_id) FROM attendance_presencespan WHERE occasion_id = %s AND ended_at IS NULL"
SHOW = """(state) => {
  Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""
# What the page does when it is closed for a new release: each wait that it chooses, in ms.
CLOSED_OFTEN = """
const waits = [];
globalThis.window = {setTimeout: (_work, ms) => waits.push(ms), clearTimeout: () => undefined};
globalThis.location = {protocol: "https:", host: "classroom.test"};
globalThis.WebSocket = class {};
const line = new lib.RoomLine({ticket: "/t", socket: "/s"}, {line: () => undefined});
for (let round = 0; round < RELEASES; round += 1) {
  line.connect("ticket");
  line.socket.onclose({code: 1012});
}
process.stdout.write(JSON.stringify(waits));
"""


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture
def people(stack: Stack) -> People:
    return stack.people(3)


def enter(browser: Browser, stack: Stack, people: People, number: int) -> Page:
    """A member's phone in the room, present and told so."""
    context = browser.new_context(**PHONE)
    name, _, value = people.cookies[number].partition("=")
    context.add_cookies([{"name": name, "value": value, "url": stack.site.url}])
    page = context.new_page()
    page.clock.install()
    page.goto(f"{stack.site.url}/live/{people.occasion}/")
    is_in(page).wait_for(timeout=60_000)
    return page


def is_in(page: Page) -> Any:
    return page.locator("#status.good", has_text="正在自动记录")


def seconds(wait: Callable[[], None]) -> float:
    began = time.monotonic()
    wait()
    return time.monotonic() - began


def says(page: Page, words: str) -> float:
    """Seconds until its status line says this."""
    return seconds(lambda: page.locator("#status", has_text=words).wait_for(timeout=60_000))


def comes_back(page: Page) -> float:
    page.context.set_offline(False)
    return seconds(lambda: is_in(page).wait_for(timeout=60_000))


def goes(page: Page) -> float:
    page.context.set_offline(True)
    return says(page, "网络断了")


def test_page_says_that_it_reconnects_and_comes_back(stack: Stack, people: People, browser: Browser) -> None:
    fault, page = "web process killed under a page", enter(browser, stack, people, 0)
    os.kill(stack.site.process.pid, signal.SIGSTOP)  # who starts it again sleeps: the page is seen to wait
    try:
        stack.kill("uvicorn")
        told = says(page, "正在重连")
        time.sleep(3)
    finally:
        os.kill(stack.site.process.pid, signal.SIGCONT)
    back = seconds(lambda: is_in(page).wait_for(timeout=60_000))
    kept = [
        measured(fault, "the page says 正在重连 within 3 s", told, unit="s", most=3),
        measured(fault, "and is back by itself in 30 s of the restart", back, unit="s", most=30),
    ]
    assert all(kept)


def test_phone_that_was_offline_comes_back(stack: Stack, people: People, browser: Browser) -> None:
    """Five seconds, a minute, ten minutes. The last: nine of them pass on the page's clock alone (timers and all)."""
    short, minute, long = (enter(browser, stack, people, number) for number in range(3))
    told = [goes(short)]
    time.sleep(5)
    back = [comes_back(short)]
    told += [goes(minute), goes(long)]
    long.clock.fast_forward(540_000)
    time.sleep(SERVER_NOTICES_S)
    assert stack.value(PRESENT, people.occasion) == 1, "the server knows that two are away"
    back += [comes_back(minute), comes_back(long)]
    after(lambda: stack.value(PRESENT, people.occasion) == 3, within=15)
    absent = 3 - stack.value(PRESENT, people.occasion)
    kept = [
        measured("phone offline", "the page says so within 3 s", max(told), unit="s", most=3),
        measured("phone offline for 5 s", "in the room again in 3 s", back[0], unit="s", most=3),
        measured("phone offline for 60 s", "in the room again in 3 s", back[1], unit="s", most=3),
        measured("phone offline for 10 min (9 of its clock)", "in the room again in 5 s", back[2], unit="s", most=5),
        measured("phone offline", "present again", absent, unit="people absent", most=0),
    ]
    assert all(kept), (told, back)


def test_hidden_page_says_that_it_does_not_count(stack: Stack, people: People, browser: Browser) -> None:
    """Headless Chromium hides no page: it is told that it was, and does what it does then."""
    fault, page = "page hidden, without sound", enter(browser, stack, people, 0)
    page.evaluate(SHOW, "hidden")
    told = says(page, "这段时间不计入")
    ended = after(lambda: stack.value(PRESENT, people.occasion) == 0, within=15)
    page.evaluate(SHOW, "visible")
    again = seconds(lambda: is_in(page).wait_for(timeout=60_000))
    kept = [
        measured(fault, "the page says within 3 s that it does not count", told, unit="s", most=3),
        measured(fault, "presence ends", ended, unit="s", most=15),
        measured(fault, "counts again within 3 s of being shown", again, unit="s", most=3),
    ]
    assert all(kept)


def test_phones_come_back_from_a_release_one_after_another(tmp_path: Path) -> None:
    """The page's own code (frontend/src/room/socket.ts) in Node, closed as a new release closes it."""
    bundle = tmp_path / "line.js"
    command = ["node_modules/.bin/esbuild", "src/room/socket.ts", "--bundle", "--format=iife", "--global-name=lib"]
    subprocess.run(
        [*command, "--log-level=error", f"--outfile={bundle}"], cwd=ROOT / "frontend", check=True, timeout=60
    )
    script = bundle.read_text(encoding="utf-8") + CLOSED_OFTEN.replace("RELEASES", str(RELEASES))
    done = subprocess.run(["node", "-"], input=script, capture_output=True, text=True, check=True, timeout=60)
    waits = [wait / 1000 for wait in json.loads(done.stdout)]
    assert len(waits) == RELEASES
    fullest = max(sum(second <= wait < second + 1 for wait in waits) for second in range(10))
    fault = "new release, the page's own wait"
    kept = [
        measured(fault, "95 of 100 wait less than 8 s", sorted(waits)[-RELEASES // 20], unit="s", most=8),
        measured(
            fault, "no second has more than a sixth of the phones", 100 * fullest / RELEASES, unit="%", least=1, most=17
        ),
    ]
    assert all(kept)
