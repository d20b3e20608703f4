"""The second person of a correction: when one is needed, what holds meanwhile, who is told."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from attendance import operations
from attendance.models import Correction, CorrectionReview, Notice, Occasion, Record, Training
from attendance.operations.corrections import MOST_A_DAY
from attendance.queries.reviewing import waiting_for_second
from organizations.models import Role, User
from tests.attendance.reports.conftest import World, world
from tests.attendance.tampering import unguarded
from tests.factories.organizations import RoleGrantFactory

pytestmark = pytest.mark.integration
__all__ = ["world"]


def correct(world: World, author: User, state: str = "attended", occasion: Occasion | None = None) -> Correction:
    about: dict[str, Any] = {"occasion_id": (occasion or world.occasion).pk, "member_id": world.county.members[1].pk}
    return operations.correct_record(**about, state=state, reason="核实过", author_id=author.pk, as_of=timezone.now())


def stands(world: World) -> str:
    return Record.objects.get(occasion=world.occasion, member=world.county.members[1]).stands


def decide(review: CorrectionReview, by: User, *, approve: bool = True, reason: str = "") -> CorrectionReview:
    return operations.decide_correction(
        review_id=review.pk, is_approved=approve, reason=reason, decided_by_id=by.pk, as_of=timezone.now()
    )


def close(world: World) -> None:
    Training.objects.filter(pk=world.training.pk).update(state=Training.State.CLOSED)


def test_in_a_training_that_is_over_it_waits_for_a_second_person(world: World) -> None:
    county = world.county
    close(world)
    review = correct(world, county.secretary).review
    assert (review.why, review.state, stands(world)) == ("closed", "waiting", "missing")
    operations.settle(occasion_id=world.occasion.pk, as_of=timezone.now())
    assert stands(world) == "missing", "judging again lets nothing hold that waits"
    for one in (county.secretary, county.members[1]):
        with pytest.raises(operations.UnableToReview):
            decide(review, one)
    assert list(waiting_for_second(county.organiser)) == [review]
    assert not waiting_for_second(county.secretary).exists()
    assert not waiting_for_second(county.neighbour_secretary).exists()
    decide(review, county.organiser)
    assert stands(world) == "attended"
    with pytest.raises(operations.UnableToReview, match="孙组织员 已在"):
        decide(review, county.operator, approve=False, reason="不对")


def test_the_sixth_of_a_day_waits_and_the_next_day_begins_anew(world: World) -> None:
    author, member = world.county.secretary, world.county.members[1]
    for number in range(MOST_A_DAY):
        state = "attended" if number % 2 else "made_up"
        assert not hasattr(correct(world, author, state), "review")
    sixth = correct(world, author, "excused")
    assert sixth.review.why == "many"
    with pytest.raises(operations.UnableToRecord, match="等复核"):
        correct(world, author, "missing")
    operations.withdraw_correction(review_id=sixth.review.pk, author_id=author.pk, as_of=timezone.now())
    with unguarded("attendance_correction"):
        Correction.objects.update(at=timezone.now() - dt.timedelta(days=1))
    assert not hasattr(correct(world, author, "missing"), "review")
    kinds = Notice.objects.filter(member=member).order_by("pk").values_list("kind", flat=True)
    assert {"corrected", "correction_proposed", "correction_withdrawn"} == set(kinds)


def test_a_correction_of_a_correction_tells_who_made_the_first(world: World) -> None:
    above = RoleGrantFactory(user__name="吴镇书记", node=world.county.township, role=Role.SECRETARY).user
    correct(world, world.county.secretary, "attended")
    correct(world, above, "missing")
    assert stands(world) == "missing"
    assert Correction.objects.count() == 2
    assert Notice.objects.get(member=world.county.secretary).kind == "correction_replaced"


def test_a_refusal_has_a_reason_and_changes_nothing(world: World) -> None:
    county = world.county
    close(world)
    review = correct(world, county.secretary).review
    with pytest.raises(operations.UnableToReview, match="请写明理由"):
        decide(review, county.operator, approve=False)
    decide(review, county.operator, approve=False, reason="没有签到表")
    assert stands(world) == "missing"
    told = Notice.objects.filter(kind="correction_refused").values_list("member", flat=True)
    assert set(told) == {county.secretary.pk, county.members[1].pk}
    assert correct(world, county.secretary).review.state == "waiting", "it can be proposed again"


def test_only_whoever_proposed_it_takes_it_back(world: World) -> None:
    county = world.county
    close(world)
    review = correct(world, county.secretary).review
    for one in (county.organiser, county.members[1]):
        with pytest.raises(operations.UnableToReview, match="只有提出更正的人可以撤回"):
            operations.withdraw_correction(review_id=review.pk, author_id=one.pk, as_of=timezone.now())
    review.refresh_from_db()
    assert review.state == "waiting"
    operations.withdraw_correction(review_id=review.pk, author_id=county.secretary.pk, as_of=timezone.now())
    review.refresh_from_db()
    assert (review.state, stands(world)) == ("withdrawn", "missing")


def test_what_was_voided_meanwhile_is_not_corrected(world: World) -> None:
    close(world)
    review = correct(world, world.county.secretary).review
    Occasion.objects.filter(pk=world.occasion.pk).update(state="void")
    with pytest.raises(operations.UnableToReview, match="作废"):
        decide(review, world.county.organiser)
    review.refresh_from_db()
    assert review.state == "waiting"


def test_a_dispute_answered_by_a_correction_that_waits(world: World) -> None:
    member = world.county.members[1]
    close(world)
    dispute = operations.raise_dispute(
        occasion_id=world.occasion.pk, member_id=member.pk, reason="in_hall", as_of=timezone.now()
    )
    answered = operations.answer_dispute(
        dispute_id=dispute.pk, answer="属实", answered_by_id=world.county.secretary.pk, as_of=timezone.now(),
        correct_to="attended",
    )  # fmt: skip
    assert answered.correction is not None
    assert (answered.state, answered.correction.review.state, stands(world)) == ("answered", "waiting", "missing")
