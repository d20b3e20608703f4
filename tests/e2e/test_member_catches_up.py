"""A member's way back in Chromium: owes, sees it on 今天 with its deadline, catches up on the phone, answers the check,
and it counts; then the certificate of the training, and a stranger who holds its number against the site.

The steps stand in ``STEPS``, in the order of the way.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from config.demo.questions import LECTURE, QUESTIONS, TRAINING
from tests.e2e.acts import desk_context, expect_text, phone_context, sign_in, wait_until
from tests.e2e.pages.tour import MEMBER, ORGANISER, SECRETARY
from tests.papers import text_of
from tests.sites import Site

pytestmark = pytest.mark.e2e
NAME = "王秀兰"
TRUTH = {"true": "对", "false": "错"}


class Way:
    """The member's phone, the secretary's, that of somebody without an account, and the organiser's desk."""

    def __init__(self, browser: Browser, site: Site, phone: dict[str, Any]) -> None:
        self.site = site
        self.contexts: list[BrowserContext] = [phone_context(browser, phone) for _who in range(3)]
        self.contexts.append(desk_context(browser))
        self.own = sign_in(self.contexts[0], site.url, MEMBER)
        self.secretary = sign_in(self.contexts[1], site.url, SECRETARY)
        self.stranger = self.contexts[2].new_page()
        self.organiser = sign_in(self.contexts[3], site.url, ORGANISER)
        self.record = self.number = ""

    def open(self, page: Page, path: str) -> Page:
        page.goto(f"{self.site.url}{path}")
        return page

    def board(self) -> Page:
        """The secretary's list of the training."""
        page = self.open(self.secretary, "/branch/")
        page.locator("main a", has_text=TRAINING).first.click()
        expect(page.locator(".legend")).to_be_visible()
        return page

    def owed(self) -> Locator:
        """What 今天 says of the lecture among what is still to be done; the further session of it stands elsewhere."""
        page = self.open(self.own, "/")
        title = page.get_by_text(LECTURE, exact=True)
        return page.locator("main div.card", has=title)

    @property
    def occasion(self) -> str:
        return self.record.split("/")[-2]


def of_the_member(page: Page) -> Locator:
    """The member's row among those whom the board names with something to do."""
    return page.locator("ul.people > li", has_text=NAME)


def owes(way: Way) -> None:
    """What is owed stands on 今天 with until when, and the secretary sees the name."""
    row = way.owed()
    expect(row).to_contain_text("看回放补学")
    expect(row).to_contain_text(re.compile(r"\d{1,2}:\d\d"))
    expect(of_the_member(way.board()).locator(".chip.due").first).to_be_visible()


def replays(way: Way) -> None:
    """The replay is watched to the end on the phone, at double speed; it says beforehand that a check follows."""
    way.owed().locator("a[href*='/replay/']").first.click()
    page = way.own
    page.wait_for_url("**/replay/")
    way.record = re.sub(r".*/live/(\d+)/.*", r"/me/records/\1/", page.url)
    expect_text(page, "#check", "还要答对小测 3 题中的 2 题")
    page.click("#player-go")
    page.select_option("#player-speed", "2")
    record = f"{way.site.url}{way.record}"
    wait_until("the replay to be enough", lambda: "已看够" in page.request.get(record).text(), 180)


def is_asked(way: Way) -> None:
    """今天, the record and the secretary's list ask for the check; nothing is made up yet."""
    expect(way.owed()).to_contain_text("做小测")
    page = way.open(way.own, way.record)
    expect(page.get_by_role("link", name="做小测").first).to_be_visible()
    expect(page.locator("main .card").first).not_to_contain_text("已补学")
    expect(of_the_member(way.board()).locator(".chip")).to_contain_text("差小测")
    expect(way.secretary.locator("main h2", has_text="前可在手机上做小测")).to_be_visible()


def answer(page: Page, *, right: bool) -> None:
    """Answer every question, each rightly or each wrongly; one is kept as soon as the next stands there."""
    for number, one in enumerate(QUESTIONS, 1):
        expect(page.locator("main form legend")).to_contain_text(f"第 {number} 题，共 {len(QUESTIONS)} 题")
        for place, words in enumerate(one.choices):
            if (place in one.right) is right:
                label = page.locator("main form label", has_text=re.compile(f"^\\s*{TRUTH.get(words, words)}\\s*$"))
                label.locator("input").check()
        page.get_by_role("button", name="提交这一题").click()


