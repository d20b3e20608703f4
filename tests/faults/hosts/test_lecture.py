"""A lecture over eight hosts that share no disk, each of which loses its power in turn (issue: more than one machine).

Web hosts behind a load balancer, media hosts, PostgreSQL, Redis, files in S3, worker: each in a network, a process
namespace and a folder of its own. A real browser gives the lecture and another watches by WebRTC; phones hold sockets,
viewers ask for HLS. What was confirmed is never lost. The tests are one story, in this order.
"""

import datetime as dt
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.conftest import CHROMIUM_ARGS
from tests.faults.hosts.audience import Phones, Viewer
from tests.faults.hosts.city import STARTS_S, City, running_city
from tests.faults.lecture import Pages, on_air
from tests.faults.promises import measured
from tests.faults.stack import People, after

pytestmark = [pytest.mark.faults, pytest.mark.engine]
PHONES, VIEWERS = 10, 2
COME_S = 120.0
PRESENT = """
SELECT count(DISTINCT s.member_id) FROM attendance_presencespan s JOIN attendance_workerlease l ON l.id = s.lease_id
WHERE s.occasion_id = %s AND s.ended_at IS NULL AND l.ended_at IS NULL AND l.beat_at > %s
"""
NOW = "SELECT clock_timestamp()"
PROCESSES = """
SELECT count(DISTINCT lease_id) FROM attendance_presencespan WHERE occasion_id = %s AND ended_at IS NULL
"""
SAID = "SELECT client_id FROM live_chatmessage WHERE lecture_id = %s"
LECTURE = "SELECT state, moves, recording_id FROM live_lecture WHERE occasion_id = %s"
PARTS = "SELECT count(*) FROM live_lecturepart WHERE lecture_id = %s AND handed_in_at IS NULL"
ONE_WHO_SPEAKS = 0


@dataclass
class Lesson:
    """A lecture on air and all who take part. ``began``: when the last of them was in (``time.monotonic``)."""

    city: City
    people: People
    phones: Phones
    viewers: list[Viewer]
    pages: Pages
    began: float
    said: int = 0

    @property
    def occasion(self) -> int:
        return self.people.occasion

    @property
    def carrier(self) -> str:
        return self.city.carrier(self.occasion)

    @property
    def other(self) -> str:
        """The media host that does not carry it."""
        return next(host.name for host in self.city.media if host.name != self.carrier)

    def are_present(self, since: dt.datetime | None = None) -> bool:
        """Everybody's phone has a line, and a process that lived after ``since`` answers for it in the database."""
        everybody = len(self.phones.crowd.phones) + 1  # and the browser that watches
        since = since or self.city.value(NOW) - dt.timedelta(seconds=15)
        return not self.phones.missing and bool(self.city.value(PRESENT, self.occasion, since) == everybody)

    def hear_each_other(self, word: str) -> bool:
        """What one says all hear, on whichever host they are. Asked again, it has been said and is said anew."""
        self.said += 1
        before, now = (f"{word}-{number}" for number in (self.said - 1, self.said))
        heard = self.phones.heard_by(f"{before}-{ONE_WHO_SPEAKS}") == len(self.phones.crowd.phones)
        if not heard:
            self.phones.say(now, only=ONE_WHO_SPEAKS)
        return heard

    def shows(self) -> bool:
        """Whether the member's browser gets pictures that it did not have."""
        page = self.pages.member
        before = page.evaluate("document.querySelector('video').currentTime")
        page.wait_for_timeout(500)
        return bool(page.evaluate("document.querySelector('video').currentTime") > before)

    def lost(self) -> int:
        """How much of what was confirmed is not there."""
        acked = self.phones.acked
        return len(acked - {client_id for (client_id,) in self.city.rows(SAID, self.occasion)})

    def told(self) -> str:
        return self.city.logs()


@pytest.fixture(scope="module")
def city() -> Iterator[City]:
    if os.environ.get("MEDIA_NETNS") != "1":
        pytest.skip("hosts need a network of their own: tests/netns.sh")
    with running_city() as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", running.site.environment["SITE_CERT"])
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    fake = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--ignore-certificate-errors"]
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=[*CHROMIUM_ARGS, *fake])
        yield made
        made.close()


