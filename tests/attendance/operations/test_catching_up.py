"""Who missed something is told once how to make it up, and once that it is made up; when, and when not."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from attendance import operations
from attendance.models import Evidence, Notice, Occasion, Record, RecordState
from attendance.operations import catching_up
from attendance.operations.declarations import ask_declaration, confirm_declaration
from attendance.operations.notes import Study
from tests.factories.attendance import HOUR, START, RuleFactory, be_present, open_lecture
from tests.factories.organizations import County, MembershipFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
DAY = dt.timedelta(days=1)
NOON = START + HOUR
TOLD = NOON + dt.timedelta(minutes=11)


@pytest.fixture
def county() -> County:
    return make_county(members=4)


@pytest.fixture
def lecture(county: County) -> Occasion:
    """The first member was there; the others are missing."""
    lecture = open_lecture(county.branch)
    be_present(lecture, county.member, 0, 3600)
    return end(lecture)


def end(lecture: Occasion, at: dt.datetime = NOON) -> Occasion:
    operations.close_occasion(occasion_id=lecture.pk, as_of=at)
    operations.settle(occasion_id=lecture.pk, as_of=at)
    lecture.refresh_from_db()
    return lecture


def told(kind: str = "catch_up") -> list[int]:
    return list(Notice.objects.filter(kind=kind).order_by("member_id").values_list("member_id", flat=True))


def missing(lecture: Occasion) -> list[int]:
    found = Record.objects.filter(occasion=lecture, stands=RecordState.MISSING).order_by("member_id")
    return list(found.values_list("member_id", flat=True))


def watched(lecture: Occasion, member: Any, at: dt.datetime) -> None:
    Evidence.objects.create(
        occasion=lecture, member=member, kind="watched", media="replay", ranges_ms=[[0, 3_600_000]], recorded_at=at
    )
    operations.mark_dirty(occasion_id=lecture.pk, member_ids=[member.pk], as_of=at)
    operations.settle_dirty(as_of=at)


def offer(lecture: Occasion, at: dt.datetime) -> None:
    operations.set_replay(occasion_id=lecture.pk, media_ms=3_600_000, media_offset_ms=0, as_of=at)
    operations.settle(occasion_id=lecture.pk, as_of=at)
    lecture.refresh_from_db()


def test_everybody_missing_is_told_once_and_only_when_the_end_stands(county: County, lecture: Occasion) -> None:
    operations.reconcile(as_of=NOON + dt.timedelta(minutes=9))
    assert told() == []
    operations.reconcile(as_of=TOLD)
    assert told() == missing(lecture)
    assert county.member.pk not in told()
    operations.reconcile(as_of=TOLD + HOUR)
    Occasion.objects.filter(pk=lecture.pk).update(catch_up_told_at=None)  # killed before it was written down
    assert operations.tell_who_missed(as_of=TOLD + HOUR) == 0
    assert told() == missing(lecture)


def test_an_end_that_is_undone_in_time_tells_nobody(county: County, lecture: Occasion) -> None:
    operations.reopen_occasion(occasion_id=lecture.pk, as_of=NOON + dt.timedelta(minutes=5))
    operations.tell_who_missed(as_of=TOLD)
    assert told() == []


def test_it_costs_the_same_for_one_and_for_many(county: County) -> None:
    def cost() -> tuple[int, int]:
        end(open_lecture(county.branch))
        with CaptureQueriesContext(connection) as queries:
            people = operations.tell_who_missed(as_of=TOLD)
        return people, len(queries)

    few, queries = cost()
    for _number in range(8):
        MembershipFactory(node=county.branch)
    assert cost() == (few + 8, queries)


def test_nobody_is_told_of_what_cannot_be_made_up(county: County) -> None:
    end(open_lecture(county.branch, rule=RuleFactory(make_up_days=0)))
    assert operations.tell_who_missed(as_of=TOLD) == 0
    assert Occasion.objects.get().catch_up_told_at == TOLD


def test_who_makes_it_up_is_told_once(county: County, lecture: Occasion) -> None:
    offer(lecture, NOON)
    operations.tell_who_missed(as_of=TOLD)
    who = county.members[1]
    watched(lecture, who, TOLD + HOUR)
    watched(lecture, who, TOLD + 2 * HOUR)
    assert Record.objects.get(occasion=lecture, member=who).stands == RecordState.MADE_UP
    assert told("caught_up") == [who.pk]


def test_who_becomes_missing_later_is_told_then(county: County, lecture: Occasion) -> None:
    operations.approve_leave(
        occasion_id=lecture.pk, member_id=county.members[1].pk, category="sick", recorded_by_id=None, as_of=NOON
    )
    operations.tell_who_missed(as_of=TOLD)
    who = county.members[1].pk
    assert who not in told()
    leave = Evidence.objects.get(kind="leave")
    operations.withdraw(
        occasion_id=lecture.pk, evidence_ids=[leave.pk], recorded_by_id=county.secretary.pk, as_of=TOLD + HOUR
    )
    assert who in told()


def test_a_visit_that_is_written_down_is_told_and_a_declaration_once(county: County, lecture: Occasion) -> None:
    operations.tell_who_missed(as_of=TOLD)
    visited, declared = county.members[1].pk, county.members[2].pk
    values: dict[str, Any] = {"occasion_id": lecture.pk, "recorded_by_id": county.secretary.pk, "as_of": TOLD}
    operations.declare(
        member_id=visited, category="visit", study=Study(source="家里", started_at=START, minutes=30), **values
    )
    one = ask_declaration(
        occasion_id=lecture.pk, member_id=declared, category="platform", source="学习强国", studied_at=START,
        minutes=30, as_of=TOLD,
    )  # fmt: skip
    confirm_declaration(declaration_id=one.pk, confirmed_by_id=county.secretary.pk, as_of=TOLD)
    assert told("caught_up") == [visited]
    assert told("declared_confirmed") == [declared]


def test_a_declaration_beside_what_was_attended_tells_nothing(county: County, lecture: Occasion) -> None:
    operations.declare(
        occasion_id=lecture.pk, member_id=county.member.pk, category="visit", recorded_by_id=county.secretary.pk,
        as_of=TOLD,
    )  # fmt: skip
    assert told("caught_up") == []


@pytest.mark.parametrize(
    ("after", "days", "expected"),
    [
        (dt.timedelta(hours=2), 14, NOON + 14 * DAY),
        (3 * DAY, 14, NOON + 17 * DAY),
        (3 * DAY, 0, NOON),
    ],
)
def test_the_days_count_from_a_replay_that_comes_late(
    county: County, after: dt.timedelta, days: int, expected: dt.datetime
) -> None:
    lecture = end(open_lecture(county.branch, rule=RuleFactory(make_up_days=days)))
    offer(lecture, NOON + after)
    assert lecture.make_up_until_at == expected
    operations.set_replay(
        occasion_id=lecture.pk, media_ms=3_500_000, media_offset_ms=0, as_of=NOON + 9 * DAY
    )  # another recording is no reason to begin anew
    lecture.refresh_from_db()
    assert lecture.make_up_until_at == expected


def test_of_two_who_tell_at_once_the_second_tells_nobody() -> None:
    assert catching_up._tell_all(occasion_id=0, as_of=TOLD) == 0


def test_what_fails_at_one_occasion_stops_no_other(
    county: County, lecture: Occasion, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = open_lecture(county.branch)
    end(other)
    real = catching_up.tell_missing

    def failing(*, occasion: Occasion, as_of: dt.datetime) -> int:
        if occasion.pk == lecture.pk:
            raise ValueError("unreadable")
        return real(occasion=occasion, as_of=as_of)

    monkeypatch.setattr(catching_up, "tell_missing", failing)
    assert operations.tell_who_missed(as_of=TOLD) == len(missing(other))
    told_at = dict(Occasion.objects.values_list("pk", "catch_up_told_at"))
    assert told_at == {lecture.pk: None, other.pk: TOLD}
