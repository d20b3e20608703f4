"""What a course's page and a lesson's page cost on a first visit, before the film's own bytes, headers included.

BASE_URL names a running site; without it a demonstration is started. A lesson is told twice: as a browser loads it that
plays HLS by itself, and with hls.js, which is loaded at the first tap elsewhere. Goals: 30 KB, 45 KB, 165 KB, and not
one request to another origin; in low-data mode no more than without.
"""

import json
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import BrowserContext

from bench._figure import figure
from tests.e2e.pages.browser import Tourist, chromium, visit
from tests.e2e.pages.demo import site
from tests.e2e.pages.tour import TOUR, Stop

GOALS_KB = {"course": 30, "lesson": 45}
WITH_LIBRARY_KB = 165


def weigh(context: BrowserContext, url: str) -> tuple[float, int]:
    """Return the KB that a visit transfers, and how many requests went to another origin."""
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    transferred = visit(context, url).bytes / 1024
    own = urlsplit(url).netloc
    return transferred, sum(1 for one in asked if urlsplit(one).netloc not in {"", own})


def library(context: BrowserContext, url: str) -> float:
    """Return the KB of hls.js as the player of that lesson loads it."""
    page = context.new_page()
    page.goto(url)
    data = json.loads(page.locator("#player-data").inner_text())
    page.close()
    return visit(context, urljoin(url, data["hls_script"])).bytes / 1024


def report(tourist: Tourist, stop: Stop) -> None:
    """Print what a stop of the tour weighs."""
    url, goal = tourist.address(stop), GOALS_KB[stop.name]
    with tourist.visiting(stop.account) as context:
        weight, elsewhere = weigh(context, url)
    figure(bench="page_weight", figure=f"{stop.name}: transferred", value=weight, unit="KB", goal=goal)
    figure(bench="page_weight", figure=f"{stop.name}: requests elsewhere", value=elsewhere, unit="requests", goal=0)
    with tourist.visiting(stop.account) as context:
        context.add_cookies([{"name": "lite", "value": "1", "url": tourist.base}])
        lite, _elsewhere = weigh(context, url)
    figure(bench="page_weight", figure=f"{stop.name}: low-data mode", value=lite, unit="KB", goal=weight)
    if stop.name == "lesson":
        with tourist.visiting(stop.account) as context:
            whole = weight + library(context, url)
        figure(bench="page_weight", figure="lesson: with hls.js", value=whole, unit="KB", goal=WITH_LIBRARY_KB)


def main() -> None:
    with site() as base, chromium() as browser:
        tourist = Tourist(browser, base)
        for stop in TOUR:
            if stop.name in GOALS_KB:
                report(tourist, stop)


if __name__ == "__main__":
    main()
