"""A lecture in real browsers: a lecturer on the air, and a member whose pictures are counted one by one."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Page

from tests.e2e.conftest import PHONE
from tests.factories.organizations import PASSWORD
from tests.faults.stack import People, Stack

# What goes over the page's sockets, and every break of its pictures; the page's own code is as it is.
SPY = """
window.sent = [];
window.joined = [];
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (text) {
  window.sent.push(JSON.parse(text).t);
  this.heard ||= this.addEventListener("message", (message) => {
    const frame = JSON.parse(message.data);
    if (frame.t === "link") window.sent.push(`${frame.t} ${frame.state}`);
  }) || true;
  return send.call(this, text);
};
window.watchFrames = () => {
  const video = document.querySelector("video");
  const spy = (window.spy = { frames: 0, last: 0, gap: 0 });
  const seen = (now) => {
    if (spy.last) spy.gap = Math.max(spy.gap, now - spy.last);
    spy.last = now;
    spy.frames += 1;
    video.requestVideoFrameCallback(seen);
  };
  video.requestVideoFrameCallback(seen);
  window.sent.length = 0;
};
"""


@dataclass
class Pages:
    """The lecturer's page and a member's."""

    host: Page
    member: Page

    def watch(self) -> None:
        """Begin to count."""
        self.member.evaluate("watchFrames()")
        self.host.evaluate("window.sent.length = 0")

    def gap_s(self) -> float:
        """The longest time without a new picture since ``watch``, until now."""
        return float(self.member.evaluate("Math.max(spy.gap, performance.now() - spy.last) / 1000"))

    def said(self, page: Page) -> list[str]:
        """What that page and its server said to each other since ``watch``, but for what says nothing of media."""
        found: list[str] = page.evaluate("sent")
        return [word for word in found if word not in ("beat", "hide", "show", "link connected", "link slow")]


def on_air(browser: Browser, stack: Stack, people: People, *, camera: str = "") -> Pages:
    """Both pages, with the picture on its way by WebRTC. ``camera``: a script that puts another in its place."""
    host = browser.new_context().new_page()
    host.add_init_script(SPY + camera)
    host.goto(f"{stack.site.url}/accounts/login/?next=/live/{people.occasion}/host/")
    host.fill("[name=login]", people.phone)
    host.fill("[name=password]", PASSWORD)
    host.press("[name=password]", "Enter")
    host.locator("#live-mark").wait_for(timeout=60_000)
    member = come_in(browser, stack, people, people.cookies[0])
    until(lambda: member.evaluate("document.querySelector('video').srcObject?.active"), within=90)
    until(lambda: member.evaluate("document.querySelector('video').currentTime > 2"), within=60)
    return Pages(host, member)


def come_in(browser: Browser, stack: Stack, people: People, cookie: str) -> Page:
    """The page of one more member, on its way in."""
    context = browser.new_context(**PHONE)
    name, _, value = cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "url": stack.site.url}])
    page = context.new_page()
    page.add_init_script(SPY)
    page.goto(f"{stack.site.url}/live/{people.occasion}/")
    return page


def until(true: Callable[[], Any], *, within: float, what: Callable[[], Any] | None = None) -> float:
    """Seconds until it is true; ``what`` tells how it stands where it does not come true."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within, f"did not happen: {what() if what else true}"
        time.sleep(0.2)
    return time.monotonic() - began
