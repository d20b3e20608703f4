"""The lecturer's desk in a real browser. Here because it comes after the tour: it gives the demonstration's lecture."""

import time
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.pages.browser import Tourist
from tests.e2e.pages.tour import TOUR

pytestmark = pytest.mark.e2e
HOST = next(stop for stop in TOUR if stop.name == "host")
WITHOUT_CAMERA = """
const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = (asked) =>
  asked.video ? Promise.reject(new DOMException("none", "NotFoundError")) : real(asked);
const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
navigator.mediaDevices.enumerateDevices = () => list().then((all) => all.filter((one) => one.kind !== "videoinput"));
"""


def test_a_lecture_without_a_camera_has_a_picture_for_those_who_watch_by_hls(browser: Browser, served: str) -> None:
    tourist = Tourist(browser, served)
    with tourist.visiting(HOST.account, permissions=["microphone"]) as context:
        context.add_init_script(WITHOUT_CAMERA)
        page = context.new_page()
        page.goto(tourist.address(HOST))
        expect(page.locator("#desk-state")).to_contain_text("设备正常")
        assert page.locator("#camera").input_value() == "none"
        page.locator("#go").click()
        expect(page.locator("#link-state")).to_contain_text("画面", timeout=20_000)
        state = page.evaluate("JSON.parse(document.getElementById('host-data').textContent).urls.state")
        assert segments(page, served + state) >= 1
        end(page)
        # A mistake: undone, the picture is back by itself, and the members' list goes on growing.
        expect(page.locator("#undo-left")).to_contain_text("还可以恢复 10 分钟")
        page.locator("#resume-lecture").click()
        expect(page.locator("#link-state")).to_contain_text("画面已送出", timeout=20_000)
        expect(page.locator("#end")).to_be_visible()
        assert segments(page, served + state) >= 1
        end(page)
        expect(page.locator("#desk-state")).to_contain_text("未举行")
        expect(page.locator("#again-step")).to_be_visible()


def end(page: Page) -> None:
    page.locator("#end").click()
    page.locator("#end-yes").click()
    expect(page.locator("#undo")).to_be_visible()


def segments(page: Page, state_url: str) -> int:
    """How many segments the live picture's playlist names, as soon as it names one; 0 if none comes."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        address = page.request.get(state_url).json()["hls_url"]
        answer = page.request.get(urljoin(state_url, address)) if address else None
        if answer and answer.ok and (found := answer.text().count("#EXTINF")):
            return found
        page.wait_for_timeout(500)
    return 0
