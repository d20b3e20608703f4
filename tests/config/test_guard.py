"""The guard before Django: no address takes more than its table says, nobody holds a place by being slow."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import RequestFactory

from config import views
from config.guard import CHUNKED, Guard, Limit, account_of, announced, may_send, row_for
from organizations.models import Role, User
from tests.config.test_pages import ALL_HEADERS
from tests.factories.organizations import RoleGrantFactory, UserFactory
from tests.realtime.conftest import sign_in
from tests.trust.requests import METHODS, routes

KIB, MIB = 2**10, 2**20
WITH_ROLES = {
    "/roster/": "operator",
    "/admin/": "organiser",
    "/admin/images/": "organiser",
    "/admin/documents/": "lecturer",
}
UPLOAD = "/uploads/00000000-0000-4000-8000-000000000000/"
ROUTES = sorted(set(routes()))
PLACE = re.compile(r"<[^>]*>|\(\?P<\w+>[^)]*\)|[\\^$()?]")


class Asked:
    """One request by hand: what the server hands over, what it is given back."""

    def __init__(self, path: str = "/", method: str = "POST", *, size: int | None = None, cookie: str = "") -> None:
        headers = [(b"host", b"127.0.0.1"), (b"cookie", cookie.encode())]
        headers.append((b"transfer-encoding", b"chunked") if size is None else (b"content-length", str(size).encode()))
        self.scope = {
            "type": "http", "http_version": "1.1", "method": method, "path": path, "raw_path": path.encode(),
            "query_string": b"", "root_path": "", "headers": headers, "server": ("127.0.0.1", 80),
            "client": ("127.0.0.1", 5), "scheme": "http",
        }  # fmt: skip
        self.pieces: asyncio.Queue[tuple[bytes, bool]] = asyncio.Queue()
        self.taken = 0
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        data, is_more = await self.pieces.get()
        self.taken += len(data)
        return {"type": "http.request", "body": data, "more_body": is_more}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.sent[1:]).decode()


class Pages:
    """Stands for Django: reads the body to its end, then answers 200."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
            if not message["more_body"]:
                break
        self.bodies.append(body)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture(autouse=True)
def no_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.guard.LINGER_S", 0)


def asked_of(guard: Guard, asked: Asked) -> Asked:
    asyncio.run(guard(asked.scope, asked.receive, asked.send))
    return asked


def address(route: str) -> str:
    return "/" + PLACE.sub("1", route)


@pytest.mark.unit
@pytest.mark.parametrize("method", METHODS)
def test_every_address_refuses_what_is_larger_than_its_limit(method: str) -> None:
    """Nobody is signed in: the limit is the usual one, but for pieces of uploads, which ask for themselves."""
    pages = Pages()
    guard, wrong = Guard(pages), {}
    assert len(ROUTES) > 300
    for route in ROUTES:
        path = address(route)
        is_piece = method == "PATCH" and path.startswith("/uploads/")
        limit = settings.MEDIA_MAX_PIECE_BYTES if is_piece else 64 * KIB
        asked = asked_of(guard, Asked(path, method, size=limit + 1))
        if (asked.status, asked.taken) != (413, 0):
            wrong[route] = (asked.status, asked.taken)
    assert (wrong, pages.bodies) == ({}, [])


@pytest.mark.unit
def test_what_fits_comes_through_untouched() -> None:
    pages = Pages()
    asked = Asked("/branch/", size=64 * KIB)
    asked.pieces.put_nowait((b"a" * 32 * KIB, True))
    asked.pieces.put_nowait((b"b" * 32 * KIB, False))
    assert asked_of(Guard(pages), asked).status == 200
    assert pages.bodies == [b"a" * 32 * KIB + b"b" * 32 * KIB]
    assert (b"connection", b"close") not in asked.sent[0]["headers"]


@pytest.mark.unit
def test_request_without_a_body_is_not_touched() -> None:
    seen: list[Any] = []

    async def pages(scope: Any, receive: Any, send: Any) -> None:
        seen.extend([scope, receive, send])

    asked = Asked("/", "GET", size=0)
    asked_of(Guard(pages), asked)
    assert seen == [asked.scope, asked.receive, asked.send]


@pytest.mark.unit
def test_chunked_body_is_counted() -> None:
    pages, asked = Pages(), Asked("/nothing-here")
    for _ in range(8):
        asked.pieces.put_nowait((b"x" * 16 * KIB, True))
    assert asked_of(Guard(pages), asked).status == 413
    assert pages.bodies == []


