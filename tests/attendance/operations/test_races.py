"""The ledger's hot writes, two at the same moment: the end is one of the serial orders, and nothing is lost.

Where the second has to wait, one order is made and asserted; where both run freely, all that may come is said.
PostgreSQL shows it: SQLite has one writer at a time.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from attendance import operations
from attendance.models import Correction, Declaration, Evidence, Notice, Occasion, Record, Reminder, Seal
from attendance.operations import UnableToAnswerDispute, UnableToRecord
from attendance.queries import judged
from attendance.queries.verifying import problems
from meetings.operations import Attendance, Written, write_attendance
from organizations.models import User
from tests.attendance.operations.test_reminders import morning, remind
from tests.attendance.reports.conftest import World, world
from tests.factories.attendance import HOUR, START, be_present, open_lecture
from tests.factories.organizations import County, make_county
from tests.meetings.conftest import gathering
from tests.races import meanwhile, together

__all__ = ["world"]
postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True), postgresql]
NOON, DAY = START + HOUR, dt.timedelta(days=1)
ORDERS = pytest.mark.parametrize("is_turned", [False, True])


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def lecture(county: County) -> Occasion:
    return open_lecture(county.branch)


def close(occasion: Occasion) -> None:
    operations.close_occasion(occasion_id=occasion.pk, as_of=NOON)


def settle(occasion: Occasion) -> None:
    operations.settle(occasion_id=occasion.pk, as_of=NOON)


def stands(occasion: Occasion, member: User) -> str:
    """How somebody stands when all marks are read; what is stored is what the evidence says."""
    operations.settle_dirty(as_of=NOON + HOUR)
    record = Record.objects.get(occasion=occasion, member=member)
    occasion.refresh_from_db()
    assert record.state == judged(occasion=occasion, member_id=member.pk, as_of=NOON + HOUR).state
    return record.stands


def correct(occasion: Occasion, member: User, by: User, state: str) -> Correction:
    return operations.correct_record(
        occasion_id=occasion.pk, member_id=member.pk, state=state, reason="核对过", author_id=by.pk, as_of=NOON + HOUR
    )


@ORDERS
def test_two_secretaries_correct_the_same_person(county: County, lecture: Occasion, is_turned: bool) -> None:
    close(lecture)
    settle(lecture)
    pair = [(county.secretary, "attended"), (county.neighbour_secretary, "excused")]
    (one, first), (two, second) = pair[::-1] if is_turned else pair
    late = meanwhile(
        lambda: correct(lecture, county.member, one, first), lambda: correct(lecture, county.member, two, second)
    )
    assert isinstance(late, Correction)
    kept = Correction.objects.order_by("pk").values_list("author_id", "state")
    assert list(kept) == [(one.pk, first), (two.pk, second)]
    assert stands(lecture, county.member) == second


def hand_in(occasion: Occasion, county: County, at: dt.datetime = NOON) -> operations.HallTicks:
    return operations.record_hall(
        occasion_id=occasion.pk, member_ids=[one.pk for one in county.members], started_at=START, ended_at=NOON,
        recorded_by_id=county.secretary.pk, as_of=at, category="offline", client_id="a" * 32,
    )  # fmt: skip


def grant(occasion: Occasion, county: County) -> None:
    operations.approve_leave(
        occasion_id=occasion.pk, member_id=county.member.pk, category="sick", recorded_by_id=county.secretary.pk,
        as_of=NOON,
    )  # fmt: skip


@ORDERS
@pytest.mark.parametrize(("write", "state"), [(hand_in, "attended"), (grant, "excused")])
def test_something_is_written_down_while_everybody_is_settled(
    county: County, lecture: Occasion, write: Callable[[Occasion, County], Any], state: str, is_turned: bool
) -> None:
    """A hall's list and a leave: read by the settling that waits for it, or judged by the writer who waits."""
    close(lecture)
    works = [lambda: write(lecture, county), lambda: settle(lecture)]
    first, second = works[::-1] if is_turned else works
    meanwhile(first, second)
    assert stands(lecture, county.member) == state
    lecture.refresh_from_db()
    assert lecture.state == "settled"
    assert Evidence.objects.filter(member=county.member).count() == 1


def test_many_write_down_and_settle_at_once(county: County, lecture: Occasion) -> None:
    close(lecture)
    works: list[Callable[[], Any]] = [lambda: hand_in(lecture, county), lambda: grant(lecture, county)]
    works += [lambda: settle(lecture), lambda: settle(lecture), lambda: hand_in(lecture, county)]
    together(*works)
    assert [stands(lecture, one) for one in county.members] == ["attended"] * 3
    kinds = Evidence.objects.filter(member=county.member).order_by("kind").values_list("kind", flat=True)
    assert list(kinds) == ["hall", "leave"]  # the list that came twice is one


