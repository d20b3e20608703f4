"""The service worker on the real site: an offline page, static files, and nothing personal."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.pages.browser import Tourist
from tests.e2e.pages.tour import MEMBER

pytestmark = pytest.mark.e2e


@pytest.fixture
def page(browser: Browser, served: str) -> Iterator[Page]:
    """A member's phone with the worker in charge of the page."""
    tourist = Tourist(browser, served)
    with tourist.visiting(MEMBER, service_workers="allow") as context:
        page = context.new_page()
        page.goto(tourist.base + "/")
        page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
        page.reload()
        yield page


def test_without_a_network_the_offline_page_says_the_next_step(page: Page) -> None:
    page.context.set_offline(True)
    page.goto(page.url + "me/")
    expect(page.locator("h1")).to_have_text("没有连上网络")
    page.context.set_offline(False)
    page.click("main .btn")
    page.wait_for_selector("nav.nav")


def test_it_keeps_static_files_and_the_offline_page_only(page: Page) -> None:
    page.goto(page.url + "me/")
    kept = page.evaluate(
        """async () => {
          const names = await caches.keys();
          const lists = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
          return lists.flat().map((request) => new URL(request.url).pathname);
        }"""
    )
    assert "/offline/" in kept
    assert [path for path in kept if path != "/offline/" and not path.startswith("/static/")] == []


def test_a_lost_line_is_said_calmly_and_taken_back(page: Page) -> None:
    page.context.set_offline(True)
    line = page.locator("#line")
    expect(line).to_be_visible()
    expect(line).to_have_text("网络断了，正在等网络")
    page.context.set_offline(False)
    page.wait_for_function("document.getElementById('line').classList.contains('back')")
    line.wait_for(state="hidden")
