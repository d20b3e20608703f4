"""One lecture on a whole running site, with every fault in its middle: what was there is there, and the rest goes on.

``make faults``. The media agent is killed, ffmpeg is killed, the web process is killed, the disk is filled, and at the
end the transaction that names the recording is rolled back. The lecturer does nothing but go on talking.
"""

import contextlib
import datetime as dt
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from live.agent.packager import HELD_S
from tests.e2e.acts import desk_context, get_json, sign_in, wait_until
from tests.faults.promises import measured
from tests.sites import Site, running_site

from .conftest import CHROMIUM
from .test_packager import decode_errors, fill

pytestmark = [pytest.mark.engine, pytest.mark.faults]
LECTURER = "13800000031"
TITLE = "录制不会丢的一课"
WEB_AWAY_S = 12


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as running:
        yield running


@pytest.fixture
def small_live_folder(site: Site) -> Iterator[Path]:
    """VAR_DIR/live on a disk of 16 MB. Needs a mount namespace (tests/netns.sh) or root: without, this fails."""
    folder = site.var_dir / "live"
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m,mode=755", "tmpfs", str(folder)]
    subprocess.run(mount, check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        yield browser
        browser.close()


class Lesson:
    """The lecture: its page at the lecturer's, its folder, and what the database says."""

    def __init__(self, site: Site, folder: Path, browser: Browser) -> None:
        self.site = site
        self.occasion_id = planned(site)
        self.folder = folder / str(self.occasion_id)
        self.context = desk_context(browser)
        self.context.set_default_timeout(120_000)
        self.context.grant_permissions(["camera", "microphone"])
        self.page = sign_in(self.context, site.url, LECTURER)
        self.page.goto(f"{site.url}/live/{self.occasion_id}/host/")

    def go_live(self) -> None:
        self.page.locator("#go:not([disabled])").click()

    def segments(self) -> set[str]:
        return {path.name for path in self.folder.glob("run-*.m4s")}

    def has_more(self, than: set[str], *, patience_s: float = 180) -> set[str]:
        """Until two more segments are finished; those that were there stay."""
        found = wait_until("more segments", lambda: len(self.segments() - than) >= 2 and self.segments(), patience_s)
        assert than <= found, "nothing that was recorded goes"
        return set(found)

    def row(self, columns: str) -> tuple[Any, ...]:
        """Of the lecture and its occasion, as they are stored."""
        with contextlib.closing(database(self.site)) as rows:
            both = "live_lecture l JOIN attendance_occasion o ON o.id = l.occasion_id"
            found = rows.execute(f"SELECT {columns} FROM {both} WHERE o.id = ?", [self.occasion_id])
            return tuple(found.fetchone())

    def hole(self, because: str) -> Any:
        """The hole of this reason that is over, ``[start, end, because]`` in ms; None while there is none."""
        found = [hole for hole in json.loads(self.row("l.holes")[0]) if hole[2] == because and hole[1] is not None]
        return found[0] if found else None

    def lasts(self, because: str) -> float:
        """For how many seconds something has kept the lecture from being recorded; 0 when nothing does."""
        found = [hole for hole in json.loads(self.row("l.holes")[0]) if hole[2] == because and hole[1] is None]
        return time.time() - found[0][0] / 1000 if found else 0.0

    def told(self) -> str:
        return self.page.locator("#recording-state").inner_text()


def database(site: Site) -> sqlite3.Connection:
    return sqlite3.connect(site.var_dir / "db.sqlite3", timeout=20)


def planned(site: Site) -> int:
    """A lecture for now, as the schedule page makes it."""
    code = (
        "import datetime as dt\n"
        "from django.utils import timezone\n"
        "from attendance.models import Rule, Training\n"
        "from live.operations import LecturePlan, schedule_lecture\n"
        "from organizations.models import RoleGrant, User\n"
        "from organizations.queries import user_by_phone\n"
        f"lecturer = user_by_phone('{LECTURER}')\n"
        "grant = RoleGrant.objects.filter(user=lecturer, role='lecturer').select_related('node').first()\n"
        "now = timezone.now()\n"
        "training = Training.objects.create(title='不会丢', node=grant.node, starts_date=now.date(), state='published',"
        " deadline_at=now + dt.timedelta(days=9))\n"
        f"plan = LecturePlan(training_id=training.pk, title='{TITLE}', node_id=grant.node_id, starts_at=now,"
        " ends_at=now + dt.timedelta(hours=1), lecturer_id=lecturer.pk, rule_id=Rule.objects.first().pk)\n"
        "made = schedule_lecture(plan=plan, as_of=now)\n"
        "print('made', made.pk)\n"
    )
    done = site.manage("shell", "-c", code)
    return int(done.stdout.rsplit("made ", 1)[1])


def processes(word: str, *, of: Path) -> list[int]:
    """Processes with this word in their command line that work for a site, or in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().decode(errors="replace")
                environment = (entry / "environ").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if word in line and (f"VAR_DIR={of}" in environment or str(of) in line):
                found.append(int(entry.name))
    return found


def kill(word: str, *, of: Path) -> None:
    pids = processes(word, of=of)
    assert pids, f"no process: {word}"
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_a_recording_survives_every_fault(site: Site, small_live_folder: Path, browser: Browser) -> None:
    lesson = Lesson(site, small_live_folder, browser)
    lesson.go_live()
    began = time.time()
    kept = lesson.has_more(set())

    kill("matroska", of=lesson.folder)
    kept = lesson.has_more(kept)
    assert json.loads(lesson.row("l.holes")[0]) == [], "a killed ffmpeg costs nothing"

    kill("media_agent", of=site.var_dir)
    killed_at = time.time()
    kept = lesson.has_more(kept)
    agent = wait_until("the hole to be written", lambda: lesson.hole("agent"), 180)
    assert killed_at - 15 < agent[0] / 1000 < killed_at + 3
    assert killed_at < agent[1] / 1000 < time.time()
    away_s = (agent[1] - agent[0]) / 1000
    lines = [
        measured(
            "media agent killed in a lecture", "recorded again within 20 s", away_s, unit="s", most=20, waited=True
        )
    ]
    wait_until("the lecturer to be told", lambda: "录制中断" in lesson.told() and "已恢复" in lesson.told())
    lesson.page.click("#recording-seen")
    wait_until("the notice to go", lambda: lesson.page.locator("#recording").is_hidden())

    filled_at = time.time()
    filler = fill(small_live_folder, but=60_000)
    wait_until("the lecturer to be told of the disk", lambda: "没有在录：磁盘满了" in lesson.told())
    told_s, promised = time.time() - filled_at, "the lecturer is told that it is not recorded"
    lines.append(measured("disk full in a lecture", promised, told_s, unit="s", most=60, waited=True))
    assert kept <= lesson.segments(), "a full disk takes nothing away"
    # The last half minute is held in memory: only a disk that is full for longer costs anything.
    wait_until("more than is held", lambda: lesson.lasts("disk") > HELD_S + 15, 240)
    freed_at = time.time()
    filler.unlink()
    kept = lesson.has_more(kept)
    disk = wait_until("the disk's hole to end", lambda: lesson.hole("disk"))
    assert filled_at - 15 < disk[0] / 1000 < freed_at
    assert freed_at - HELD_S - 15 < disk[1] / 1000 < time.time()  # what was held is written after all

    # The picture outlives the web process (ADR 51): whoever starts it anew sleeps as well, and nothing is missing.
    os.kill(site.process.pid, signal.SIGSTOP)
    kill("uvicorn", of=site.var_dir)
    time.sleep(WEB_AWAY_S)
    os.kill(site.process.pid, signal.SIGCONT)
    kept = lesson.has_more(lesson.segments() | kept, patience_s=240)
    wait_until("the line to be back", lambda: lesson.page.locator("#end").is_visible())
    assert (lesson.hole("web"), lesson.lasts("web")) == (None, 0.0)

    # The transaction that names the recording is rolled back, after its files have been placed.
    with contextlib.closing(database(site)) as rows:
        refusal = "SELECT RAISE(ABORT, 'out of order')"
        rows.execute(
            "CREATE TRIGGER out_of_order BEFORE UPDATE OF media_ms ON attendance_occasion "
            f"WHEN NEW.media_ms IS NOT NULL BEGIN {refusal}; END"
        )
        rows.commit()
    end_by_hand(lesson)
    over = time.time()
    placed = wait_until("the files to be placed", lambda: folders(site, lesson))
    assert lesson.row("l.state") == ("ended",)
    with contextlib.closing(database(site)) as rows:
        rows.execute("DROP TRIGGER out_of_order")
        rows.commit()
    wait_until("the replay", lambda: lesson.row("l.state") == ("recorded",))
    assert folders(site, lesson) == placed, "no second copy"
    lines += check_replay(lesson, placed[0], kept, (began, over))
    lesson.context.close()
    assert all(lines)


def end_by_hand(lesson: Lesson) -> None:
    def ended() -> bool:
        if lesson.row("l.state") != ("live",):
            return True
        with contextlib.suppress(Exception):
            if not lesson.page.is_visible("#end-yes"):  # the question of a slow press before still stands
                lesson.page.click("#end", timeout=2000)
            lesson.page.click("#end-yes", timeout=5000)
        return False

    wait_until("the end", ended)


def folders(site: Site, lesson: Lesson) -> list[Path]:
    """Where recordings of this lecture lie, named by a row or not."""
    found = (site.var_dir / "files" / "videos").glob("*/*/video.m3u8")
    whole = [path for path in found if not path.parent.name.startswith(".")]  # what is being placed has another name
    return sorted(path.parent for path in whole if "run-0002-" in path.read_text())


def check_replay(lesson: Lesson, folder: Path, kept: set[str], lasted: tuple[float, float]) -> list[bool]:
    """Every segment that was there is in it; it decodes; what is missing is written, and cut for the ledger too.

    The lecturer never paused: all that is missing is ours, and told, no more of it and no less.
    """
    lost = len(kept - {path.name for path in folder.iterdir()})
    assert decode_errors(folder / "master.m3u8") == ""
    media_ms, cuts, holes = lesson.row("o.media_ms, o.media_cuts, l.holes")
    missing = [(end - start) for start, end, _because in json.loads(holes)]
    cut = sum(length for _at, length in json.loads(cuts))
    assert {because for _start, _end, because in json.loads(holes)} >= {"agent", "disk"}
    assert all(length >= 1000 for length in missing)
    # Seams of less than a second, of which no hole is made, may lie at every fault.
    unsaid = abs(cut - sum(missing)) / 1000
    fault = "a lecture with every fault in it"
    lines = [
        measured(fault, "nothing that was recorded goes", lost, unit="segments", most=0),
        measured(fault, "what is missing is said, no more and no less", unsaid, unit="s", most=3),
    ]
    start_ms, offset = lesson.row("o.window_start_at, o.media_offset_ms")
    zero_ms = dt.datetime.fromisoformat(start_ms).replace(tzinfo=dt.UTC).timestamp() * 1000 - offset
    began, over = lasted
    # From the first picture, which comes a while after the click, to the end, but for a last piece of a segment.
    assert began * 1000 - 3000 < zero_ms < began * 1000 + 60_000
    assert over * 1000 - 60_000 < zero_ms + media_ms + cut < over * 1000 + 3000
    page: Page = lesson.context.new_page()
    page.goto(f"{lesson.site.url}/live/{lesson.occasion_id}/replay/")
    assert "没有录上" in page.locator("#missing").inner_text()
    state = get_json(page, f"{lesson.site.url}/live/{lesson.occasion_id}/state.json")
    assert state["recording"]["count"] == len(missing)
    return lines
