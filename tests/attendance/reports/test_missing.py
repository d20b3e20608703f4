"""The rows of ``missing``: who, why, what next, until when."""

import datetime as dt

import pytest
from django.utils import timezone

from attendance.models import Occasion, RecordState
from attendance.reports import report_named
from attendance.reports.cells import minutes, minutes_left
from attendance.sentences.records import length
from organizations.models import User
from tests.attendance.people import stand
from tests.attendance.reports.conftest import World

pytestmark = pytest.mark.integration


def rows(world: World) -> list[dict[str, object]]:
    report = report_named("missing")
    keys = [column.key for column in report.columns]
    return [dict(zip(keys, row, strict=True)) for row in report.rows(world.scope(world.county.branch))]


def test_only_the_one_who_is_missing_is_listed_with_clocks_and_a_step(world: World) -> None:
    (row,) = rows(world)
    assert row["name"] == "王一1"
    assert row["unit"] == "东风村第一支部"
    assert row["state"] == "未参加"
    assert (row["live_min"], row["replay_min"], row["hall_min"], row["counted_min"]) == (11.0, 0.0, 0.0, 11.0)
    assert row["left_min"] == 37.0
    assert row["next_step"] == "可在手机上看回放补学"
    assert row["due"] == world.occasion.make_up_until_at


def test_without_a_phone_the_step_is_the_hall(world: World) -> None:
    User.objects.filter(pk=world.county.members[1].pk).update(phone_last4="")
    assert rows(world)[0]["next_step"] == "没有登记手机，可集中收看或送学上门"


def test_without_a_replay_the_step_is_the_hall(world: World) -> None:
    Occasion.objects.update(media_ms=None)
    assert rows(world)[0]["next_step"] == "暂时没有回放，可集中收看或送学上门"


def test_after_the_make_up_time_the_step_is_a_visit(world: World) -> None:
    Occasion.objects.update(make_up_until_at=timezone.now() - dt.timedelta(seconds=1))
    assert rows(world)[0]["next_step"] == "补学时间已过，可送学上门后登记"


def test_an_incomplete_record_is_listed_as_such(world: World) -> None:
    newcomer = world.county.secretary
    world.occasion.roster.filter(member=newcomer).delete()
    world.occasion.records.filter(member=newcomer).delete()
    stand(world.occasion, newcomer, world.county.branch, RecordState.INCOMPLETE, live=20)
    by_name = {row["name"]: row for row in rows(world)}
    assert by_name["赵书记"]["state"] == "记录不全"
    assert by_name["赵书记"]["next_step"] == "当时记录不全，可按实际情况更正"


def test_the_unit_is_that_of_the_day_below_the_scope(world: World) -> None:
    report = report_named("missing")
    units = {row[0] for row in report.rows(world.scope(world.county.county))}
    assert units == {"永安镇 / 东风村第一支部", "永安镇 / 东风村第二支部"}


@pytest.mark.unit
def test_minutes_are_cut_and_never_rounded_up() -> None:
    lengths = (0, 599, 600, 2_879_999, 2_880_000)
    assert [minutes(ms) for ms in lengths] == [0.0, 0.0, 0.0, 47.98, 48.0]
    assert [minutes_left(ms) for ms in lengths] == [0.0, 0.01, 0.01, 48.0, 48.0]


@pytest.mark.unit
def test_a_table_says_the_minutes_that_the_page_says_in_words() -> None:
    """2 分 24 秒 is 2.40, also where it was a little more than 24 seconds."""
    for ms in (144_000, 144_600, 144_999):
        assert (length(ms), minutes(ms)) == ("2 分 24 秒", 2.4)
    assert (length(145_000), minutes(145_000)) == ("2 分 25 秒", 2.41)
