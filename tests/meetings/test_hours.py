"""Hours of meetings in person: they count as what they are, on the year's page, in its file and by a table."""

import csv
import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal as D
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from attendance.models import Occasion, Record
from attendance.operations import (
    Gives,
    HoursPlan,
    ask_declaration,
    close_occasion,
    confirm_declaration,
    record_hall,
    save_hours_table,
    settle,
    settle_dirty,
)
from attendance.queries.hours import done_in, year_of
from meetings.operations import Attendance, write_attendance
from organizations.models import User
from tests.factories.attendance import RuleFactory, open_lecture
from tests.factories.organizations import County
from tests.meetings.conftest import HOUR, gathering, held

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
GIVES = {"live": Gives(D(1)), "gathering": Gives(D(2)), "hall": Gives(D(4)), "visit": Gives(D(3))}


def by_table(county: County, gives: dict[str, Gives] = GIVES) -> Any:
    """A table of the county, and the id of a rule that leaves hours to it."""
    plan = HoursPlan(node_id=county.county.pk, year=timezone.localdate().year - 1, owed={"member": D(32)}, gives=gives)
    save_hours_table(plan=plan, seen_version=0, made_by_id=None, as_of=timezone.now())
    return RuleFactory(node=county.county, name="按表", hours_by="table", hours=D(9)).pk


def year(occasion: Occasion, user: User) -> dict[str, tuple[D, int]]:
    found = year_of(member_id=user.pk, year=timezone.localtime(occasion.starts_at).year)
    return {one.form: (one.hours, one.occasions) for one in found.earned}


def test_who_sat_in_a_meeting_took_part_in_its_own_form(county: County, sign_in: Callable[[User], Client]) -> None:
    occasion = held(county, gathering(county, rule_id=by_table(county)))
    came = county.members[0]
    record = Record.objects.get(occasion=occasion, member=came)
    assert (record.stands, record.form, record.stands_hours) == ("attended", "", D(2))
    assert year(occasion, came) == {"gathering": (D(2), 1)}
    [done] = done_in(member_id=came.pk, year=timezone.localtime(occasion.starts_at).year)
    assert done.form == "gathering"
    this_year = timezone.localtime(occasion.starts_at).year
    page = sign_in(came).get(f"/me/hours/?year={this_year}").content.decode()
    assert "会议和活动" in page
    answer = sign_in(county.secretary).get(f"/branch/hours.csv?year={this_year}")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    row = next(one for one in rows if one["姓名"] == came.name)
    assert (row["会议和活动"], row["集中收看"], row["直播"]) == ("2", "0", "0")


def test_who_sat_in_a_hall_at_a_lecture_still_sat_in_a_hall(county: County) -> None:
    lecture = open_lecture(county.branch)
    start = lecture.starts_at
    end = start + dt.timedelta(hours=1)
    came = {"occasion_id": lecture.pk, "member_ids": [county.member.pk], "started_at": start, "ended_at": end}
    record_hall(**came, recorded_by_id=county.secretary.pk, as_of=end)
    close_occasion(occasion_id=lecture.pk, as_of=end)
    settle(occasion_id=lecture.pk, as_of=end)
    assert Record.objects.get(occasion=lecture, member=county.member).form == "hall"


@pytest.mark.parametrize(("category", "form"), [("visit", "visit"), ("platform", "declared")])
def test_who_made_a_meeting_up_keeps_the_form_of_it(county: County, category: str, form: str) -> None:
    occasion = held(county, gathering(county, rule_id=by_table(county)))
    absent, now = county.members[2], timezone.now()
    said = ask_declaration(
        occasion_id=occasion.pk, member_id=absent.pk, category=category, source="学习强国", studied_at=now - 2 * HOUR,
        minutes=60, as_of=now,
    )  # fmt: skip
    confirm_declaration(declaration_id=said.pk, confirmed_by_id=county.secretary.pk, as_of=now)
    settle_dirty(as_of=now)
    record = Record.objects.get(occasion=occasion, member=absent)
    assert (record.stands, record.form) == ("made_up", form)
    assert list(year(occasion, absent)) == [form]


def as_it_was(occasion: Occasion, by_form: dict[str, Any] | None) -> None:
    """Let the meeting be what it was before: a stamp of a lecture's form, people in a hall."""
    stamp = {key: value for key, value in (occasion.rule_stamp or {}).items() if key != "by_form"}
    Occasion.objects.filter(pk=occasion.pk).update(rule_stamp=stamp | ({"by_form": by_form} if by_form else {}))
    Record.objects.filter(occasion=occasion, stands="attended").update(form="hall", stands_hours=D(4), hours=D(4))


