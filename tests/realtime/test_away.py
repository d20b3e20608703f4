"""PostgreSQL or Redis stopped, or frozen, under a whole site: every address says so within 2 s, and recovers."""

import contextlib
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings
from websockets.exceptions import ConnectionClosed

from organizations.models import User
from tests.fuzz.tally import WHOLE
from tests.realtime.away import DATABASE, Answer, Server, ask, pointed_at, servers
from tests.realtime.conftest import RoomServer, serving, sign_in, ticket_for, wait_until
from tests.trust import requests, urls
from tests.trust.world import World, make_world

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite is a file, which cannot be away"),
]
WITHIN_S = 2.0
BUSY = 8  # other tests keep the processors busy; what hangs does so for much longer
TOKEN = "c" * 32
# Answered as ever: nothing in them is anybody's.
NEED_NOTHING = {"healthz", "metrics", "offline/", "sw.js", "favicon.ico", "admin/login/", "readyz"}
REMEMBERED = "m/<str:token>/<path:path>"  # whoever watched a moment ago goes on watching (ADR 29)
OTHERS = ("admin/", "admin/account/", "admin/pages/", "admin/images/", "admin/documents/", "learn/", "documents/1/x/")
AT_ONCE = 4
# Every address is asked without faults and with PostgreSQL stopped; of other faults each fifth (FUZZ=whole: all).
EACH = 1 if WHOLE else 5
Request = tuple[str, str, str, dict[str, str], bytes]

# What would be gone the second time: one that was held, or that there is not, is refused each time.
SPENT = {
    "meetings/<int:occasion_id>/withdraw/": "/meetings/{met}/withdraw/",
    "live/meetings/<int:occasion_id>/cancel": "/live/meetings/{met}/cancel",
    "admin/occasions/<int:occasion_id>/check/withdraw/": "/admin/occasions/{met}/check/withdraw/",
    "courses/<int:occasion_id>/talk/<int:comment_id>/delete/": "/courses/{met}/talk/0/delete/",
}


@dataclass
class Site:
    """One web process on a PostgreSQL and a Redis of its own."""

    web: RoomServer
    database: Server
    cache: Server
    world: World
    sessions: dict[str, str]
    requests: "list[Request]" = field(default_factory=list)
    before: "dict[str, Answer]" = field(default_factory=dict)

    def headers(self, persona: str) -> dict[str, str]:
        names = {settings.SESSION_COOKIE_NAME: self.sessions.get(persona, ""), settings.CSRF_COOKIE_NAME: TOKEN}
        cookie = "; ".join(f"{name}={value}" for name, value in names.items() if value)
        return {"Cookie": cookie, "X-CSRFToken": TOKEN, "Accept-Language": "zh-CN"}

    def every_request(self) -> "list[Request]":
        """(route, method, path, headers, body) of each own address by its first method, as somebody who may use it."""
        asked = []
        for row in urls.ROWS:
            persona = sorted(row.who - {"anyone"} or {"member"})[0]
            method = "POST" if "GET" not in row.methods.split() else "GET"
            sent = requests.body(row, method, self.world)
            headers = self.headers(persona) | dict(sent.get("headers", {}))
            if "content_type" in sent:
                headers["Content-Type"] = sent["content_type"]
            path = requests.address(row, self.world, persona)
            if row.route in SPENT:
                path = SPENT[row.route].format(met=self.world.met.pk)
            asked.append((row.route, method if method in row.methods.split() else "HEAD", path, headers, b""))
        return asked + [(route, "GET", "/" + route, self.headers("organiser"), b"") for route in OTHERS]

    def ask_all(self, routes: set[str] | None = None, at_once: int = AT_ONCE) -> dict[str, Answer]:
        with ThreadPoolExecutor(at_once) as pool:
            asked = {
                route: pool.submit(ask, self.web.port, method, path, headers, body)
                for route, method, path, headers, body in self.requests
                if routes is None or route in routes
            }
            return {route: answer.result() for route, answer in asked.items()}

    def some(self, each: int) -> set[str]:
        return {route for route, *_request in self.requests[::each]} | {"readyz"}

    def ask_away(self, routes: set[str]) -> dict[str, Answer]:
        """The same while something is away. A busy machine stands still now and then: who was slow is asked again.

        One after the other then: printed pages are slow, and at once they would wait for each other.
        """
        away = self.ask_all(routes)
        return away | self.ask_all({route for route, one in away.items() if one.took_s > WITHIN_S}, at_once=1)

    def ask(self, path: str, persona: str = "member", **headers: str) -> Answer:
        return ask(self.web.port, "GET", path, self.headers(persona) | headers)


