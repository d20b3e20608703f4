"""Slides from the desk to the phone: a PDF is sent, a page is turned by a key, a reload keeps it, the member swaps."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.acts import desk_context, phone_context, sign_in
from tests.e2e.pages.test_room_picture import schedule
from tests.e2e.pages.tour import LECTURER
from tests.pdfs import make_pdf

pytestmark = pytest.mark.e2e
WATCHER = "13800000006"


def test_a_pdf_from_the_desk_to_the_phone(
    browser: Browser, served: str, browser_context_args: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "防汛讲稿.pdf"
    file.write_bytes(make_pdf(3))
    room = f"/live/{schedule(browser, served, '防汛课件')}/"
    host = sign_in(desk_context(browser), served, LECTURER)
    host.goto(f"{served}{room}host/")
    host.set_input_files("#slides-file", file)
    expect(host.locator("#decks")).to_contain_text("共 3 页")
    host.get_by_role("button", name="放映", exact=True).click()
    expect(host.locator("#slides-where")).to_have_text("第 1 页，共 3 页")
    member = sign_in(phone_context(browser, browser_context_args), served, WATCHER)
    member.goto(f"{served}{room}")
    expect(member.locator("#slide-of")).to_have_text("课件 1/3")
    picture = member.locator("#slide-page")  # one that has come is as wide as it was drawn
    host.locator("#slides-where").click()
    host.keyboard.press("ArrowRight")
    expect(member.locator("#slide-of")).to_have_text("课件 2/3")
    expect(picture).to_have_js_property("naturalWidth", 720)
    member.reload()
    expect(member.locator("#slide-of")).to_have_text("课件 2/3")
    expect(picture).to_have_js_property("naturalWidth", 720)
    # Which of the two is big the member says; each button is as high as a finger.
    slide = member.locator("#slide")
    before = slide.bounding_box()
    member.get_by_role("button", name="放大讲师").tap()
    after = slide.bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] < before["width"] / 2
    member.get_by_role("button", name="放大课件").tap()
    for button in (member.locator("#slide-swap"), host.locator("#slides-after"), host.locator(".slides-thumb").first):
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 48
    host.locator(".slides-thumb").nth(2).click()
    expect(member.locator("#slide-of")).to_have_text("课件 3/3")
    host.get_by_role("button", name="停止放映").click()
    expect(slide).to_be_hidden()
    for page in (host, member):
        page.context.close()