@pytest.mark.parametrize("said", [{"own": "1", "hall": "4"}, {"own": "1"}, None])
def test_old_meetings_get_their_form_and_keep_their_hours(county: County, said: dict[str, str] | None) -> None:
    occasion = held(county, gathering(county))
    by_form = {form: {"hours": hours, "minutes": None} for form, hours in said.items()} if said else None
    as_it_was(occasion, by_form)
    lecture = open_lecture(county.branch)
    Occasion.objects.filter(pk=lecture.pk).update(rule_stamp={**(lecture.rule_stamp or {}), "by_form": {"hall": {}}})
    module = import_module("meetings.migrations.0002_gatherings_in_their_own_form")
    module.own_form(apps, None)
    occasion.refresh_from_db()
    lecture.refresh_from_db()
    assert (lecture.rule_stamp or {})["by_form"] == {"hall": {}}
    came = county.members[0]
    assert year(occasion, came) == {"gathering": (D(4), 1)}
    kept = (occasion.rule_stamp or {}).get("by_form")
    expected = {"own": {"hours": "4", "minutes": None}} if said and "hall" in said else {} if said else None
    assert kept == expected
    # Judged again, as after a correction of the book, nobody's hours change.
    first, now = Record.objects.get(occasion=occasion, member=came), timezone.now()
    if said and "hall" in said:
        listed = [came.pk, county.secretary.pk]
        span = (occasion.starts_at, occasion.ends_at - dt.timedelta(minutes=5))
        book = Attendance(
            started_at=occasion.starts_at, ended_at=occasion.ends_at, listed=listed,
            present={came.pk: span, county.secretary.pk: None},
        )  # fmt: skip
        write_attendance(occasion_id=occasion.pk, attendance=book, actor_id=county.secretary.pk, as_of=now)
        settle_dirty(as_of=now)
        again = Record.objects.get(pk=first.pk)
        assert (again.hours, again.form, again.stands) == (D(4), "", "attended")
        assert again.evidence_digest != first.evidence_digest


def test_who_sat_in_a_meeting_reads_that_they_came(county: County, sign_in: Callable[[User], Client]) -> None:
    occasion = held(county, gathering(county))
    came = county.members[0]
    record = Record.objects.get(occasion=occasion, member=came)
    assert [one["clock"] for one in record.reasons if one["code"] == "share"] == ["room"]
    assert [one["ms"] for one in record.reasons if one["code"] == "room"] == [2 * 3_600_000]
    own = sign_in(came).get(f"/me/records/{occasion.pk}/").content.decode()
    assert "到会 120 分钟，占 100%" in own
    year_page = sign_in(came).get(f"/me/hours/?year={timezone.localtime(occasion.starts_at).year}").content.decode()
    theirs = sign_in(county.secretary).get(f"/branch/{occasion.training_id}/members/{came.pk}/").content.decode()
    for page in (own, year_page, theirs):
        assert "集中收看" not in page
    assert "到会 120 分钟" in theirs


def test_old_records_of_meetings_say_that_they_came(county: County) -> None:
    occasion = held(county, gathering(county))
    came = county.members[0]
    record = Record.objects.get(occasion=occasion, member=came)
    new = record.reasons
    words = {"room": "hall"}
    old = [{key: words.get(str(value), value) for key, value in one.items()} for one in new]
    Record.objects.filter(pk=record.pk).update(reasons=old)
    lecture = open_lecture(county.branch)
    start = lecture.starts_at
    end = start + dt.timedelta(hours=1)
    record_hall(
        occasion_id=lecture.pk, member_ids=[county.member.pk], started_at=start, ended_at=end,
        recorded_by_id=county.secretary.pk, as_of=end,
    )  # fmt: skip
    close_occasion(occasion_id=lecture.pk, as_of=end)
    settle(occasion_id=lecture.pk, as_of=end)
    in_hall = Record.objects.get(occasion=lecture, member=county.member)
    import_module("meetings.migrations.0003_records_say_room").say_room(apps, None)
    record.refresh_from_db()
    assert record.reasons == new != old
    before = in_hall.reasons
    in_hall.refresh_from_db()
    assert in_hall.reasons == before
    assert "hall" in {one["code"] for one in before}
