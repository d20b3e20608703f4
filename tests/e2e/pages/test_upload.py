"""The upload page in the browser: a session that ends, another device, the same file twice, a file too large."""

import os
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.acts import desk_context, phone_context, sign_in
from tests.e2e.pages.tour import ORGANISER

pytestmark = pytest.mark.e2e
MIB = 2**20
SLOW = {"offline": False, "latency": 20, "downloadThroughput": -1, "uploadThroughput": 700 * 1024}


def noise(name: str, size: int) -> dict[str, Any]:
    return {"name": name, "mimeType": "video/mp4", "buffer": os.urandom(size)}


def open_page(context: BrowserContext, served: str) -> tuple[Page, list[str]]:
    """The upload page of the organiser, on a slow line; and what it asks of the server from now on."""
    page = sign_in(context, served, ORGANISER)
    page.goto(f"{served}/admin/videos/new/")
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW)
    asked: list[str] = []
    page.on("response", lambda answer: asked.append(f"{answer.request.method} {answer.status}"))
    return page, asked


def choose(page: Page, file: dict[str, Any]) -> None:
    page.set_input_files("[data-file]", file)


def percent(page: Page) -> int:
    found = re.search(r"(\d+)%", page.locator("[data-numbers]").inner_text())
    return int(found[1]) if found else 0


def wait_for_percent(page: Page, least: int) -> None:
    page.wait_for_function(
        "least => Number((/(\\d+)%/.exec(document.querySelector('[data-numbers]').textContent) || [0, 0])[1]) >= least",
        arg=least,
    )


def test_signing_in_again_in_another_tab_is_enough(browser: Browser, served: str) -> None:
    context = desk_context(browser)
    page, asked = open_page(context, served)
    choose(page, noise("开会.mp4", 5 * MIB))
    page.fill("[data-title]", "党课第一讲")
    page.click("[data-start]")
    wait_for_percent(page, 30)
    context.clear_cookies(name="sessionid")
    status = page.locator("[data-status]")
    expect(status).to_have_text("登录已过期。请在另一个标签页重新登录，再回来按“继续”，已传的部分会保留。")
    kept = percent(page)
    page.click("[data-resume]")  # too early: nothing may be lost by it
    expect(page.locator("[data-resume]")).to_be_visible()
    expect(status).to_contain_text("登录已过期")
    other = sign_in(context, served, ORGANISER)
    other.close()
    asked.clear()
    page.click("[data-resume]")
    expect(page.locator("[data-made]")).to_be_visible(timeout=120_000)
    assert ("POST 201" in asked, "HEAD 200" in asked, kept > 0) == (False, True, True)
    expect(page.locator("[data-numbers]")).to_have_text("5.0 / 5.0 MB · 100%")
    # Until the first answer about the video the link leads to the list.
    expect(page.locator("[data-open]")).to_have_attribute("href", re.compile("/edit/"))
    page.click("[data-open]")
    expect(page.locator("[name=title]")).to_have_value("党课第一讲")
    context.close()


def test_upload_goes_on_on_another_device_and_the_same_file_is_recognised(
    browser: Browser, served: str, browser_context_args: dict[str, Any]
) -> None:
    file = noise("防汛演练.mp4", 4 * MIB)
    desk = desk_context(browser)
    page, _asked = open_page(desk, served)
    choose(page, file)
    page.fill("[data-title]", "防汛")
    page.click("[data-start]")
    wait_for_percent(page, 30)
    desk.close()  # the page is simply gone

    phone = phone_context(browser, browser_context_args)
    page, asked = open_page(phone, served)
    expect(page.locator("[data-unfinished]", has_text="防汛演练.mp4")).to_be_visible()
    choose(page, file)
    expect(page.locator("[data-status]")).to_have_text(re.compile(r"这个文件已传 \d+%，会从断开的地方继续。"))
    expect(page.locator("[data-title]")).to_have_value("防汛")
    page.fill("[data-title]", "防汛演练（二）")
    page.click("[data-start]")
    expect(page.locator("[data-made]")).to_be_visible(timeout=120_000)
    assert "POST 201" not in asked
    expect(page.locator("[data-unfinished]", has_text="防汛演练.mp4")).to_have_count(0)
    expect(page.locator("h1")).to_have_text("上传视频")
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/upload-done-360.png", full_page=True)
    page.goto(f"{served}/admin/videos/new/")
    choose(page, file)
    expect(page.locator("[data-status]")).to_have_text(
        "这个文件最近传过，名称是“防汛演练（二）”。要再传一份，请按“开始上传”。"
    )
    expect(page.locator("[data-start]")).to_be_enabled()
    phone.close()


def test_page_with_an_old_token_says_what_to_do_and_a_too_large_file_its_limit(browser: Browser, served: str) -> None:
    context = desk_context(browser)
    page, _asked = open_page(context, served)
    choose(page, noise("会议.mp4", MIB))
    context.clear_cookies(name="csrftoken")
    page.click("[data-start]")
    expect(page.locator("[data-status]")).to_have_text(
        "页面放得太久了。请刷新页面，再选同一个文件，会从断开的地方继续。"
    )
    page.goto(f"{served}/admin/videos/new/")
    page.evaluate("""() => {
      const input = document.querySelector('[data-file]');
      const file = new File(['x'], '大.mp4');
      Object.defineProperty(file, 'size', {value: 9 * 2 ** 30});
      Object.defineProperty(input, 'files', {value: [file]});
      input.dispatchEvent(new Event('change'));
    }""")
    expect(page.locator("[data-status]")).to_have_text("文件太大：最大 8.0\xa0GB。请压缩，或者分成几段再上传。")
    expect(page.locator("[data-start]")).to_be_disabled()
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/upload-large-1280.png", full_page=True)
    context.close()
