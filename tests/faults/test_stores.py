"""PostgreSQL restarted, Redis silent, Redis emptied and the media engine killed, with phones in a room."""

import asyncio
import signal
import time

import pytest

from tests.faults.phones import Crowd
from tests.faults.promises import measured
from tests.faults.stack import Stack, after

pytestmark = [pytest.mark.faults, pytest.mark.engine]
PHONES = 30
SILENT_S = 60
PRESENT = "SELECT count(*) FROM attendance_presencespan WHERE occasion_id = %s AND ended_at IS NULL"


async def came(stack: Stack, crowd: Crowd) -> int:
    query = "SELECT count(DISTINCT member_id) FROM attendance_presencespan WHERE occasion_id = %s"
    return int(await asyncio.to_thread(stack.value, query, crowd.occasion))


async def test_database_that_restarts_is_waited_for(stack: Stack) -> None:
    fault = "PostgreSQL restarts"
    occasion, cookies, _phone = await asyncio.to_thread(stack.people, PHONES)
    crowd, began = Crowd(stack.site.url, occasion, cookies), time.monotonic()
    crowd.start()
    try:
        assert await crowd.until(1, since=began, within=60) < 60
        await asyncio.sleep(3)
        await asyncio.to_thread(stack.database.end, signal.SIGINT)
        paths = ("/me/", "/accounts/login/", "/") * 3
        away = [await asyncio.to_thread(stack.get, path, cookie=cookies[0]) for path in paths]
        stack.database.start()  # here: it dies with the thread that starts it
        back = await asyncio.to_thread(after, lambda: stack.get("/me/", cookie=cookies[0]).status == 200, within=60)
        present = await asyncio.to_thread(after, lambda: stack.value(PRESENT, occasion) == PHONES, within=60)
        away_now = sum(not phone.is_in for phone in crowd.phones)
        lost = PHONES - await came(stack, crowd)
    finally:
        await crowd.stop()
    wrong = [reply.status for reply in away if reply.status != 503 or "retry-after" not in reply.headers]
    kept = [
        measured(fault, "503 with Retry-After on every page", len(wrong), unit="pages with another answer", most=0),
        measured(fault, "answered within 5 s", max(reply.seconds for reply in away), unit="s", most=5),
        measured(fault, "pages back within 15 s of it", back, unit="s", most=15),
        measured(fault, "everybody is present again", present, unit="s", most=60),
        measured(fault, "all phones in the room", away_now, unit="phones away", most=0),
        measured(fault, "nobody's presence lost", lost, unit="people", most=0),
    ]
    assert all(kept), [(reply.status, reply.seconds) for reply in away]


async def test_emptied_redis_costs_no_evidence(stack: Stack) -> None:
    """Killed, and started with nothing in it: what it held is nobody's record."""
    fault = "Redis killed and emptied, phones in a room"
    occasion, cookies, phone = await asyncio.to_thread(stack.people, PHONES)
    crowd = Crowd(stack.site.url, occasion, cookies)
    crowd.start()
    try:
        assert await crowd.until(1, since=time.monotonic() - 1, within=60) < 60
        await asyncio.sleep(3)
        await asyncio.to_thread(stack.redis.end)
        away = [await asyncio.to_thread(stack.get, path, cookie=cookies[0]) for path in ("/me/", "/courses/")]
        signed_in = [await asyncio.to_thread(stack.sign_in, phone)]
        stack.redis.start()
        signed_in.append(await asyncio.to_thread(stack.sign_in, phone))
        away.append(await asyncio.to_thread(stack.get, "/me/", cookie=cookies[0]))
        dropped = sum(len(phone.closed) for phone in crowd.phones)
        lost = PHONES - await came(stack, crowd)
    finally:
        await crowd.stop()
    wrong = [reply.status for reply in away if reply.status != 200]
    refused = [reply.status for reply in signed_in if reply.status != 302]
    slowest = max(reply.seconds for reply in (*away, *signed_in))
    kept = [
        measured(fault, "pages go on, nobody is signed out", len(wrong), unit="pages with another answer", most=0),
        measured(fault, "people sign in", len(refused), unit="refused", most=0),
        measured(fault, "answered within 5 s", slowest, unit="s", most=5),
        measured(fault, "who is in the room stays in", dropped, unit="closed sockets", most=0),
        measured(fault, "nobody's presence lost", lost, unit="people", most=0),
    ]
    assert all(kept), (away, signed_in)


