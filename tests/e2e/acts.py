"""What people do in a browser: sign in, open a page, wait for a word. Shared by the end-to-end tests."""

import io
import json
import re
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from openpyxl import load_workbook
from playwright.sync_api import Browser, BrowserContext, Page, expect

PASSWORD = "fingertip-demo"
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "locale": "zh-CN"}


def phone_context(browser: Browser, context_args: dict[str, Any], script: str = "") -> BrowserContext:
    """A fresh phone; ``script`` runs before every page (to take an ability away)."""
    context = browser.new_context(**context_args)
    if script:
        context.add_init_script(script)
    return context


def desk_context(browser: Browser) -> BrowserContext:
    return browser.new_context(**DESK)


def sign_in(context: BrowserContext, base: str, account: str, password: str = PASSWORD) -> Page:
    """Sign in by phone number and password; return the page that follows."""
    page = context.new_page()
    page.goto(f"{base}/accounts/login/")
    page.fill("form.signin [name=login]", account)
    page.fill("form.signin [name=password]", password)
    page.click("form.signin .btn")
    page.wait_for_url(lambda url: "/accounts/" not in url)
    return page


def sign_in_by_code(context: BrowserContext, base: str, account: str) -> Page:
    """Sign in by phone number and the code that the demo shows instead of sending it."""
    page = context.new_page()
    page.goto(f"{base}/accounts/login/code/")
    page.fill("form.signin [name=phone]", account)
    page.click("form.signin .btn")
    shown = page.locator(".notice b").first.inner_text()
    code = re.sub(r"\D", "", shown)
    assert len(code) == 6, shown
    page.fill("form.signin [name=code]", code)  # with its last digit it goes by itself
    page.wait_for_url(lambda url: "/accounts/" not in url)
    return page


def wait_until(what: str, ask: Callable[[], Any], patience_s: float = 120) -> Any:
    """Return the first true answer; raise AssertionError naming ``what`` was waited for."""
    deadline = time.monotonic() + patience_s
    answer = None
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.3)
    raise AssertionError(f"waited {patience_s} s in vain for: {what} (last answer {answer!r})")


def get_json(page: Page, url: str) -> Any:
    """Fetch with the page's session, as its own scripts do."""
    answer = page.request.get(url)
    assert answer.ok, f"{url}: {answer.status}"
    return json.loads(answer.text())


def expect_text(page: Page, selector: str, text: str) -> None:
    expect(page.locator(selector).first).to_contain_text(text)


def choose(page: Page, field: str, label: str) -> None:
    """Choose the option whose text contains ``label``."""
    option = page.locator(f"select[name={field}] option", has_text=label).first
    page.select_option(f"select[name={field}]", value=option.get_attribute("value"))


def choose_unit(page: Page, field: str, name: str) -> None:
    """Choose the unit of exactly this name, as whoever types it does."""
    page.fill(f"[name={field}_text]", name)


def plan_for_now(page: Page, minutes: int) -> None:
    """Fill in that a lecture begins in this minute: the last of the form, for it has to be saved before its end."""
    page.fill("[name=minutes]", str(minutes))
    page.fill("[name=starts_at]", f"{datetime.now(ZoneInfo('Asia/Shanghai')):%Y-%m-%d %H:%M}")


def in_its_room(page: Page) -> None:
    """Wait until the room has answered: from then on the one who sits there is counted as soon as it counts."""
    expect(page.locator("#status")).to_contain_text("连接良好")


def save_lecture(page: Page, title: str) -> str:
    """Save the schedule's form; return where the lecture stands.

    The demonstration's lecturer may have another lecture now: that is asked about, and agreed to.
    """
    page.locator("[name=minutes]").press("Enter")
    sure = page.get_by_label("我知道了，就这样保存")
    link = page.get_by_role("link", name=title)
    expect(sure.or_(link).first).to_be_visible()
    if sure.is_visible():
        page.wait_for_load_state()
        sure.check()
        page.locator("[name=minutes]").press("Enter")
    page.wait_for_url("**/admin/live/schedule/")
    return link.first.get_attribute("href") or ""


def read_sheet(page: Page, url: str) -> dict[str, dict[str, Any]]:
    """Download an XLSX with the page's session and return its rows by name."""
    answer = page.request.get(url)
    assert answer.status == 200, answer.status
    rows = load_workbook(io.BytesIO(answer.body()), read_only=True).active.iter_rows(values_only=True)
    table = [list(row) for row in rows]
    head = next(index for index, row in enumerate(table) if "姓名" in row)
    columns = table[head]
    found = [dict(zip(columns, row, strict=False)) for row in table[head + 1 :] if any(row)]
    return {str(row["姓名"]): row for row in found if row.get("姓名")}
