"""Two people share a phone whose browser keeps pages for its back button: phones do, Playwright by default not."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserType, Page, expect

from tests.e2e.acts import phone_context, sign_in
from tests.e2e.conftest import patient
from tests.e2e.pages.tour import LECTURER, MEMBER

pytestmark = pytest.mark.e2e
REPLAY, ROOM = "a[href*='/replay/']", "main a[href*='/host/']"


@pytest.fixture
def keeping(browser_type: BrowserType, browser_type_launch_args: dict[str, Any]) -> Iterator[Browser]:
    """A browser whose back/forward cache is on."""
    launched = browser_type.launch(**browser_type_launch_args, ignore_default_args=["--disable-back-forward-cache"])
    yield patient(launched)
    launched.close()


def back(page: Page, steps: int = 1) -> None:
    page.evaluate("(steps) => { setTimeout(() => history.go(-steps), 10); }", steps)
    page.wait_for_timeout(1500)


def room_of(browser: Browser, served: str) -> str:
    """The address of the demonstration's lecture, as its lecturer finds it."""
    page = sign_in(browser.new_context(), served, LECTURER)
    page.goto(f"{served}/live/")
    address = page.locator(ROOM).first.get_attribute("href") or ""
    page.context.close()
    return served + address.removesuffix("host/")


def test_after_signing_out_the_back_button_shows_nobody_elses_room(
    keeping: Browser, served: str, browser_context_args: dict[str, Any]
) -> None:
    room = room_of(keeping, served)
    context = phone_context(keeping, browser_context_args)
    page = sign_in(context, served, MEMBER)
    page.goto(f"{served}/")
    replay = page.locator(REPLAY).first.get_attribute("href")
    for address in (room, f"{served}{replay}"):
        answer = page.goto(address)
        assert answer is not None
        assert "no-store" in answer.headers["cache-control"], address
        assert page.locator("h1").count() >= 1
    page.goto(f"{served}/accounts/logout/")
    page.locator("main form .btn").first.click()
    page.wait_for_url("**/accounts/login/**")
    for _ in range(4):
        back(page)
        expect(page.locator("#player, #chat")).to_have_count(0)


def test_a_room_that_is_left_and_come_back_to_is_asked_anew(
    keeping: Browser, served: str, browser_context_args: dict[str, Any]
) -> None:
    room = room_of(keeping, served)
    page = sign_in(phone_context(keeping, browser_context_args), served, MEMBER)
    page.goto(room)
    first = page.evaluate("JSON.parse(document.getElementById('room-data').textContent).now")
    page.goto(f"{served}/")
    page.wait_for_timeout(1200)
    back(page)
    page.wait_for_function(
        """first => {
          const data = document.getElementById("room-data");
          return data && JSON.parse(data.textContent).now !== first;
        }""",
        arg=first,
    )
