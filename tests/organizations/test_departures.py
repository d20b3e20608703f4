"""Who left long ago is taken out: told before, on the day, once, whatever dies in between; who counts is counted."""

import datetime as dt
import io
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from attendance.models import (
    Correction,
    CorrectionReview,
    Dispute,
    Notice,
    NoticeChoice,
    Record,
    TrainingSummary,
)
from attendance.operations import departures as attendance_departures
from attendance.operations.departures import tell_departures
from attendance.operations.messaging import NotSent
from attendance.sentences.notices import words_of
from config import retention_settings
from organizations import departing
from organizations import operations as do
from organizations.core import phones
from organizations.departing import leavers, to_be_told
from organizations.models import Departure, Left, Membership, Node, PersonHold, SignInLink, User
from organizations.operations import departures
from organizations.operations.departures import NAMELESS
from organizations.tasks import take_out as task
from tests.factories.attendance import be_present, open_lecture
from tests.factories.organizations import County, RoleGrantFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
DAY = dt.timedelta(days=1)
KEPT = 1095 * DAY


@pytest.fixture
def county() -> County:
    return make_county()


def leave(county: County, *, ago: dt.timedelta, member: User | None = None) -> User:
    """Let somebody leave the branch so long ago, by the operator's door."""
    person, now = member or county.member, timezone.now()
    do.end_membership(
        member_id=person.pk, because=Left.TRANSFERRED, on_date=timezone.localdate(now) - ago, as_of=now,
        actor_id=county.operator.pk,
    )  # fmt: skip
    return person


def told(ago: dt.timedelta = 31 * DAY) -> None:
    Departure.objects.update(told_at=timezone.now() - ago)


def name_of(person: User) -> str:
    return User.objects.get(pk=person.pk).name


# --- The day -----------------------------------------------------------------------------


@pytest.mark.parametrize(("ago", "name"), [(KEPT, NAMELESS), (KEPT - DAY, "")])
def test_the_first_day_is_the_day_after_the_period(county: County, ago: dt.timedelta, name: str) -> None:
    person = leave(county, ago=ago)
    told()
    assert do.take_out(as_of=timezone.now()) == (1 if name else 0)
    assert name_of(person) == (name or person.name)


@pytest.mark.parametrize(("ago", "done"), [(dt.timedelta(days=30), 1), (dt.timedelta(days=30, seconds=-60), 0)])
def test_nobody_goes_before_thirty_days_have_passed_since_it_was_said(
    county: County, ago: dt.timedelta, done: int
) -> None:
    leave(county, ago=KEPT + 400 * DAY)
    told(ago)
    assert do.take_out(as_of=timezone.now()) == done


def test_nobody_goes_who_was_not_told_of(county: County) -> None:
    leave(county, ago=KEPT + 400 * DAY)
    assert do.take_out(as_of=timezone.now()) == 0


def test_with_zero_nobody_ever_goes(county: County, settings: Any) -> None:
    settings.PERSON_KEEP_DAYS = 0
    leave(county, ago=KEPT + 400 * DAY)
    assert tell_departures(as_of=timezone.now()) == 0
    told()
    assert do.take_out(as_of=timezone.now()) == 0
    assert departing.goes_on(Departure.objects.get(), as_of=timezone.now()) is None
    assert not departing.leavers_of(Node.objects.all(), as_of=timezone.now(), within=DAY).exists()


def test_a_name_stays_as_long_as_a_sealed_file_that_says_it(county: County, settings: Any) -> None:
    settings.MONTHLY_FILE_KEEP_DAYS = 2000
    leave(county, ago=2061 * DAY)
    told()
    assert do.take_out(as_of=timezone.now()) == 0
    assert do.take_out(as_of=timezone.now() + DAY) == 1


@pytest.mark.parametrize(("days", "is_taken"), [("0", True), ("399", False), ("400", True), ("1", False)])
def test_a_period_is_none_or_more_than_a_year(monkeypatch: pytest.MonkeyPatch, days: str, is_taken: bool) -> None:
    monkeypatch.setenv("PERSON_KEEP_DAYS", days)
    if is_taken:
        assert retention_settings.read()[-1] == int(days)
    else:
        with pytest.raises(ImproperlyConfigured, match="PERSON_KEEP_DAYS"):
            retention_settings.read()


