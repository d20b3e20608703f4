"""The check of understanding: written, changed, withdrawn; answered rightly, again, twice at once, and dishonestly."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction

from attendance import operations
from attendance.catching_up import catch_up_of
from attendance.core.check import Draft, Kind
from attendance.models import Check, CheckAnswer, CheckQuestion, Evidence, Occasion, Record, RosterEntry, Seal
from attendance.operations import CheckPlan, UnableToAnswerCheck, UnableToSaveCheck
from attendance.queries.checks import answered_so_far, check_that_holds, order_for, taking
from attendance.queries.sealing import reach_of
from attendance.queries.verifying import problems
from attendance.reminding import owing
from attendance.sentences.checks import check_card
from attendance.standing import standings_of
from organizations.models import User
from tests.attendance.tampering import unguarded
from tests.factories.attendance import HOUR, START, RuleFactory, open_lecture
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOON = START + HOUR
DAY = dt.timedelta(days=1)
QUESTIONS = (
    Draft(Kind.SINGLE, "灾害预警分几级？", ("两级", "四级", "六级"), frozenset({1}), "蓝黄橙红"),
    Draft(Kind.SEVERAL, "转移时带什么？", ("证件", "药品", "家具"), frozenset({0, 1})),
    Draft(Kind.TRUE_FALSE, "可以涉水过桥。", ("true", "false"), frozenset({1})),
)


def after(**length: float) -> dt.datetime:
    return NOON + dt.timedelta(**length)


def plan(**changes: Any) -> CheckPlan:
    return CheckPlan(**{"questions": QUESTIONS, "need": 2, "pause_s": 300, **changes})


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def lecture(county: County) -> Occasion:
    """A settled lecture of an hour with a replay, whose rule asks for a check; nobody came."""
    found = open_lecture(county.branch, rule=RuleFactory(node=county.branch, asks_check=True))
    operations.close_occasion(occasion_id=found.pk, as_of=NOON)
    operations.set_replay(occasion_id=found.pk, media_ms=3_600_000, media_offset_ms=0, as_of=NOON)
    operations.settle(occasion_id=found.pk, as_of=NOON)
    found.refresh_from_db()
    return found


def write(lecture: Occasion, county: County, *, seen: int = 0, as_of: dt.datetime = NOON, **changes: Any) -> Check:
    made = operations.save_check(
        occasion_id=lecture.pk, plan=plan(**changes), seen_version=seen, written_by_id=county.organiser.pk, as_of=as_of
    )
    lecture.refresh_from_db()
    return made


def watch_all(lecture: Occasion, member: User, at: dt.datetime) -> None:
    """What an honest player would have reported, written down and judged."""
    Evidence.objects.create(
        occasion=lecture, member=member, kind="watched", media="replay", ranges_ms=[[0, 3_600_000]], recorded_at=at
    )
    Record.objects.filter(occasion=lecture, member=member).update(replay_ms=1)
    operations.mark_dirty(occasion_id=lecture.pk, member_ids=[member.pk], as_of=at)
    operations.settle_dirty(as_of=at, member_ids=[member.pk])


def stands(lecture: Occasion, member: User) -> str:
    return Record.objects.get(occasion=lecture, member=member).stands


def answer(
    lecture: Occasion, member: User, number: int, at: dt.datetime, *, attempt: int = 1, right: bool = True, **more: Any
) -> CheckAnswer:
    """Answer one question as the page shows it to this member."""
    lecture.refresh_from_db()
    check = more.pop("check", None) or check_that_holds(lecture)
    assert check is not None
    question = check.questions.get(number=number)
    order = order_for(question, member_id=member.pk)
    picked = set(question.right) if right else {next(p for p in order if p not in question.right)}
    values = {
        "shown": [order.index(place) for place in picked], "client_id": f"{number}-{attempt}-{at.timestamp()}",
        "check_id": check.pk, "question_id": question.pk, "attempt": attempt, **more,
    }  # fmt: skip
    return operations.answer_question(occasion_id=lecture.pk, member_id=member.pk, as_of=at, **values)


def take(lecture: Occasion, member: User, at: dt.datetime, rights: str, *, attempt: int = 1) -> None:
    """Answer all questions: ``rights`` says y or n for each."""
    for number, mark in enumerate(rights, 1):
        answer(lecture, member, number, at, attempt=attempt, right=mark == "y")


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(UnableToAnswerCheck) as error:
        call()
    assert str(error.value)
    return error.value.code


# --- Taking it ----------------------------------------------------------------------------------------------------
def test_watching_and_understanding_together_make_it_up(county: County, lecture: Occasion) -> None:
    write(lecture, county)
    watch_all(lecture, county.member, after(hours=2))
    assert stands(lecture, county.member) == "missing"
    record = Record.objects.get(occasion=lecture, member=county.member)
    assert [one["code"] for one in record.reasons][:2] == ["share", "check_due"]
    take(lecture, county.member, after(hours=3), "nyy")
    assert stands(lecture, county.member) == "made_up"
    kept = Evidence.objects.get(kind="understood")
    assert (kept.score, kept.recorded_at, kept.member) == ([2, 3, 2, 1], after(hours=3), county.member)
    assert RosterEntry.objects.get(occasion=lecture, member=county.member).dirty_at is None


def test_who_fails_waits_and_tries_again(county: County, lecture: Occasion) -> None:
    write(lecture, county)
    watch_all(lecture, county.member, after(hours=2))
    take(lecture, county.member, after(hours=3), "nny")
    record = Record.objects.get(occasion=lecture, member=county.member)
    assert record.reasons[1] == {"code": "check_failed", "right": 1, "of": 3, "need": 2}
    early, in_time = after(hours=3, minutes=4), after(hours=3, minutes=5)
    assert refused(lambda: answer(lecture, county.member, 1, early, attempt=2)) == "wait"
    # The button is no call to what cannot be done yet.
    stand = standings_of(occasions=[lecture], member_id=county.member.pk, as_of=early)[lecture.pk]
    card = check_card(lecture, stand, member_id=county.member.pk, as_of=early)
    assert card["check_said"].endswith("再过 1 分钟可以再做一次。"), (card, stand)
    assert card["check_now"] is False
    card = check_card(lecture, stand, member_id=county.member.pk, as_of=in_time)
    assert (card["check_now"], "再过" in card["check_said"]) == (True, False)
    take(lecture, county.member, in_time, "yyy", attempt=2)
    assert stands(lecture, county.member) == "made_up"
    assert [one.score[0] for one in Evidence.objects.filter(kind="understood").order_by("pk")] == [1, 3]
    assert refused(lambda: answer(lecture, county.member, 1, after(hours=5), attempt=3)) == "passed"


def test_attempts_can_be_limited(county: County, lecture: Occasion) -> None:
    write(lecture, county, most_attempts=1)
    watch_all(lecture, county.member, after(hours=2))
    take(lecture, county.member, after(hours=3), "nnn")
    assert Record.objects.get(occasion=lecture, member=county.member).reasons[1]["code"] == "check_spent"
    assert refused(lambda: answer(lecture, county.member, 1, after(hours=9), attempt=2)) == "spent"
    # Nothing on the phone helps any more: the replay is not offered, and nobody is reminded of it.
    stand = standings_of(occasions=[lecture], member_id=county.member.pk, as_of=after(hours=9))[lecture.pk]
    found = catch_up_of(
        occasion=lecture, state=stand.state, as_of=after(hours=9), member=county.member, check=stand.check
    )
    assert found is not None
    assert (stand.owes_check, found.phone, found.can_do) == (False, None, False)
    assert check_card(lecture, stand, member_id=county.member.pk, as_of=after(hours=9)) == {
        "check_said": "小测的次数已经用完。可以请支部书记安排集中收看或送学上门。", "check_now": False,
        "check_step": None,
    }  # fmt: skip
    people = [county.member.pk, county.members[1].pk]
    assert set(owing(training_id=lecture.training_id, member_ids=people, as_of=after(hours=9))) == {people[1]}
    write(lecture, county, seen=1, most_attempts=1, as_of=after(hours=10))
    operations.settle_dirty(as_of=after(hours=10))
    take(lecture, county.member, after(hours=11), "yyy")
    assert stands(lecture, county.member) == "made_up"


def test_an_answer_sent_again_is_the_same_answer(county: County, lecture: Occasion) -> None:
    write(lecture, county)
    watch_all(lecture, county.member, after(hours=2))
    first = answer(lecture, county.member, 1, after(hours=3), client_id="same")
    again = answer(lecture, county.member, 1, after(hours=4), client_id="same", right=False)
    assert (first.pk, again.is_right, CheckAnswer.objects.count()) == (again.pk, True, 1)
    other = refused(lambda: answer(lecture, county.member, 1, after(hours=4), client_id="other", right=False))
    assert (other, CheckAnswer.objects.count()) == ("answered", 1)
    take_rest = (answer(lecture, county.member, number, after(hours=5)) for number in (2, 3))
    assert [one.is_right for one in take_rest] == [True, True]
    answer(lecture, county.member, 3, after(hours=5))  # the last one, again: no second piece of evidence
    assert Evidence.objects.filter(kind="understood").count() == 1


def test_another_device_goes_on_where_the_first_stopped(county: County, lecture: Occasion) -> None:
    write(lecture, county)
    watch_all(lecture, county.member, after(hours=2))
    answer(lecture, county.member, 1, after(hours=3))
    now = taking(occasion=lecture, member_id=county.member.pk, as_of=after(days=2))
    assert now.question is not None
    assert (now.code, now.question.number) == ("ask", 2)


# --- Cheating -----------------------------------------------------------------------------------------------------
def test_who_has_not_watched_cannot_answer(county: County, lecture: Occasion) -> None:
    write(lecture, county)
    assert refused(lambda: answer(lecture, county.member, 1, after(hours=3))) == "watch"
    assert CheckAnswer.objects.count() == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"shown": []}, "bad_request"),
        ({"shown": [3]}, "bad_request"),
        ({"shown": [-1]}, "bad_request"),
        ({"shown": [0, 1]}, "bad_request"),
        ({"question_id": 0}, "bad_request"),
        ({"client_id": ""}, "bad_request"),
        ({"client_id": "x" * 65}, "bad_request"),
        ({"attempt": 2}, "answered"),
        ({"attempt": 0}, "answered"),
        ({"check_id": 0}, "changed"),
    ],
)
def test_what_is_forged_is_not_kept(county: County, lecture: Occasion, changes: dict[str, Any], code: str) -> None:
    write(lecture, county)
    watch_all(lecture, county.member, after(hours=2))
    assert refused(lambda: answer(lecture, county.member, 1, after(hours=3), **changes)) == code
    assert CheckAnswer.objects.count() == 0


def test_nobody_of_another_branch_can_answer(county: County, lecture: Occasion) -> None:
    write(lecture, county)
    watch_all(lecture, county.member, after(hours=2))
    assert refused(lambda: answer(lecture, county.neighbour_member, 1, after(hours=3))) == "none"


def test_after_the_deadline_nothing_is_taken(county: County, lecture: Occasion) -> None:
    write(lecture, county)
    watch_all(lecture, county.member, after(hours=2))
    until = lecture.make_up_until_at
    assert until is not None
    take(lecture, county.member, until - HOUR, "nnn")
    assert refused(lambda: answer(lecture, county.member, 1, until, attempt=2)) == "over"
    take(lecture, county.member, until - dt.timedelta(seconds=1), "yyy", attempt=2)
    assert stands(lecture, county.member) == "made_up"


def test_an_old_version_is_answered_no_more(county: County, lecture: Occasion) -> None:
    old = write(lecture, county)
    watch_all(lecture, county.member, after(hours=2))
    answer(lecture, county.member, 1, after(hours=3))
    new = write(lecture, county, seen=1, as_of=after(hours=4))
    assert refused(lambda: answer(lecture, county.member, 2, after(hours=5), check=old)) == "changed"
    assert (new.version, CheckAnswer.objects.get().checked_id) == (2, old.pk)
    take(lecture, county.member, after(hours=6), "yyy")
    assert stands(lecture, county.member) == "made_up"


def test_who_was_there_is_not_asked(county: County, lecture: Occasion) -> None:
    write(lecture, county)
    operations.declare(
        occasion_id=lecture.pk, member_id=county.member.pk, category="visit", recorded_by_id=county.secretary.pk,
        as_of=after(hours=2),
    )  # fmt: skip
    operations.settle_dirty(as_of=after(hours=3))
    assert stands(lecture, county.member) == "made_up"
    assert refused(lambda: answer(lecture, county.member, 1, after(hours=3))) == "no_need"


@pytest.mark.django_db(transaction=True)
def test_two_devices_at_once_make_one_answer_and_one_piece_of_evidence(county: County, lecture: Occasion) -> None:
    write(lecture, county, questions=QUESTIONS[:1], need=1)
    watch_all(lecture, county.member, after(hours=2))

    def send(number: int) -> str:
        try:
            answer(lecture, county.member, 1, after(hours=3), right=number % 2 == 0, client_id=f"d{number}")
        except UnableToAnswerCheck as error:
            return error.code
        finally:
            connections.close_all()
        return "kept"

    with ThreadPoolExecutor(max_workers=4) as threads:
        came = list(threads.map(send, range(8)))
    assert (came.count("kept"), CheckAnswer.objects.count()) == (1, 1)
    assert set(came) <= {"kept", "answered", "wait", "passed"}
    kept = Evidence.objects.get(kind="understood")
    assert kept.score == [int(CheckAnswer.objects.get().is_right), 1, 1, 1]
    assert stands(lecture, county.member) == ("made_up" if kept.score[0] else "missing")


@pytest.mark.parametrize("statement", ["change", "delete"])
def test_the_database_keeps_answers_as_they_are(county: County, lecture: Occasion, statement: str) -> None:
    write(lecture, county)
    watch_all(lecture, county.member, after(hours=2))
    answer(lecture, county.member, 1, after(hours=3), right=False)
    with pytest.raises(DatabaseError), transaction.atomic():
        CheckAnswer.objects.update(is_right=True) if statement == "change" else CheckAnswer.objects.all().delete()
    assert CheckAnswer.objects.get().is_right is False


def test_what_was_called_off_asks_nobody(county: County, lecture: Occasion) -> None:
    write(lecture, county)
    watch_all(lecture, county.member, after(hours=2))
    operations.void_occasion(
        occasion_id=lecture.pk, reason="讲错了", voided_by_id=county.organiser.pk, as_of=after(hours=3)
    )
    lecture.refresh_from_db()
    assert taking(occasion=lecture, member_id=county.member.pk, as_of=after(hours=4)).code == "no_need"


# --- Writing it ---------------------------------------------------------------------------------------------------
def test_until_questions_are_written_nobody_is_asked(county: County, lecture: Occasion) -> None:
    watch_all(lecture, county.member, after(hours=2))
    assert stands(lecture, county.member) == "made_up"
    write(lecture, county, as_of=after(hours=3))
    operations.settle(occasion_id=lecture.pk, as_of=after(hours=4))
    assert stands(lecture, county.member) == "made_up"
    watch_all(lecture, county.members[1], after(hours=5))
    assert stands(lecture, county.members[1]) == "missing"


def test_withdrawn_it_is_asked_of_nobody_any_more(county: County, lecture: Occasion) -> None:
    write(lecture, county)
    watch_all(lecture, county.member, after(hours=2))
    operations.withdraw_check(occasion_id=lecture.pk, as_of=after(hours=3))
    operations.settle_dirty(as_of=after(hours=3))
    assert stands(lecture, county.member) == "made_up"
    with pytest.raises(UnableToSaveCheck):
        operations.withdraw_check(occasion_id=lecture.pk, as_of=after(hours=4))
    assert refused(lambda: answer(lecture, county.member, 1, after(hours=4), check=Check.objects.get())) == "none"
    # Written again, it begins anew: who has made up meanwhile stays so.
    write(lecture, county, seen=1, as_of=after(hours=5))
    operations.settle(occasion_id=lecture.pk, as_of=after(hours=6))
    assert (stands(lecture, county.member), Check.objects.get().version) == ("made_up", 1)


def test_a_version_changes_in_place_until_somebody_answers(county: County, lecture: Occasion) -> None:
    write(lecture, county)
    assert write(lecture, county, seen=1, questions=QUESTIONS[:2], need=1).version == 1
    assert (Check.objects.count(), CheckQuestion.objects.count()) == (1, 2)
    assert lecture.check_asked is not None
    since = lecture.check_asked["since"]
    watch_all(lecture, county.member, after(hours=2))
    take(lecture, county.member, after(hours=3), "yn")
    assert stands(lecture, county.member) == "made_up"
    harder = write(lecture, county, seen=1, need=3, as_of=after(hours=4))
    assert (harder.version, Check.objects.count(), lecture.check_asked["since"]) == (2, 2, since)
    operations.settle(occasion_id=lecture.pk, as_of=after(hours=5))
    assert stands(lecture, county.member) == "made_up"  # who passed stays passed
    people, asked = answered_so_far(Check.objects.get(version=1))
    assert (people, [(one.given, one.right) for one in asked]) == (1, [(1, 1), (1, 0)])


def test_two_organisers_do_not_write_over_each_other(county: County, lecture: Occasion) -> None:
    write(lecture, county)
    with pytest.raises(UnableToSaveCheck, match="刚刚改过"):
        write(lecture, county, seen=0)


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"questions": ()}, 0),
        ({"questions": QUESTIONS * 4}, 0),
        ({"need": 0}, 0),
        ({"need": 4}, 0),
        ({"most_attempts": 0}, 0),
        ({"pause_s": 86_401}, 0),
        ({"questions": (*QUESTIONS, Draft(Kind.SINGLE, "？", ("a",), frozenset({0})))}, 4),
        ({"questions": (*QUESTIONS, Draft(Kind.SINGLE, "？" * 401, ("a", "b"), frozenset({0})))}, 4),
    ],
)
def test_what_nobody_could_take_is_not_saved(
    county: County, lecture: Occasion, changes: dict[str, Any], number: int
) -> None:
    with pytest.raises(UnableToSaveCheck) as error:
        write(lecture, county, **changes)
    assert (error.value.number, Check.objects.count()) == (number, 0)


@pytest.mark.parametrize("values", [{"state": "void"}, {"evidence_removed_at": NOON}])
def test_what_is_over_for_good_has_no_questions(county: County, lecture: Occasion, values: dict[str, Any]) -> None:
    Occasion.objects.update(**values)
    with pytest.raises(UnableToSaveCheck):
        write(lecture, county)


def test_before_it_begins_questions_mark_nobody(county: County, lecture: Occasion) -> None:
    Occasion.objects.update(state="scheduled")
    assert write(lecture, county).version == 1
    assert not RosterEntry.objects.exclude(dirty_at=None).exists()


# --- What becomes of it -------------------------------------------------------------------------------------------
def test_answers_are_sealed_verified_and_removed_with_the_raw_evidence(
    county: County, lecture: Occasion, settings: Any
) -> None:
    write(lecture, county)
    watch_all(lecture, county.member, after(hours=2))
    take(lecture, county.member, after(hours=3), "yyn")
    assert operations.seal_days(as_of=after(days=2)) > 0
    assert list(problems()) == []
    with unguarded("attendance_checkanswer"):
        CheckAnswer.objects.filter(question__number=3).update(is_right=True)
    altered = CheckAnswer.objects.get(question__number=3)
    assert [(one.code, one.row) for one in problems()] == [("altered", f"answer {altered.pk}")]
    with unguarded("attendance_checkanswer"):
        CheckAnswer.objects.filter(pk=altered.pk).update(is_right=False)
    settings.EVIDENCE_KEEP_DAYS = 90
    operations.settle_dirty(as_of=after(days=2))
    gone = operations.remove_evidence(as_of=after(days=200))
    assert (gone["answer"], gone["reported"], CheckAnswer.objects.count()) == (3, 2, 0)
    assert (list(problems()), stands(lecture, county.member)) == ([], "made_up")


def test_a_seal_from_before_there_were_answers_holds(county: County, lecture: Occasion) -> None:
    operations.seal_days(as_of=after(days=2))
    last = Seal.objects.get()
    assert last.through["answer"] == 0
    assert reach_of(Seal(through={"evidence": 3})) == {
        "evidence": 3, "presence": 0, "correction": 0, "removal": 0, "answer": 0,
    }  # fmt: skip
    assert (reach_of(None)["evidence"], list(problems())) == (0, [])


def test_a_question_is_kept_as_it_reads(county: County, lecture: Occasion) -> None:
    hidden = replace(QUESTIONS[0], text=f"\u202e{QUESTIONS[0].text}\ufeff", explanation="因为\u200b有水")
    write(lecture, county, questions=(hidden, *QUESTIONS[1:]))
    kept = CheckQuestion.objects.order_by("number").first()
    assert kept is not None
    assert (kept.text, kept.explanation) == (QUESTIONS[0].text, "因为有水")
