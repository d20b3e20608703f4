"""A lesson that people study is withdrawn and comes back: its organiser sees whom it touches, its reader what to do."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.acts import desk_context, phone_context, sign_in
from tests.e2e.pages.browser import sticks_out
from tests.e2e.pages.tour import MEMBER, ORGANISER

pytestmark = pytest.mark.e2e
COURSE = "怎样参加视频会议"


def lesson_of(member: Page, served: str) -> str:
    """The address of the only lesson of a course that is still to be studied."""
    member.goto(f"{served}/courses/")
    member.locator("a.card[href^='/courses/']", has_text=COURSE).first.click()
    member.wait_for_url(lambda url: not url.endswith("/courses/"))
    return served + (member.locator("main a.card[href^='/courses/']").first.get_attribute("href") or "")


def sure(desk: Page, button: str) -> None:
    with desk.expect_navigation():
        desk.get_by_role("button", name=button).click()


def test_a_withdrawn_lesson_is_asked_about_and_its_reader_meets_a_sentence(
    browser: Browser, served: str, browser_context_args: dict[str, Any]
) -> None:
    member = sign_in(phone_context(browser, browser_context_args), served, MEMBER)
    lesson = lesson_of(member, served)
    page_id = lesson.rstrip("/").split("/")[-1]
    desk = sign_in(desk_context(browser), served, ORGANISER)
    desk.goto(f"{served}/admin/pages/{page_id}/delete/")
    expect(desk.locator("[data-uses] li").first).to_contain_text("人在学")
    expect(desk.locator("main button.serious")).to_have_count(0)
    desk.get_by_role("link", name="看看怎样撤下").click()
    expect(desk.locator("[data-uses] li").first).to_contain_text("暂时没有要学的")
    member.goto(lesson)
    expect(member.locator("#player")).to_be_visible()
    watching = member.context.new_page()
    watching.goto(lesson)
    sure(desk, "我知道了，撤下")
    try:
        # The page that stood open all the time hears it from the player.
        watching.locator("#player-go").tap()
        expect(watching.locator("#player-say")).to_contain_text("这一讲老师正在修改")
        watching.close()
        for address, sentence in (
            (lesson, "这一讲老师正在修改"),
            (lesson.removesuffix(f"{page_id}/"), "老师正在修改这门课"),
            (f"{served}/courses/", "老师正在修改这门课"),
            (f"{served}/", "老师正在修改这门课"),
        ):
            answer = member.goto(address)
            assert answer is not None
            assert answer.status == 200, address
            expect(member.locator("body")).to_contain_text(sentence)
            assert sticks_out(member) == [], address
    finally:
        desk.goto(f"{served}/admin/bulk/wagtailcore/page/publish/?id={page_id}")
        sure(desk, "是，发布")
        sure(desk, "我知道了，发布")
    member.goto(lesson)
    expect(member.locator("#player")).to_be_visible()
