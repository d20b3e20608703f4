"""Judging an occasion anew: tried without a trace, agreed to, done once, and told to everybody concerned."""

import datetime as dt
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import OperationalError

from attendance import operations, tasks
from attendance.models import Correction, Notice, Occasion, Recomputation, Recomputed, Record, RosterEntry, Rule
from attendance.operations import UnableToRecompute, recomputing
from attendance.queries import recomputing as questions
from attendance.sentences.notices import NOTICES
from tests.factories.attendance import HOUR, START, RuleFactory, be_present, open_lecture
from tests.factories.organizations import County, RoleGrantFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOON = START + HOUR
LATER = NOON + 2 * HOUR
State = Recomputation.State


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def lecture(county: County) -> Occasion:
    """Settled at 80 %: the first was there all the time, the second for 60 %, the third and the secretary not."""
    occasion = open_lecture(county.branch, rule=RuleFactory(name="通用", hours=1))
    be_present(occasion, county.members[0], 0, 3600)
    be_present(occasion, county.members[1], 0, 2160, device="p2")
    operations.close_occasion(occasion_id=occasion.pk, as_of=NOON)
    operations.settle(occasion_id=occasion.pk, as_of=NOON)
    occasion.refresh_from_db()
    assert occasion.state == Occasion.State.SETTLED
    return occasion


@pytest.fixture
def milder() -> Rule:
    return RuleFactory(name="通用", version=2, min_share=0.5, hours=2, make_up_days=30)


def tried(lecture: Occasion, rule: Rule, county: County, **values: Any) -> Recomputation:
    asked = {"reason": "第 1 版写错了", "asked_by_id": county.organiser.pk, "as_of": LATER, **values}
    job = operations.try_recomputation(occasion_id=lecture.pk, rule_id=rule.pk, **asked)
    operations.advance_recomputation(recomputation_id=job.pk, as_of=LATER)
    job.refresh_from_db()
    return job


def done(job: Recomputation) -> Recomputation:
    operations.begin_recomputation(recomputation_id=job.pk, as_of=LATER)
    operations.advance_recomputation(recomputation_id=job.pk, as_of=LATER)
    job.refresh_from_db()
    return job


def snapshot(lecture: Occasion) -> list[Any]:
    lecture.refresh_from_db()
    rows = Record.objects.filter(occasion=lecture).order_by("member_id")
    return [lecture.rule_id, lecture.rule_stamp, lecture.make_up_until_at, *rows.values()]


def test_a_trial_says_what_would_happen_and_changes_nothing(lecture: Occasion, milder: Rule, county: County) -> None:
    before = snapshot(lecture)
    job = tried(lecture, milder, county)
    assert (job.state, job.through) == (State.TRIED, 4)
    assert job.counts == {"attended>attended": 1, "missing>attended": 1}
    rows = list(
        job.people.order_by("member_id").values_list("member", "before", "after", "hours_before", "hours_after")
    )
    assert rows == [
        (county.members[0].pk, "attended", "attended", D(1), D(2)),
        (county.members[1].pk, "missing", "attended", D(0), D(2)),
    ]
    assert snapshot(lecture) == before
    assert Notice.objects.count() == 0
    # What was tried is what then happens.
    done(job)
    assert Record.objects.get(occasion=lecture, member=county.members[1]).stands == "attended"
    after = list(
        job.people.order_by("member_id").values_list("member", "before", "after", "hours_before", "hours_after")
    )
    assert after == rows


def test_it_is_done_once_with_a_report_and_everybody_concerned_is_told(
    lecture: Occasion, milder: Rule, county: County
) -> None:
    promised = lecture.make_up_until_at
    job = done(tried(lecture, milder, county))
    lecture.refresh_from_db()
    assert (job.state, job.through, job.finished_at) == (State.DONE, 4, LATER)
    assert (lecture.rule_id, lecture.rule_stamp["version"]) == (milder.pk, 2)
    assert promised is not None
    assert lecture.make_up_until_at == promised + dt.timedelta(
        days=16
    )  # what was promised becomes longer, never shorter
    assert Record.objects.get(occasion=lecture, member=county.members[0]).rule_version == "通用 v2"
    told = set(Notice.objects.values_list("member", "kind"))
    assert told == {
        (county.members[0].pk, "recomputed"), (county.members[1].pk, "recomputed"),
        (county.secretary.pk, "recomputed_unit"), (county.organiser.pk, "recomputed_unit"),
    }  # fmt: skip
    said = {one.member_id: NOTICES[one.kind](one) for one in Notice.objects.filter(kind="recomputed")}
    assert "从“未参加”变为“已参加”，现在记 2.00 学时。原因：第 1 版写错了" in said[county.members[1].pk]
    assert "结果仍是“已参加”" in said[county.members[0].pk]
    # Again is nothing: neither by the steps nor by a second agreement.
    operations.advance_recomputation(recomputation_id=job.pk, as_of=LATER)
    with pytest.raises(UnableToRecompute, match="已经执行过"):
        operations.begin_recomputation(recomputation_id=job.pk, as_of=LATER)
    assert Notice.objects.count() == 4


