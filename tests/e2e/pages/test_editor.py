"""An author at her desk in a real browser: a mistake, a lost session, a second window cost her nothing she typed."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, TimeoutError, expect

from tests.e2e.acts import PASSWORD, desk_context, sign_in, wait_until
from tests.e2e.pages.tour import ORGANISER

pytestmark = pytest.mark.e2e
SAVE, AUTOSAVED = "footer button.action-save", "#w-autosave-indicator[data-w-autosave-state-value=saved]"
NOTICE = ".editor-ended"
WATCHED = "document.addEventListener('w-unsaved:watch-edits', () => { window.isWatched = true; });"
# What the form holds is what was last stored; a rich text block writes into its field a quarter of a second late.
STORED = f"""() => {{
  const form = wagtail.app.queryController("w-unsaved");
  return form.formData === form.initialFormData && document.querySelector("{AUTOSAVED}") !== null;
}}"""

HELD = """words => {
  const fields = [...document.querySelectorAll("#page-edit-form textarea, #page-edit-form input")];
  return fields.some((one) => one.value.includes(words));
}"""
STANDING = """() => {
  const form = wagtail.app.queryController("w-unsaved");
  const indicator = document.querySelector("#w-autosave-indicator");
  return { changed: form.formData !== form.initialFormData, ...(indicator ? indicator.dataset : {}) };
}"""


@pytest.fixture
def desk(browser: Browser, served: str) -> Iterator[tuple[BrowserContext, Page]]:
    context = desk_context(browser)
    context.add_init_script(WATCHED)
    yield context, sign_in(context, served, ORGANISER)
    context.close()


def pages(page: Page, served: str, kind: str) -> list[dict[str, Any]]:
    """The organiser's pages of one kind, as the explorer's own menu asks for them."""
    listed = page.request.get(f"{served}/admin/api/main/pages/?fields=*").json()["items"]
    return [item for item in listed if item["meta"]["type"] == f"cms.{kind}"]


def a_course(page: Page, served: str) -> str:
    """The number of one of the organiser's courses."""
    return str(pages(page, served, "CoursePage")[0]["id"])


def open_editor(page: Page, address: str) -> None:
    page.goto(address)
    # Wagtail takes what stands in the form in its first moments as unchanged, and stores it only with the next change.
    page.wait_for_function("window.isWatched")


def add_block(page: Page, name: str) -> None:
    """Add a block at the end of the lesson."""
    page.locator(".c-sf-add-button").last.click()
    page.get_by_role("option", name=name, exact=True).click()


def write(page: Page, words: str) -> None:
    """Type into the last rich text block and wait until Wagtail has stored it."""
    page.locator("[contenteditable=true]").last.click()
    page.keyboard.type(words)
    wait_for_storing(page, words)


def wait_for_storing(page: Page, words: str = "") -> None:
    """``words``: what was typed last, which is in the form a while after it stands there."""
    page.wait_for_function(HELD, arg=words)
    page.wait_for_timeout(600)
    try:
        page.wait_for_function(STORED)
    except TimeoutError as error:
        raise AssertionError(f"not stored: {page.evaluate(STANDING)}") from error


def refuse_once(page: Page) -> list[str]:
    """The next autosave meets a server that cannot; return where what was refused will stand."""
    refused: list[str] = []

    def answer(route: Route) -> None:
        if route.request.method == "POST" and not refused:
            refused.append(route.request.url)
            route.fulfill(status=503, body="busy")
        else:
            route.continue_()

    page.route("**/edit/", answer)
    return refused


def publish(page: Page) -> None:
    page.locator("footer [data-w-dropdown-target=toggle]").first.click()
    page.locator("button[name=action-publish]").click()


def written(page: Page, served: str) -> str:
    """What a fresh look at the lesson that ``page`` edits would find: title and text."""
    fresh = page.context.new_page()
    fresh.goto(page.url)
    found = [fresh.locator("#id_title").input_value(), *fresh.locator("[contenteditable=true]").all_inner_texts()]
    fresh.close()
    return " / ".join(words.strip() for words in found)


