"""Days are sealed and chained; one row altered, removed or added is found and named."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import Sum

from attendance import operations
from attendance.core.chain import row_digest
from attendance.models import Correction, Evidence, Occasion, PresenceSpan, Seal, SealedBlock
from attendance.operations import sealing
from attendance.queries.sealing import EVIDENCE, days_due
from attendance.queries.verifying import Checked, Problem, problems
from tests.attendance.tampering import unguarded
from tests.factories.attendance import HOUR, START, be_present, open_lecture
from tests.factories.organizations import County, make_county

DAY = dt.timedelta(days=1)
MORNING = dt.datetime(2026, 9, 1, 19, 30, tzinfo=dt.UTC)  # 03:30 of 2 September here: 1 September is over
SEPTEMBER_1 = dt.date(2026, 9, 1)

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def lecture(county: County) -> Occasion:
    """A day with all there is: presences, an outbox, leave and its withdrawal, a correction."""
    held = open_lecture(county.branch)
    for n, member in enumerate(county.members):
        be_present(held, member, 60 * n, 3000)
    operations.record_outbox(
        occasion_id=held.pk, member_id=county.member.pk, device="p1", client_id="u1", started_at=START + HOUR * 0.8,
        ended_at=START + HOUR * 0.9, as_of=START + HOUR,
    )  # fmt: skip
    by = {"recorded_by_id": county.secretary.pk, "as_of": START}
    operations.approve_leave(occasion_id=held.pk, member_id=county.members[1].pk, category="sick", **by)
    operations.approve_leave(occasion_id=held.pk, member_id=county.members[1].pk, category="duty", **by)
    operations.close_occasion(occasion_id=held.pk, as_of=START + HOUR)
    operations.settle(occasion_id=held.pk, as_of=START + HOUR)
    operations.correct_record(
        occasion_id=held.pk, member_id=county.members[1].pk, state="attended", reason="在场",
        author_id=county.secretary.pk, as_of=START + 2 * HOUR,
    )  # fmt: skip
    return held


@pytest.fixture
def sealed(lecture: Occasion) -> Occasion:
    assert operations.seal_days(as_of=MORNING) == 1
    return lecture


def found() -> list[str]:
    return [str(one) for one in problems()]


def test_a_day_is_sealed_when_it_is_long_over(lecture: Occasion) -> None:
    midnight = dt.datetime(2026, 9, 1, 16, tzinfo=dt.UTC)
    assert operations.seal_days(as_of=midnight + HOUR) == 1  # the day before: there was nothing
    assert Seal.objects.get().rows == 0
    assert operations.seal_days(as_of=MORNING) == 1
    seal = Seal.objects.get(day=SEPTEMBER_1)
    rows = Evidence.objects.count() + Correction.objects.count() + PresenceSpan.objects.count()
    assert (seal.rows, seal.late, seal.open_spans) == (rows, 0, [])
    assert seal.previous == Seal.objects.get(day=SEPTEMBER_1 - DAY).digest
    assert {block.kind for block in seal.sealed_blocks.all()} == {"reported", "written", "presence", "correction"}
    assert operations.seal_days(as_of=MORNING + HOUR) == 0
    assert found() == []


def test_the_first_seal_covers_all_that_was_before_it(lecture: Occasion) -> None:
    """A site that was installed long ago begins to seal: what is old is not late by it."""
    assert operations.seal_days(as_of=MORNING + 30 * DAY) == 1
    seal = Seal.objects.get()
    assert (seal.day, seal.rows > 0, seal.late) == (SEPTEMBER_1 + 30 * DAY, True, 0)
    assert found() == []


def test_days_that_nobody_sealed_are_sealed_later_one_by_one(sealed: Occasion, county: County) -> None:
    day = sealed.starts_at + 2 * DAY
    operations.declare(
        occasion_id=sealed.pk,
        member_id=county.member.pk,
        category="xuexi",
        recorded_by_id=county.secretary.pk,
        as_of=day,
    )
    assert operations.seal_days(as_of=MORNING + 4 * DAY) == 4
    assert list(Seal.objects.order_by("day").values_list("rows", flat=True))[1:] == [0, 1, 0, 0]
    assert found() == []


def test_the_digest_of_a_row_stays_what_it_is() -> None:
    """Whoever changes the form of a row breaks every seal there is: this is not to be adapted."""
    names = ("id", "kind", "at", "ranges_ms", "category", "withdraws_id")
    values = (7, "watched", START, [[0, 15000]], "", None)
    assert row_digest("evidence", names, values).hex() == GOLDEN
    # A column that comes later, and is empty in old rows, changes nothing.
    assert row_digest("evidence", (*names, "later", "more"), (*values, None, 0)).hex() == GOLDEN
    assert row_digest("evidence", names, (7, "watched", START, [[0, 15001]], "", None)).hex() != GOLDEN
    dated = [row_digest("x", ("on_date",), (one,)) for one in (SEPTEMBER_1, "2026-09-01")]
    assert dated[0] == dated[1]


GOLDEN = "37bbdf41db56081e89c073313bcd294f"


def test_columns_of_sealed_tables_are_not_renamed() -> None:
    assert set(EVIDENCE.columns) >= {
        "id", "occasion_id", "member_id", "kind", "device", "client_id", "started_at", "ended_at", "media", "ranges_ms",
        "refused_ms", "category", "withdraws_id", "recorded_by_id", "recorded_at",
    }  # fmt: skip


ALTERED = {
    "attendance_evidence": "UPDATE attendance_evidence SET category = 'other' WHERE id = {evidence}",
    "attendance_presencespan": "UPDATE attendance_presencespan SET member_id = {member} WHERE id = {presence}",
    "attendance_correction": "UPDATE attendance_correction SET reason = 'x' WHERE id = {correction}",
}


@pytest.mark.parametrize("table", ALTERED)
def test_one_altered_row_is_named(table: str, sealed: Occasion, county: County) -> None:
    short = table.removeprefix("attendance_").removesuffix("span")
    keys = {
        "evidence": Evidence.objects.filter(kind="leave").latest("id").pk,
        "presence": PresenceSpan.objects.latest("id").pk,
        "correction": Correction.objects.get().pk,
        "member": county.secretary.pk,
    }  # fmt: skip
    with unguarded(table), connection.cursor() as cursor:
        cursor.execute(ALTERED[table].format(**keys))
    assert found() == [f"altered 2026-09-01 {short} {keys[short]} occasion {sealed.pk}"]


def test_one_removed_row_is_named(sealed: Occasion) -> None:
    key = PresenceSpan.objects.latest("id").pk
    with unguarded("attendance_presencespan"):
        PresenceSpan.objects.filter(pk=key)._raw_delete("default")
    assert found() == [f"gone 2026-09-01 presence {key} occasion {sealed.pk}"]


def test_a_row_in_a_gap_of_the_ids_is_named(lecture: Occasion, county: County) -> None:
    gap = Evidence.objects.latest("id").pk + 1
    Evidence.objects.create(
        pk=gap + 1, occasion=lecture, member=county.member, kind="declared", category="xuexi", recorded_at=START + HOUR
    )
    assert operations.seal_days(as_of=MORNING) == 1
    assert found() == []
    Evidence.objects.create(
        pk=gap, occasion=lecture, member=county.member, kind="hall", started_at=START, ended_at=START + HOUR,
        recorded_at=START + HOUR,
    )  # fmt: skip
    assert found() == [f"added 2026-09-01 evidence {gap}"]


def test_a_row_dated_back_is_named_and_once_sealed_counted_as_late(sealed: Occasion, county: County) -> None:
    row = Evidence.objects.create(
        occasion=sealed, member=county.member, kind="hall", started_at=START, ended_at=START + HOUR,
        recorded_at=START + HOUR,
    )  # fmt: skip
    assert found() == [f"backdated 2026-09-01 evidence {row.pk} occasion {sealed.pk}"]
    assert operations.seal_days(as_of=MORNING + DAY) == 1
    assert Seal.objects.latest("day").late == 1
    checked = Checked()
    assert list(problems(checked=checked)) == []
    assert checked.late == 1


def test_a_presence_that_has_not_ended_belongs_to_a_later_seal(lecture: Occasion, county: County) -> None:
    lease = operations.start_lease(name="w", as_of=START)
    joins = [operations.Join(lecture.pk, county.member.pk, "p9", lease, START + HOUR * 0.5)]
    (key,) = operations.open_presences(joins=joins)
    assert operations.seal_days(as_of=MORNING) == 1
    assert Seal.objects.get().open_spans == [key]
    assert found() == []
    # Its process died, and the site was away for a day: it ends where it was last heard, in a day that is sealed.
    operations.close_presences(ends=[operations.End(key, START + HOUR, "silent")])
    assert found() == []
    assert operations.seal_days(as_of=MORNING + DAY) == 1
    assert Seal.objects.latest("day").open_spans == []
    assert found() == []
    with unguarded("attendance_presencespan"):
        PresenceSpan.objects.filter(pk=key).update(ended_at=START + 2 * HOUR)
    assert found() == [f"altered 2026-09-02 presence {key} occasion {lecture.pk}"]


def test_an_open_presence_that_vanishes_is_named(lecture: Occasion, county: County) -> None:
    lease = operations.start_lease(name="w", as_of=START)
    (key,) = operations.open_presences(joins=[operations.Join(lecture.pk, county.member.pk, "p9", lease, START)])
    assert operations.seal_days(as_of=MORNING) == 1
    with unguarded("attendance_presencespan"):
        PresenceSpan.objects.filter(pk=key)._raw_delete("default")
    assert found() == [f"gone 2026-09-01 presence {key}"]


def test_a_changed_seal_breaks_the_chain(sealed: Occasion) -> None:
    assert operations.seal_days(as_of=MORNING + DAY) == 1
    with unguarded("attendance_seal", "attendance_sealedblock"):
        SealedBlock.objects.filter(kind="correction").update(digest="0" * 64)
    number = SealedBlock.objects.get(kind="correction").number
    assert found() == [f"block 2026-09-01 block {number} occasion {sealed.pk}", "chain 2026-09-01"]


def test_a_seal_made_again_is_found_by_the_head_noted_elsewhere(sealed: Occasion) -> None:
    """Who may write everything can make a chain of their own; the log and each monthly file hold the old one's head."""
    head = Seal.objects.get().digest
    assert list(problems(head=head)) == []
    with unguarded("attendance_seal", "attendance_sealedblock", "attendance_correction"):
        SealedBlock.objects.all()._raw_delete("default")
        Seal.objects.all()._raw_delete("default")
        Correction.objects.update(reason="改过的理由")
    assert operations.seal_days(as_of=MORNING) == 1
    assert list(problems()) == []
    assert list(problems(head=head)) == [Problem("head", None, head)]


