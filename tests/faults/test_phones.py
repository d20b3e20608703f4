"""Clocks that are wrong, answers that are sent twice, and two phones of one person: over real sockets and addresses."""

import datetime as dt
import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from attendance.models import Evidence, PresenceSpan
from attendance.queries import judged
from live.models import Lecture
from organizations.models import User
from tests.factories.live import make_live
from tests.factories.organizations import County, make_county
from tests.faults.promises import measured
from tests.realtime.conftest import RoomServer, serving, sign_in, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.engine, pytest.mark.django_db(transaction=True)]
TOKEN = "a" * 32
DEVICE = "d" * 32
DAY = dt.timedelta(days=1)


@pytest.fixture
def world(transactional_db: None) -> County:
    return make_county()


def post_outbox(server: RoomServer, lecture: Lecture, session: str, **note: Any) -> tuple[int, dict[str, Any]]:
    """As the page does it when its line is back."""
    asking = urllib.request.Request(
        f"{server.origin}/live/{lecture.pk}/outbox",
        data=json.dumps(note).encode(),
        headers={
            "Content-Type": "application/json",
            "Cookie": f"{settings.SESSION_COOKIE_NAME}={session}; csrftoken={TOKEN}",
            "X-CSRFToken": TOKEN,
            "Origin": server.origin,
        },
        method="POST",
    )
    try:
        with urllib.request.urlopen(asking, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def lasted_s(lecture: Lecture) -> float:
    begun = lecture.occasion.window_start_at
    assert begun is not None
    return (timezone.now() - begun).total_seconds()


def done_s(lecture: Lecture, member: User) -> float:
    lecture.occasion.refresh_from_db()
    return judged(occasion=lecture.occasion, member_id=member.pk, as_of=timezone.now()).done_ms / 1000


def stretch(begin: dt.datetime, end: dt.datetime) -> dict[str, int]:
    return {"from_ms": int(begin.timestamp() * 1000), "to_ms": int(end.timestamp() * 1000)}


def test_phone_whose_clock_is_a_day_off(world: County, tmp_path: Path) -> None:
    fault = "phone's clock a day off"
    lecture, kept = make_live(world), []
    with serving(tmp_path) as server:
        for member, off in zip(world.members[:2], (DAY, -DAY), strict=True):
            session = sign_in(member)
            server.join(member, lecture, device=DEVICE, session_key=session)
            now = timezone.now() + off
            note = {"id": "one", "device": DEVICE, **stretch(now - dt.timedelta(minutes=5), now)}
            status, _answer = post_outbox(server, lecture, session, **note)
            backwards = {"id": "two", "device": DEVICE, **stretch(now, now - dt.timedelta(minutes=5))}
            turned, _answer = post_outbox(server, lecture, session, **backwards)
            side = "ahead" if off > dt.timedelta(0) else "behind"
            named, counted = f"{fault} ({side})", done_s(lecture, member)
            kept += [
                measured(named, "answered in words, never 500", max(status, turned), unit="status", most=499),
                measured(named, "no negative time, none past the lecture", counted, unit="s", most=lasted_s(lecture)),
            ]
    assert all(kept)


def test_answer_that_was_lost_is_given_again(world: County, tmp_path: Path) -> None:
    lecture, member = make_live(world), world.members[0]
    with serving(tmp_path) as server:
        session = sign_in(member)
        phone = server.join(member, lecture, device=DEVICE, session_key=session)
        now = timezone.now()
        note = {"id": "same", "device": DEVICE, **stretch(now - dt.timedelta(minutes=4), now - dt.timedelta(minutes=1))}
        answers = [post_outbox(server, lecture, session, **note) for _ in range(3)]
        for _ in range(2):
            phone.send(t="chat", id="once", text="说一次")
            assert phone.until("ack")["id"] == "once"
    stretches = Evidence.objects.filter(occasion=lecture.occasion, member=member).count()
    different = len({json.dumps(answer) for answer in answers})
    kept = [
        measured(
            "an answer is lost and asked for again", "the same answer", different, unit="answers", least=1, most=1
        ),
        measured("an answer is lost and asked for again", "counted once", stretches, unit="rows", most=1),
    ]
    assert all(kept), answers


def test_two_phones_of_one_person_are_one_person(world: County, tmp_path: Path) -> None:
    lecture, member = make_live(world), world.members[0]
    began = timezone.now()
    with serving(tmp_path) as server:
        for device in ("a" * 32, "b" * 32):
            server.join(member, lecture, device=device)
        time.sleep(6)
    wait_until(lambda: not PresenceSpan.objects.filter(ended_at=None).exists())
    passed = (timezone.now() - began).total_seconds()
    spans = PresenceSpan.objects.filter(member=member).count()
    assert spans == 2
    counted = done_s(lecture, member)
    assert measured("two phones of one person", "their union, not their sum", counted, unit="s", least=3, most=passed)


def test_server_clock_that_steps(world: County, tmp_path: Path) -> None:
    """Back by an hour and ahead by one, while a phone is in the room; the monotonic clock goes on."""
    kept = []
    step = tmp_path / "step"
    step.write_text("0")
    clock = {"PYTHONPATH": str(Path(__file__).parent / "clock"), "CLOCK_STEP": str(step)}
    with serving(tmp_path, **clock) as server:
        for member, seconds in zip(world.members[:2], (-3600, 3600), strict=True):
            lecture = make_live(world)
            began = timezone.now()
            phone = server.join(member, lecture)
            time.sleep(3)
            making = step.with_suffix(".new")
            making.write_text(str(seconds))
            making.replace(step)
            phone.send(t="beat")
            time.sleep(3)
            phone.close()
            spans = PresenceSpan.objects.filter(member=member, occasion=lecture.occasion)
            wait_until(lambda spans=spans: spans.exists() and not spans.filter(ended_at=None).exists(), timeout=20)
            step.write_text("0")
            passed = (timezone.now() - began).total_seconds()
            length = sum((span.ended_at - span.started_at).total_seconds() for span in spans if span.ended_at)
            side = "back" if seconds < 0 else "ahead"
            fault = f"server's clock steps by an hour ({side})"
            most = passed + 1
            kept += [
                measured(fault, "no negative time, none longer than it was", length, unit="s", most=most),
                measured(
                    fault, "what counts is in the lecture", done_s(lecture, member), unit="s", most=lasted_s(lecture)
                ),
            ]
    assert all(kept)