async def test_killed_media_engine_costs_no_presence(stack: Stack) -> None:
    fault = "media engine and its agent killed, phones in a room"
    occasion, cookies, _phone = await asyncio.to_thread(stack.people, PHONES)
    crowd = Crowd(stack.site.url, occasion, cookies)
    crowd.start()
    try:
        assert await crowd.until(1, since=time.monotonic() - 1, within=60) < 60
        begun = await asyncio.to_thread(after, lambda: stack.value(PRESENT, occasion) == PHONES, within=20)
        assert begun <= 20
        await asyncio.to_thread(stack.kill, "janus")
        await asyncio.sleep(2)
        await asyncio.to_thread(stack.kill, "media_agent")
        await asyncio.sleep(8)
        dropped = sum(len(phone.closed) for phone in crowd.phones)
        ended = PHONES - await asyncio.to_thread(stack.value, PRESENT, occasion)
        back = await asyncio.to_thread(after, lambda: stack.processes("/janus "), within=30)
    finally:
        await crowd.stop()
    kept = [
        measured(fault, "who is in the room stays in", dropped, unit="closed sockets", most=0),
        measured(fault, "attendance unaffected", ended, unit="people no longer present", most=0),
        measured(fault, "the engine runs again within 20 s", 10 + back, unit="s", most=20),
    ]
    assert all(kept)


async def test_silent_redis_costs_no_evidence(stack: Stack) -> None:
    fault = f"Redis silent for {SILENT_S} s"
    occasion, cookies, phone = await asyncio.to_thread(stack.people, 2 * PHONES)
    early, late = (Crowd(stack.site.url, occasion, some) for some in (cookies[:PHONES], cookies[PHONES:]))
    early.start()
    try:
        assert await early.until(1, since=time.monotonic() - 1, within=60) < 60
        stack.redis.send(signal.SIGSTOP)
        silent_at = time.monotonic()
        pages = [await asyncio.to_thread(stack.get, path, cookie=cookies[0]) for path in ("/me/", "/courses/")]
        sign_in = await asyncio.to_thread(stack.sign_in, phone)
        late.start()
        joined = await late.until(1, since=silent_at, within=SILENT_S)
        dropped = sum(len(phone.closed) for phone in early.phones)
        await asyncio.sleep(max(0.0, SILENT_S - (time.monotonic() - silent_at)))
        lost = 2 * PHONES - await came(stack, early)
        stack.redis.send(signal.SIGCONT)
        back = await asyncio.to_thread(after, lambda: stack.get("/accounts/login/").status == 200, within=60)
    finally:
        stack.redis.send(signal.SIGCONT)
        await early.stop()
        await late.stop()
    slowest = max(reply.seconds for reply in (*pages, sign_in))
    wrong = [reply.status for reply in pages if reply.status != 200]
    kept = [
        measured(fault, "pages go on", len(wrong), unit="pages with another answer", most=0),
        measured(fault, "people sign in", sign_in.status, unit="status", least=302, most=302),
        measured(fault, "answered within 5 s", slowest, unit="s", most=5),
        measured(fault, "who is in the room stays in", dropped, unit="closed sockets", most=0),
        measured(fault, "who comes gets in", joined, unit="s", most=SILENT_S),
        measured(fault, "nobody's presence lost", lost, unit="people", most=0),
        measured(fault, "as before within 15 s of it", back, unit="s", most=15),
    ]
    assert all(kept), [(reply.status, reply.seconds) for reply in (*pages, sign_in)]