def test_one_dispute_is_answered_by_two(county: County, lecture: Occasion) -> None:
    close(lecture)
    settle(lecture)
    dispute = operations.raise_dispute(occasion_id=lecture.pk, member_id=county.member.pk, text="我在场", as_of=NOON)

    def answer(by: User, state: str) -> Any:
        return operations.answer_dispute(
            dispute_id=dispute.pk, answer=by.name, answered_by_id=by.pk, as_of=NOON, correct_to=state
        )

    found = together(
        lambda: answer(county.secretary, "attended"), lambda: answer(county.neighbour_secretary, "excused"),
        refusals=(UnableToAnswerDispute,),
    )  # fmt: skip
    refused = [one for one in found if isinstance(one, UnableToAnswerDispute)]
    dispute.refresh_from_db()
    made = Correction.objects.get()
    assert len(refused) == 1
    assert dispute.answer in str(refused[0])  # by whom it was answered
    assert (made.author_id, dispute.correction_id) == (dispute.answered_by_id, made.pk)
    assert stands(lecture, county.member) == made.state


def test_a_declaration_is_confirmed_by_one_and_refused_by_another(county: County, lecture: Occasion) -> None:
    close(lecture)
    settle(lecture)
    said = operations.ask_declaration(
        occasion_id=lecture.pk, member_id=county.member.pk, category="platform", source="学习强国", studied_at=START,
        minutes=45, as_of=NOON,
    )  # fmt: skip
    answer: dict[str, Any] = {"declaration_id": said.pk, "as_of": NOON}
    confirm = operations.confirm_declaration
    late = meanwhile(
        lambda: confirm(confirmed_by_id=county.secretary.pk, **answer),
        lambda: confirm(confirmed_by_id=county.neighbour_secretary.pk, **answer),
        UnableToRecord,
    )
    assert isinstance(late, UnableToRecord)
    again = together(
        lambda: confirm(confirmed_by_id=county.neighbour_secretary.pk, **answer),
        lambda: operations.refuse_declaration(refused_by_id=county.secretary.pk, reason="不算", **answer),
        refusals=(UnableToRecord,),
    )
    assert [type(one) for one in again] == [UnableToRecord, UnableToRecord]
    said.refresh_from_db()
    assert (said.state, said.answered_by) == (Declaration.State.CONFIRMED, county.secretary)
    assert Evidence.objects.filter(kind="declared").count() == 1
    assert Notice.objects.filter(member=county.member, kind__startswith="declared_").count() == 1
    assert stands(lecture, county.member) == "made_up"


def test_reminding_is_pressed_twice(world: World) -> None:
    at, member = morning(), world.county.members[1]
    found = together(lambda: remind(world, member, at=at), lambda: remind(world, member, at=at))
    reminder = Reminder.objects.get()
    assert {one.reminder for one in found} == {reminder}
    assert reminder.messages.filter(channel="site").count() == 1
    send = operations.send_reminders
    together(lambda: send(as_of=at), lambda: send(as_of=at))
    assert Notice.objects.filter(member=member, kind="reminded").count() == 1


@ORDERS
def test_attendance_of_a_meeting_is_saved_by_two(county: County, is_turned: bool) -> None:
    """The later book holds whole: not a mixture of both, and what it took back is still to be read."""
    meeting = gathering(county)
    start, end, now = meeting.occasion.starts_at, meeting.occasion.ends_at, timezone.now()
    first, second, third = (one.pk for one in county.members)
    listed = [first, second, third]

    def save(by: User, *came: int) -> Written:
        book = Attendance(started_at=start, ended_at=end, listed=listed, present=dict.fromkeys(came))
        return write_attendance(occasion_id=meeting.pk, attendance=book, actor_id=by.pk, as_of=now)

    books = [(county.secretary, {first, second}), (county.neighbour_secretary, {second, third})]
    (one, early), (two, late) = books[::-1] if is_turned else books
    assert meanwhile(lambda: save(one, *early), lambda: save(two, *late)) == Written(is_over=True, overtaken={})
    settle(meeting.occasion)
    operations.settle_dirty(as_of=now)
    present = Record.objects.filter(occasion=meeting.pk, stands="attended").values_list("member_id", flat=True)
    assert set(present) == late
    ticks = Evidence.objects.filter(occasion=meeting.pk, kind="hall")
    assert set(ticks.filter(withdrawn_by=None).values_list("member_id", flat=True)) == late
    assert set(ticks.values_list("member_id", flat=True)) == early | late


def test_evidence_is_written_while_its_day_is_sealed(county: County, lecture: Occasion) -> None:
    """What commits behind the seal is in the next: every row is sealed once, and nothing is called added."""
    be_present(lecture, county.members[1], 0, 3000)
    close(lecture)
    settle(lecture)
    sealing = START.replace(hour=19, minute=30)
    made = meanwhile(
        lambda: hand_in(lecture, county, sealing), lambda: operations.seal_days(as_of=sealing), waits=False
    )  # fmt: skip
    assert made == 1
    assert problems_found() == []
    written = Evidence.objects.filter(kind="hall")
    first = Seal.objects.get()
    assert written.count() == 3
    assert not written.filter(pk__lte=first.through["evidence"]).exists()
    assert operations.seal_days(as_of=sealing + 3 * DAY) == 3
    assert problems_found() == []
    last = Seal.objects.order_by("-day")[0]
    assert not written.filter(pk__gt=last.through["evidence"]).exists()


def problems_found() -> list[str]:
    return [one.code for one in problems()]