def test_a_seal_that_was_begun_is_made_again(lecture: Occasion, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker died half way: nobody waits for ever, and nothing of the first try stays."""
    monkeypatch.setattr(sealing, "AT_ONCE", 1)

    def dies(_self: Any) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(sealing.SealDigest, "hexdigest", dies)
        with pytest.raises(KeyboardInterrupt):
            operations.seal_days(as_of=MORNING)
    assert SealedBlock.objects.exists()
    assert operations.seal_days(as_of=MORNING + HOUR / 2) == 0  # somebody else might still be at it
    assert days_due(as_of=MORNING) == [SEPTEMBER_1]
    assert operations.seal_days(as_of=MORNING + 2 * HOUR) == 1
    assert found() == []


def while_it_is_made(monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> None:
    """Let something happen once, when a seal has looked which presences are open and has read no row yet."""
    look = sealing._open_spans

    def and_meanwhile(*args: Any) -> list[int]:
        found = look(*args)
        monkeypatch.setattr(sealing, "_open_spans", look)
        change()
        return found

    monkeypatch.setattr(sealing, "_open_spans", and_meanwhile)


def test_a_seal_that_another_process_took_over_is_left_to_it(
    lecture: Occasion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This one hung for more than an hour; whoever took the seal over since then makes it."""
    while_it_is_made(monkeypatch, lambda: Seal.objects.update(claimed_at=MORNING + HOUR))
    assert operations.seal_days(as_of=MORNING) == 0
    assert Seal.objects.get().digest == ""
    assert not SealedBlock.objects.exists()
    assert operations.seal_days(as_of=MORNING + 3 * HOUR) == 1
    assert found() == []


def test_a_presence_that_ends_while_the_seal_is_made_belongs_to_the_next(
    lecture: Occasion, county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = operations.start_lease(name="w", as_of=START)
    (key,) = operations.open_presences(joins=[operations.Join(lecture.pk, county.member.pk, "p9", lease, START)])
    ends = [operations.End(key, START + HOUR, "left")]
    while_it_is_made(monkeypatch, lambda: operations.close_presences(ends=ends))
    assert operations.seal_days(as_of=MORNING) == 1
    first = Seal.objects.get()
    assert PresenceSpan.objects.get(pk=key).ended_at is not None
    assert (first.open_spans, first.rows) == ([key], SealedBlock.objects.aggregate(rows=Sum("count"))["rows"])
    assert found() == []
    assert operations.seal_days(as_of=MORNING + DAY) == 1
    second = Seal.objects.latest("day")
    assert (second.open_spans, second.rows) == ([], 1)
    assert found() == []


def test_sealing_waits_for_a_transaction_that_still_writes(lecture: Occasion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "somebody_still_writes", lambda **_kwargs: True)
    assert operations.seal_days(as_of=MORNING) == 0
    assert not Seal.objects.exists()


def test_many_rows_make_many_blocks(lecture: Occasion, county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MOST_ROWS", 2)
    monkeypatch.setattr(sealing, "AT_ONCE", 2)
    rows = [
        Evidence(occasion=lecture, member=county.member, kind="watched", media="r", ranges_ms=[[n, n + 1]],
                 client_id=str(n), recorded_at=START + HOUR)
        for n in range(7)
    ]  # fmt: skip
    Evidence.objects.bulk_create(rows)
    assert operations.seal_days(as_of=MORNING) == 1
    reported = SealedBlock.objects.filter(kind="reported").order_by("number")
    assert list(reported.values_list("count", flat=True)) == [2, 2, 2, 2]
    assert found() == []


def test_command_says_what_it_found(sealed: Occasion, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify_chain")
    said = json.loads(capsys.readouterr().out)
    assert (said["problems"], said["seals"], said["head"]) == (0, 1, Seal.objects.get().digest)
    key = Correction.objects.get().pk
    with unguarded("attendance_correction"):
        Correction.objects.update(reason="x")
    with pytest.raises(SystemExit) as stopped:
        call_command("verify_chain", "--since=2026-09-01")
    told = capsys.readouterr()
    assert stopped.value.code == 1
    assert told.err == f"altered 2026-09-01 correction {key} occasion {sealed.pk}\n"
    assert json.loads(told.out)["problems"] == 1
