"""What time does to halls: an announced one that never delivered lapses, guests are forgotten."""

import datetime as dt
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from attendance import operations
from attendance.models import Evidence, Guest, Hall, Notice, Occasion, Record
from attendance.operations import hall_terms
from attendance.sentences.notices import link_of, words_of
from attendance.sentences.records import day_and_hour
from attendance.tasks import lapse_halls, prune_guests
from organizations.models import Role
from tests.factories.attendance import HOUR, START, be_present, open_lecture
from tests.factories.organizations import County, RoleGrantFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
DAY = dt.timedelta(days=1)
END = START + HOUR


@pytest.fixture
def county() -> County:
    return make_county()


def announced(county: County, *, at: dt.datetime = START, end: bool = True) -> Hall:
    """A lecture of an hour for the first branch, whose hall is announced; the first member watched on a phone."""
    lecture = open_lecture(county.branch)
    be_present(lecture, county.member, 0, 3500)
    hall = operations.open_hall(
        occasion_id=lecture.pk, node_id=county.branch.pk, opened_by_id=county.secretary.pk, as_of=at, is_offline=True,
        place="西沟村文化室",
    )  # fmt: skip
    if end:
        operations.close_occasion(occasion_id=lecture.pk, as_of=END)
        operations.settle(occasion_id=lecture.pk, as_of=END)
    hall.refresh_from_db()
    return hall


def stands(hall: Hall, as_of: dt.datetime) -> list[str]:
    operations.settle_dirty(as_of=as_of)
    rows = Record.objects.filter(occasion_id=hall.occasion_id).order_by("member_id")
    return list(rows.values_list("stands", flat=True))


def told(kind: str) -> list[Notice]:
    return list(Notice.objects.filter(kind=kind).order_by("member_id"))


def test_a_hall_that_never_delivers_is_warned_of_and_lapses(county: County) -> None:
    helper = RoleGrantFactory(node=county.branch, role=Role.SECRETARY).user
    hall = announced(county)
    assert stands(hall, END) == ["attended", "incomplete", "incomplete", "incomplete"]
    assert hall_terms.lapse_halls(as_of=END + 5 * DAY - HOUR) == 0
    assert not Notice.objects.exists()
    for _twice in range(2):
        assert hall_terms.lapse_halls(as_of=END + 5 * DAY) == 0
        Notice.objects.update(seen_at=END + 5 * DAY)
    warned = told("hall_lapses_soon")
    assert [one.member_id for one in warned] == sorted([county.secretary.pk, helper.pk])
    until = day_and_hour(END + 7 * DAY)
    assert words_of(warned[0]).endswith(
        f"西沟村文化室的登记还没有上交，请在 {until} 前登记好；过了就按已有的记录认定。"
    )
    assert stands(hall, END + 6 * DAY)[1] == "incomplete"
    for lapsed in (1, 0):
        assert hall_terms.lapse_halls(as_of=END + 7 * DAY) == lapsed
    assert stands(hall, END + 7 * DAY) == ["attended", "missing", "missing", "missing"]
    hall.refresh_from_db()
    assert (hall.closed_at, hall.closed_by) == (END + 7 * DAY, None)
    notices = told("hall_lapsed")
    assert len(notices) == 2
    assert "补登记仍然算数" in words_of(notices[0])
    place = f"?occasion={hall.occasion_id}&node={county.branch.pk}"
    assert link_of(notices[0]) == f"/branch/{hall.occasion.training_id}/hall/{place}"


def test_what_is_delivered_after_it_lapsed_counts_and_judges_again(county: County) -> None:
    hall = announced(county)
    at = END + 8 * DAY
    hall_terms.lapse_halls(as_of=at)
    assert stands(hall, at)[1] == "missing"
    ticks: dict[str, Any] = {"occasion_id": hall.occasion_id, "recorded_by_id": county.secretary.pk, "as_of": at}
    operations.record_hall(
        member_ids=[county.members[1].pk], started_at=START, ended_at=END, category="offline", client_id="a" * 32,
        **ticks,
    )  # fmt: skip
    assert stands(hall, at)[:3] == ["attended", "attended", "missing"]
    # Who needs still longer says so again: it is waited for from then on, and nobody is missing meanwhile.
    again = operations.open_hall(
        occasion_id=hall.occasion_id, node_id=county.branch.pk, opened_by_id=county.secretary.pk, as_of=at,
        is_offline=True,
    )  # fmt: skip
    assert again.pk != hall.pk
    assert stands(hall, at)[2] == "incomplete"
    assert hall_terms.lapse_halls(as_of=at + 6 * DAY) == 0
    assert hall_terms.lapse_halls(as_of=at + 7 * DAY) == 1


