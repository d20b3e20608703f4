"""An organiser changes what others rely on, in the browser: on a desk and on a phone they read whom it touches, agree
once, and lose nothing that they typed."""

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.acts import desk_context, phone_context, sign_in, wait_until
from tests.e2e.pages.tour import ORGANISER

pytestmark = pytest.mark.e2e
SAVE = "#w-editor-form footer button[type=submit], form button.button[type=submit]"


def office(browser: Browser, base: str, context_args: dict[str, Any], size: int) -> Page:
    context = desk_context(browser) if size == 1280 else phone_context(browser, context_args)
    return sign_in(context, base, ORGANISER)


def fill_moment(page: Page, name: str, value: str) -> None:
    """Type a moment, and leave the field so that its calendar closes."""
    page.fill(f"[name={name}]", value)
    calendar = page.locator(".xdsoft_datetimepicker:visible")
    expect(calendar).to_have_count(1)
    outside = "document.body.dispatchEvent(new MouseEvent('mousedown', {bubbles: true}))"  # it may cover all
    page.wait_for_timeout(400)  # it listens for a click outside only a moment after it opened, or later
    wait_until("the calendar to close", lambda: page.evaluate(outside) and calendar.count() == 0)


def save(page: Page) -> None:
    with page.expect_navigation():  # what is asked of the page next is asked of the answer
        page.locator(SAVE).last.click()


def agree(page: Page) -> str:
    """Read what is asked, tick, and save again; return what was read."""
    box = page.locator("input[name=agreed]")
    expect(box).to_be_visible()
    told = page.locator("[role=alert]", has=box).inner_text()
    box.check()
    save(page)
    return told


def no_sideways(page: Page) -> None:
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide}px too wide"


@pytest.mark.parametrize("size", [1280, 360])
def test_plans_say_whom_they_touch(
    browser: Browser, served: str, browser_context_args: dict[str, Any], size: int
) -> None:
    page = office(browser, served, browser_context_args, size)
    now = datetime.now(ZoneInfo("Asia/Shanghai"))

    # A used training: a mistake keeps what was typed, a change asks, and after agreeing it is done.
    page.goto(f"{served}/admin/trainings/")
    page.goto(
        served + (page.locator("a[href*='/trainings/edit/']", has_text="下半年").first.get_attribute("href") or "")
    )
    was, title = page.input_value("[name=title]"), f"防汛避险 改 {size}"
    page.fill("[name=title]", title)
    deadline = page.input_value("[name=deadline_at]")
    fill_moment(page, "deadline_at", "9999-12-31 10:00")
    save(page)
    expect(page.locator("body")).to_contain_text("请检查年份")
    assert page.input_value("[name=title]") == title
    fill_moment(page, "deadline_at", deadline)
    save(page)
    no_sideways(page)
    assert re.search(r"名称改为“.*”：涉及 \d+ 场、\d+ 人", agree(page))
    page.wait_for_url("**/admin/trainings/")
    page.goto(served + (page.locator("a[href*='/trainings/edit/']", has_text=title).first.get_attribute("href") or ""))
    page.fill("[name=title]", was)
    save(page)
    agree(page)
    page.wait_for_url("**/admin/trainings/")

    # Deleting it is answered in words.
    page.goto(served + (page.locator("a[href*='/trainings/edit/']", has_text=was).first.get_attribute("href") or ""))
    page.goto(page.url.replace("/edit/", "/delete/"))
    expect(page.locator("main")).to_contain_text("还不能删除，因为")
    no_sideways(page)

    # A lecture by a date alone is asked about; then it is called off, after being asked.
    page.goto(f"{served}/admin/live/schedule/add/")
    page.fill("[name=node_text]", "云溪县")
    for name in ("training", "lecturer", "rule"):
        page.select_option(f"[name={name}]", index=1)
    page.fill("[name=title]", f"夜里的课 {size}")
    fill_moment(page, "starts_at", f"{now + timedelta(days=2 if size == 360 else 3):%Y-%m-%d}")
    save(page)
    no_sideways(page)
    assert "零点" in agree(page)
    page.wait_for_url("**/admin/live/schedule/")
    page.get_by_role("link", name=f"夜里的课 {size}").click()
    page.get_by_role("link", name="取消这场直播…").click()
    expect(page.locator("main")).to_contain_text("人的页面上消失")
    page.get_by_role("button", name="取消这场直播").click()
    page.wait_for_url("**/admin/live/schedule/")
    expect(page.get_by_role("link", name=f"夜里的课 {size}")).to_have_count(0)

    # A course that runs: only its end moves, with numbers; voiding asks for a reason.
    page.goto(f"{served}/admin/course-runs/")
    row = page.locator("tr", has_text="进行中").locator("a[href*='/course-runs/edit/']").first
    page.goto(served + (row.get_attribute("href") or ""))
    expect(page.locator("main")).to_contain_text("只能改截止时间")
    expect(page.locator("[name=training]")).to_be_disabled()
    sooner = datetime.strptime(page.input_value("[name=ends_at]"), "%Y-%m-%d %H:%M") - timedelta(days=1)  # noqa: DTZ007
    fill_moment(page, "ends_at", f"{sooner:%Y-%m-%d %H:%M}")
    save(page)
    no_sideways(page)
    assert re.search(r"应学 \d+ 人，已经学完的 \d+ 人不变", agree(page))
    page.wait_for_url("**/admin/course-runs/")
    page.goto(served + (row.get_attribute("href") or ""))
    page.get_by_role("link", name="作废…").click()
    expect(page.locator("main")).to_contain_text("作废不能撤销")
    expect(page.locator("[name=reason]")).to_be_visible()
    no_sideways(page)
    page.context.close()
