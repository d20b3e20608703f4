"""What phone.md promises of every page and can be counted: bytes, requests, layout shift, barriers, width, targets.

Times are measured by ``bench/pages.py``; a busy machine must not fail a test.
"""

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.e2e.pages.browser import (
    Tourist,
    barriers,
    misnamed,
    open_quietly,
    small_targets,
    sticks_out,
    visit,
)
from tests.e2e.pages.tour import BUDGETED, MEMBERS_PAGES, Stop

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def tourist(browser: Browser, served: str) -> Tourist:
    return Tourist(browser, served)


@pytest.mark.parametrize("stop", BUDGETED, ids=str)
def test_first_and_repeated_visit_stay_within_the_budget(tourist: Tourist, stop: Stop) -> None:
    assert stop.budget is not None
    url = tourist.address(stop)
    with tourist.visiting(stop.account) as context:
        first = visit(context, url)
        again = visit(context, url)
    assert (first.bytes <= stop.budget.bytes, first.requests <= stop.budget.requests) == (True, True), first
    assert again.bytes <= stop.budget.repeat_bytes, again
    assert first.cls == 0


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, {"elder": True}], ids=["light", "dark", "elder"])
@pytest.mark.parametrize("stop", MEMBERS_PAGES, ids=str)
def test_pages_have_no_barriers(tourist: Tourist, stop: Stop, options: dict[str, Any]) -> None:
    url = tourist.address(stop)
    with tourist.visiting(stop.account, **options) as context:
        page = context.new_page()
        assert open_quietly(page, url) == stop.status
        assert (barriers(page), misnamed(page)) == ([], [])


@pytest.mark.parametrize("stop", MEMBERS_PAGES, ids=str)
def test_pages_fit_a_narrow_phone_and_doubled_text(tourist: Tourist, stop: Stop) -> None:
    url = tourist.address(stop)
    with tourist.visiting(stop.account, viewport={"width": 320, "height": 640}) as context:
        page = context.new_page()
        open_quietly(page, url)
        narrow = sticks_out(page)
        targets = small_targets(page)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        doubled = sticks_out(page)
    assert (narrow, doubled, targets) == ([], [], [])
