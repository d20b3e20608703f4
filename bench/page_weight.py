"""What a course's page and a lesson's page cost on a first visit, before the film's own bytes, headers included.

BASE_URL names a running site; without it a demonstration is started. A lesson is told twice: as a browser loads it that
plays HLS by itself, and with hls.js, which is loaded at the first tap elsewhere. Goals: 30 KB, 45 KB, 165 KB, and not
one request to another origin; in low-data mode not one picture (posters and covers included) before it is asked for.
"""

import json
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import BrowserContext

from bench._figure import figure
from tests.e2e.pages.browser import Tourist, chromium, visit
from tests.e2e.pages.demo import site
from tests.e2e.pages.tour import TOUR, Stop

GOALS_KB = {"course": 30, "lesson": 45}
WITH_LIBRARY_KB = 165


@dataclass(frozen=True)
class Weight:
    """A first visit: KB transferred, requests to other origins, pictures loaded without having been asked for."""

    kilobytes: float
    elsewhere: int
    pictures: int


def weigh(context: BrowserContext, url: str) -> Weight:
    asked: list[tuple[str, str]] = []
    context.on("request", lambda request: asked.append((request.resource_type, request.url)))
    transferred = visit(context, url).bytes / 1024
    own = urlsplit(url).netloc
    elsewhere = sum(1 for _kind, one in asked if urlsplit(one).netloc not in {"", own})
    pictures = sum(1 for kind, one in asked if kind == "image" and "/static/" not in one)
    return Weight(transferred, elsewhere, pictures)


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
        full = weigh(context, url)
    figure(bench="page_weight", figure=f"{stop.name}: transferred", value=full.kilobytes, unit="KB", goal=goal)
    name = f"{stop.name}: requests elsewhere"
    figure(bench="page_weight", figure=name, value=full.elsewhere, unit="requests", goal=0)
    with tourist.visiting(stop.account) as context:
        context.add_cookies([{"name": "lite", "value": "1", "url": tourist.base}])
        lite = weigh(context, url)
    name = f"{stop.name}: pictures before a tap, low-data mode"
    figure(
        bench="page_weight", figure=name, value=lite.pictures, unit="requests", peer="without it",
        peer_value=full.pictures, goal=0,
    )  # fmt: skip
    if stop.name == "lesson":
        with tourist.visiting(stop.account) as context:
            whole = full.kilobytes + library(context, url)
        figure(bench="page_weight", figure="lesson: with hls.js", value=whole, unit="KB", goal=WITH_LIBRARY_KB)


def main() -> None:
    with site() as base, chromium() as browser:
        tourist = Tourist(browser, base)
        for stop in TOUR:
            if stop.name in GOALS_KB:
                report(tourist, stop)


if __name__ == "__main__":
    main()