# --- What goes and what stays -----------------------------------------------------------------------------


def test_who_they_were_goes_and_what_counts_stays(county: County) -> None:
    """By the real doors: a lecture that is settled, words on it, then a leaving of three years ago."""
    now, person = timezone.now(), county.member
    lecture = open_lecture(county.branch)
    be_present(lecture, person, 0, 3000)
    Notice.objects.create(member=person, kind="corrected", at=now)
    NoticeChoice.objects.create(member=person, sms=True)
    Dispute.objects.create(
        occasion=lecture, member=person, text="我在", answer="查过了", state="answered", raised_at=now, answered_at=now
    )
    do.make_link(member_id=person.pk, actor_id=county.operator.pk, as_of=now)
    do.rename_member(member_id=person.pk, name="王改名")
    do.exempt_member(
        member_id=person.pk, from_date=dt.date(2021, 1, 1), to_date=dt.date(2021, 2, 1), category="aged", document="3号"
    )
    before = numbers()
    leave(county, ago=KEPT)
    told()
    public_id = person.public_id
    assert do.take_out(as_of=now) == 1
    gone = User.objects.get(pk=person.pk)
    assert (gone.name, gone.number, gone.phone_index, gone.phone_last4) == (NAMELESS, None, None, "")
    assert (gone.is_active, gone.has_usable_password(), gone.last_login) == (False, False, None)
    assert gone.public_id != public_id
    assert list(Dispute.objects.values_list("text", "answer", "state")) == [("", "", "answered")]
    assert not Notice.objects.filter(member=person).exists()
    assert not NoticeChoice.objects.exists()
    assert not SignInLink.objects.exists()
    assert person.exemptions.get().document == ""
    papers = LogEntry.objects.get_for_object(person.exemptions.get())
    assert [entry.changes["document"] for entry in papers if "document" in entry.changes] == [["…", "…"]]
    assert "3号" not in "".join(f"{entry.changes}{entry.serialized_data}" for entry in papers)
    entries = LogEntry.objects.get_for_object(gone)
    assert entries.exists()
    assert [entry for entry in entries if "王改名" in f"{entry.object_repr}{entry.changes}"] == []
    assert numbers() == before


def numbers() -> dict[str, Any]:
    return {
        "records": list(Record.objects.order_by("pk").values_list("member_id", "state", "stands", "hours")),
        "members": list(Membership.objects.order_by("pk").values_list("member_id", "node_id")),
        "summary": list(TrainingSummary.objects.order_by("pk").values_list("node_id", "attended", "missing")),
    }


def test_twice_is_once(county: County) -> None:
    leave(county, ago=KEPT)
    told()
    assert (do.take_out(as_of=timezone.now()), do.take_out(as_of=timezone.now())) == (1, 0)
    done = Departure.objects.get().done_at
    task()
    assert Departure.objects.get().done_at == done


class Killed(BaseException):
    """What no handler takes for an error."""


@pytest.mark.parametrize("part", range(8))
def test_killed_before_any_part_it_is_safe_and_goes_on(
    county: County, monkeypatch: pytest.MonkeyPatch, settings: Any, part: int
) -> None:
    person = leave(county, ago=KEPT)
    told()
    parts = list(settings.TAKING_OUT)
    settings.TAKING_OUT = [*parts[:part], "tests.organizations.test_departures.killed", *parts[part:]]
    with pytest.raises(Killed):
        do.take_out(as_of=timezone.now())
    assert name_of(person) == NAMELESS
    with pytest.raises(do.UnableToTakeBack):
        back(county, person)
    settings.TAKING_OUT = parts
    assert do.take_out(as_of=timezone.now()) == 1
    assert Departure.objects.get().done_at is not None


def killed(*, member_id: int) -> None:
    raise Killed