@pytest.mark.unit
@pytest.mark.parametrize(("path", "is_json"), [("/uploads/", True), ("/watch/1/play", True), ("/branch/", False)])
def test_refusal_is_said_as_the_address_expects(path: str, is_json: bool) -> None:
    asked = asked_of(Guard(Pages()), Asked(path, size=MIB))
    headers = dict(asked.sent[0]["headers"])
    assert headers[b"content-type"].startswith(b"application/json" if is_json else b"text/html")
    text = json.loads(asked.text)["message"] if is_json else asked.text
    assert "发送的内容太大：这里最多 64.0\xa0KB。请减少一些，再试一次。" in text
    assert (headers[b"connection"], headers[b"cache-control"]) == (b"close", b"no-store")
    assert int(headers[b"content-length"]) == len(asked.text.encode())


@pytest.mark.unit
@pytest.mark.parametrize(("limit", "said"), [(201 * MIB, "200\xa0MB"), (51 * MIB, "50\xa0MB"), (2 * MIB, "2.0\xa0MB")])
def test_a_form_with_a_file_is_refused_by_the_number_that_it_offers(limit: int, said: str) -> None:
    answer = views.too_large(RequestFactory().post("/admin/course-files/import/"), limit)
    assert f"这里最多 {said}。" in answer.content.decode()


@pytest.mark.unit
def test_what_a_request_announces() -> None:
    assert announced([(b"host", b"x")]) == 0
    assert announced([(b"content-length", b"12")]) == 12
    assert announced([(b"content-length", b"0"), (b"transfer-encoding", b"chunked")]) == CHUNKED
    assert announced([(b"content-length", b"+5")]) == CHUNKED


@pytest.mark.unit
def test_longest_prefix_decides(settings: Any) -> None:
    settings.BODY_LIMITS = [("/a/", ["POST"], 100, ()), ("/a/b/", ["POST"], 200, ())]
    guard = Guard(Pages())
    assert row_for(guard.table, "/a/b/c", "POST") == Limit("/a/b/", frozenset({"POST"}), 200, ())
    assert row_for(guard.table, "/a/c", "POST") == Limit("/a/", frozenset({"POST"}), 100, ())
    assert (row_for(guard.table, "/a/c", "PUT"), row_for(guard.table, "/b/", "POST")) == (None, None)


@pytest.fixture
def impatient(settings: Any) -> None:
    settings.BODY_IDLE_S, settings.BODY_GRACE_S, settings.BODY_FLOOR_BYTES_S = 0.2, 0.4, 1000


@pytest.mark.unit
def test_idle_body_is_given_up(impatient: None) -> None:
    asked = Asked("/uploads/", size=100)
    asked.pieces.put_nowait((b"x", True))
    assert asked_of(Guard(Pages()), asked).status == 408
    assert json.loads(asked.text)["message"] == "网络太慢，内容没有传完。请换到网络好的地方，再试一次。"


@pytest.mark.unit
def test_trickling_body_is_given_up_and_a_slow_one_is_not(impatient: None, settings: Any) -> None:
    """A byte now and then keeps no place; what comes slowly, but above the floor, does."""

    settings.BODY_IDLE_S = 60  # it is never quite idle, however busy this machine is

    async def trickle(size: int) -> tuple[int, float]:
        asked, loop = Asked("/", size=10_000), asyncio.get_running_loop()
        began, going = loop.time(), asyncio.create_task(Guard(Pages())(asked.scope, asked.receive, asked.send))
        for turn in range(20):
            if going.done():
                break
            asked.pieces.put_nowait((b"x" * size, turn < 19))
            await asyncio.sleep(0.05)
        await going
        return asked.status, loop.time() - began

    status, took = asyncio.run(trickle(1))
    assert (status, took > 0.35) == (408, True)
    assert asyncio.run(trickle(500))[0] == 200


@pytest.mark.unit
def test_oldest_half_open_body_makes_room_for_a_new_one(settings: Any) -> None:
    settings.BODY_MAX_OPEN = 2
    pages = Pages()

    async def story() -> list[int]:
        guard, asked = Guard(pages), [Asked("/", size=100) for _ in range(4)]
        going = []
        for one in asked:
            going.append(asyncio.create_task(guard(one.scope, one.receive, one.send)))
            await asyncio.sleep(0.01)
        assert len(guard.small) == 2
        for one in asked:
            one.pieces.put_nowait((b"y" * 100, False))
        await asyncio.gather(*going)
        assert guard.small == {}
        return [one.status for one in asked]

    assert asyncio.run(story()) == [408, 408, 200, 200]
    assert pages.bodies == [b"y" * 100] * 2