@pytest.fixture(scope="module")
def lesson(city: City, browser: Browser) -> Iterator[Lesson]:
    made = give_lecture(city, browser)
    yield made
    made.phones.stop()
    for viewer in made.viewers:
        viewer.stop()


def give_lecture(city: City, browser: Browser) -> Lesson:
    """Everybody comes as it begins: two of the roster by HLS alone, one in a browser, one never."""
    people = city.people(1 + PHONES + VIEWERS + 1, ago_s=0)
    watching, cookies = people.cookies[1 + PHONES : 1 + PHONES + VIEWERS], people.cookies[1 : 1 + PHONES]
    phones = Phones(city.site.url, people.occasion, cookies)
    pages = on_air(browser, city, people)
    viewers = [Viewer(city.site.url, people.occasion, cookie) for cookie in watching]
    for viewer in viewers:
        viewer.start()
    made = Lesson(city, people, phones, viewers, pages, 0)
    assert after(made.are_present, within=COME_S) <= COME_S, city.logs()
    began = time.monotonic()
    assert after(lambda: all(one.came_since(0) for one in viewers), within=COME_S) <= COME_S, city.logs()
    made.began = began
    return made


def back(city: City, name: str) -> None:
    """The host has power again, and does its work."""
    city.hosts[name].on()
    assert after(lambda: city.is_back(name), within=STARTS_S) <= STARTS_S, city.hosts[name].logs()


def test_both_web_hosts_have_phones_of_one_room(lesson: Lesson) -> None:
    fault = "none: eight hosts that share no disk"
    hearing = after(lambda: lesson.hear_each_other("hello"), within=30, every=2)
    hosts = lesson.city.value(PROCESSES, lesson.occasion)
    kept = [
        measured(fault, "phones of one room are on both web hosts", hosts, unit="processes", least=2, most=2),
        measured(fault, "what one says all hear", hearing, unit="s", most=30),
    ]
    assert all(kept), lesson.told()


@pytest.mark.parametrize("name", ["web-a", "web-b"])
def test_web_host(lesson: Lesson, name: str) -> None:
    """The second without a word: its cable goes first, and nobody gets a reset."""
    silently = name == "web-b"
    fault = f"web host {'unplugged' if silently else 'without power'}"
    city = lesson.city
    lesson.phones.say(f"before-{name}")
    lesson.pages.watch()
    city.hosts[name].off(silently=silently)
    went = city.value(NOW)
    replies = [city.get(path, cookie=lesson.people.cookies[0]) for path in ("/me/", "/accounts/login/") * 4]
    present = after(lambda: lesson.are_present(went), within=60)
    gap, hearing = lesson.pages.gap_s(), after(lambda: lesson.hear_each_other(f"after-{name}"), within=30, every=2)
    back(city, name)
    wrong = [reply.status for reply in replies if reply.status not in (200, 302)]
    kept = [
        measured(fault, "pages go on at the other", len(wrong), unit="pages with another answer", most=0),
        measured(fault, "answered within 5 s", max(reply.seconds for reply in replies), unit="s", most=5),
        measured(fault, "everybody is present again within 60 s", present, unit="s", most=60),
        measured(fault, "no break of the picture over 2 s", gap, unit="s", most=2),
        measured(fault, "what one says all hear", hearing, unit="s", most=30),
        measured(fault, "no acknowledged message lost", lesson.lost(), unit="messages", most=0),
    ]
    assert all(kept), lesson.told()


def test_redis_host(lesson: Lesson) -> None:
    fault = "Redis' host without power, and emptied"
    city = lesson.city
    lesson.phones.say("before-redis")
    city.hosts["redis"].off()
    replies = [city.get(path, cookie=lesson.people.cookies[0]) for path in ("/me/", "/courses/")]
    lesson.phones.say("without-redis")
    shows = lesson.shows()
    back(city, "redis")
    hearing = after(lambda: lesson.hear_each_other("after-redis"), within=60, every=2)
    present = after(lesson.are_present, within=60)
    kept = [
        measured(fault, "pages go on", sum(one.status != 200 for one in replies), unit="other answers", most=0),
        measured(fault, "the picture goes on", int(shows), unit="yes", least=1, most=1),
        measured(fault, "what one says all hear, over both hosts", hearing, unit="s", most=60),
        measured(fault, "everybody is present", present, unit="s", most=60),
        measured(fault, "no acknowledged message lost", lesson.lost(), unit="messages", most=0),
    ]
    assert all(kept), lesson.told()


