"""A running product and a real Chromium. Run through tests/netns.sh, for the media engine needs a test address."""

from collections.abc import Generator, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.sites import Site, running_site

# Browsers, a media engine and sites share the machine: what is expected may take its time.
PATIENCE_MS = 120_000
expect.set_options(timeout=PATIENCE_MS)

CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
]
PHONE = {
    "viewport": {"width": 360, "height": 740},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
    "locale": "zh-CN",
    "user_agent": "Mozilla/5.0 (Linux; Android 10; M2006C3LC) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0 Mobile Safari/537.36",
}


SITE = pytest.StashKey[Site]()


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """The whole product with demo data; one for all tests of the session."""
    with running_site() as running:
        request.config.stash[SITE] = running
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A browser that waited in vain says nothing of what the server did."""
    report = yield
    log = item.config.stash[SITE].var_dir / "site.log" if SITE in item.config.stash else None
    if report.failed and log is not None and log.exists():
        report.sections.append(("the site's log", "\n".join(log.read_text(errors="replace").splitlines()[-40:])))
    return report


@pytest.fixture(scope="session")
def served(site: Site) -> str:
    """The base URL of the running product."""
    return site.url


def patient(browser: Browser) -> Browser:
    """Give all pages of a browser that patience with clicks and navigations, too."""
    make = browser.new_context

    def new_context(**asked: Any) -> BrowserContext:
        context = make(**asked)
        context.set_default_timeout(PATIENCE_MS)
        return context

    browser.new_context = new_context  # type: ignore[method-assign]
    return browser


@pytest.fixture(scope="session")
def browser(browser: Browser) -> Browser:
    return patient(browser)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, "executable_path": "/usr/bin/chromium", "args": CHROMIUM_ARGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, **PHONE}
