"""A member's way back in Chromium: owes, sees it on 今天 with its deadline, catches up on the phone, and it counts.

The steps stand in ``STEPS``, in the order of the way: what a training may ask besides (a short check of understanding)
comes after the replay, what it gives (a certificate) after the record.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.acts import expect_text, phone_context, sign_in, wait_until
from tests.e2e.pages.tour import MEMBER, SECRETARY
from tests.sites import Site

pytestmark = pytest.mark.e2e
LECTURE, RUNNING = "急救常识五分钟", "2026 年下半年党员教育培训"
NAME = "王秀兰"


class Way:
    """The member's phone and the secretary's."""

    def __init__(self, browser: Browser, site: Site, phone: dict[str, Any]) -> None:
        self.site = site
        self.contexts: list[BrowserContext] = [phone_context(browser, phone) for _who in range(2)]
        self.own = sign_in(self.contexts[0], site.url, MEMBER)
        self.secretary = sign_in(self.contexts[1], site.url, SECRETARY)
        self.record = ""

    def open(self, page: Page, path: str) -> Page:
        page.goto(f"{self.site.url}{path}")
        return page

    def board(self) -> Page:
        """The secretary's list of the training."""
        page = self.open(self.secretary, "/branch/")
        page.locator("main a", has_text=RUNNING).first.click()
        expect(page.locator(".legend")).to_be_visible()
        return page


def named_missing(page: Page) -> bool:
    """Whether the board names the member with the lecture as missed."""
    row = page.locator("ul.people > li", has_text=NAME)
    return bool(row.locator(".chip.due").count())


def owes(way: Way) -> None:
    """What is owed stands on 今天 with until when, and the secretary sees the name."""
    card = way.open(way.own, "/").locator(".card", has_text=LECTURE).first
    expect(card).to_contain_text("看回放补学")
    expect(card).to_contain_text(re.compile(r"\d{1,2}:\d\d"))
    assert named_missing(way.board())


def replays(way: Way) -> None:
    """The replay is watched to the end on the phone, at double speed, from the card."""
    page = way.open(way.own, "/")
    page.locator(".card", has_text=LECTURE).first.locator("a").last.click()
    page.wait_for_url("**/replay/")
    way.record = re.sub(r".*/live/(\d+)/.*", r"/me/records/\1/", page.url)
    page.click("#player-go")
    page.select_option("#player-speed", "2")
    wait_until("the replay to count", lambda: "已补学" in page.request.get(f"{way.site.url}{way.record}").text(), 180)


def counts_for_the_member(way: Way) -> None:
    """The member's own record says so, and 今天 asks for it no more."""
    expect_text(way.open(way.own, way.record), "main .card", "已补学")
    expect(way.open(way.own, "/").locator(".card", has_text=LECTURE)).to_have_count(0)


def counts_for_the_secretary(way: Way) -> None:
    """The secretary's list names the member no more for it, and the lecture's page has them among those caught up."""
    page = way.board()
    assert not named_missing(page)
    number = way.record.split("/")[-2]
    page.locator(f"main a[href*='/branch/occasions/{number}/']").first.click()
    group = page.locator("details", has=page.locator("summary", has_text="已补学"))
    expect(group).to_contain_text(NAME)


STEPS: list[Callable[[Way], None]] = [owes, replays, counts_for_the_member, counts_for_the_secretary]


@pytest.fixture
def way(browser: Browser, site: Site, browser_context_args: dict[str, Any]) -> Iterator[Way]:
    expect.set_options(timeout=20_000)
    made = Way(browser, site, browser_context_args)
    yield made
    expect.set_options(timeout=5_000)
    for context in made.contexts:
        context.close()


def test_a_member_catches_up_and_it_counts(way: Way) -> None:
    for step in STEPS:
        step(way)
