"""First visits on a slow line (400 kbit/s, 400 ms) and a slow phone (CPU x4): when the page stands, and what it costs.

BASE_URL names a running site; without it a demonstration is started. Each figure is the median of five visits.
"""

import statistics

from bench._figure import figure
from tests.e2e.pages.browser import Tourist, Visit, chromium, visit
from tests.e2e.pages.demo import site
from tests.e2e.pages.tour import TOUR, Stop

PAGES = ("sign-in", "today", "report")
VISITS = 5
LCP_GOAL_MS = 2500
LONG_TASK_GOAL_MS = 200


def first_visits(tourist: Tourist, stop: Stop, url: str) -> tuple[list[Visit], Visit]:
    """Several visits with an empty cache, and one that comes back."""
    visits = []
    for _ in range(VISITS):
        with tourist.visiting(stop.account) as context:
            visits.append(visit(context, url, throttled=True))
            again = visit(context, url, throttled=True)
    return visits, again


def report(stop: Stop, visits: list[Visit], again: Visit) -> None:
    assert stop.budget is not None
    lcp = statistics.median(one.lcp_ms for one in visits)
    longest = statistics.median(one.longest_task_ms for one in visits)
    figure(bench="pages", figure=f"{stop.name}: LCP", value=lcp, unit="ms", goal=LCP_GOAL_MS)
    figure(bench="pages", figure=f"{stop.name}: longest task", value=longest, unit="ms", goal=LONG_TASK_GOAL_MS)
    sent = max(one.bytes for one in visits) / 1024
    figure(bench="pages", figure=f"{stop.name}: transferred", value=sent, unit="KB", goal=stop.budget.bytes / 1024)
    repeated = stop.budget.repeat_bytes / 1024
    figure(bench="pages", figure=f"{stop.name}: repeated", value=again.bytes / 1024, unit="KB", goal=repeated)
    requests = max(one.requests for one in visits)
    figure(bench="pages", figure=f"{stop.name}: requests", value=requests, unit="", goal=stop.budget.requests)
    figure(bench="pages", figure=f"{stop.name}: CLS", value=max(one.cls for one in visits), unit="", goal=0)


def main() -> None:
    with site() as base, chromium() as browser:
        tourist = Tourist(browser, base)
        for stop in TOUR:
            if stop.name in PAGES:
                visits, again = first_visits(tourist, stop, tourist.address(stop))
                report(stop, visits, again)


if __name__ == "__main__":
    main()
