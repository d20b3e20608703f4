"""A room of 500 phones whose web process is killed, and then replaced in order."""

import asyncio
import os
import signal
import time

import pytest

from tests.faults.phones import Crowd
from tests.faults.promises import measured
from tests.faults.stack import Stack, after

pytestmark = [pytest.mark.faults, pytest.mark.engine]
PHONES = int(os.environ.get("FAULTS_PHONES", "500"))
CHATTING = 20
COME_IN_S = 240


async def test_room_comes_back_from_a_killed_web_process_and_from_a_new_release(stack: Stack) -> None:
    occasion, cookies, _phone = await asyncio.to_thread(stack.people, PHONES)
    crowd = Crowd(stack.site.url, occasion, cookies)
    for phone in crowd.phones[:CHATTING]:
        phone.says = [f"first-{phone.number}"]
    began = time.monotonic()
    crowd.start()
    try:
        assert await crowd.until(1, since=began, within=COME_IN_S) <= COME_IN_S, "all come in at first"
        await asyncio.sleep(3)
        kept = await killed(stack, crowd, occasion)
        kept += await replaced(stack, crowd, occasion)
    finally:
        await crowd.stop()
    assert all(kept)


async def killed(stack: Stack, crowd: Crowd, occasion: int) -> list[bool]:
    fault = f"web process killed under {PHONES} sockets"
    said = {word for phone in crowd.phones for word in phone.acked}
    assert len(said) == CHATTING
    killed_at = time.monotonic()
    stack.kill("uvicorn")
    most = await crowd.until(0.95, since=killed_at, within=60)
    all_in = await crowd.until(1, since=killed_at, within=60)
    stored = await asyncio.to_thread(
        stack.rows, "SELECT client_id FROM live_chatmessage WHERE lecture_id = %s", occasion
    )
    lost = said - {client_id for (client_id,) in stored}
    came = await asyncio.to_thread(
        stack.value, "SELECT count(DISTINCT member_id) FROM attendance_presencespan WHERE occasion_id = %s", occasion
    )
    return [
        measured(fault, "no acknowledged message lost", len(lost), unit="messages", most=0),
        measured(fault, "nobody's presence lost", PHONES - came, unit="people", most=0),
        measured(fault, "95 % back in 10 s", most, unit="s", most=10),
        measured(fault, "all back in 30 s", all_in, unit="s", most=30),
    ]


async def replaced(stack: Stack, crowd: Crowd, occasion: int) -> list[bool]:
    fault = "web process replaced in a lecture"
    stopped_at = time.monotonic()
    for pid in stack.processes("uvicorn"):
        os.kill(pid, signal.SIGTERM)
    all_in = await crowd.until(1, since=stopped_at, within=90)
    codes = [phone.closed[-1][1] for phone in crowd.phones if phone.closed and phone.closed[-1][0] > stopped_at]
    state = await asyncio.to_thread(stack.value, "SELECT state FROM live_lecture WHERE occasion_id = %s", occasion)
    spans = "SELECT count(*) FROM attendance_presencespan WHERE occasion_id = %s AND ended_at IS NULL"
    open_spans = await asyncio.to_thread(after, lambda: stack.value(spans, occasion) == PHONES, within=30)
    return [
        measured(fault, "no lecture ends", 0 if state == "live" else 1, unit="lectures", most=0),
        measured(
            fault,
            "each phone is told that it is a new release",
            codes.count(1012),
            unit="phones",
            most=PHONES,
            least=PHONES,
        ),
        measured(fault, "all back in 40 s", all_in, unit="s", most=40),
        measured(fault, "each is present once", open_spans, unit="s", most=30),
    ]
