"""From the lecturer's camera to a member's eye: a clock in the picture, read in real browsers, by WebRTC and by HLS.

The whole product, and a lecture with room for one viewer by WebRTC: the next one goes to HLS by itself. BENCH_SECONDS.
"""

import os
import shutil
import statistics
import tempfile
from pathlib import Path

import django
import psycopg
from playwright.sync_api import Page, sync_playwright

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_SCRATCH = tempfile.TemporaryDirectory(prefix="classroom-bench-")
os.environ |= {"DEBUG": "1", "VAR_DIR": _SCRATCH.name}
django.setup()

from bench._figure import figure  # noqa: E402
from tests.e2e.conftest import CHROMIUM_ARGS  # noqa: E402
from tests.faults.lecture import come_in, on_air, until  # noqa: E402
from tests.faults.stack import running_stack  # noqa: E402

SECONDS = float(os.environ.get("BENCH_SECONDS", "60"))
CLOCK = Path(__file__).with_name("_clock.js").read_text()
FAKE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--disable-background-timer-throttling"]
WITHIN_S = 120
BY_HLS = "(video => !video.srcObject && video.currentTime > 2)(document.querySelector('video'))"
GOALS_MS = {"WebRTC": 300, "HLS": 5000}


def seen(page: Page) -> list[float]:
    return [float(delay) for delay in page.evaluate("delays")]


def main() -> None:
    with running_stack() as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=[*CHROMIUM_ARGS, *FAKE])
        people = stack.people(2)
        with psycopg.connect(stack.database_url) as connection:
            connection.execute("UPDATE live_lecture SET webrtc_cap = 1")
        first = on_air(browser, stack, people, camera=CLOCK).member
        second = come_in(browser, stack, people, people.cookies[1])
        until(lambda: second.evaluate(BY_HLS), within=WITHIN_S)
        pages = {"WebRTC": first, "HLS": second}
        for page in pages.values():
            page.evaluate(f"{CLOCK}; readClock()")
        second.wait_for_timeout(SECONDS * 1000)
        delays = {name: seen(page) for name, page in pages.items()}
        by_hls = second.evaluate(BY_HLS)
        browser.close()
    names = {"bench": "latency", "unit": "ms"}
    for name, values in delays.items():
        figure(**names, figure=f"{name}, p50", value=statistics.median(values), goal=GOALS_MS[name])
        figure(**names, figure=f"{name}, p95", value=statistics.quantiles(values, n=20)[-1])
    figure(
        bench="latency", figure="beyond the limit, by HLS by itself", value=float(by_hls), unit="viewers", goal=1,
        higher_is_better=True,
    )  # fmt: skip


if __name__ == "__main__":
    main()
