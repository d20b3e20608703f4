"""扫码签到: opened by a helper, scanned by members, ticked by whoever answers for the hall; never by itself."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from attendance.core.codes import code_of
from attendance.models import Evidence, Hall, Occasion, Record
from attendance.operations import close_occasion, settle
from organizations.models import User
from tests.attendance.reports.conftest import World
from tests.attendance.views.test_hall import boxes, checked, running, url_of
from tests.factories.organizations import UserFactory

__all__ = ["running"]
pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]


def open_code(world: World, sign_in: SignIn) -> Hall:
    data = {"occasion": world.occasion.pk, "do": "code"}
    assert sign_in(world.county.secretary).post(url_of(world), data).status_code == 302
    return Hall.objects.get()


def link(hall: Hall, *, ago_s: int = 0) -> str:
    at_s = int(timezone.now().timestamp()) - ago_s
    return f"/in/{code_of(hall.pk, key=settings.SECRET_KEY.encode(), at_s=at_s)}/"


def test_the_code_is_drawn_for_its_own_secretary_and_comes_anew(running: World, sign_in: SignIn) -> None:
    hall = open_code(running, sign_in)
    url = f"/branch/halls/{hall.pk}/code/"
    text = sign_in(running.county.secretary).get(url).content.decode()
    assert '<meta http-equiv="refresh" content="10">' in text
    assert re.search(r'<svg[^>]*class="code"', text)
    assert "style=" not in text.split("code-frame")[1].split("</svg>")[0]
    assert "还没有人扫码" in text
    for user in (running.county.neighbour_secretary, running.county.member, running.county.organiser):
        assert sign_in(user).get(url).status_code == 404


def test_a_scan_counts_once_the_helper_has_ticked_and_from_the_scan_on(running: World, sign_in: SignIn) -> None:
    hall, member = open_code(running, sign_in), running.county.member
    phone, url = sign_in(member), link(hall)
    page = phone.get(url).content.decode()
    assert member.name in page
    assert "东风村第一支部" in page
    assert not Evidence.objects.exists()  # a link that is only opened notes nothing
    for _turn in range(2):
        assert phone.post(url, follow=True).status_code == 200
    scan = Evidence.objects.get()
    assert (scan.kind, scan.category, scan.recorded_by) == ("check_in", "qr", None)
    assert "扫过现场的码，等支部书记确认" in phone.get(f"/me/records/{running.occasion.pk}/").content.decode()
    client = sign_in(running.county.secretary)
    text = client.get(url_of(running)).content.decode()
    assert "1 位扫过码，还没有登记" in text
    assert checked(text) == [str(member.pk)]
    started = re.search(r'name="started_at" value="([^"]+)"', text)
    ended = re.search(r'name="ended_at" value="([^"]+)"', text)
    assert started
    assert ended
    data: dict[str, Any] = {"occasion": running.occasion.pk, "members": [member.pk], "started_at": started[1]}
    client.post(url_of(running), {**data, "ended_at": ended[1], "times": "1", "from_scan": "on"})
    tick = Evidence.objects.get(kind="hall")
    assert (tick.started_at, tick.ended_at) == (scan.started_at, running.occasion.ends_at)
    assert "扫过码，还没有登记" not in client.get(url_of(running)).content.decode()


def test_a_scan_alone_makes_nobody_present_and_nobody_missing(running: World, sign_in: SignIn) -> None:
    hall, occasion = open_code(running, sign_in), running.occasion
    member, other = running.county.members[:2]
    phone, url = sign_in(member), link(hall)
    phone.get(url)
    phone.post(url)
    close_occasion(occasion_id=occasion.pk, as_of=occasion.ends_at)
    settle(occasion_id=occasion.pk, as_of=occasion.ends_at)
    assert Record.objects.get(occasion=occasion, member=member).stands == "incomplete"
    assert Record.objects.get(occasion=occasion, member=other).stands == "missing"
    # The helper who knows that they were not there takes the scan back, and it is the person's to read.
    scan = Evidence.objects.get(kind="check_in")
    sign_in(running.county.secretary).post(f"/branch/evidence/{scan.pk}/withdraw/")
    assert Record.objects.get(occasion=occasion, member=member).stands == "missing"


def test_a_picture_of_the_code_is_refused_after_its_grace_in_kind_words(running: World, sign_in: SignIn) -> None:
    hall = open_code(running, sign_in)
    answer = sign_in(running.county.member).get(link(hall, ago_s=40))
    assert answer.status_code == 410
    assert "这个码已经换了" in answer.content.decode()
    assert sign_in(running.county.member).post(link(hall, ago_s=40)).status_code == 410
    assert sign_in(running.county.member).get("/in/1-2-3/").status_code == 404
    assert not Evidence.objects.exists()


def test_within_the_grace_another_account_can_use_the_same_code(running: World, sign_in: SignIn) -> None:
    """Said openly in ADR 40: the code is one more signal, and a person answers for the hall."""
    hall = open_code(running, sign_in)
    url = link(hall)
    for member in running.county.members[:2]:
        phone = sign_in(member)
        phone.get(url)
        phone.post(url)
    assert Evidence.objects.filter(kind="check_in").count() == 2


def test_who_has_to_sign_in_first_comes_back_to_the_same_scan(running: World, monkeypatch: pytest.MonkeyPatch) -> None:
    member = running.county.member
    hall = Hall.objects.create(
        occasion=running.occasion, node=running.county.branch, opened_by=running.county.secretary,
        opened_at=timezone.now(),
    )  # fmt: skip
    phone, url = Client(), link(hall)
    answer = phone.get(url)
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith(f"?next={url}")
    phone.force_login(member)
    now = timezone.now()
    monkeypatch.setattr("attendance.views.check_in.timezone.now", lambda: now + dt.timedelta(minutes=3))
    assert "我到了" in phone.get(url).content.decode()
    assert phone.post(url).status_code == 302
    assert Evidence.objects.get().member == member
    monkeypatch.setattr("attendance.views.check_in.timezone.now", lambda: now + dt.timedelta(minutes=11))
    assert phone.get(url).status_code == 410


def test_closed_halls_and_strangers_are_told_what_to_do(running: World, sign_in: SignIn) -> None:
    hall = open_code(running, sign_in)
    stranger = sign_in(UserFactory(name="外地人"))
    assert "您不在这一场的应到名单里" in stranger.get(link(hall)).content.decode()
    assert stranger.post(link(hall)).status_code == 409
    phone, url = sign_in(running.county.member), link(hall)
    phone.get(url)
    client = sign_in(running.county.secretary)
    client.post(url_of(running), {"occasion": running.occasion.pk, "do": "close", "hall": hall.pk})
    answer = phone.post(url)
    assert answer.status_code == 409
    assert "这里的签到已经结束" in answer.content.decode()
    assert "扫码已经结束" in client.get(f"/branch/halls/{hall.pk}/code/").content.decode()
    assert not Evidence.objects.exists()


def test_somebody_of_another_unit_scans_and_stands_in_their_own_list(running: World, sign_in: SignIn) -> None:
    hall, visitor = open_code(running, sign_in), running.county.neighbour_member
    phone, url = sign_in(visitor), link(hall)
    phone.get(url)
    phone.post(url)
    assert str(visitor.pk) not in boxes(sign_in(running.county.secretary).get(url_of(running)).content.decode())
    text = sign_in(running.county.neighbour_secretary).get(url_of(running)).content.decode()
    assert checked(text) == [str(visitor.pk)]


def test_a_course_and_what_is_over_have_no_code(running: World, sign_in: SignIn) -> None:
    text = sign_in(running.county.secretary).get(url_of(running)).content.decode()
    assert "让大家扫码" in text
    Occasion.objects.update(state=Occasion.State.SETTLED, window_end_at=timezone.now())
    assert "让大家扫码" not in sign_in(running.county.secretary).get(url_of(running)).content.decode()