@pytest.mark.unit
def test_one_large_body_too_many_is_asked_to_wait(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.BODY_MAX_LARGE = 1
    monkeypatch.setattr("config.guard.account_of", lambda scope: dict(scope["headers"])[b"cookie"].decode())

    async def story() -> tuple[int, int, bytes]:
        guard = Guard(Pages())
        first, second = (Asked(UPLOAD, "PATCH", size=100_000, cookie=name) for name in ("李", "王"))
        going = asyncio.create_task(guard(first.scope, first.receive, first.send))
        async with asyncio.timeout(60):
            while not any(guard.large.values()):
                await asyncio.sleep(0.001)
        await guard(second.scope, second.receive, second.send)
        first.pieces.put_nowait((b"x" * 100_000, False))
        await going
        return first.status, second.status, dict(second.sent[0]["headers"])[b"retry-after"]

    assert asyncio.run(story()) == (200, 503, b"5")


@pytest.mark.unit
def test_one_accounts_slow_bodies_keep_nobody_else_out(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty of one account: its oldest give way. Another account's are taken, and pieces of uploads stand apart."""
    settings.BODY_MAX_LARGE, settings.BODY_MAX_LARGE_EACH = 10, 4
    monkeypatch.setattr("config.guard.account_of", lambda scope: dict(scope["headers"])[b"cookie"].decode())
    monkeypatch.setattr("config.guard.may_send", lambda _scope, _roles: True)

    async def story() -> tuple[list[int], list[int]]:
        guard, going = Guard(Pages()), []

        async def begin(path: str, method: str, who: str) -> Asked:
            one = Asked(path, method, size=100_000, cookie=who)
            going.append(asyncio.create_task(guard(one.scope, one.receive, one.send)))
            while one.sent == [] and not any(one.receive.__self__ is held for held in held_in(guard)):
                await asyncio.sleep(0.001)
            return one

        slow = [await begin("/admin/documents/add/", "POST", "a") for _ in range(40)]
        others = [await begin("/admin/documents/add/", "POST", who) for who in "bc"]
        others += [await begin("/roster/", "POST", "d"), await begin(UPLOAD, "PATCH", "a")]
        assert {name: len(room) for name, room in guard.large.items()} == {"pieces": 1, "files": 7}
        for one in (*slow, *others):
            one.pieces.put_nowait((b"x" * 100_000, False))
        await asyncio.gather(*going)
        assert guard.large == {"pieces": {}, "files": {}}
        return [one.status for one in slow], [one.status for one in others]

    assert asyncio.run(story()) == ([503] * 36 + [200] * 4, [200] * 4)


def held_in(guard: Guard) -> list[Any]:
    """Who sends the large bodies that are on their way."""
    return [body._receive.__self__ for room in guard.large.values() for body in room]  # type: ignore[attr-defined]


@pytest.mark.unit
@pytest.mark.parametrize(
    "path",
    ["/admin/nothing-here/", "/admin/images/nothing-here/", "/admin/documents/add", "/admin/embeds/chooser/upload/",
     "/uploads/nothing-here"],
)  # fmt: skip
def test_what_is_nowhere_takes_nothing_large(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr("config.guard.may_send", lambda _scope, _roles: True)
    method = "PATCH" if path.startswith("/uploads/") else "POST"
    asked = asked_of(Guard(Pages()), Asked(path, method, size=MIB))
    assert (asked.status, asked.taken) == (413, 0)


@pytest.mark.unit
def test_only_what_takes_files_takes_large_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Guard(Pages())
    sizes = {
        path: row_for(guard.table, path, "POST").size // MIB  # type: ignore[union-attr]
        for path in ("/admin/pages/7/edit/", "/admin/account/", "/admin/images/add/", "/admin/images/chooser/create/",
                     "/admin/documents/edit/3/", "/admin/documents/multiple/add/")
    }  # fmt: skip
    assert list(sizes.values()) == [2, 2, 51, 51, 51, 51]


@pytest.mark.unit
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_refusal_has_all_headers_of_a_page(settings: Any, accept: str) -> None:
    settings.SECURE_HSTS_SECONDS = 60
    asked = Asked("/branch/", size=MIB)
    asked.scope["headers"].append((b"accept", accept.encode()))
    asked.scope["scheme"] = "https"
    headers = {name.decode(): value.decode() for name, value in asked_of(Guard(Pages()), asked).sent[0]["headers"]}
    assert (asked.status, headers["content-type"].split(";")[0]) == (413, accept)
    assert set(headers) >= {name.lower() for name in ALL_HEADERS} | {"cache-control", "strict-transport-security"}
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.integration
@pytest.mark.django_db
def test_an_account_is_one_in_all_its_browsers() -> None:
    user = UserFactory()
    names = {account_of(Asked(cookie=cookie(user)).scope) for _ in range(2)}
    assert names == {str(user.pk)}
    assert account_of(Asked().scope) == account_of(Asked(cookie="sessionid=made-up").scope) == ""


def cookie(user: User) -> str:
    return f"{settings.SESSION_COOKIE_NAME}={sign_in(user)}"


@pytest.mark.integration
@pytest.mark.django_db
@pytest.mark.parametrize("prefix", WITH_ROLES)
def test_more_is_for_those_with_the_role(prefix: str) -> None:
    row = next(row for row in Guard(Pages()).table if row.prefix == prefix)
    scope = Asked(prefix).scope
    for role in (*row.roles, Role.SECRETARY, Role.AUDITOR):
        user = RoleGrantFactory(role=role).user
        assert may_send(Asked(prefix, cookie=cookie(user)).scope, row.roles) is (role in row.roles), role
    assert not may_send(scope, row.roles)
    assert not may_send(Asked(prefix, cookie=cookie(UserFactory())).scope, row.roles)
    assert not may_send(Asked(prefix, cookie=f"{settings.SESSION_COOKIE_NAME}=made-up").scope, row.roles)
    away = RoleGrantFactory(role=row.roles[0]).user
    held = cookie(away)
    User.objects.filter(pk=away.pk).update(is_active=False)
    assert not may_send(Asked(prefix, cookie=held).scope, row.roles)


@pytest.mark.integration
@pytest.mark.django_db
def test_what_a_package_reports_is_for_whoever_is_signed_in() -> None:
    row = next(row for row in Guard(Pages()).table if row.prefix == "/courses/package-reports/")
    member = UserFactory()
    held = cookie(member)
    assert may_send(Asked(row.prefix, cookie=held).scope, row.roles)
    assert not may_send(Asked(row.prefix).scope, row.roles)
    User.objects.filter(pk=member.pk).update(is_active=False)
    assert not may_send(Asked(row.prefix, cookie=held).scope, row.roles)


@pytest.mark.integration
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("prefix", WITH_ROLES)
def test_role_has_a_limit_too(prefix: str) -> None:
    user = RoleGrantFactory(role=WITH_ROLES[prefix]).user
    row = next(row for row in Guard(Pages()).table if row.prefix == prefix)
    pages, held = Pages(), cookie(user)
    asked = Asked(prefix, size=row.size, cookie=held)
    asked.pieces.put_nowait((b"x" * 200_000, False))
    assert asked_of(Guard(pages), asked).status == 200
    assert asked_of(Guard(pages), Asked(prefix, size=row.size + 1, cookie=held)).status == 413
    assert asked_of(Guard(pages), Asked("/branch/", size=row.size, cookie=held)).status == 413
    assert [len(body) for body in pages.bodies] == [200_000]


@pytest.mark.unit
def test_a_line_that_only_is_held_open_is_given_up_though_time_is_left(settings: Any) -> None:
    """How long nothing may come is asked for itself: the pace of the whole would allow minutes more."""
    settings.BODY_IDLE_S, settings.BODY_GRACE_S = 0.2, 600
    asked = Asked("/uploads/", size=100)
    asked.pieces.put_nowait((b"x", True))

    async def given_up() -> None:
        async with asyncio.timeout(60):
            await Guard(Pages())(asked.scope, asked.receive, asked.send)

    asyncio.run(given_up())
    assert asked.status == 408


@pytest.mark.unit
def test_a_stranger_sends_no_file_where_an_operator_may() -> None:
    pages = Pages()
    asked = Asked("/roster/", "POST", size=64 * KIB + 1)
    asked.pieces.put_nowait((b"x", False))
    assert asked_of(Guard(pages), asked).status == 413
    assert pages.bodies == [], "no page saw any of it"
