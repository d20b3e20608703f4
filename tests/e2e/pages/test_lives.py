"""Whole lives in the browser: a number that changes hands, a person who leaves and returns, a hall, a dispute."""

import io
import re
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.acts import desk_context, phone_context, sign_in
from tests.e2e.pages.tour import OPERATOR, SECRETARY

pytestmark = pytest.mark.e2e
HEIR, LEAVER, DISPUTER = "13800000009", "13800000008", "13800000007"
Row = dict[str, Any]


def name_of(page: Page, served: str) -> str:
    page.goto(f"{served}/")
    return page.locator("h1").inner_text().split("，")[0].strip()


def sheet(*rows: list[str]) -> dict[str, Any]:
    book, file = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return {"name": "名册.xlsx", "mimeType": "application/octet-stream", "buffer": file.getvalue()}


def exported(page: Page, served: str) -> list[Row]:
    """The roster as the operator takes it away."""
    answer = page.request.get(f"{served}/roster/export.xlsx")
    assert answer.status == 200, answer.status
    rows = list(load_workbook(io.BytesIO(answer.body()), read_only=True).worksheets[0].iter_rows(values_only=True))
    head = next(index for index, row in enumerate(rows) if "姓名" in row)
    return [dict(zip(rows[head], row, strict=False)) for row in rows[head + 1 :] if any(row)]


def upload(page: Page, served: str, file: dict[str, Any]) -> None:
    page.goto(f"{served}/roster/")
    page.set_input_files("[name=file]", file)
    page.click("main form .btn")


def member(browser: Browser, served: str, phone: dict[str, Any], account: str) -> tuple[BrowserContext, Page, str]:
    context = phone_context(browser, phone)
    page = sign_in(context, served, account)
    return context, page, name_of(page, served)


def test_a_number_that_changed_hands_is_asked_about_and_takes_nothing_along(
    browser: Browser, served: str, browser_context_args: dict[str, Any]
) -> None:
    holder_context, holder, name = member(browser, served, browser_context_args, HEIR)
    holder.goto(f"{served}/me/")
    records = holder.locator("main").inner_text()
    context = desk_context(browser)
    page = sign_in(context, served, OPERATOR)
    unit = next(row["组织"] for row in exported(page, served) if row["姓名"] == name)
    upload(page, served, sheet(["组织", "姓名", "手机号"], [unit, "欧阳新来", HEIR]))
    expect(page.locator("h1")).to_contain_text("先请您确认")
    expect(page.locator("#answers")).to_contain_text(name)
    page.click("button[form=answers]")  # no answer: asked again, nothing done
    expect(page.locator("h1")).to_contain_text("先请您确认")
    page.locator("#answers label", has_text="换了人").first.click()
    page.click("button[form=answers]")
    expect(page.locator("h1")).to_contain_text("还没有导入")
    page.click("button[form=confirm]")
    page.goto(f"{served}/people/?q=欧阳新来")
    expect(page.locator("main")).to_contain_text("欧阳新来")
    page.goto(f"{served}/people/?q={name}")
    expect(page.locator("main")).to_contain_text(name)
    # The old holder is signed out at once; the number opens an empty record of somebody else, without a password.
    holder.goto(f"{served}/me/")
    expect(holder).to_have_url(re.compile("/accounts/login/"))
    assert records
    holder.goto(f"{served}/accounts/login/")
    holder.fill("form.signin [name=login]", HEIR)
    holder.fill("form.signin [name=password]", "fingertip-demo")
    holder.click("form.signin .btn")
    expect(holder).to_have_url(re.compile("/accounts/login/"))
    upload(page, served, sheet(["组织", "姓名", "手机号"], [unit, "欧阳新来", HEIR]))
    expect(page.locator("main")).not_to_contain_text("先请您确认")
    holder_context.close()
    context.close()