def test_one_that_fails_stops_no_other(county: County, settings: Any) -> None:
    first, second = leave(county, ago=KEPT + DAY), leave(county, ago=KEPT, member=county.members[1])
    told()
    parts = list(settings.TAKING_OUT)
    settings.TAKING_OUT = [*parts, "tests.organizations.test_departures.fails_at_first"]
    FAILS[:] = [first.pk]
    assert do.take_out(as_of=timezone.now()) == 1
    assert list(Departure.objects.filter(done_at=None).values_list("pk", flat=True)) == [first.pk]
    assert name_of(first) == name_of(second) == NAMELESS
    FAILS.clear()
    assert do.take_out(as_of=timezone.now(), most=1) == 1


def test_where_a_part_fails_the_others_come_first(county: County, settings: Any) -> None:
    first, second = leave(county, ago=KEPT + DAY), leave(county, ago=KEPT, member=county.members[1])
    Departure.objects.update(told_at=timezone.now() - 31 * DAY, began_at=timezone.now())
    settings.TAKING_OUT = [*settings.TAKING_OUT, "tests.organizations.test_departures.fails_at_first"]
    FAILS[:] = [first.pk]
    assert [do.take_out(as_of=timezone.now(), most=1) for _turn in range(2)] == [0, 1]
    assert Departure.objects.get(done_at=None).pk == first.pk
    FAILS.clear()
    assert name_of(second) == second.name  # began_at was set by hand: no name was taken


FAILS: list[int] = []


def fails_at_first(*, member_id: int) -> None:
    if member_id in FAILS:
        raise ValueError


def test_at_most_so_many_a_turn(county: County) -> None:
    for member in county.members:
        leave(county, ago=KEPT, member=member)
    told()
    assert [do.take_out(as_of=timezone.now(), most=2) for _turn in range(3)] == [2, 1, 0]


# --- Coming back -----------------------------------------------------------------------------


def back(county: County, person: User) -> None:
    now = timezone.now()
    do.take_back(member_id=person.pk, node_id=county.branch.pk, on_date=timezone.localdate(now), as_of=now)


def test_who_comes_back_before_is_the_same_person(county: County) -> None:
    person = leave(county, ago=KEPT)
    told()
    back(county, person)
    assert not Departure.objects.exists()
    assert do.take_out(as_of=timezone.now()) == 0
    assert name_of(person) == person.name


def test_who_leaves_again_is_told_of_again(county: County) -> None:
    person = leave(county, ago=KEPT)
    told()
    back(county, person)
    leave(county, ago=dt.timedelta(0))
    row = Departure.objects.get()
    assert (row.left_date, row.told_at) == (timezone.localdate(), None)


def roster(county: County, *lines: str) -> Any:
    file = io.BytesIO(("组织,姓名,手机号,编号,加入日期,状态,离开日期\n" + "\n".join(lines) + "\n").encode())
    file.name = "roster.csv"
    return do.import_roster(
        path_or_file=file, under=county.branch, dry_run=False, as_of=timezone.now(), actor_id=county.operator.pk
    )


def test_a_roster_that_names_them_afterwards_makes_a_new_person(county: County) -> None:
    person = county.member
    do.set_number(member_id=person.pk, number="A-7")
    leave(county, ago=KEPT)
    told()
    do.take_out(as_of=timezone.now())
    roster(county, f"{county.branch.name},{person.name},13800000107,A-7,,,")
    new = User.objects.get(number="A-7")
    assert (new.pk != person.pk, new.name) == (True, person.name)
    assert name_of(person) == NAMELESS


def test_a_roster_that_drops_somebody_and_one_that_brings_them_back(county: County) -> None:
    person = county.member
    do.set_number(member_id=person.pk, number="A-8")
    day = timezone.localdate() - KEPT
    roster(county, f"{county.branch.name},{person.name},,A-8,,转出,{day}")
    assert list(Departure.objects.values_list("member_id", "left_date")) == [(person.pk, day)]
    roster(county, f"{county.branch.name},{person.name},13800000108,A-8,{timezone.localdate()},在册,")
    assert User.objects.get(number="A-8").pk == person.pk
    assert not Departure.objects.exists()