def fails(way: Way) -> None:
    """All wrong: it says what passes and when it can be done again, and does not tell what would have been right."""
    page = way.open(way.own, way.record)
    page.get_by_role("link", name="做小测").first.click()
    answer(page, right=False)
    expect(page.locator("main")).to_contain_text("答对 3 题中的 0 题，要答对 2 题才通过")
    expect(page.locator("main")).to_contain_text(re.compile(r"再过 .+可以再做一次"))
    expect(page.locator("main")).not_to_contain_text("正确的是")
    expect(page.get_by_role("button", name="提交这一题")).to_have_count(0)


def shortens_the_pause(way: Way) -> None:
    """The organiser lets it be tried again at once: what was answered stays, the next version begins anew."""
    page = way.open(way.organiser, f"/admin/occasions/{way.occasion}/check/")
    expect(page.locator("main")).to_contain_text("人答过第 1 版")
    page.fill("[name=pause_min]", "0")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".messages")).to_contain_text("小测已保存（第 2 版）")


def passes(way: Way) -> None:
    """Asked again, and all right: 已补学 at once."""
    page = way.open(way.own, way.record)
    page.locator("main a[href$='/check/']").first.click()
    answer(page, right=True)
    expect(page.locator("main")).to_contain_text("答对 3 题中的 3 题，通过了")


def counts_for_the_member(way: Way) -> None:
    """The member's own record says so, and 今天 asks for it no more."""
    expect_text(way.open(way.own, way.record), "main .card", "已补学")
    expect(way.owed()).to_have_count(0)


def counts_for_the_secretary(way: Way) -> None:
    """The secretary's list names the member no more, and the lecture's page has them among those caught up."""
    page = way.board()
    expect(of_the_member(page)).to_have_count(0)
    page.locator(f"main a[href*='/branch/occasions/{way.occasion}/']").first.click()
    group = page.locator("details", has=page.locator("summary", has_text="已补学"))
    expect(group).to_contain_text(NAME)


def takes_the_certificate(way: Way) -> None:
    """All of the training is done: the certificate is taken on the phone, and its PDF has the name and the number."""
    page = way.open(way.own, "/me/")
    page.locator("main a[href='/certificates/']").click()
    page.locator("main a", has_text=TRAINING).click()
    paper, take = page.get_by_role("link", name="下载 PDF，可以打印"), page.get_by_role("button", name="领取证书")
    expect(paper.or_(take)).to_be_visible()
    if take.is_visible():  # a task issues it, too: whichever is first
        take.click()
    expect(paper).to_be_visible()
    way.number = page.locator("dl.facts dt", has_text="编号").locator("+ dd").inner_text().strip()
    assert re.fullmatch(r"[0-9A-Z]{4}(-[0-9A-Z]{2,4})+", way.number), way.number
    answer = page.request.get(f"{way.site.url}{paper.get_attribute('href')}")
    said = text_of(answer.body())
    assert (NAME in said, way.number in said, TRAINING in said) == (True, True, True), said


def a_stranger_checks(way: Way) -> None:
    """Without a session the number shows what was issued; one letter changed, and it is said that there is none."""
    page = way.open(way.stranger, "/c/")
    page.fill("[name=number]", way.number.lower())
    page.get_by_role("button", name="核对").click()
    expect(page).to_have_url(re.compile("/c/" + way.number.replace("-", "") + "/$"))
    expect(page.locator("h1")).to_contain_text("有效")
    for said in (NAME, TRAINING, way.number):
        expect(page.locator("main")).to_contain_text(said)
    wrong = ("1" if way.number[0] != "1" else "2") + way.number.replace("-", "")[1:]
    way.open(page, f"/c/{wrong}/")
    expect(page.locator("main")).to_contain_text("没有查到这个编号的证书")
    expect(page.locator("main")).not_to_contain_text(NAME)


STEPS: list[Callable[[Way], None]] = [
    owes,
    replays,
    is_asked,
    fails,
    shortens_the_pause,
    passes,
    counts_for_the_member,
    counts_for_the_secretary,
    takes_the_certificate,
    a_stranger_checks,
]


@pytest.fixture
def way(browser: Browser, site: Site, browser_context_args: dict[str, Any]) -> Iterator[Way]:
    made = Way(browser, site, browser_context_args)
    yield made
    for context in made.contexts:
        context.close()


def test_a_member_catches_up_and_it_counts(way: Way) -> None:
    for step in STEPS:
        step(way)
