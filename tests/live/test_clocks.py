"""A media host whose clock is wrong neither looks dead for it, nor takes a lecture from a host that lives."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.utils import timezone

from attendance import clock
from live.agent import moment
from live.agent.agent import Agent
from live.models import Lecture, MediaNode
from live.operations import life, nodes, place_lecture
from live.queries.nodes import is_fresh
from tests.factories.live import make_live
from tests.factories.organizations import make_county

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = dt.timedelta(minutes=1)


class Host:
    """An engine that runs and carries nothing."""

    url, running = "unix:/wrong", True

    def cpu_seconds(self) -> float:
        return 0.0

    async def handles(self) -> int:
        return 0


class Wall:
    """This host's clock, which is wrong by as much as is said."""

    def __init__(self, by: dt.timedelta) -> None:
        self.by = by

    def now(self) -> dt.datetime:
        return timezone.now() + self.by


@pytest.fixture
def wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: Any) -> Agent:
    wall = Wall(request.param)
    monkeypatch.setattr(moment, "timezone", wall)
    monkeypatch.setattr(moment, "_shared", moment.Shared())
    if connection.vendor != "postgresql":  # which is asked for its clock
        monkeypatch.setattr(moment, "ahead_of_database", lambda *, as_of: as_of - timezone.now())
    return Agent(name="wrong", host=Host(), root=tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [-10 * MINUTE, 10 * MINUTE], indirect=True)
async def test_a_lecture_stays_with_the_host_that_lives(wrong: Agent) -> None:
    lecture = await sync_to_async(lambda: make_live(make_county()))()

    def others() -> int:
        beat = {"url": "unix:/other", "load": {}, "engine_up": True, "as_of": timezone.now()}
        Lecture.objects.filter(pk=lecture.pk).update(media_node=nodes.beat(name="other", **beat))
        return MediaNode.objects.get(name="other").pk

    other = await sync_to_async(others)()
    await wrong._beat()
    assert await sync_to_async(wrong._ours)() == []
    assert (await Lecture.objects.aget(pk=lecture.pk)).media_node_id == other
    known = await MediaNode.objects.aget(name="wrong")
    assert is_fresh(known, as_of=timezone.now())
    assert abs(known.beat_at - timezone.now()) < MINUTE
    assert abs(abs(known.load["skew_s"]) - 600) < 30


@pytest.mark.parametrize("wrong", [10 * MINUTE], indirect=True)
async def test_what_a_dead_host_left_is_taken_over_by_one_whose_clock_is_wrong(wrong: Agent) -> None:
    lecture = await sync_to_async(lambda: make_live(make_county()))()

    def dies() -> None:
        long_ago = timezone.now() - MINUTE
        dead = nodes.beat(name="dead", url="unix:/dead", load={}, engine_up=True, as_of=long_ago)
        Lecture.objects.filter(pk=lecture.pk).update(media_node=dead)

    await sync_to_async(dies)()
    await wrong._beat()
    assert [one.pk for one in await sync_to_async(wrong._ours)()] == [lecture.pk]
    assert await sync_to_async(place_lecture)(occasion_id=lecture.pk, as_of=timezone.now()) == "unix:/wrong"


def test_a_web_host_whose_clock_is_wrong_takes_no_lecture_from_a_host_that_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Hosts beat by the database's clock, so by ours every one of them may seem silent."""
    right = timezone.now()
    lives = nodes.beat(name="lives", url="unix:/lives", load={}, engine_up=True, as_of=right)
    lecture = make_live(make_county())
    monkeypatch.setattr(life, "ahead_of_database", lambda *, as_of: MINUTE)
    for carried_by in (lives, None):
        Lecture.objects.filter(pk=lecture.pk).update(media_node=carried_by)
        assert place_lecture(occasion_id=lecture.pk, as_of=right + MINUTE) == "unix:/lives"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="a file has no clock of its own")
def test_the_database_is_asked_for_its_clock() -> None:
    assert abs(clock.ahead_of_database(as_of=timezone.now() + 10 * MINUTE) - 10 * MINUTE) < MINUTE
