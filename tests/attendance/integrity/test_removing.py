"""Raw evidence goes when its time is over; verdicts and the chain stay, and nobody is judged by what is left."""

import datetime as dt
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from attendance import operations
from attendance.models import (
    Evidence,
    Occasion,
    PresenceSpan,
    Record,
    Removal,
    RosterEntry,
    SealedBlock,
    WatchSession,
)
from attendance.operations import UnableToRecord, UnableToStartWatch, removing, sealing
from attendance.queries.verifying import Checked, problems
from attendance.sentences.records import day
from tests.attendance.tampering import unguarded
from tests.factories.attendance import HOUR, START, OccasionFactory, be_present, open_lecture
from tests.factories.organizations import County, make_county

DAY = dt.timedelta(days=1)
ENDED = START + HOUR
FINAL = START + 15 * DAY  # with two weeks to make up
LATER = FINAL + 91 * DAY
KEPT = ("member_id", "state", "stands", "reasons", "live_ms", "replay_ms", "union_ms", "hours", "evidence_digest")

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def lecture(county: County) -> Occasion:
    """Held and settled: one was there, one made up by the replay, one has leave, one is missing; all is sealed."""
    held = open_lecture(county.branch)
    be_present(held, county.members[0], 0, 3500)
    by = {"recorded_by_id": county.secretary.pk, "as_of": START}
    operations.approve_leave(occasion_id=held.pk, member_id=county.members[2].pk, category="sick", **by)
    operations.close_occasion(occasion_id=held.pk, as_of=ENDED)
    operations.settle(occasion_id=held.pk, as_of=ENDED)
    operations.set_replay(occasion_id=held.pk, media_ms=3_600_000, media_offset_ms=0, as_of=ENDED)
    began, member = ENDED + DAY, county.members[1]
    watch = operations.start_watch(
        occasion_id=held.pk, member_id=member.pk, device="p1", media="replay", as_of=began
    )  # fmt: skip
    for n in range(6):
        operations.report_watched(
            session_id=watch.session_id, member_id=member.pk, client_id=f"w{n}",
            ranges_ms=[(n * 600_000, (n + 1) * 600_000)], rate=1.0, position_ms=0,
            as_of=began + (n + 1) * dt.timedelta(minutes=10),
        )  # fmt: skip
    operations.settle(occasion_id=held.pk, as_of=began + 2 * HOUR)
    operations.seal_days(as_of=began + 2 * DAY)
    held.refresh_from_db()
    assert held.state == Occasion.State.SETTLED
    assert states(held) == ["attended", "made_up", "excused", "missing"]
    return held


def states(occasion: Occasion) -> list[str]:
    return list(Record.objects.filter(occasion=occasion).order_by("member_id").values_list("stands", flat=True))


def missing_at(occasion: Occasion) -> int:
    return Record.objects.get(occasion=occasion, stands="missing").member_id


def kept(occasion: Occasion) -> list[dict[str, Any]]:
    return list(Record.objects.filter(occasion=occasion).order_by("member_id").values(*KEPT))


def test_it_goes_when_its_time_is_over_and_the_verdicts_stay(lecture: Occasion) -> None:
    before = kept(lecture)
    assert operations.remove_evidence(as_of=FINAL + 89 * DAY).total() == 0
    gone = operations.remove_evidence(as_of=LATER)
    assert dict(gone) == {"reported": 6, "presence": 1, "blocks": 2, "watch_session": 1}
    assert not PresenceSpan.objects.exists()
    assert not WatchSession.objects.exists()
    assert [one.kind for one in Evidence.objects.all()] == ["leave"]  # what somebody wrote down stays
    assert kept(lecture) == before
    assert Removal.objects.get().counts == {"watched": 6, "presence": 1, "watch_session": 1}
    assert operations.remove_evidence(as_of=LATER + DAY).total() == 0


@pytest.mark.parametrize("state", ["scheduled", "open", "closed"])
def test_it_stays_while_a_further_session_is_to_come_or_goes_on(lecture: Occasion, state: str) -> None:
    """Whoever takes part there is judged here once more."""
    again: Occasion = OccasionFactory(training=lecture.training, node=lecture.node, rule=lecture.rule)
    operations.make_session(occasion_id=again.pk, of_id=lecture.pk)
    Occasion.objects.filter(pk=again.pk).update(state=state)
    assert operations.remove_evidence(as_of=LATER).total() == 0
    Occasion.objects.filter(pk=again.pk).update(state="void")
    assert operations.remove_evidence(as_of=LATER).total() > 0