def test_a_hall_is_waited_for_while_its_occasion_runs_and_from_a_late_announcement(county: County) -> None:
    running = announced(county, end=False)
    assert hall_terms.lapse_halls(as_of=START + 30 * DAY) == 0
    operations.close_occasion(occasion_id=running.occasion_id, as_of=END)
    late = announced(county, at=END + 3 * DAY)
    operations.close_hall(hall_id=running.pk, closed_by_id=county.secretary.pk, as_of=END)
    assert hall_terms.lapse_halls(as_of=END + 9 * DAY) == 0
    assert [one.data["at"] for one in told("hall_lapses_soon")] == [(END + 10 * DAY).isoformat()]
    assert hall_terms.lapse_halls(as_of=END + 10 * DAY) == 1
    late.refresh_from_db()
    assert late.closed_at == END + 10 * DAY


def test_a_code_never_lapses_and_what_was_delivered_neither(county: County) -> None:
    hall = announced(county)
    code = operations.open_hall(
        occasion_id=open_lecture(county.branch).pk, node_id=county.branch.pk, opened_by_id=county.secretary.pk,
        as_of=START,
    )  # fmt: skip
    assert operations.close_hall(hall_id=hall.pk, closed_by_id=county.secretary.pk, as_of=END)
    assert hall_terms.lapse_halls(as_of=END + 90 * DAY) == 0
    code.refresh_from_db()
    assert code.closed_at is None
    assert not Notice.objects.exists()


def test_where_two_come_at_once_it_lapses_and_warns_once(county: County) -> None:
    hall = announced(county)
    assert hall_terms._warn(hall=hall, as_of=END)
    assert not hall_terms._warn(hall=hall, as_of=END)
    assert hall_terms._lapse(hall=hall, as_of=END)
    assert not hall_terms._lapse(hall=hall, as_of=END)
    assert (len(told("hall_lapses_soon")), len(told("hall_lapsed"))) == (1, 1)


def test_one_hall_that_fails_stops_no_other(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = announced(county), announced(county)
    mark = hall_terms.mark_dirty

    def failing(*, occasion_id: int, **values: Any) -> None:
        if occasion_id == bad.occasion_id:
            raise ValueError("broken")
        mark(occasion_id=occasion_id, **values)

    monkeypatch.setattr(hall_terms, "mark_dirty", failing)
    assert hall_terms.lapse_halls(as_of=END + 8 * DAY) == 1
    assert list(Hall.objects.filter(closed_at=None)) == [bad]
    assert good.pk != bad.pk


def test_the_page_says_until_when_it_is_waited(county: County) -> None:
    client = Client()
    client.force_login(county.secretary)
    hall = announced(county)
    page = f"/branch/{hall.occasion.training_id}/hall/?occasion={hall.occasion_id}&node={county.branch.pk}"
    assert f"最多等到 {day_and_hour(END + 7 * DAY)}，以后按已有的记录认定" in client.get(page).content.decode()
    Occasion.objects.filter(pk=hall.occasion_id).update(window_end_at=None, state=Occasion.State.OPEN)
    assert "场次结束后最多等 7 天" in client.get(page).content.decode()
    lapse_halls.apply(throw=True)


# --- Guests ---------------------------------------------------------------------------------------------------------


def guest(occasion: Occasion, county: County, name: str, **changed: Any) -> Guest:
    values: dict[str, Any] = {
        "occasion_id": occasion.pk, "node_id": county.branch.pk, "name": name, "unit": "县农机站", "last4": "1234",
        "started_at": START, "ended_at": END, "client_id": name, "recorded_by_id": county.secretary.pk, "as_of": END,
        **changed,
    }  # fmt: skip
    return operations.write_guest(**values)


def test_guests_are_forgotten_when_their_time_is_over_and_ticks_stay(
    county: County, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lecture = open_lecture(county.branch)
    outsider, member = guest(lecture, county, "钱外人"), guest(lecture, county, county.member.name)
    kept = guest(lecture, county, "孙后来", as_of=END + DAY)
    operations.find_guest(
        guest_id=member.pk, member_id=county.member.pk, found_by_id=county.secretary.pk, as_of=END
    )  # fmt: skip
    over = END + 90 * DAY + HOUR
    monkeypatch.setattr(timezone, "now", lambda: over)
    call_command("prune_evidence", dry_run=True)
    assert "guests written down 90 days ago: 2" in capsys.readouterr().out
    assert Guest.objects.count() == 3
    call_command("prune_evidence")
    assert "deleted: guest 2" in capsys.readouterr().out
    assert list(Guest.objects.all()) == [kept]
    assert outsider.pk != kept.pk
    tick = Evidence.objects.get()
    assert (tick.member, tick.kind, tick.client_id) == (county.member, "hall", f"guest-{member.pk}")


def test_the_task_forgets_a_bounded_number_a_turn(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    lecture = open_lecture(county.branch)
    for number in range(3):
        guest(lecture, county, f"来宾{number}")
    monkeypatch.setattr("attendance.queries.halls.MOST_FORGOTTEN", 2)
    assert hall_terms.prune_guests(as_of=END + 89 * DAY) == 0
    assert hall_terms.prune_guests(as_of=END + 91 * DAY) == 2
    monkeypatch.setattr(timezone, "now", lambda: END + 91 * DAY)
    prune_guests.apply(throw=True)
    assert not Guest.objects.exists()