def test_database_host(lesson: Lesson) -> None:
    """Its processes are killed in the middle of what everybody says: what was confirmed was committed."""
    fault = "PostgreSQL's host without power"
    city = lesson.city
    lesson.phones.say("before-database")
    city.hosts["database"].off()
    away = city.get("/me/", cookie=lesson.people.cookies[0])
    shows = lesson.shows()
    back(city, "database")
    pages = after(lambda: city.get("/me/", cookie=lesson.people.cookies[0]).status == 200, within=60)
    there = city.value(NOW)
    present = after(lambda: lesson.are_present(there), within=60)
    hearing = after(lambda: lesson.hear_each_other("after-database"), within=30, every=2)
    kept = [
        measured(fault, "503 on a page meanwhile", away.status, unit="status", least=503, most=503),
        measured(fault, "the picture goes on", int(shows), unit="yes", least=1, most=1),
        measured(fault, "pages back within 15 s of it", pages, unit="s", most=15),
        measured(fault, "everybody is present again within 60 s", present, unit="s", most=60),
        measured(fault, "what one says all hear", hearing, unit="s", most=30),
        measured(fault, "no acknowledged message lost", lesson.lost(), unit="messages", most=0),
    ]
    assert all(kept), lesson.told()


def leave(lesson: Lesson, fault: str, off: Callable[[str], None]) -> list[bool]:
    """The media host that carries the lecture goes; how it goes on at the other."""
    dead, other, city = lesson.carrier, lesson.other, lesson.city
    moves = city.rows(LECTURE, lesson.occasion)[0][1]
    went = time.monotonic()
    off(dead)
    moved = after(lambda: lesson.carrier == other, within=60)
    mark = f"run-{(moves + 1) * 1000}"
    came = after(lambda: all(one.came_since(went, marked=mark) for one in lesson.viewers), within=60)
    shown = after(lesson.shows, within=60)
    shown_at = time.monotonic() - went if shown <= 60 else 61.0
    hls_at = max(one.came_since(went, marked=mark) or went + 61 for one in lesson.viewers) - went
    turned = sum(one.turned_back for one in lesson.viewers)
    present = after(lesson.are_present, within=30)
    assert came <= 60, lesson.told()
    return [
        measured(fault, "rooms are placed anew within 20 s", moved, unit="s", most=20),
        measured(fault, "a phone by WebRTC follows within 30 s", shown_at, unit="s", most=30),
        measured(fault, "phones by HLS follow within 30 s", hls_at, unit="s", most=30),
        measured(fault, "no playlist goes back", turned, unit="times", most=0),
        measured(fault, "everybody is present", present, unit="s", most=30),
        measured(fault, "no acknowledged message lost", lesson.lost(), unit="messages", most=0),
    ]


def brings_its_part(lesson: Lesson, fault: str, name: str) -> bool:
    back(lesson.city, name)
    brought = after(lambda: lesson.city.value(PARTS, lesson.occasion) == 0, within=90)
    stays = lesson.carrier != name
    return measured(fault, "back, it brings its part", brought if stays else 91, unit="s", most=90)


def test_media_host(lesson: Lesson) -> None:
    fault = "media host without power in a lecture"
    dead = lesson.carrier
    kept = leave(lesson, fault, lambda name: lesson.city.hosts[name].off())
    kept.append(brings_its_part(lesson, fault, dead))
    assert all(kept), lesson.told()


def test_half_drained_media_host_that_dies(lesson: Lesson) -> None:
    """It was told to empty, carries its lecture on, and loses its cable and its power before that has ended."""
    fault = "half-drained media host dies"
    dead = lesson.carrier
    lesson.city.site.manage("drain_node", dead)
    assert lesson.carrier == dead
    assert lesson.shows()
    kept = leave(lesson, fault, lambda name: lesson.city.hosts[name].off(silently=True))
    kept.append(brings_its_part(lesson, fault, dead))
    lesson.city.site.manage("drain_node", dead, "--undo")
    assert all(kept), lesson.told()
