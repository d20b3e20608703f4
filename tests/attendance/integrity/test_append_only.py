"""The database itself refuses to change or delete what was seen, on SQLite and PostgreSQL alike."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction

from attendance import append_only, operations
from attendance.models import Correction, Evidence, Occasion, PresenceSpan
from tests.databases import empty_tables
from tests.factories.attendance import HOUR, START, be_present, open_lecture
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def lecture(county: County) -> Occasion:
    """One member was there, one had leave, and one was corrected."""
    held = open_lecture(county.branch)
    be_present(held, county.member, 0, 3000)
    operations.approve_leave(
        occasion_id=held.pk, member_id=county.members[1].pk, category="sick", recorded_by_id=county.secretary.pk,
        as_of=START,
    )  # fmt: skip
    operations.close_occasion(occasion_id=held.pk, as_of=START + HOUR)
    operations.settle(occasion_id=held.pk, as_of=START + HOUR)
    operations.correct_record(
        occasion_id=held.pk, member_id=county.members[1].pk, state="attended", reason="在场",
        author_id=county.secretary.pk, as_of=START + 2 * HOUR,
    )  # fmt: skip
    return held


CHANGES = {
    "evidence updated": lambda: Evidence.objects.update(category="duty"),
    "evidence deleted": lambda: Evidence.objects.all().delete(),
    "correction updated": lambda: Correction.objects.update(reason="另一个理由"),
    "closed presence updated": lambda: PresenceSpan.objects.update(ended_at=START + HOUR),
    "presence of somebody else": lambda: PresenceSpan.objects.update(device="p2"),
    "presence deleted": lambda: PresenceSpan.objects.all().delete(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_seen_cannot_be_changed(change: str, lecture: Occasion) -> None:
    before = list(Evidence.objects.values()), list(Correction.objects.values()), list(PresenceSpan.objects.values())
    assert all(before)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        CHANGES[change]()
    assert before == (
        list(Evidence.objects.values()), list(Correction.objects.values()), list(PresenceSpan.objects.values())
    )  # fmt: skip


def test_a_correction_cannot_be_deleted_even_where_nothing_refers_to_it(lecture: Occasion) -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Correction.objects.all()._raw_delete("default")


def test_an_open_presence_is_closed_once_and_stays_whose_it_is(county: County) -> None:
    held = open_lecture(county.branch)
    lease = operations.start_lease(name="w", as_of=START)
    joins = [operations.Join(held.pk, county.member.pk, "p1", lease, START)]
    (key,) = operations.open_presences(joins=joins)
    other = county.members[1].pk
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        PresenceSpan.objects.filter(pk=key).update(member_id=other, ended_at=START + HOUR)
    operations.close_presences(ends=[operations.End(key, START + dt.timedelta(minutes=5), "left")])
    operations.close_presences(ends=[operations.End(key, START + HOUR, "left")])  # a second close changes nothing
    row = PresenceSpan.objects.get(pk=key)
    assert (row.member_id, row.ended_at) == (county.member.pk, START + dt.timedelta(minutes=5))


def test_a_permit_holds_in_its_transaction_alone(lecture: Occasion) -> None:
    with append_only.removal_permitted():
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            Evidence.objects.update(category="duty")  # a permit is for removing
        assert PresenceSpan.objects.all()._raw_delete("default") == 1
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Evidence.objects.all()._raw_delete("default")
    assert append_only.missing() == []


def test_what_a_permit_was_taken_for_goes_back_with_it(lecture: Occasion) -> None:
    def fail_half_way() -> None:
        with append_only.removal_permitted():
            PresenceSpan.objects.all()._raw_delete("default")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert PresenceSpan.objects.count() == 1
    assert append_only.missing() == []


def test_a_table_that_was_rewritten_is_guarded_again_after_the_next_migrate(lecture: Occasion) -> None:
    """SQLite makes a new table for a changed column, and drops the triggers of the old one."""
    name = "append_only_evidence_delete"
    on = " ON attendance_evidence" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{on}")
    assert append_only.missing() == [name]
    append_only.install()
    assert append_only.missing() == []
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Evidence.objects.all()._raw_delete("default")


@pytest.mark.django_db(transaction=True)
def test_emptying_the_tables_between_two_tests_is_possible(lecture: Occasion) -> None:
    """The test runner's own way out; what it leaves is guarded (the next test begins with empty tables)."""
    empty_tables()
    assert not Evidence.objects.exists()
    assert append_only.missing() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no TRUNCATE")
def test_the_tables_cannot_be_emptied_at_once(lecture: Occasion) -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE attendance_evidence CASCADE")
