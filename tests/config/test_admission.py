"""How many of a kind are let in at once: the others are told to come again, and keep nobody out."""

import asyncio
import json
import re
from typing import Any

import pytest

from config.admission import KINDS, Admission, kind_of
from config.guard import Guard
from config.views import FOR_SCRIPTS
from tests.config.test_guard import Asked
from tests.front.site import BASE_DIR

pytestmark = pytest.mark.unit
REPORT = "/watch/5/report"


class Slow:
    """Stands for Django: answers when it is let; ``after`` the answer has begun it goes on until it is let again."""

    def __init__(self, *, after: bool = False) -> None:
        self.gate, self.end = asyncio.Event(), asyncio.Event()
        self.waiting = 0
        if not after:
            self.end.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.waiting += 1
        await self.gate.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await self.end.wait()
        await send({"type": "http.response.body", "body": b"ok"})


def get(path: str) -> Asked:
    return Asked(path, "GET", size=0)


async def begun(app: Any, slow: Slow, *asked: Asked) -> list["asyncio.Task[None]"]:
    tasks = [asyncio.create_task(app(one.scope, one.receive, one.send)) for one in asked]
    while slow.waiting < len(tasks):
        await asyncio.sleep(0)
    return tasks


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        *[(path, None) for path in ("/healthz", "/readyz", "/metrics", "/uploads/", "/uploads/5/")],
        *[(path, "evidence") for path in ("/watch/5/play", REPORT, "/courses/answers/", "/live/12/outbox")],
        *[(path, "evidence") for path in ("/courses/package-reports/1/2/3/", "/courses/1/2/asked/3/")],
        ("/m/token/videos/1/a.m4s", "media"),
        *[(path, "pages") for path in ("/", "/me/", "/live/12/", "/live/12/outbox/x", "/courses/answers", "//watch/")],
        ("/courses/1/2/", "pages"),
    ],
)
def test_what_a_request_is_for(path: str, kind: str | None) -> None:
    assert kind_of(path) == kind


def test_one_page_too_many_is_told_to_come_again(settings: Any) -> None:
    settings.PAGES_MAX_OPEN = 2

    async def run() -> list[Asked]:
        slow = Slow()
        admission = Admission(slow)
        held = [get("/me/"), get("/")]
        tasks = await begun(admission, slow, *held)
        page, script, head = get("/me/"), get("/me/"), Asked("/me/", "HEAD", size=0)
        script.scope["headers"].append((b"accept", b"application/json"))
        for one in (page, script, head):
            await admission(one.scope, one.receive, one.send)
        others = [get(REPORT), get("/m/x"), get("/healthz")]
        for one in others:
            tasks += [asyncio.create_task(admission(one.scope, one.receive, one.send))]
        slow.gate.set()
        await asyncio.gather(*tasks)
        assert [one.status for one in (*held, *others)] == [200] * 5
        assert not +admission.open
        after = get("/me/")
        await admission(after.scope, after.receive, after.send)
        assert after.status == 200
        return [page, script, head]

    page, script, head = asyncio.run(run())
    told = [{name.decode(): value.decode() for name, value in one.sent[0]["headers"]} for one in (page, script, head)]
    assert [(one.status, headers["retry-after"]) for one, headers in zip((page, script, head), told, strict=True)] == [
        (503, "5")
    ] * 3
    assert 5 <= int(told[0]["refresh"]) < 10
    assert "请稍等几秒再试" in page.text
    assert (json.loads(script.text)["error"], "refresh" in told[1], head.text) == ("busy", False, "")


def test_a_form_that_is_refused_is_not_sent_again_by_itself(settings: Any) -> None:
    settings.PAGES_MAX_OPEN = 1

    async def run() -> Asked:
        slow = Slow()
        guard = Guard(Admission(slow))
        tasks = await begun(guard, slow, get("/"))
        asked = Asked("/accounts/login/", size=3)
        asked.pieces.put_nowait((b"a=b", False))
        await guard(asked.scope, asked.receive, asked.send)
        slow.gate.set()
        await asyncio.gather(*tasks)
        return asked

    asked = asyncio.run(run())
    assert (asked.status, b"refresh" in dict(asked.sent[0]["headers"])) == (503, False)


def test_what_streams_holds_nobody_up_and_what_fails_is_gone(settings: Any) -> None:
    settings.PAGES_MAX_OPEN = 1

    async def run() -> None:
        slow = Slow(after=True)
        admission = Admission(slow)
        slow.gate.set()
        film = get("/m/film")
        tasks = await begun(admission, slow, film)
        while not film.sent:
            await asyncio.sleep(0)
        assert not +admission.open
        slow.end.set()
        await asyncio.gather(*tasks)
        assert not +admission.open

        async def broken(_scope: Any, _receive: Any, _send: Any) -> None:
            raise RuntimeError

        failing = Admission(broken)
        for _ in range(3):
            with pytest.raises(RuntimeError):
                await failing(get("/").scope, None, None)  # type: ignore[arg-type]

    asyncio.run(run())


def test_nginx_tells_the_same_kinds_apart() -> None:
    text = (BASE_DIR / "deploy/nginx.conf.in").read_text()
    ((evidence, _kind),) = [row for row in KINDS if row[1] == "evidence"]
    leads = dict(re.findall(r'location "?(?:~ "\^)?(/[^\n]*?)"? \{(?:[^{}]|\{1,18\})*?proxy_pass http://(\S+);', text))
    assert leads["/m/"] == "fingertip_media"
    named = [path for path, upstream in leads.items() if upstream == "fingertip_evidence"]
    alternatives = [each for path in named for each in path.removeprefix("/(").removesuffix(")").split("|")]
    assert {each.removeprefix("/") for each in alternatives} == set(
        evidence.removeprefix("/(").removesuffix(")").split("|")
    )
    assert leads["/"] == "fingertip_pages"
    for upstream in ("pages", "evidence", "media"):
        assert f"upstream fingertip_{upstream} {{ zone fingertip_{upstream} 64k; @PAGES@" in text
    assert set(FOR_SCRIPTS) >= {"/watch/"}