def test_a_lesson_is_kept_from_the_first_word_through_a_mistake(desk: tuple[BrowserContext, Page], served: str) -> None:
    _context, page = desk
    open_editor(page, f"{served}/admin/pages/add/cms/lessonpage/{a_course(page, served)}/")
    add_block(page, "文字")
    write(page, "先看路，再走。")
    page.wait_for_url(re.compile(r"/admin/pages/\d+/edit/"))
    assert written(page, served) == "未命名的课 / 先看路，再走。"
    refused = refuse_once(page)
    page.keyboard.type("慢走。")
    wait_for_storing(page, "慢走。")
    assert refused
    assert written(page, served) == "未命名的课 / 先看路，再走。慢走。"
    page.unroute_all()
    add_block(page, "视频")
    page.get_by_role("button", name="选择视频").last.click()
    page.locator("[data-chooser-modal-choice]").first.click()
    chosen = page.locator("[data-chooser-title]").last
    expect(chosen).to_be_visible()
    title = chosen.inner_text()
    add_block(page, "图片")
    wait_for_storing(page)
    publish(page)
    expect(page.locator(".messages")).to_contain_text("您写的都还在")
    expect(page.locator(".messages")).not_to_contain_text("又保存过一次")
    expect(page.get_by_text("请写上名称。", exact=True)).to_be_visible()
    expect(page.get_by_text("这里还没有选图片。请选一张，或删掉这一块。", exact=True)).to_be_visible()
    assert title in page.locator("[data-chooser-title]").all_inner_texts()
    expect(page.locator("[contenteditable=true]")).to_have_text("先看路，再走。慢走。")
    page.locator("[data-streamfield-child] button[title=删除], button[title=删除]").last.click()
    page.fill("#id_title", "怎样走夜路")
    publish(page)
    # The course is given: whom one lesson more touches is said first.
    expect(page.locator("[data-uses] li").first).to_contain_text("人在学")
    page.get_by_role("button", name="我知道了，发布").click()
    page.wait_for_url(re.compile(r"/admin/pages/\d+/$"))
    expect(page.locator(".messages")).to_contain_text("怎样走夜路")
    page.goto(lesson_called(page, served, "怎样走夜路"))
    expect(page.locator("[data-chooser-title]").first).to_have_text(title)


def lesson_called(page: Page, served: str, title: str) -> str:
    lessons = pages(page, served, "LessonPage")
    return f"{served}/admin/pages/{next(item['id'] for item in lessons if item['title'] == title)}/edit/"


def sign_out_elsewhere(context: BrowserContext, served: str) -> None:
    other = context.new_page()
    other.goto(f"{served}/accounts/logout/")
    other.locator("main form .btn").first.click()
    other.wait_for_url("**/accounts/login/**")
    other.close()


def sign_in_from_the_notice(context: BrowserContext, page: Page) -> None:
    with context.expect_page() as opened:
        page.locator(f"{NOTICE} a").click()
    other = opened.value
    other.fill("form.signin [name=login]", ORGANISER)
    other.fill("form.signin [name=password]", PASSWORD)
    other.click("form.signin .btn")
    other.wait_for_url(lambda url: "/accounts/" not in url)
    other.close()


def is_gone(page: Page) -> bool:
    """Whether the notice is; while it is not, the author goes on by its button."""
    if page.locator(NOTICE).count() == 0:
        return True
    with contextlib.suppress(TimeoutError):
        page.locator(f"{NOTICE} button").click(timeout=3000)
    return False


@pytest.mark.parametrize("how", ["by itself", "on save"])
def test_a_session_that_ends_while_writing_costs_nothing(
    desk: tuple[BrowserContext, Page], served: str, how: str
) -> None:
    context, page = desk
    open_editor(page, f"{served}/admin/pages/add/cms/lessonpage/{a_course(page, served)}/")
    page.fill("#id_title", f"断线 {how}")
    add_block(page, "文字")
    write(page, "第一句。")
    page.wait_for_url(re.compile(r"/admin/pages/\d+/edit/"))
    sign_out_elsewhere(context, served)
    page.locator("[contenteditable=true]").last.click()
    page.keyboard.press("End")
    page.keyboard.type("第二句。")
    if how == "on save":
        page.locator(SAVE).click()
    expect(page.locator(NOTICE)).to_contain_text("您已退出登录，写的内容都还在这一页上。")
    page.locator(f"{NOTICE} button").click()
    expect(page.locator(NOTICE)).to_contain_text("还没有登录")
    expect(page.locator("[contenteditable=true]")).to_have_text("第一句。第二句。")
    sign_in_from_the_notice(context, page)
    # Coming back to the window may have gone on by itself.
    wait_until("the notice to go", lambda: is_gone(page))
    expect(page.locator(AUTOSAVED) if how == "by itself" else page.locator(".messages")).to_be_attached()
    wait_until("both sentences are stored", lambda: written(page, served) == f"断线 {how} / 第一句。第二句。")


def test_two_windows_on_one_lesson_are_told_of_each_other(
    desk: tuple[BrowserContext, Page], browser: Browser, served: str
) -> None:
    _context, page = desk
    open_editor(page, f"{served}/admin/pages/add/cms/lessonpage/{a_course(page, served)}/")
    page.fill("#id_title", "两个人写")
    add_block(page, "文字")
    write(page, "开头。")
    page.wait_for_url(re.compile(r"/admin/pages/\d+/edit/"))
    page.locator(SAVE).click()
    expect(page.locator(".messages")).to_contain_text("两个人写")
    second = page.context.new_page()
    open_editor(second, page.url)
    second.locator("[contenteditable=true]").last.click()
    second.keyboard.press("End")
    second.keyboard.type("她加的。")
    wait_for_storing(second, "她加的。")
    page.fill("#id_title", "两个人写，我改的")
    expect(page.locator("#w-autosave-indicator[data-w-autosave-state-value=paused]")).to_be_attached()
    expect(page.get_by_text("别人保存了更新的版本，自动保存会盖掉它。").first).to_be_attached()
    assert written(page, served) == "两个人写 / 开头。她加的。"
    assert page.locator("#id_title").input_value() == "两个人写，我改的"
