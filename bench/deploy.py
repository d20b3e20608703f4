"""A web process killed in a lecture: the longest break of a member's picture, and when the sockets are back.

A lecturer and a member in Chromium, and BENCH_SOCKETS (300) phones beside them.
"""

import asyncio
import os
import shutil
import tempfile
import threading
import time

import django
from playwright.sync_api import sync_playwright

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_SCRATCH = tempfile.TemporaryDirectory(prefix="classroom-bench-")
os.environ |= {"DEBUG": "1", "VAR_DIR": _SCRATCH.name}
django.setup()

from bench._figure import figure  # noqa: E402
from tests.e2e.conftest import CHROMIUM_ARGS  # noqa: E402
from tests.faults.lecture import on_air, until  # noqa: E402
from tests.faults.phones import Crowd  # noqa: E402
from tests.faults.stack import running_stack  # noqa: E402

SOCKETS = int(os.environ.get("BENCH_SOCKETS", "300"))
FAKE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
COME_IN_S = 240
WITHIN_S = 120


class Beside:
    """The crowd on a loop of its own: the browser is driven by this thread."""

    def __init__(self, url: str, occasion: int, cookies: list[str]) -> None:
        self.loop = asyncio.new_event_loop()
        self.crowd = Crowd(url, occasion, cookies)
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.loop.call_soon_threadsafe(self.crowd.start)

    def until(self, share: float, *, since: float, within: float) -> float:
        asked = asyncio.run_coroutine_threadsafe(self.crowd.until(share, since=since, within=within), self.loop)
        return asked.result()

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.crowd.stop(), self.loop).result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)


def main() -> None:
    with running_stack() as stack, sync_playwright() as playwright:
        arguments = [*CHROMIUM_ARGS, *FAKE]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        people = stack.people(SOCKETS + 1)
        pages = on_air(browser, stack, people)
        beside = Beside(stack.site.url, people.occasion, people.cookies[1:])
        beside.until(1, since=time.monotonic() - 1, within=COME_IN_S)
        pages.watch()
        killed_at = time.monotonic()
        stack.kill("uvicorn")
        back = {share: beside.until(share, since=killed_at, within=WITHIN_S) for share in (0.5, 0.95, 1)}
        until(lambda: "link resumed" in pages.said(pages.member), within=WITHIN_S)
        time.sleep(5)
        gap = pages.gap_s()
        beside.stop()
        browser.close()
    kinds = {"bench": "deploy", "unit": "s"}
    figure(figure="longest break of the picture", value=gap, goal=2, **kinds)
    figure(figure=f"{SOCKETS} sockets back, p50", value=back[0.5], **kinds)
    figure(figure=f"{SOCKETS} sockets back, p95", value=back[0.95], goal=10, **kinds)
    figure(figure=f"{SOCKETS} sockets back, last", value=back[1], goal=30, **kinds)


if __name__ == "__main__":
    main()
