"""长辈版 of 今天 and 我的: the most urgent thing alone, everything else behind 其他."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone

from attendance.models import Occasion, RecordState
from organizations.models import User
from tests.attendance.people import expect, make_occasion, stand
from tests.attendance.reports.conftest import World

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]


def seen(sign_in: SignIn, member: User, url: str = "/") -> Any:
    User.objects.filter(pk=member.pk).update(elder_mode=True)
    return BeautifulSoup(sign_in(User.objects.get(pk=member.pk)).get(url).content, "html.parser").find("main")


def buttons(page: Any) -> list[str]:
    return [one.get_text(strip=True) for one in page.select("a.btn:not(.quiet)") if one.find_parent("details") is None]


def test_what_is_live_comes_before_what_is_owed(world: World, sign_in: SignIn) -> None:
    member = world.county.members[1]
    missed = make_occasion(world.training, title="错过的", media_ms=1000)
    stand(missed, member, world.county.branch, RecordState.MISSING)
    for url in ("/", "/me/"):
        first = seen(sign_in, member, url)
        assert len(buttons(first)) == 1
    live = make_occasion(world.training, title="正在讲", state=Occasion.State.OPEN)
    expect(live, member, world.county.branch)
    for url in ("/", "/me/"):
        page = seen(sign_in, member, url)
        assert len(buttons(page)) == 1
        assert page.find("section", class_="live").b.get_text(strip=True) == "正在讲"
    rest = seen(sign_in, member).find("details", class_="more")
    assert rest.summary.get_text(strip=True).startswith("其他")
    assert "错过的" in rest.get_text()


def test_a_lecture_about_to_begin_is_the_one_thing(world: World, sign_in: SignIn) -> None:
    member = world.county.members[0]
    starts_at = timezone.now() + dt.timedelta(minutes=10)
    make_occasion(world.training, title="马上讲", state=Occasion.State.SCHEDULED, starts_at=starts_at)
    assert buttons(seen(sign_in, member)) == ["先进去等"]


def test_nothing_to_do_is_said_and_a_calendar_is_never_the_big_button(world: World, sign_in: SignIn) -> None:
    member = world.county.members[0]
    starts_at = timezone.now() + dt.timedelta(days=3)
    make_occasion(world.training, title="以后讲", state=Occasion.State.SCHEDULED, starts_at=starts_at)
    page = seen(sign_in, member)
    assert buttons(page) == []
    assert "该学的都学完了" in page.get_text()
    assert page.find("a", download=True).find_parent("details") is not None
    assert "现在没有要做的事" in seen(sign_in, member, "/me/").get_text()


def test_whom_to_call(world: World, sign_in: SignIn, settings: Any) -> None:
    assert seen(sign_in, world.county.member).find("a", href=lambda href: href and href.startswith("tel:")) is None
    settings.HELP_PHONE = "0571-8888 0000"
    assert seen(sign_in, world.county.member).find("a", href="tel:057188880000") is not None