def test_nothing_about_them_can_be_changed_any_more(county: County) -> None:
    person = leave(county, ago=KEPT)
    told()
    do.take_out(as_of=timezone.now())
    with pytest.raises(do.UnableToChangeMember):
        do.rename_member(member_id=person.pk, name="又来了")
    with pytest.raises(do.UnableToChangeMember):
        do.set_number(member_id=person.pk, number="9")
    with pytest.raises(do.UnableToSetPhone):
        do.set_phone(member_id=person.pk, phone="13812345678")
    with pytest.raises(do.UnableToMoveMember):
        do.join_node(member_id=person.pk, node_id=county.branch.pk, on_date=timezone.localdate())
    with pytest.raises(do.UnableToTakeBack, match="个人信息已按规定清除"):
        back(county, person)


# --- What keeps them -----------------------------------------------------------------------------


def test_an_open_dispute_keeps_them_and_an_answer_lets_go(county: County) -> None:
    person, now = county.member, timezone.now()
    dispute = Dispute.objects.create(occasion=open_lecture(county.branch), member=person, text="我在", raised_at=now)
    leave(county, ago=KEPT)
    told()
    assert do.take_out(as_of=now) == 0
    assert tell_departures(as_of=now) == 0
    assert tell_departures(as_of=now + DAY) == 0, "nor is it said again while it waits"
    Dispute.objects.filter(pk=dispute.pk).update(state="answered", answered_at=now)
    assert do.take_out(as_of=now) == 0
    assert tell_departures(as_of=now + 2 * DAY) == 1, "what ends gives thirty days anew"
    assert [do.take_out(as_of=now + days * DAY) for days in (31, 32)] == [0, 1]


def test_a_correction_that_waits_for_a_second_person_keeps_them(county: County) -> None:
    person, now = county.member, timezone.now()
    record = Record.objects.create(
        occasion=open_lecture(county.branch), member=person, state="missing", rule_version="1", judged_at=now
    )
    made = Correction.objects.create(record=record, state="attended", reason="在", author=county.secretary, at=now)
    CorrectionReview.objects.create(correction=made, record=record, why=CorrectionReview.Why.values[0])
    leave(county, ago=KEPT)
    told()
    assert do.take_out(as_of=now) == 0


def test_whoever_belongs_somewhere_or_holds_a_role_is_not_taken_out(county: County) -> None:
    person = leave(county, ago=KEPT)
    told()
    today = timezone.localdate()
    RoleGrantFactory(user=person, node=county.branch, role="lecturer")
    assert do.take_out(as_of=timezone.now()) == 0
    do.end_roles(user_id=person.pk, on_date=today)
    do.join_node(member_id=person.pk, node_id=county.branch.pk, on_date=today)
    assert do.take_out(as_of=timezone.now()) == 0
    assert name_of(person) == person.name