def test_a_person_leaves_and_returns_as_the_same_person(
    browser: Browser, served: str, browser_context_args: dict[str, Any]
) -> None:
    left_context, left, name = member(browser, served, browser_context_args, LEAVER)
    context = desk_context(browser)
    page = sign_in(context, served, OPERATOR)
    page.goto(f"{served}/people/?q={LEAVER[-4:]}")
    page.get_by_role("link", name=f"查看{name}").click()
    page.wait_for_url(re.compile(r"/people/\d+/"))
    person = page.url
    page.get_by_role("link", name="办理离开").click()
    page.select_option("[name=because]", "transferred")
    page.locator("main form .btn").first.click()
    page.goto(person)
    expect(page.locator("main")).to_contain_text("转出")
    left.goto(f"{served}/me/")
    expect(left).to_have_url(re.compile("/accounts/login/"))
    page.get_by_role("link", name="恢复 ›").click()
    page.locator("[name=phone]").fill(LEAVER)
    page.locator("main form .btn").first.click()
    page.goto(person)
    expect(page.get_by_role("link", name="办理离开")).to_be_visible()
    left_context.close()
    context.close()


def test_a_dispute_is_answered_with_its_correction_and_read(
    browser: Browser, served: str, browser_context_args: dict[str, Any]
) -> None:
    own_context, own, name = member(browser, served, browser_context_args, DISPUTER)
    own.goto(f"{served}/me/")
    own.locator("main a[href*='/me/records/']").last.click()
    expect(own.locator("details", has_text="有不对的地方")).to_be_visible()
    record = own.url
    own.locator("details", has_text="有不对的地方").locator("summary").click()
    own.fill("[name=text]", "我那天在会议室看的，没有带手机。")
    own.get_by_role("button", name="提交").click()
    expect(own.locator("main")).to_contain_text("会看到并答复")
    context = phone_context(browser, browser_context_args)
    page = sign_in(context, served, SECRETARY)
    page.goto(f"{served}/")
    page.locator("main a[href*='/branch/disputes/']").first.click()
    page.locator("main a[href*='/answer/']").first.click()
    expect(page.locator("main")).to_contain_text("没有带手机")
    page.get_by_role("button", name="答复本人").click()  # nothing written: said, and nothing lost
    expect(page.locator("[name=answer]")).to_be_visible()
    page.fill("[name=answer]", "已经核实，当时在会议室。")
    choice = page.locator("label", has_text="更正为").first
    becomes = choice.inner_text().split("“")[1].split("”")[0]
    choice.click()
    page.get_by_role("button", name="答复本人").click()
    own.goto(f"{served}/")
    expect(own.locator("main")).to_contain_text("已答复")
    own.goto(record)
    expect(own.locator("main")).to_contain_text("已经核实，当时在会议室。")
    expect(own.locator("main")).to_contain_text(becomes)
    assert name
    own_context.close()
    context.close()


def test_a_hall_is_ticked_seen_taken_back_and_ticked_again(
    browser: Browser, served: str, browser_context_args: dict[str, Any]
) -> None:
    context = phone_context(browser, browser_context_args)
    page = sign_in(context, served, SECRETARY)
    page.goto(f"{served}/branch/")
    page.locator("main a[href^='/branch/']").filter(has_text=re.compile(r"20\d\d")).first.click()
    page.locator("main a[href*='/hall/']").filter(has_text="登记集中收看").click()
    box = page.locator("#hall input[name=members]").first
    expect(box).to_be_visible()
    who = page.locator("#hall label.check").first.inner_text().split(" ")[0].split("\n")[0]
    box.check()
    page.get_by_role("button", name="登记在场的人").click()
    expect(page.locator("main")).to_contain_text("已登记")
    expect(page.locator("details", has_text=who).first).to_be_visible()  # the page has come back with it
    page.reload()
    batch = page.locator("details", has_text=who).first
    batch.locator("summary").click()
    page.get_by_role("button", name="撤回勾选的登记").first.click()
    expect(page.locator("#hall label.check", has_text=who).first).to_be_visible()
    page.locator("#hall label.check", has_text=who).first.click()
    page.get_by_role("button", name="登记在场的人").click()
    expect(page.locator("details", has_text=who).first).to_be_visible()
    context.close()