def test_a_shorter_time_to_make_up_never_shortens_what_was_promised(lecture: Occasion, county: County) -> None:
    promised = lecture.make_up_until_at
    done(tried(lecture, RuleFactory(name="短", min_share=0.5, make_up_days=1), county))
    lecture.refresh_from_db()
    assert lecture.make_up_until_at == promised


def correct(lecture: Occasion, member: Any, state: str, author: Any) -> Correction:
    return operations.correct_record(
        occasion_id=lecture.pk, member_id=member.pk, state=state, reason="核对过", author_id=author.pk, as_of=NOON
    )


def test_corrections_are_kept_and_those_that_hold_no_more_are_told(
    lecture: Occasion, milder: Rule, county: County
) -> None:
    kept, overtaken = county.members[2], county.members[1]
    correct(lecture, kept, "attended", county.secretary)
    correct(lecture, overtaken, "excused", county.secretary)
    job = done(tried(lecture, milder, county))
    by_member = {row.member_id: row for row in job.people.all()}
    row = by_member[kept.pk]
    assert (row.before, row.after, row.was_corrected, row.is_corrected) == ("attended", "attended", True, True)
    assert (row.hours_before, row.hours_after) == (1, 2)
    row = by_member[overtaken.pk]
    assert (row.before, row.after, row.was_corrected, row.is_corrected) == ("excused", "attended", True, False)
    assert Correction.objects.count() == 2
    assert (
        Notice.objects.filter(kind="recomputed_correction").values_list("member", flat=True).get()
        == county.secretary.pk
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state": Occasion.State.OPEN}, "还没有认定完"),
        ({"state": Occasion.State.CLOSED}, "还没有认定完"),
        ({"state": Occasion.State.VOID}, "不用重新认定"),
        ({"state": Occasion.State.NOT_HELD}, "不用重新认定"),
    ],
)
def test_only_what_is_settled_is_judged_anew(
    lecture: Occasion, milder: Rule, county: County, change: dict[str, Any], words: str
) -> None:
    Occasion.objects.filter(pk=lecture.pk).update(**change)
    with pytest.raises(UnableToRecompute, match=words):
        tried(lecture, milder, county)


def test_where_raw_records_are_gone_nothing_is_judged_anew(lecture: Occasion, milder: Rule, county: County) -> None:
    job = tried(lecture, milder, county)
    Occasion.objects.filter(pk=lecture.pk).update(evidence_removed_at=NOON)
    lecture.refresh_from_db()
    assert not questions.evidence_is_whole(lecture)
    with pytest.raises(UnableToRecompute, match="保存期限"):
        tried(lecture, milder, county)
    with pytest.raises(UnableToRecompute, match="保存期限"):
        operations.begin_recomputation(recomputation_id=job.pk, as_of=LATER)


def test_a_rule_that_cannot_be_or_changes_nothing_is_refused(lecture: Occasion, county: County) -> None:
    for rule, words in (
        (RuleFactory(basis="media"), "计算方式不同"),
        (RuleFactory(node=county.neighbour), "不在它下面"),
        (lecture.rule, "现在就是按这个规则"),
    ):
        with pytest.raises(UnableToRecompute, match=words):
            tried(lecture, rule, county)
    for reason in ("", "   ", "长" * 201):
        with pytest.raises(UnableToRecompute, match="请写明原因"):
            tried(lecture, RuleFactory(min_share=0.5), county, reason=reason)
    assert Recomputation.objects.count() == 0


def test_what_changed_after_the_trial_is_tried_again(lecture: Occasion, milder: Rule, county: County) -> None:
    job = tried(lecture, milder, county)
    operations.set_replay(occasion_id=lecture.pk, media_ms=3_000_000, media_offset_ms=0, as_of=LATER)
    operations.settle(occasion_id=lecture.pk, as_of=LATER)
    with pytest.raises(UnableToRecompute, match="请重新试算"):
        operations.begin_recomputation(recomputation_id=job.pk, as_of=LATER)
    again = tried(lecture, milder, county)  # and makes the old trial go
    job.refresh_from_db()
    assert (job.state, again.state) == (State.DROPPED, State.TRIED)
    operations.drop_recomputation(recomputation_id=again.pk, as_of=LATER)
    with pytest.raises(UnableToRecompute, match="已经执行过，或者已经放弃"):
        operations.begin_recomputation(recomputation_id=again.pk, as_of=LATER)
    with pytest.raises(UnableToRecompute, match="不能放弃"):
        operations.drop_recomputation(recomputation_id=again.pk, as_of=LATER)


