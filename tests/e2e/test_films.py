"""Films that used to strand people, in the real player: each plays to its end, and its lesson is finished then."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.databases import sqlite_copy
from tests.e2e.test_player import BASE_DIR, WITHOUT_NATIVE_HLS, run, until, wait_for_server
from tests.media.films import FILMS
from tests.services import free_port

pytestmark = pytest.mark.e2e
SHOWN = [
    "plain", "trimmed", "picture_1s_late", "sound_1s_late_reordered", "one_frame_and_sound", "sound_longer",
    "sound_shorter", "sound_a_little_longer", "reordered", "rate_5", "turned_90", "heavy", "scratched_silent",
    "sound_only",
]  # fmt: skip
AT_ONCE = 5
STATE = "(v => ({ at: v.currentTime, ended: v.ended, fault: v.error && v.error.message }))"
SEED = """
import json, sys
from datetime import timedelta
from pathlib import Path
import django
django.setup()
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from attendance.models import RosterEntry
from media.management.commands import add_video
from tests.factories.cms import LessonPageFactory
from tests.factories.courses import give_course
from tests.factories.organizations import MembershipFactory, make_county

add_video.PATIENCE, add_video.ASK_EVERY_S = timedelta(0), 0.01
world = make_county(members=1)
given = give_course(world.branch, title="各种各样的片子")
lessons, lengths = [], []
for source in sys.argv[1:]:
    video = add_video.add(Path(source), title=Path(source).parent.name)
    add_video.wait_for(video)
    video.refresh_from_db()
    assert video.state == "ready", (source, video.error_code)
    lesson = given.lesson if not lessons else LessonPageFactory(course=given.page, title=video.title)
    lesson.title, lesson.body = video.title, [("video", video)]
    lesson.save_revision().publish()
    lessons.append(f"/courses/{given.run.pk}/{lesson.pk}/")
    lengths.append(video.duration_ms)
sessions = []
for _ in range(4):
    person = MembershipFactory(node=world.branch, active_from_date="2020-01-01").member
    RosterEntry.objects.create(occasion=given.run.occasion, member=person, node=world.branch)
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.save()
    sessions.append(session.session_key)
print(json.dumps({"course": f"/courses/{given.run.pk}/", "lessons": lessons, "lengths": lengths, "sessions": sessions}))
"""


@dataclass
class Cinema:
    """A running server with one course: a lesson a film, ``lengths`` in ms as shown; and members' sessions."""

    url: str
    course: str
    lessons: list[str]
    lengths: list[int]
    sessions: list[str]


@pytest.fixture(scope="module")
def cinema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cinema]:
    var_dir = tmp_path_factory.mktemp("cinema")
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    env |= {
        "DEBUG": "1", "VAR_DIR": str(var_dir), "DATABASE_URL": f"sqlite:///{sqlite_copy('films')}", "REDIS_URL": "",
        "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "WARNING", "PYTHONPATH": str(BASE_DIR),
    }  # fmt: skip
    by_name = {film.name: film for film in FILMS}
    sources = []
    for name in SHOWN:
        folder = var_dir / name
        folder.mkdir()
        sources.append(str(by_name[name].make(folder)))
    seeded: dict[str, Any] = json.loads(run(sys.executable, "-c", SEED, *sources, env=env))
    port, log = free_port(), var_dir / "server.log"
    command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(port), "--lifespan", "off"]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=BASE_DIR, env=env, stdout=output, stderr=output)
    try:
        wait_for_server(f"http://127.0.0.1:{port}", process, log)
        yield Cinema(f"http://127.0.0.1:{port}", **seeded)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def begin(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    page.locator("#player-go").tap()
    return page


def end_of(page: Page, name: str) -> float:
    """Wait until the film has ended by itself; return where."""

    def ended() -> float:
        state = page.evaluate(f"{STATE}(document.getElementById('player-video'))")
        assert not state["fault"], (name, state)
        return float(state["at"]) if state["ended"] else 0.0

    return float(until(page, ended, seconds=150))


@pytest.mark.parametrize("native", [False, True], ids=["hls.js", "native"])
def test_every_film_plays_to_its_end_and_its_lesson_is_finished(
    cinema: Cinema, browser: Browser, browser_context_args: dict[str, Any], native: bool
) -> None:
    context = browser.new_context(**browser_context_args)
    context.add_cookies([{"name": "sessionid", "value": cinema.sessions.pop(), "url": cinema.url}])
    if not native:
        context.add_init_script(WITHOUT_NATIVE_HLS)
    films = list(zip(SHOWN, cinema.lessons, cinema.lengths, strict=True))
    if native:  # the same files; those whose moments are unusual
        films = [film for film in films if film[0] in {"trimmed", "sound_longer", "reordered", "picture_1s_late"}]
    for first in range(0, len(films), AT_ONCE):
        group = films[first : first + AT_ONCE]
        pages = [begin(context, cinema.url + lesson) for _name, lesson, _length in group]
        for page, (name, _lesson, length) in zip(pages, group, strict=True):
            assert abs(end_of(page, name) * 1000 - length) <= 300, name
        for page, (_name, lesson, _length) in zip(pages, group, strict=True):
            until(page, partial(is_finished, page, cinema, lesson), seconds=90)
            page.close()
    context.close()


def is_finished(page: Page, cinema: Cinema, lesson: str) -> bool:
    """What the server says of this lesson on the course's page."""
    text = page.evaluate(
        """async ([course, lesson]) => {
          const page = new DOMParser().parseFromString(await (await fetch(course)).text(), "text/html");
          return page.querySelector(`a[href="${lesson}"] .sub`).textContent;
        }""",
        [cinema.course, lesson],
    )
    return "学完了" in text
