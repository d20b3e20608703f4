"""What phone.md promises of every page and can be counted: bytes, requests, layout shift, barriers, width, targets.

Times are measured by ``bench/pages.py``; a busy machine must not fail a test.
"""

import pytest
from playwright.sync_api import Browser

from tests.e2e.pages.browser import (
    Tourist,
    barriers,
    misnamed,
    open_quietly,
    small_targets,
    sticks_out,
    unsendable,
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


@pytest.mark.parametrize("stop", MEMBERS_PAGES, ids=str)
def test_page_has_no_barriers_and_fits_a_narrow_phone_and_doubled_text(tourist: Tourist, stop: Stop) -> None:
    """One visit, looked at in every way: light, dark, elder, 320 px wide, with text of twice the size."""
    url = tourist.address(stop)
    with tourist.visiting(stop.account) as context:
        page = context.new_page()
        assert open_quietly(page, url) == stop.status
        found = {"light": [*barriers(page), *misnamed(page)]}
        found["buttons"] = unsendable(page)
        page.emulate_media(color_scheme="dark")
        found["dark"] = barriers(page)
        page.emulate_media(color_scheme="light")
        page.evaluate("document.documentElement.dataset.mode = 'elder'")
        found["elder"] = [*barriers(page), *misnamed(page)]
        page.evaluate("delete document.documentElement.dataset.mode")
        page.set_viewport_size({"width": 320, "height": 640})
        found["narrow"] = sticks_out(page)
        found["targets"] = small_targets(page)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        found["doubled"] = sticks_out(page)
    assert found == {way: [] for way in found}
