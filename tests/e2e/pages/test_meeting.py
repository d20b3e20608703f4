"""A branch meets on three phones: each sees and hears the others; what is decided is in the book."""

import contextlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, TimeoutError, expect

from tests.e2e.acts import phone_context, sign_in, wait_until
from tests.e2e.pages.tour import SECRETARY

pytestmark = pytest.mark.e2e
MEMBERS = ("13800000001", "13800000004")
COMES_IN = """
(() => {
  const Real = window.RTCPeerConnection;
  window.pcs = [];
  window.RTCPeerConnection = function (...args) { const pc = new Real(...args); window.pcs.push(pc); return pc; };
  window.RTCPeerConnection.prototype = Real.prototype;
})();
"""
HEARS = """
async () => {
  let heard = 0;
  for (const pc of window.pcs)
    if (pc.connectionState === "connected")
      for (const one of (await pc.getStats()).values())
        if (one.type === "inbound-rtp" && one.kind === "audio" && one.packetsReceived > 20) heard += 1;
  return heard;
}
"""
SEES = """
() => Array.from(document.querySelectorAll("#tiles video")).filter((one) => one.videoWidth > 0 && !one.paused).length
"""


def plan(page: Page, base: str) -> str:
    """Plan a meeting for now; return its room's address."""
    page.goto(f"{base}/meetings/plan/?form=assembly")
    page.get_by_role("link", name="改为线上开会").click()
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    page.fill("[name=starts_at]", f"{now - timedelta(minutes=1):%Y-%m-%dT%H:%M}")
    page.fill("[name=ends_at]", f"{now + timedelta(minutes=9):%Y-%m-%dT%H:%M}")
    page.fill("[name=agenda]", "学习防汛预案\n通报党费")
    page.check("[name=who][value=all]")
    page.locator("button[form=plan]").click()
    page.get_by_role("link", name="进入会议室").click()
    return page.url


def appear(page: Page) -> None:
    """Open microphone and camera."""
    for kind in ("mic", "cam"):
        page.click(f"#{kind}")
        expect(page.locator(f"#{kind}")).to_have_attribute("aria-pressed", "true")


def is_ended(host: Page) -> bool:
    """Whether it is over; its button asks at the first press, and forgets that after six seconds."""
    end = host.locator("#end")
    if end.is_visible():
        with contextlib.suppress(TimeoutError):
            end.click(timeout=3000)
    return end.is_hidden()


def test_three_phones_see_and_hear_each_other(
    browser: Browser, served: str, browser_context_args: dict[str, Any], tmp_path: Path
) -> None:
    contexts = [phone_context(browser, browser_context_args, COMES_IN) for _ in range(3)]
    pages = [sign_in(one, served, who) for one, who in zip(contexts, (SECRETARY, *MEMBERS), strict=True)]
    host, member, other = pages
    room = plan(host, served)
    host.click("#begin")
    for page in (member, other):
        page.goto(room)
    for page in pages:
        appear(page)
    for page in pages:
        wait_until("three pictures", lambda page=page: page.evaluate(SEES) == 3, 150)
        wait_until("two voices", lambda page=page: page.evaluate(HEARS) == 2, 150)
    host.click("#tab-notes")
    expect(member.locator("#agenda")).to_contain_text("通报党费")
    host.select_option("#note-kind", "decision")
    host.fill("#note-title", "汛期值班")
    host.fill("#note-text", "每晚两人，书记带班。")
    host.locator("#note-form button").click()
    expect(member.locator("#decisions")).to_contain_text("每晚两人")
    host.click("#tab-people")
    host.click("#silence-all")
    for page in (member, other):
        expect(page.locator("#mic")).to_have_attribute("aria-pressed", "false")
    expect(host.locator("#mic")).to_have_attribute("aria-pressed", "true")
    member.reload()
    wait_until("the others' pictures", lambda: member.evaluate(SEES) == 2, 150)
    for name, page in zip(("host", "member", "other"), pages, strict=True):
        page.screenshot(path=tmp_path / f"{name}.png")
    wait_until("the end", lambda: is_ended(host))
    # It lasted seconds: nobody missed it. What was decided is written down all the same.
    expect(member.locator("#cover-text")).to_contain_text("未举行")
    host.goto(room.replace("/live/", "/meetings/"))
    expect(host.locator("main")).to_contain_text("每晚两人")
    for context in contexts:
        context.close()