def test_a_return_between_the_list_and_the_lock_wins(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    person = leave(county, ago=KEPT)
    told()
    why_not = departing.why_not

    def and_back(ids: Any, **kwargs: Any) -> dict[int, str]:
        monkeypatch.setattr(departing, "why_not", why_not)
        found = why_not(ids, **kwargs)
        back(county, person)
        return found

    monkeypatch.setattr(departing, "why_not", and_back)
    assert do.take_out(as_of=timezone.now()) == 0
    assert name_of(person) == person.name


def test_a_hold_keeps_them_and_lifting_it_gives_thirty_days(county: County) -> None:
    now, person = timezone.now(), leave(county, ago=KEPT)
    told()
    do.place_hold(member_id=person.pk, reason="  审计 12 号 ", actor_id=county.auditor.pk, as_of=now)
    assert do.take_out(as_of=now) == 0
    assert tell_departures(as_of=now) == 0
    do.lift_hold(member_id=person.pk, actor_id=county.auditor.pk, as_of=now)
    assert do.take_out(as_of=now) == 0
    assert tell_departures(as_of=now) == 1
    assert do.take_out(as_of=now + 30 * DAY) == 1
    assert list(PersonHold.objects.values_list("reason", "set_by_id")) == [("", county.auditor.pk)]


def test_a_hold_that_cannot_be(county: County) -> None:
    now = timezone.now()
    hold = {"actor_id": county.auditor.pk, "as_of": now}
    with pytest.raises(do.UnableToHold, match="没有离开"):
        do.place_hold(member_id=county.member.pk, reason="x", **hold)
    person = leave(county, ago=KEPT)
    with pytest.raises(do.UnableToHold, match="理由"):
        do.place_hold(member_id=person.pk, reason="  ", **hold)
    with pytest.raises(do.UnableToHold, match="没有暂缓"):
        do.lift_hold(member_id=person.pk, **hold)
    do.place_hold(member_id=person.pk, reason="审计", **hold)
    with pytest.raises(do.UnableToHold, match="已经暂缓"):
        do.place_hold(member_id=person.pk, reason="审计", **hold)


# --- Saying so -----------------------------------------------------------------------------


@pytest.mark.parametrize(("ago", "count"), [(KEPT - 30 * DAY, 1), (KEPT - 31 * DAY, 0)])
def test_it_is_said_thirty_days_before(county: County, ago: dt.timedelta, count: int) -> None:
    leave(county, ago=ago)
    assert tell_departures(as_of=timezone.now()) == count
    notices = Notice.objects.filter(kind="departures_soon")
    assert list(notices.values_list("member_id", flat=True)) == [county.secretary.pk] * count


def test_one_notice_says_it_of_all_of_a_unit_and_once(county: County, client: Any) -> None:
    for member in county.members[:2]:
        leave(county, ago=KEPT + DAY, member=member)
    assert (tell_departures(as_of=timezone.now()), tell_departures(as_of=timezone.now())) == (2, 0)
    notice = Notice.objects.get(kind="departures_soon")
    on = timezone.localdate() + 30 * DAY
    assert notice.data == {"unit": county.branch.name, "count": 2, "on": on.isoformat()}
    client.force_login(county.secretary)
    page = client.get("/me/notices/").content.decode()
    assert f"有 2 位已离开的人，姓名等个人信息最早从 {on} 起清除" in page
    assert 'href="/departures/"' in page


def test_what_was_put_on_hold_meanwhile_is_not_said(county: County) -> None:
    leave(county, ago=KEPT + DAY)
    rows = list(to_be_told(as_of=timezone.now()).select_related("member"))
    found = leavers(rows, as_of=timezone.now())
    Departure.objects.update(told_at=timezone.now())
    assert attendance_departures._tell_of(found, timezone.now()) == 0
    assert not Notice.objects.filter(kind="departures_soon").exists()


def test_without_a_secretary_the_operator_is_told(county: County) -> None:
    do.end_roles(user_id=county.secretary.pk, on_date=timezone.localdate())
    leave(county, ago=KEPT)
    tell_departures(as_of=timezone.now())
    assert Notice.objects.get(kind="departures_soon").member_id == county.operator.pk


def test_of_whom_nobody_can_be_told_nothing_is_noted_and_nobody_goes(county: County) -> None:
    now = timezone.now()
    for person in (county.secretary, county.operator):
        do.end_roles(user_id=person.pk, on_date=timezone.localdate())
    leave(county, ago=KEPT)
    assert tell_departures(as_of=now) == 0
    assert Departure.objects.get().told_at is None
    assert do.take_out(as_of=now + 31 * DAY) == 0
    User.objects.filter(pk=county.auditor.pk).update(is_superuser=True)
    assert tell_departures(as_of=now + DAY) == 1
    assert Notice.objects.get(kind="departures_soon").member_id == county.auditor.pk


def test_whoever_something_keeps_keeps_nobody_else_from_their_turn(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    monkeypatch.setattr(attendance_departures, "TOLD_AT_ONCE", 1)
    kept, other = leave(county, ago=KEPT + DAY), leave(county, ago=KEPT, member=county.members[1])
    RoleGrantFactory(user=kept, node=county.branch, role="lecturer")
    assert [tell_departures(as_of=now) for _turn in range(3)] == [0, 1, 0]
    assert list(Departure.objects.exclude(told_at=None).values_list("pk", flat=True)) == [other.pk]


# --- Letters, each by itself -----------------------------------------------------------------------------


def addressed(county: County, settings: Any, *addresses: str) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    for member, address in zip(county.members, addresses, strict=False):
        leave(county, ago=KEPT, member=member)
        cipher = phones.seal(settings.PHONE_KEY, address.encode()) if address else b"not to be read"
        NoticeChoice.objects.create(pk=member.pk, email_cipher=cipher)


def test_a_broken_letter_repeats_no_other_and_is_not_tried_for_ever(
    county: County, settings: Any, mailoutbox: list[Any]
) -> None:
    addressed(county, settings, "a@example.org", "", "c@example.org")
    assert [tell_departures(as_of=timezone.now()) for _turn in range(2)] == [3, 0]
    assert sorted(letter.to[0] for letter in mailoutbox) == ["a@example.org", "c@example.org"]
    assert not Departure.objects.filter(written_at=None).exists()


def test_a_server_that_is_away_is_left_alone_and_asked_in_the_next_turn(
    county: County, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    addressed(county, settings, "a@example.org", "b@example.org", "c@example.org")
    monkeypatch.setattr(attendance_departures, "MOST_AWAY", 1)
    tried: list[str] = []

    def away(*, to: str, **_said: Any) -> None:
        tried.append(to)
        raise NotSent("server")

    monkeypatch.setattr(attendance_departures, "send_email", away)
    now = timezone.now()
    for _turn in range(3):
        tell_departures(as_of=now)
    assert sorted(tried) == ["a@example.org", "b@example.org", "c@example.org"], "the others come first"
    assert Departure.objects.filter(written_at=None).count() == 3
    assert Departure.objects.filter(told_at=None).count() == 0, "its notice stands in the site"
    monkeypatch.setattr(attendance_departures, "send_email", lambda **_said: None)
    tell_departures(as_of=now + DAY)
    assert not Departure.objects.filter(written_at=None).exists()


def test_letters_end_with_their_time_and_whoever_is_kept_gets_none(
    county: County, settings: Any, mailoutbox: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    addressed(county, settings, "a@example.org", "b@example.org")
    monkeypatch.setattr(attendance_departures, "LETTERS_FOR_S", -1.0)
    assert tell_departures(as_of=timezone.now()) == 2
    assert mailoutbox == []
    monkeypatch.setattr(attendance_departures, "LETTERS_FOR_S", 100.0)
    RoleGrantFactory(user=county.members[0], node=county.branch, role="lecturer")
    tell_departures(as_of=timezone.now())
    assert [letter.to for letter in mailoutbox] == [["b@example.org"]]


# --- Gone without a day of leaving -----------------------------------------------------------------------------


def test_whoever_was_closed_before_they_left_and_whoever_was_nowhere_is_noted(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, today = timezone.now(), timezone.localdate()
    closed, here, nowhere = county.members[0], county.members[1], do.create_member(name="没来过", as_of=now)
    User.objects.filter(pk__in=[closed.pk, here.pk, nowhere.pk]).update(is_active=False)
    Membership.objects.filter(member=closed).update(active_to_date=today - 9 * DAY, left_because=Left.TRANSFERRED)
    do.finish_leaving(as_of=now)
    assert not Departure.objects.exists()
    assert [do.note_missed(as_of=now), do.note_missed(as_of=now)] == [2, 0]
    assert dict(Departure.objects.values_list("pk", "left_date")) == {closed.pk: today - 9 * DAY, nowhere.pk: today}
    Departure.objects.all().delete()
    last = max(User.objects.values_list("pk", flat=True))
    monkeypatch.setattr(departures, "PEOPLE_A_TURN", 1)
    hour = int(now.timestamp()) // 3600

    def turn_of(person: User) -> dt.datetime:
        return now + (person.pk - hour) % (last + 1) * dt.timedelta(hours=1)

    assert [do.note_missed(as_of=turn_of(person)) for person in (here, closed, closed, nowhere)] == [0, 1, 0, 1]


def test_of_whom_had_no_unit_the_operator_is_told(county: County) -> None:
    now = timezone.now()
    nowhere = do.create_member(name="没来过", as_of=now)
    User.objects.filter(pk=nowhere.pk).update(is_active=False)
    do.note_missed(as_of=now)
    Departure.objects.update(left_date=timezone.localdate() - KEPT)
    assert tell_departures(as_of=now) == 1
    notice = Notice.objects.get(kind="departures_soon")
    assert (notice.member_id, notice.data["unit"]) == (county.operator.pk, "")
    assert "“没有组织的人”有 1 位" in words_of(notice)


@pytest.mark.parametrize("change", ["back", "open", "noted"])
def test_what_changed_between_the_list_and_the_lock_wins(county: County, change: str) -> None:
    today = timezone.localdate()
    person = county.member
    if change != "back":
        Membership.objects.filter(member=person).update(active_to_date=today)
    if change == "noted":
        User.objects.filter(pk=person.pk).update(is_active=False)
        Departure.objects.create(member=person, left_date=today)
    assert not departures._note_one(person.pk, today)


def test_they_get_a_letter_where_they_left_an_address(county: County, settings: Any, mailoutbox: list[Any]) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    person, other = leave(county, ago=KEPT), leave(county, ago=KEPT, member=county.members[1])
    NoticeChoice.objects.create(pk=person.pk, email_cipher=phones.seal(settings.PHONE_KEY, b"a@example.org"))
    assert tell_departures(as_of=timezone.now()) == 2
    assert [letter.to for letter in mailoutbox] == [["a@example.org"]]
    assert "不能恢复" in mailoutbox[0].body
    assert other.name not in mailoutbox[0].body


# --- The page -----------------------------------------------------------------------------


def test_the_auditor_holds_and_lifts_on_the_page(county: County, client: Any) -> None:
    person = leave(county, ago=KEPT)
    client.force_login(county.auditor)
    page = client.get("/departures/").content.decode()
    assert person.name in page
    refused = client.post(f"/departures/{person.pk}/hold/", {"reason": ""})
    assert refused.status_code == 422
    assert client.post(f"/departures/{person.pk}/hold/", {"reason": "审计 12 号"}).status_code == 302
    assert "审计 12 号" in client.get("/departures/").content.decode()
    assert "已经暂缓了" in client.post(f"/departures/{person.pk}/hold/", {"reason": "x"}, follow=True).content.decode()
    assert client.post(f"/departures/{person.pk}/lift/").status_code == 302
    assert "没有暂缓" in client.post(f"/departures/{person.pk}/lift/", follow=True).content.decode()
    assert client.post("/departures/99999999/hold/", {"reason": "x"}).status_code == 404


def test_the_page_costs_the_same_for_one_and_for_three(
    county: County, client: Any, django_assert_max_num_queries: Any
) -> None:
    client.force_login(county.secretary)
    leave(county, ago=KEPT)
    client.get("/departures/")
    for member in county.members[1:]:
        leave(county, ago=KEPT, member=member)
    with django_assert_max_num_queries(22):
        page = client.get("/departures/").content.decode()
    assert [member.name in page for member in county.members] == [True] * 3


def test_the_page_says_that_there_is_no_period(county: County, client: Any, settings: Any) -> None:
    settings.PERSON_KEEP_DAYS = 0
    client.force_login(county.operator)
    assert "没有设期限" in client.get("/departures/").content.decode()


def test_the_operators_page_of_somebody_who_was_taken_out(county: County, client: Any) -> None:
    person = leave(county, ago=KEPT)
    told()
    do.take_out(as_of=timezone.now())
    client.force_login(county.operator)
    page = client.get(f"/people/{person.pk}/").content.decode()
    assert "个人信息已按规定清除" in page
    assert person.name not in page
    assert client.get(f"/people/{person.pk}/return/").status_code == 404
