"""登记集中收看 in a hall without a line: ticked offline, kept on the phone, handed in once when the line is back."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.acts import phone_context, sign_in
from tests.e2e.pages.tour import SECRETARY

pytestmark = pytest.mark.e2e
BOX = "#hall label.check:not([hidden]) input[name=members]"
ONE = "#hall input[name=members][value='{}']"
WAITING = "Object.keys(localStorage).filter((key) => key.startsWith('outbox:')).length"


def open_hall(page: Page, served: str) -> str:
    """Open the hall of the first training that has somebody to tick; returns the address."""
    page.goto(f"{served}/branch/")
    hrefs = page.locator("main a").evaluate_all("(links) => links.map((link) => link.getAttribute('href'))")
    for number in dict.fromkeys(found[1] for href in hrefs if (found := re.match(r"/branch/(\d+)/", href or ""))):
        page.goto(f"{served}/branch/{number}/hall/")
        if page.locator(BOX).count() >= 3:
            return page.url
    raise AssertionError("nobody can be ticked in the demonstration")


def test_a_hall_without_a_line_is_kept_and_handed_in_once(
    browser: Browser, served: str, browser_context_args: dict[str, Any]
) -> None:
    context = phone_context(browser, browser_context_args)
    page = sign_in(context, served, SECRETARY)
    address = open_hall(page, served)

    # A name is found by its initials while one types; what is ticked is there again after a reload.
    first = page.locator("#hall label.check").first
    name = (first.locator("span").first.inner_text()).split()[0]
    page.fill("#id_name", first.get_attribute("data-letters") or "")
    expect(page.locator("#hall label.check:not([hidden])", has_text=name).first).to_be_visible()
    page.fill("#id_name", "zzzzzz")
    expect(page.locator("#hall-not-found")).to_contain_text("zzzzzz")
    page.fill("#id_name", "")
    members = [page.locator(BOX).nth(number).get_attribute("value") for number in (0, 1)]
    page.check(ONE.format(members[0]))
    page.reload()
    expect(page.locator(ONE.format(members[0]))).to_be_checked()

    context.set_offline(True)
    page.check(ONE.format(members[1]))
    page.click("#hall-send")
    expect(page.locator("#hall-unsent")).to_contain_text("2 位的登记还在这部手机里")
    expect(page.locator(ONE.format(members[1]))).to_be_disabled()
    page.wait_for_function(f"{WAITING} === 1")
    page.click("#hall-take-back")  # a slip is put right before it has gone
    page.wait_for_function(f"{WAITING} === 0")
    expect(page.locator(ONE.format(members[1]))).to_be_enabled()
    page.click("#hall-send")
    page.wait_for_function(f"{WAITING} === 1")

    handed_in: list[str] = []
    page.on("request", lambda sent: handed_in.append(sent.url) if "/hall/sync" in sent.url else None)
    context.set_offline(False)
    expect(page.locator(ONE.format(members[0]))).to_have_count(0)
    expect(page.locator("#hall-unsent")).to_be_hidden()
    expect(page.locator("main")).to_contain_text("手机上先记、后补传")
    page.wait_for_function(f"{WAITING} === 0")
    assert len(handed_in) == 1
    page.goto(address)
    assert page.locator(ONE.format(members[1])).count() == 0
    context.close()
