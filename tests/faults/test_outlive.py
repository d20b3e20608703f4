"""A web process is killed, and then replaced, in a lecture that real browsers give and watch: the picture goes on.

Finding: organiser 10.
"""

import os
import shutil
import signal
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from media.core.playlists import read_segments
from tests.e2e.conftest import CHROMIUM_ARGS
from tests.faults.lecture import Pages, on_air, until
from tests.faults.promises import measured
from tests.faults.stack import Stack

pytestmark = [pytest.mark.faults, pytest.mark.engine]
FAKE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
PEERS = "SELECT count(*), count(DISTINCT owner), min(owner) FROM live_mediapeer WHERE lecture_id = %s"


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = [*CHROMIUM_ARGS, *FAKE]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        yield browser
        browser.close()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "replaced"])
def test_the_picture_goes_on_without_the_web_process(stack: Stack, browser: Browser, how: signal.Signals) -> None:
    people = stack.people(1)
    pages = on_air(browser, stack, people)
    until(lambda: stack.rows(PEERS, people.occasion)[0][0] == 2, within=10)
    owner = stack.rows(PEERS, people.occasion)[0][2]
    pages.watch()
    for pid in stack.processes("uvicorn"):
        os.kill(pid, how)
    back = until(lambda: has_resumed(pages), within=60, what=lambda: [pages.said(pages.host), pages.said(pages.member)])
    time.sleep(3)
    gap = pages.gap_s()
    told = pages.said(pages.host) + pages.said(pages.member)
    anew = sum(word in ("offer", "watch", "answer") for word in told)
    taken = stack.rows(PEERS, people.occasion)[0]
    fault = f"web process {'killed' if how == signal.SIGKILL else 'replaced'} under a lecture in browsers"
    kept = [
        measured(fault, "no break of the picture over 2 s", gap, unit="s", most=2),
        measured(fault, "lecturer and member resume in 30 s", back, unit="s", most=30),
        measured(fault, "nothing is negotiated again", anew, unit="offers", most=0),
        measured(fault, "the recording goes on in one piece", seams(stack, people.occasion), unit="seams", most=0),
    ]
    assert all(kept), told
    assert taken[:2] == (2, 1)
    assert taken[2] != owner
    assert stack.value("SELECT holes FROM live_lecture WHERE occasion_id = %s", people.occasion) == []


def has_resumed(pages: Pages) -> bool:
    return all("link resumed" in pages.said(page) for page in (pages.host, pages.member))


def seams(stack: Stack, occasion: int) -> int:
    """How often the running recording begins anew: nothing is missing where it does not."""
    text = (stack.site.var_dir / "live" / str(occasion) / "dvr.m3u8").read_text()
    assert len(read_segments(text)) >= 3
    return text.splitlines().count("#EXT-X-DISCONTINUITY")