def test_many_people_go_in_steps_that_whoever_comes_next_goes_on_from(
    lecture: Occasion, milder: Rule, county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recomputing, "STEP", 1)
    job = operations.try_recomputation(
        occasion_id=lecture.pk, rule_id=milder.pk, reason="试", asked_by_id=county.organiser.pk, as_of=LATER
    )
    assert not operations.advance_recomputation(recomputation_id=job.pk, as_of=LATER, most=2)
    job.refresh_from_db()
    assert (job.state, job.through) == (State.TRYING, 2)
    with pytest.raises(UnableToRecompute, match="请等它完成"):
        tried(lecture, milder, county)
    with pytest.raises(UnableToRecompute):
        operations.begin_recomputation(recomputation_id=job.pk, as_of=LATER)
    tasks.recompute()  # what a lost task left
    job.refresh_from_db()
    assert (job.state, job.through, sum(job.counts.values())) == (State.TRIED, 4, 2)
    operations.begin_recomputation(recomputation_id=job.pk, as_of=LATER)
    assert not operations.advance_recomputation(recomputation_id=job.pk, as_of=LATER, most=1)
    # Evidence comes in between, and the sweep judges that person by the new rule: the report still knows the before.
    be_present(lecture, county.members[2], 0, 3600, device="p3")
    RosterEntry.objects.filter(occasion=lecture, member=county.members[1]).update(dirty_at=LATER)
    operations.settle_dirty(as_of=LATER + HOUR)
    tasks.recompute()
    tasks.recompute()
    job.refresh_from_db()
    assert (job.state, job.through) == (State.DONE, 4)
    assert Recomputed.objects.get(recomputation=job, member=county.members[1]).before == "missing"
    assert Notice.objects.filter(kind="recomputed", member=county.members[1]).count() == 1


def test_whoever_cannot_be_judged_stays_as_they_are_and_is_counted(
    lecture: Occasion, milder: Rule, county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = recomputing.settle

    def settle(*, occasion_id: int, member_ids: list[int], as_of: dt.datetime) -> None:
        if county.members[1].pk in member_ids:
            raise ValueError("broken row")
        real(occasion_id=occasion_id, member_ids=member_ids, as_of=as_of)

    monkeypatch.setattr(recomputing, "settle", settle)
    job = done(tried(lecture, milder, county))
    assert job.counts == {"attended>attended": 1, "unjudged": 1}
    assert Record.objects.get(occasion=lecture, member=county.members[1]).stands == "missing"


def test_the_nearest_secretary_is_told(lecture: Occasion, milder: Rule, county: County) -> None:
    above = RoleGrantFactory(node=county.township).user
    county.secretary.role_grants.all().delete()
    done(tried(lecture, milder, county))
    told = set(Notice.objects.filter(kind="recomputed_unit").values_list("member", flat=True))
    assert told == {above.pk, county.organiser.pk}


def test_a_database_that_is_away_counts_against_nobody(
    lecture: Occasion, milder: Rule, county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step is undone and taken again later: nobody is called unjudged who was not looked at."""

    def away(**_values: Any) -> None:
        raise OperationalError("server closed the connection")

    job = operations.try_recomputation(
        occasion_id=lecture.pk, rule_id=milder.pk, reason="试", asked_by_id=county.organiser.pk, as_of=LATER
    )
    with monkeypatch.context() as broken:
        broken.setattr(recomputing, "settle", away)
        with pytest.raises(OperationalError):
            operations.advance_recomputation(recomputation_id=job.pk, as_of=LATER)
    job.refresh_from_db()
    assert (job.state, job.through, job.counts) == (State.TRYING, 0, {})
    assert operations.advance_recomputation(recomputation_id=job.pk, as_of=LATER)
    job.refresh_from_db()
    assert (job.state, job.through, "unjudged" in job.counts) == (State.TRIED, 4, False)


def test_where_no_end_was_kept_the_time_to_make_up_stays(lecture: Occasion, milder: Rule, county: County) -> None:
    promised = lecture.make_up_until_at
    Occasion.objects.filter(pk=lecture.pk).update(window_end_at=None)
    done(tried(lecture, milder, county))
    lecture.refresh_from_db()
    assert (lecture.rule_id, lecture.make_up_until_at) == (milder.pk, promised)
