"""微信 in a real browser that says it is WeChat's: linked once after a code by SMS, then one tap; and a computer's."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.conftest import PHONE
from tests.e2e.pages.browser import DESK, sticks_out
from tests.organizations.sms_gateway import gateway
from tests.organizations.wechat_server import (
    IN_WECHAT,
    ON_A_PC,
    SERVICE,
    SERVICE_SECRET,
    WEB,
    WEB_SECRET,
    Wechat,
)
from tests.sites import Site, running_site

pytestmark = pytest.mark.e2e
NUMBER, OWN = "13800000001", "/me/sign-in/"
Open = Callable[[str, str], Page]


@pytest.fixture(scope="module")
def wechat() -> Iterator[Wechat]:
    with gateway() as server:
        yield Wechat(server)


@pytest.fixture(scope="module")
def site(wechat: Wechat) -> Iterator[Site]:
    keys = {"WECHAT_APP_ID": SERVICE, "WECHAT_APP_SECRET": SERVICE_SECRET}
    keys |= {"WECHAT_WEB_APP_ID": WEB, "WECHAT_WEB_APP_SECRET": WEB_SECRET}
    with running_site(**keys, WECHAT_ENDPOINT=wechat.server.url) as running:
        yield running


@pytest.fixture
def open_in(browser: Browser, site: Site, wechat: Wechat) -> Iterator[Open]:
    """Open a browser of somebody's (``who`` at WeChat); WeChat's own page has one link, by which they agree."""
    contexts = []

    def begin(agent: str, who: str) -> Page:
        shape: dict[str, Any] = {**PHONE, "user_agent": agent} if agent == IN_WECHAT else {"viewport": DESK}
        shape = {"locale": "zh-CN", **shape, "user_agent": agent}
        context = browser.new_context(**shape, service_workers="block", base_url=site.url)
        contexts.append(context)

        def agree(route: Route) -> None:
            asked = {name: values[0] for name, values in parse_qs(urlsplit(route.request.url).query).items()}
            code = wechat.scan(asked["appid"], asked["scope"], who)
            back = f"{asked['redirect_uri']}?code={code}&state={asked['state']}"
            route.fulfill(content_type="text/html", body=f'<!doctype html><a id="agree" href="{back}">ok</a>')

        context.route("https://open.weixin.qq.com/**", agree)
        return context.new_page()

    yield begin
    for context in contexts:
        context.close()


def agree(page: Page) -> None:
    """From the page that leads to WeChat by itself, through WeChat's."""
    page.click("#agree")


def test_linked_once_it_is_one_tap_on_the_phone_and_a_code_to_scan_on_the_computer(open_in: Open) -> None:
    page = open_in(IN_WECHAT, "zhang")
    page.goto("/me/")
    page.click("form[action='/accounts/with/wechat/'] .btn")
    agree(page)
    expect(page.locator("h1")).to_have_text("这个微信还没有绑定")
    assert sticks_out(page) == []
    page.click("main .card .btn")
    page.fill("[name=phone]", NUMBER)
    page.click("form.signin .btn")
    page.fill("[name=code]", page.locator("[role=status] b").inner_text())  # six digits send themselves
    page.wait_for_url(f"**{OWN}")
    assert sticks_out(page) == []
    page.click("[name=bind]")
    agree(page)
    expect(page.get_by_text("已绑定。以后在登录页点“用微信登录”")).to_be_visible()
    assert sticks_out(page) == []

    page.context.clear_cookies()
    page.goto("/me/")
    page.click("form[action='/accounts/with/wechat/'] .btn")
    agree(page)
    page.wait_for_url("**/me/")

    computer = open_in(ON_A_PC, "zhang")
    computer.goto(OWN)
    expect(computer.locator("form[action='/accounts/with/wechat/']")).to_have_count(0)
    computer.click("form[action='/accounts/with/wechat_web/'] .btn")
    agree(computer)
    computer.wait_for_url(f"**{OWN}")
    computer.click("form:has([name=link]) .step")
    expect(computer.get_by_text("已解除，不能再用它登录。")).to_be_visible()
    expect(computer.locator("[name=bind]")).to_have_text("以后用微信登录")
