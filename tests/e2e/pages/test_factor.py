"""The second step of signing in, in a real browser with a device that makes passkeys (WebAuthn over CDP)."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PHONE
from tests.e2e.pages.browser import sticks_out
from tests.organizations.authenticator import code_now
from tests.sites import Site, running_site

pytestmark = pytest.mark.e2e
NUMBER, PASSWORD = "13800000051", "a-password-of-hers-7"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A new site whose operators need a second step, by the one name for which browsers need no https."""
    with running_site(DEMO="0", SITE_URL="http://localhost:8000", SECOND_FACTOR_ROLES="operator") as running:
        yield running


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    context = browser.new_context(**PHONE, service_workers="block", base_url=site.url.replace("127.0.0.1", "localhost"))
    yield context.new_page()
    context.close()


def sign_in(page: Page) -> None:
    page.context.clear_cookies()
    page.goto("/accounts/login/")
    page.fill("[name=login]", NUMBER)
    page.fill("[name=password]", PASSWORD)
    page.click("form.signin .btn")
    page.wait_for_url("**/accounts/factor/sign-in/")
    assert sticks_out(page) == []


def test_an_operator_gets_in_by_a_passkey_and_by_a_recovery_code(site: Site, page: Page) -> None:
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    held = device.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]
    told = site.manage("add_operator", NUMBER, "--name", "李明", "--organisation", "云溪县").stdout
    page.goto(re.search(r"/accounts/link/[\w-]+/", told)[0])
    page.click("main .btn")
    page.fill("[name=password1]", PASSWORD)
    page.fill("[name=password2]", PASSWORD)
    page.click("main .btn")
    page.wait_for_url(lambda url: "/password/set/" not in url)
    page.goto("/people/")
    expect(page.locator("h1")).to_have_text("登录验证")
    assert sticks_out(page) == []

    page.click("a[href='/accounts/factor/passkey/']")
    page.wait_for_load_state()  # the button is a script's
    page.click("#passkey-add")
    page.wait_for_url("**/accounts/factor/codes/")
    spare = page.input_value("#codes").split()
    assert len(spare) == 10
    assert sticks_out(page) == []
    page.click("a[href='/people/']")
    expect(page.locator("h1")).to_have_text("人员")

    page.goto("/accounts/factor/app/")
    secret = page.inner_text(".digest").replace(" ", "")
    page.fill("[name=code]", "000000")
    page.click("form.signin .btn")
    expect(page.locator(".errors")).to_be_visible()
    assert page.inner_text(".digest").replace(" ", "") == secret
    assert sticks_out(page) == []
    page.fill("[name=code]", code_now(secret, later=1))  # good for a minute at least
    page.click("form.signin .btn")
    page.wait_for_url("**/accounts/factor/")
    expect(page.locator("main")).to_contain_text("验证器")

    sign_in(page)
    page.click("#passkey-use")
    page.wait_for_url(lambda url: "/accounts/" not in url)
    assert page.goto("/people/").url.endswith("/people/")

    sign_in(page)
    page.fill("[name=code]", spare[0])
    page.click("form.signin .btn")
    page.wait_for_url(lambda url: "/accounts/" not in url)

    sign_in(page)  # a device that knows no passkey of this person
    device.send("WebAuthn.clearCredentials", {"authenticatorId": held})
    page.click("#passkey-use")
    expect(page.locator("#passkey-failed")).to_be_visible()
    expect(page.locator("[name=code]")).to_be_visible()
