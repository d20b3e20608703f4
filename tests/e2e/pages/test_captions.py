"""Captions from the desk to a phone, into the player, and a cut that is played as it will be."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.pages.browser import DESK, PHONE, Tourist
from tests.e2e.pages.tour import MEMBER, ORGANISER
from tests.sites import Site, running_site

pytestmark = pytest.mark.e2e
BEGIN = """
from django.utils import timezone
from live import operations
from live.models import Lecture
from media.core.captions import Cue
from media.operations import keep_captions
now = timezone.now()
next_one = Lecture.objects.filter(state="scheduled").order_by("occasion__starts_at").first()
operations.go_live(occasion_id=next_one.pk, as_of=next_one.occasion.starts_at)
given = Lecture.objects.exclude(recording=None).order_by("pk").first()
keep_captions(video_id=given.recording_id, cues=[Cue(0, 600_000, "同志们好 <先看水位>")], origin="file", as_of=now)
print("MADE", next_one.pk, given.pk)
"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as running:
        yield running


def photograph(page: Page, name: str) -> None:
    """For whoever wants to look (PICTURES names a folder)."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_captions_live_in_the_player_and_a_cut(site: Site, browser: Browser) -> None:
    said = site.manage("shell", "-c", BEGIN).stdout
    live, given = said.split("MADE ")[1].split()[:2]
    tourist = Tourist(browser, site.url)
    with tourist.visiting(ORGANISER, viewport=DESK) as office, tourist.visiting(MEMBER, viewport=PHONE) as phone:
        desk, room = office.new_page(), phone.new_page()
        room.goto(f"{site.url}/live/{live}/")
        desk.goto(f"{site.url}/live/{live}/host/")
        desk.click("#tab-captions")
        desk.fill("#caption-text", "同志们好，今天讲防汛")
        desk.press("#caption-text", "Enter")
        expect(room.locator("#captions")).to_have_text("同志们好，今天讲防汛")
        desk.fill("#prepared-text", "先看水位。\n再看路")
        desk.click("#prepared-form button")
        desk.keyboard.press("Space")
        expect(room.locator("#captions")).to_have_text("同志们好，今天讲防汛\n先看水位。")
        photograph(desk, "host-1280")
        photograph(room, "room-360")
        desk.set_viewport_size(PHONE)
        photograph(desk, "host-360")
        room.click("#captions-key")
        expect(room.locator("#captions")).to_be_hidden()
        room.reload()
        expect(room.locator("#captions-key")).to_have_attribute("aria-pressed", "false")
        room.click("#captions-key")
        expect(room.locator("#captions")).to_contain_text("先看水位。")
        # A line of its own: those of before may have had their time by now.
        desk.fill("#caption-text", "这一句说错了")
        desk.press("#caption-text", "Enter")
        expect(room.locator("#captions")).to_contain_text("这一句说错了")
        slip = desk.locator("#caption-lines li", has_text="这一句说错了")
        slip.locator("button").click()
        slip.locator("button").click()
        expect(slip).to_have_count(0)
        expect(room.locator("#captions")).not_to_contain_text("这一句说错了")
        replay = office.new_page()
        replay.goto(f"{site.url}/live/{given}/replay/")
        replay.click("#player-go")
        expect(replay.locator("#player-words")).to_have_text("同志们好 <先看水位>")
        photograph(replay, "replay-1280")
        replay.set_viewport_size(PHONE)
        photograph(replay, "replay-360")
        replay.click("#player-captions")
        expect(replay.locator("#player-words")).to_be_hidden()
        replay.click(f"a[href='/live/{given}/cut/']")
        replay.fill("#id_end", "0:20")
        replay.fill("#id_without", "0:09-0:10")
        with replay.expect_navigation():
            replay.click("button[value=look]")
        photograph(replay, "cut-360")
        replay.click("#cut-play")
        expect(replay.locator("#player-toggle")).to_have_attribute("aria-label", "暂停")
        spans = replay.evaluate("JSON.parse(document.getElementById('cut-data').textContent).spans")
        assert len(spans) == 2
        replay.evaluate(f"document.getElementById('player-video').currentTime = {spans[0][1] / 1000}")
        expect(replay.locator("#player-now")).to_have_text(re.compile("00:1[0-9]"))
        replay.set_viewport_size(DESK)
        photograph(replay, "cut-1280")