def test_the_chain_holds_without_the_rows_and_shows_a_verdict_that_was_touched(lecture: Occasion) -> None:
    operations.remove_evidence(as_of=LATER)
    checked = Checked()
    assert list(problems(checked=checked)) == []
    assert checked.removed == 7
    Record.objects.filter(occasion=lecture, state="missing").update(state="attended")
    assert [str(one) for one in problems()] == [f"records occasion {lecture.pk}"]


def test_a_removal_that_somebody_made_up_is_found(lecture: Occasion) -> None:
    """One block more than was removed by the ledger: its rows were deleted by hand."""
    operations.remove_evidence(as_of=LATER)
    removal = Removal.objects.get()
    with unguarded("attendance_sealedblock", "attendance_evidence"):
        Evidence.objects.all()._raw_delete("default")
        SealedBlock.objects.filter(kind="written").update(rows=None, removal=removal)
    assert [str(one) for one in problems()] == [f"removal occasion {lecture.pk}"]


def test_nobody_is_judged_again_by_what_is_left(lecture: Occasion, county: County) -> None:
    """The guard: every way to a new judgement leaves the verdicts as they are."""
    operations.remove_evidence(as_of=LATER)
    before = kept(lecture)
    operations.settle(occasion_id=lecture.pk, as_of=LATER)
    operations.settle(occasion_id=lecture.pk, member_ids=[county.member.pk], as_of=LATER)
    operations.mark_dirty(
        occasion_id=lecture.pk, member_ids=[one.pk for one in county.members], as_of=LATER
    )  # fmt: skip
    operations.settle_dirty(as_of=LATER)
    operations.set_replay(occasion_id=lecture.pk, media_ms=60_000, media_offset_ms=0, as_of=LATER)
    operations.reconcile(as_of=LATER + DAY)
    assert kept(lecture) == before
    assert not RosterEntry.objects.filter(dirty_at__isnull=False).exists()
    lecture.refresh_from_db()
    assert lecture.state == Occasion.State.SETTLED


def test_what_would_need_a_judgement_is_refused_with_a_way_out(lecture: Occasion, county: County) -> None:
    operations.remove_evidence(as_of=LATER)
    missing, by = missing_at(lecture), county.organiser.pk
    with pytest.raises(UnableToRecord, match="更正结果"):
        operations.record_hall(
            occasion_id=lecture.pk,
            member_ids=[missing],
            started_at=START,
            ended_at=ENDED,
            recorded_by_id=by,
            as_of=LATER,
        )
    with pytest.raises(UnableToStartWatch, match="final"):
        operations.start_watch(occasion_id=lecture.pk, member_id=missing, device="p", media="replay", as_of=LATER)
    operations.correct_record(
        occasion_id=lecture.pk, member_id=missing, state="attended", reason="签到册上有", author_id=by, as_of=LATER
    )
    assert states(lecture) == ["attended", "made_up", "excused", "attended"]
    assert list(problems()) == []


@pytest.mark.parametrize("why", ["dispute", "answered", "marked", "unsealed", "running"])
def test_what_is_not_at_rest_keeps_its_evidence(why: str, lecture: Occasion, county: County) -> None:
    member = missing_at(lecture)
    if why in ("dispute", "answered"):
        at = LATER - 100 * DAY
        operations.raise_dispute(occasion_id=lecture.pk, member_id=member, text="我在", as_of=at)
        if why == "answered":
            lecture.disputes.update(state="answered", answered_at=LATER - 10 * DAY)
    elif why == "marked":
        RosterEntry.objects.filter(occasion=lecture, member=member).update(dirty_at=LATER)
    elif why == "unsealed":
        Evidence.objects.create(occasion=lecture, member_id=member, kind="declared", category="x", recorded_at=LATER)
    else:
        Occasion.objects.filter(pk=lecture.pk).update(state=Occasion.State.CLOSED)
    assert operations.remove_evidence(as_of=LATER).total() == 0
    assert PresenceSpan.objects.exists()
    assert not Removal.objects.exists()