@pytest.fixture(scope="module")
def site(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("away")
    files = {"VAR_DIR": folder, "MEDIA_ROOT": folder / "files", "MEDIA_ACCEL_PREFIX": ""}
    with contextlib.ExitStack() as stack:
        for block in (django_db_blocker.unblock(), override_settings(**files)):
            stack.enter_context(block)
        database, cache = stack.enter_context(servers())
        stack.enter_context(pointed_at(database.port))
        world = make_world()
        people = {name: user for name, user in world.people.items() if isinstance(user, User)}
        sessions = {name: sign_in(user) for name, user in people.items()}
        extra = {
            "DATABASE_URL": f"postgres://test@127.0.0.1:{database.port}/{DATABASE}",
            "REDIS_URL": f"redis://127.0.0.1:{cache.port}/0",
            "DEBUG": "0",
            "LOG_FORMAT": "text",
        }
        made = Site(stack.enter_context(serving(folder, **extra)), database, cache, world, sessions)
        made.requests = made.every_request()
        made.before = made.ask_all()
        connection.close()
        yield made


@dataclass
class Fault:
    """One thing that can happen to a server, and how it ends."""

    begin: Callable[[Site], None]
    end: Callable[[Site], None]


DATABASE_FAULTS = {
    "stopped": Fault(lambda site: site.database.stop(), lambda site: site.database.start()),
    "frozen": Fault(lambda site: site.database.freeze(), lambda site: site.database.thaw()),
}
CACHE_FAULTS = {
    "stopped": Fault(lambda site: site.cache.stop(), lambda site: site.cache.start()),
    "frozen": Fault(lambda site: site.cache.freeze(), lambda site: site.cache.thaw()),
}


def say(**measured: Any) -> None:
    sys.stdout.write(json.dumps(measured, ensure_ascii=False) + "\n")


@pytest.mark.parametrize("fault", DATABASE_FAULTS)
def test_without_its_database_every_address_says_so_and_comes_back(site: Site, fault: str) -> None:
    assert [route for route, one in site.before.items() if one.status >= 500] == []
    DATABASE_FAULTS[fault].begin(site)
    try:
        away = site.ask_away(site.some(1 if fault == "stopped" else EACH))
    finally:
        DATABASE_FAULTS[fault].end(site)
    back_s = until_back(site)
    after = site.ask_all(site.some(EACH))
    needed = {route: one for route, one in away.items() if route not in NEED_NOTHING | {REMEMBERED}}
    slowest = max(away.values(), key=lambda one: one.took_s)
    say(fault=f"PostgreSQL {fault}", addresses=len(needed), slowest_s=round(slowest.took_s, 2), at=slowest.path,
        back_after_s=round(back_s, 2), promised_s=WITHIN_S)  # fmt: skip
    assert {route: one.status for route, one in needed.items() if one.status != 503} == {}
    assert {route: one.body for route, one in needed.items() if "retry-after" not in one.headers} == {}
    assert REMEMBERED not in away or away[REMEMBERED].status in (200, 503)
    assert too_slow(away, site.before) == {}
    assert {route: one.status for route, one in after.items()} == {route: site.before[route].status for route in after}


def too_slow(away: dict[str, Answer], before: dict[str, Answer]) -> dict[str, float]:
    """Who waited for long beyond what the busy machine of the tests makes them wait anyway."""
    return {route: one.took_s for route, one in away.items() if one.took_s > BUSY * WITHIN_S + before[route].took_s}


def until_back(site: Site) -> float:
    began = time.monotonic()
    wait_until(lambda: site.ask("/").status == 200, timeout=90)
    return time.monotonic() - began


def test_who_waits_is_told_in_plain_words_and_a_script_in_json(site: Site) -> None:
    site.database.stop()
    try:
        page = site.ask("/", Accept="text/html")
        script = site.ask(f"/live/{site.world.on_air.pk}/state.json", Accept="application/json")
        ready = site.ask("/readyz")
        big = ask(site.web.port, "POST", "/admin/images/add/", site.headers("organiser"), b"x" * 200_000)
    finally:
        site.database.start()
    until_back(site)
    assert re.search(r"[一-鿿]", page.body)
    assert "Traceback" not in page.body
    assert page.headers["cache-control"] == "no-store"
    assert (script.status, json.loads(script.body)["error"]) == (503, "busy")
    assert (ready.status, json.loads(ready.body)) == (503, {"status": "unready"})
    assert big.status == 503
    assert max(ready.took_s, big.took_s) < BUSY * WITHIN_S


def test_a_socket_is_asked_to_come_back(site: Site) -> None:
    lecture = site.world.on_air
    ticket = ticket_for(site.world.member, lecture, device="d" * 32, session_key=site.sessions["member"])
    path = site.web.path(lecture, ticket)
    connection.close()
    site.database.freeze()
    began = time.monotonic()
    try:
        with pytest.raises(ConnectionClosed):
            site.web.dial(path, site.headers("member")).recv(timeout=90)
        assert time.monotonic() - began < BUSY * WITHIN_S
    finally:
        site.database.thaw()
    until_back(site)


@pytest.mark.parametrize("fault", CACHE_FAULTS)
def test_without_redis_pages_go_on_and_only_readyz_says_so(site: Site, fault: str) -> None:
    CACHE_FAULTS[fault].begin(site)
    try:
        away = site.ask_away(site.some(EACH))
        ready = site.ask("/readyz")
    finally:
        CACHE_FAULTS[fault].end(site)
    slowest = max(away.values(), key=lambda one: one.took_s)
    say(fault=f"Redis {fault}", addresses=len(away), slowest_s=round(slowest.took_s, 2), at=slowest.path,
        promised_s=WITHIN_S)  # fmt: skip
    assert (ready.status, ready.took_s < BUSY * WITHIN_S) == (503, True)
    others = {route: one.status for route, one in away.items() if route != "readyz"}
    assert others == {route: site.before[route].status for route in others}
    assert too_slow(away, site.before) == {}
    wait_until(lambda: json.loads(site.ask("/readyz").body)["status"] in ("ready", "unready"))
