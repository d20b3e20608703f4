"""What is asked in a room, as a lecturer and two members see it on their phones, before the picture comes."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.acts import phone_context, sign_in
from tests.e2e.pages.test_room_picture import schedule
from tests.e2e.pages.tour import LECTURER

pytestmark = pytest.mark.e2e
ASKER, VOTER = "13800000004", "13800000005"


def opened(browser: Browser, served: str, phone: dict[str, Any], account: str, path: str) -> Page:
    page = sign_in(phone_context(browser, phone), served, account)
    page.goto(f"{served}{path}")
    return page


def test_a_poll_a_question_and_a_notice_from_the_desk_to_the_phone_and_back(
    browser: Browser, served: str, browser_context_args: dict[str, Any]
) -> None:
    room = f"/live/{schedule(browser, served, '防汛答题')}/"
    host = opened(browser, served, browser_context_args, LECTURER, f"{room}host/")
    member, other = (opened(browser, served, browser_context_args, who, room) for who in (ASKER, VOTER))
    expect(member.locator("#status")).to_contain_text("连接良好")
    # A quiz is written, changed and opened; one tap on the phone answers.
    host.tap("#tab-polls")
    host.tap("#poll-new")
    host.fill("#poll-new-text", "水来了先做什么？")
    host.check("#poll-quiz")
    for place, option in enumerate(("往高处走", "收拾东西")):
        host.fill(f"#poll-option-{place}", option)
    host.tap("#poll-form [type=submit]")
    expect(host.locator("#polls-note")).to_contain_text("勾选正确答案")
    host.check("#poll-right-0")
    host.tap("#poll-form [type=submit]")
    host.get_by_role("button", name="发起").tap()
    member.locator(".poll-option").nth(1).tap()
    expect(member.locator("#poll-note")).to_contain_text("已记下：收拾东西")
    member.reload()
    expect(member.locator("#poll-note")).to_contain_text("已记下：收拾东西")
    member.tap("#poll-change")
    member.locator(".poll-option").nth(0).tap()
    expect(member.locator("#poll-note")).to_contain_text("已记下：往高处走")
    expect(host.locator("#polls")).to_contain_text("已有 1 人回答")
    host.get_by_role("button", name="结束作答").tap()
    expect(member.locator("#poll-note")).to_contain_text("答对了")
    expect(member.locator("#poll-options")).not_to_contain_text("1 人")
    host.get_by_role("button", name="公布结果").tap()
    expect(member.locator("#poll-options")).to_contain_text("1 人")
    expect(other.locator("#poll-note")).to_contain_text("您没有回答")
    for page in (member, other):
        page.tap("#poll-done")
        page.tap("#tab-questions")
    # A question is asked, another one asks the same, the host answers it.
    member.fill("#ask-text", "老人怎么转移？")
    member.tap("#ask-send")
    other.get_by_role("button", name="我也想问").tap()
    host.tap("#tab-questions")
    expect(host.locator("#questions")).to_contain_text("1 人也想问")
    host.get_by_role("button", name="正在回答").tap()
    expect(member.locator("#ask-note")).to_contain_text("讲师正在回答您的问题")
    # A notice comes and goes.
    host.tap("#tab-people")
    host.fill("#notice-new", "下午三点在村委会集合")
    host.tap("#notice-form [type=submit]")
    expect(other.locator("#notice")).to_contain_text("下午三点")
    host.tap("#notice-off")
    expect(other.locator("#notice")).to_be_hidden()
    # Counts stay readable, and name nobody.
    host.goto(f"{served}{room}asked/")
    expect(host.locator("main")).to_contain_text("1 人回答")
    expect(host.locator("main")).to_contain_text("老人怎么转移？")
    answer = other.request.get(f"{served}{room}asked/")
    assert answer.status == 404
    for page in (host, member, other):
        page.context.close()