def test_a_dispute_raised_while_it_is_looked_at_keeps_it(
    lecture: Occasion, county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the list of what may go and the removal itself somebody says that a record is wrong."""
    (one,) = removing.removable(as_of=LATER)
    operations.raise_dispute(occasion_id=lecture.pk, member_id=missing_at(lecture), text="我在", as_of=LATER)
    assert removing.fix(one, LATER) is None
    assert not Removal.objects.exists()


def test_who_is_interrupted_goes_on_at_the_next_turn(lecture: Occasion, monkeypatch: pytest.MonkeyPatch) -> None:
    assert operations.remove_evidence(as_of=LATER, blocks=1)["blocks"] == 1
    assert list(problems()) == []
    assert operations.remove_evidence(as_of=LATER, blocks=1)["blocks"] == 1
    assert operations.remove_evidence(as_of=LATER)["watch_session"] == 1
    assert not PresenceSpan.objects.exists()
    assert list(problems()) == []
    assert Removal.objects.count() == 1


def test_a_turn_that_has_removed_enough_leaves_the_next_occasion(lecture: Occasion, county: County) -> None:
    other = open_lecture(county.branch)
    be_present(other, county.member, 0, 3500)
    operations.close_occasion(occasion_id=other.pk, as_of=ENDED)
    operations.settle(occasion_id=other.pk, as_of=ENDED)
    operations.seal_days(as_of=ENDED + 5 * DAY)
    assert operations.remove_evidence(as_of=LATER, blocks=2)["blocks"] == 2
    assert [one.occasion for one in Removal.objects.all()] == [lecture]
    assert PresenceSpan.objects.filter(occasion=other).exists()
    assert operations.remove_evidence(as_of=LATER)["presence"] == 1
    assert set(Removal.objects.values_list("occasion", flat=True)) == {lecture.pk, other.pk}
    assert list(problems()) == []


def test_a_turn_passes_over_what_somebody_disputes_meanwhile(
    lecture: Occasion, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = removing.removable

    def and_meanwhile(**values: Any) -> Any:
        for one in look(**values):
            operations.raise_dispute(occasion_id=lecture.pk, member_id=missing_at(lecture), text="我在", as_of=LATER)
            yield one

    monkeypatch.setattr(removing, "removable", and_meanwhile)
    assert operations.remove_evidence(as_of=LATER).total() == 0
    assert PresenceSpan.objects.exists()
    assert not Removal.objects.exists()


def test_a_block_that_another_worker_emptied_meanwhile_is_none_of_ours(lecture: Occasion) -> None:
    operations.remove_evidence(as_of=LATER)
    removal, blocks = Removal.objects.get(), SealedBlock.objects.filter(rows=None)
    before = list(blocks.values())
    assert [removing._remove_block(removal, block.pk).total() for block in blocks] == [0, 0]
    assert list(blocks.values()) == before


def test_the_removal_itself_is_sealed(lecture: Occasion, monkeypatch: pytest.MonkeyPatch) -> None:
    operations.seal_days(as_of=LATER - DAY)
    operations.remove_evidence(as_of=LATER)
    operations.seal_days(as_of=LATER + 2 * DAY)
    assert SealedBlock.objects.filter(kind="removal", occasion=lecture).count() == 1
    with unguarded("attendance_removal"):
        Removal.objects.update(counts={"watched": 6})
    assert "altered" in [one.code for one in problems()]


def test_command_says_beforehand_what_goes_and_deletes_it(
    lecture: Occasion, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: LATER)
    call_command("prune_evidence", dry_run=True)
    said = capsys.readouterr().out
    line = f"2026-09-15 {lecture.pk} {lecture.training.title} · {lecture.title}: presence 1, watch_session 1, watched 6"
    assert said.splitlines()[0] == line
    assert PresenceSpan.objects.count() == 1
    call_command("prune_evidence")
    assert "deleted: presence 1, reported 6, watch_session 1" in capsys.readouterr().out
    assert not PresenceSpan.objects.exists()


def test_the_member_reads_what_was_deleted_and_when(lecture: Occasion, county: County) -> None:
    client = Client()
    client.force_login(county.members[1])
    before = client.get(f"/me/records/{lecture.pk}/").content.decode()
    assert "清除" not in before
    operations.remove_evidence(as_of=LATER)
    page = client.get(f"/me/records/{lecture.pk}/").content.decode()
    said = f"在线、观看等原始记录在认定完毕后保存 90 天，已于 {day(LATER)} 清除；认定结果和理由一直保留。"
    assert said in page
    assert "已补学" in page
    assert "还没有参加的记录" not in page
    assert client.get("/me/").status_code == 200


def test_sealing_stopped_means_nothing_is_removed(county: County) -> None:
    held = open_lecture(county.branch)
    be_present(held, county.member, 0, 3500)
    operations.close_occasion(occasion_id=held.pk, as_of=ENDED)
    operations.settle(occasion_id=held.pk, as_of=ENDED)
    assert operations.remove_evidence(as_of=LATER).total() == 0
    assert sealing.last_seal() is None
