"""The life of a certificate: issued by a tap or by itself, no longer covered, withdrawn, replaced; never changed."""

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models.deletion import ProtectedError
from django.utils import timezone

from attendance import append_only
from attendance.events import standing_changed
from attendance.models import Notice, Occasion, RosterEntry, Training
from attendance.operations import correct_record, expect_no_longer, follow_exemptions, void_occasion
from certificates import operations, tasks
from certificates.core.content import content_of, sha256_of
from certificates.models import (
    Certificate,
    CertificateLapse,
    CertificateMark,
    CertificateSetting,
    CertificateWithdrawal,
)
from certificates.operations import (
    UnableToChangeCertificate,
    UnableToDecide,
    UnableToTakeCertificate,
    Wording,
    looking,
    reissue,
    renew_name,
    switch,
    take,
    withdraw,
    write_setting,
)
from certificates.queries import certificate_by_number, lapses_of, last_of, own, standing, way_to
from organizations.models import RoleGrant, User
from organizations.operations import end_membership
from tests.attendance.people import make_occasion, stand
from tests.certificates.conftest import Course, switched_on, taken
from tests.factories.organizations import UserFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def holders() -> list[str]:
    return list(standing().order_by("member__name").values_list("member__name", flat=True))


def kinds(member: User) -> list[str]:
    return list(Notice.objects.filter(member=member).order_by("pk").values_list("kind", flat=True))


# --- taking ---


def test_whoever_has_finished_takes_one_and_it_says_all(course: Course) -> None:
    made = taken(course)
    said = content_of(made.content)
    assert (said.name, said.unit, said.training, said.title) == ("王一0", "东风村第一支部", "防汛避险", "结业证书")
    assert (said.hours, said.issuer, said.text) == ("2", "东风村第一支部", "学习期满，准予结业。")
    assert (said.from_date, said.until_date) == (
        course.training.starts_date.isoformat(), timezone.localdate(course.training.deadline_at).isoformat(),
    )  # fmt: skip
    assert said.issued_date == timezone.localdate().isoformat()
    assert (said.number, made.sha256) == (made.public_id, sha256_of(made.content))
    assert made.rests_on == sorted([course.first.pk, course.second.pk])
    assert kinds(course.county.member) == ["certificate_issued"]


def test_a_second_tap_finds_the_first_certificate(course: Course) -> None:
    assert taken(course).pk == taken(course).pk
    assert kinds(course.county.member) == ["certificate_issued"]


@pytest.mark.parametrize("number", [1, 2])
def test_whoever_lacks_something_is_told_so(course: Course, number: int) -> None:
    with pytest.raises(UnableToTakeCertificate, match="还没有完成这个培训"):
        taken(course, course.county.members[number])
    assert not Certificate.objects.exists()


def test_leave_counts_where_the_organiser_says_so(course: Course) -> None:
    switched_on(course, counts_excused=True)
    assert content_of(taken(course, course.county.members[1]).content).hours == "1"


def test_enough_hours_are_asked_for(course: Course) -> None:
    Training.objects.update(hours_required=3)
    with pytest.raises(UnableToTakeCertificate, match="还没有完成"):
        taken(course)


def test_nothing_is_taken_before_the_last_occasion_was_held(course: Course) -> None:
    coming = make_occasion(course.training, state="scheduled", title="第三讲")
    with pytest.raises(UnableToTakeCertificate, match="还有没开始的场次"):
        taken(course)
    coming.delete()
    assert taken(course)


def test_a_further_session_is_a_way_to_make_up_and_not_one_more_thing_to_do(course: Course) -> None:
    again = make_occasion(course.training, state="scheduled", title="第二讲（再讲一场）")
    Occasion.objects.filter(pk=again.pk).update(repeats=course.second)
    missing = course.county.members[2]
    way = way_to(setting=course.setting(), member_id=missing.pk)
    assert way is not None
    assert ([one.pk for one in way.lacking], way.coming) == ([course.second.pk], [])
    with pytest.raises(UnableToTakeCertificate, match="还没有完成这个培训"):
        taken(course, missing)


@pytest.mark.parametrize("state", [Training.State.DRAFT, None])
def test_a_training_without_certificates_gives_none(course: Course, state: str | None) -> None:
    if state:
        Training.objects.update(state=state)
    else:
        switch(training_id=course.training.pk, on=False, actor_id=course.county.organiser.pk, as_of=timezone.now())
    with pytest.raises(UnableToTakeCertificate, match="不发证书"):
        taken(course)
    assert operations.issue(
        training_id=course.training.pk, member_ids=[course.county.member.pk], as_of=timezone.now()
    ) == []  # fmt: skip


def test_somebody_of_no_roster_gets_none(course: Course) -> None:
    with pytest.raises(UnableToTakeCertificate, match="不发证书"):
        taken(course, course.county.neighbour_member)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite writes one after the other anyhow")
def test_two_taps_and_the_task_at_once_make_one(course: Course) -> None:
    course.close()
    start, made, failed = threading.Barrier(3), [], []

    def tap() -> None:
        try:
            start.wait(60)
            made.append(taken(course).pk)
        except Exception as error:  # noqa: BLE001 - said below
            failed.append(error)
        finally:
            connection.close()

    def issue_all() -> None:
        try:
            start.wait(60)
            looking.advance(training_id=course.training.pk, as_of=timezone.now())
        except Exception as error:  # noqa: BLE001 - said below
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=tap), threading.Thread(target=tap), threading.Thread(target=issue_all)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failed == []
    assert [one.pk for one in Certificate.objects.filter(member=course.county.member)] == [*{*made}]
    assert kinds(course.county.member) == ["certificate_issued"]


def test_a_first_edition_that_somebody_else_just_stored_is_left_alone(course: Course) -> None:
    """What the database itself holds: the row of the later of two is not stored, and nobody is told twice."""
    made = taken(course)
    again = Certificate(
        public_id="1" * 26, training=course.training, member=course.county.member, node=course.node, content="{}",
        sha256="", rests_on=[], terms={}, issued_at=timezone.now(),
    )  # fmt: skip
    Certificate.objects.bulk_create([again], ignore_conflicts=True)
    assert list(Certificate.objects.values_list("pk", flat=True)) == [made.pk]


# --- by itself ---


def test_nothing_is_issued_by_itself_before_the_training_closes(course: Course) -> None:
    tasks.look_after()
    assert holders() == []
    course.close()
    tasks.look_after()
    assert holders() == ["王一0"]
    setting = course.setting()
    assert (setting.seen, setting.whole, setting.done_at is not None) == (3, 3, True)
    tasks.look_after()
    assert holders() == ["王一0"]
    assert kinds(course.county.member) == ["certificate_issued"]


def test_it_goes_on_where_it_stopped(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    switched_on(course, counts_excused=True)
    course.close()
    monkeypatch.setattr(looking, "STEP", 1)
    now = timezone.now()
    assert looking.advance(training_id=course.training.pk, as_of=now, most=1) is False
    assert (holders(), course.setting().seen) == (["王一0"], 1)
    assert looking.advance(training_id=course.training.pk, as_of=now) is True
    assert (holders(), course.setting().seen) == (["王一0", "王一1"], 3)
    assert looking.advance(training_id=course.training.pk, as_of=now) is True  # nothing is left


def test_who_makes_up_after_the_closing_gets_theirs(course: Course, django_capture_on_commit_callbacks: Any) -> None:
    course.close()
    tasks.look_after()
    late = course.county.members[2]
    course.restate(course.second, late, "made_up")
    standing_changed.send(sender=None, occasion_id=course.second.pk, member_ids=[late.pk])
    assert CertificateMark.objects.count() == 1
    tasks.look_after()
    assert (holders(), CertificateMark.objects.count()) == (["王一0", "王一2"], 0)


def can_make_up(course: Course) -> User:
    """The third member misses the second lecture, and can still make it up."""
    Occasion.objects.filter(pk=course.second.pk).update(make_up_until_at=timezone.now() + dt.timedelta(days=9))
    return course.county.members[2]


def test_the_mark_stands_with_the_change_or_neither_does(course: Course) -> None:
    """No process can die between the two: nothing waits for the commit."""
    late = can_make_up(course)
    course.close()
    with transaction.atomic():
        assert expect_no_longer(member_id=late.pk, on_date=timezone.localdate(), as_of=timezone.now()) == 1
        is_waiting = CertificateMark.objects.filter(member=late).exists()
        transaction.set_rollback(True)
    assert is_waiting
    assert not CertificateMark.objects.exists()


def test_an_exemption_that_changes_only_the_roster_is_looked_at(course: Course) -> None:
    """The record says missing before and after; what the certificate rested on was the roster alone."""
    late = can_make_up(course)
    RosterEntry.objects.filter(occasion=course.second, member=late).update(state="exempt", why="roster")
    made = taken(course, late)
    assert follow_exemptions(member_ids=[late.pk], as_of=timezone.now()) == 1  # none holds any more
    assert list(CertificateMark.objects.values_list("member", flat=True)) == [late.pk]
    tasks.look_after()
    (lapse,) = lapses_of(course.training.pk)
    assert (lapse.certificate_id, lapse.lacking) == (made.pk, [[course.second.pk, "missing"]])


def test_whoever_is_marked_again_is_looked_at_again(course: Course) -> None:
    course.close()
    for _again in range(2):
        operations.mark(occasion_id=course.second.pk, member_ids=[course.county.member.pk])
    assert CertificateMark.objects.count() == 1


def test_a_training_without_certificates_costs_one_question(course: Course, django_assert_num_queries: Any) -> None:
    other = make_occasion(Training.objects.create(
        title="别的", node=course.node, starts_date=timezone.localdate(), deadline_at=timezone.now(), state="published",
    ))  # fmt: skip
    with django_assert_num_queries(1):
        operations.mark(occasion_id=other.pk, member_ids=[course.county.member.pk])
    with django_assert_num_queries(2):  # only holders matter while it runs
        operations.mark(occasion_id=course.first.pk, member_ids=[course.county.member.pk])


def test_a_training_that_ran_again_is_looked_through_again(course: Course) -> None:
    course.close()
    tasks.look_after()
    course.training.state = Training.State.PUBLISHED
    course.training.save()
    assert course.setting().done_at is None
    course.restate(course.second, course.county.members[2], "attended")
    course.close()
    tasks.look_after()
    assert holders() == ["王一0", "王一2"]


def test_asking_for_less_lets_others_have_one(course: Course) -> None:
    course.close()
    tasks.look_after()
    switched_on(course, counts_excused=True)
    tasks.look_after()
    assert holders() == ["王一0", "王一1"]


def test_issuing_costs_the_same_for_three_and_for_twelve(course: Course, django_assert_max_num_queries: Any) -> None:
    people = [UserFactory(name=f"周{n}") for n in range(12)]
    for person in people:
        for occasion in (course.first, course.second):
            stand(occasion, person, course.node, "attended", live=55)
    course.close()
    with django_assert_max_num_queries(24):
        looking.advance(training_id=course.training.pk, as_of=timezone.now())
    assert len(holders()) == 13


def test_somebody_who_left_has_the_unit_of_the_roster(course: Course) -> None:
    end_membership(
        member_id=course.county.member.pk, because="transferred", on_date=timezone.localdate(), as_of=timezone.now()
    )
    assert content_of(taken(course).content).unit == "东风村第一支部"


# --- no longer covered ---


def test_a_correction_that_takes_it_away_is_listed_and_never_withdraws(
    course: Course, django_capture_on_commit_callbacks: Any
) -> None:
    made = taken(course)
    with django_capture_on_commit_callbacks(execute=True):
        correct_record(
            occasion_id=course.second.pk, member_id=course.county.member.pk, state="missing", reason="不在场",
            author_id=course.county.secretary.pk, as_of=timezone.now(),
        )  # fmt: skip
    tasks.look_after()
    (lapse,) = lapses_of(course.training.pk)
    assert (lapse.certificate_id, lapse.lacking) == (made.pk, [[course.second.pk, "missing"]])
    assert holders() == ["王一0"]
    assert kinds(course.county.organiser) == ["certificate_lapsed"]
    # Once it is right again there is nothing to decide.
    course.restate(course.second, course.county.member, "attended")
    operations.mark(occasion_id=course.second.pk, member_ids=[course.county.member.pk])
    tasks.look_after()
    assert not CertificateLapse.objects.exists()


def test_a_voided_occasion_is_looked_at_for_everybody(course: Course, django_capture_on_commit_callbacks: Any) -> None:
    made = taken(course)
    with django_capture_on_commit_callbacks(execute=True):
        void_occasion(
            occasion_id=course.second.pk, reason="停电", voided_by_id=course.county.organiser.pk, as_of=timezone.now()
        )
    tasks.look_after()
    (lapse,) = lapses_of(course.training.pk)
    assert lapse.lacking == [[course.second.pk, "void"]]
    assert course.setting().began_at is None
    new = reissue(certificate_id=made.pk, issued_by_id=course.county.organiser.pk, as_of=timezone.now())
    assert (content_of(new.content).hours, new.replaces_id, new.edition) == ("1", made.pk, 2)
    assert not lapses_of(course.training.pk).exists()


def test_no_organiser_anywhere_is_nobody_to_tell(course: Course) -> None:
    taken(course)
    RoleGrant.objects.filter(role="organiser").delete()
    course.restate(course.second, course.county.member, "missing")
    looking.look_after(training_id=course.training.pk, member_ids=[course.county.member.pk], as_of=timezone.now())
    assert CertificateLapse.objects.count() == 1


# --- withdrawn, replaced ---


def test_a_withdrawal_is_a_row_of_its_own_and_told(course: Course) -> None:
    made, organiser = taken(course), course.county.organiser
    withdraw(certificate_id=made.pk, reason=" 记录  有误 ", withdrawn_by_id=organiser.pk, as_of=timezone.now())
    found = certificate_by_number(made.public_id)
    assert found is not None
    assert (found.state, found.reason, found.fits) == ("withdrawn", "记录 有误", True)
    assert kinds(course.county.member) == ["certificate_issued", "certificate_withdrawn"]
    with pytest.raises(UnableToChangeCertificate, match="不用再撤"):
        withdraw(certificate_id=made.pk, reason="再撤", withdrawn_by_id=organiser.pk, as_of=timezone.now())
    # Nothing comes back by itself, neither by a tap nor by the task.
    course.close()
    tasks.look_after()
    with pytest.raises(UnableToTakeCertificate, match="已经撤回"):
        taken(course)
    new = reissue(certificate_id=made.pk, issued_by_id=organiser.pk, as_of=timezone.now())
    assert (new.edition, new.replaces_id, holders()) == (2, None, ["王一0"])
    still = certificate_by_number(made.public_id)
    assert still is not None
    assert still.state == "withdrawn"


@pytest.mark.parametrize("reason", ["", "  ", "长" * 201])
def test_a_withdrawal_has_a_reason(course: Course, reason: str) -> None:
    made = taken(course)
    with pytest.raises(UnableToChangeCertificate, match="写明撤回的原因"):
        withdraw(
            certificate_id=made.pk, reason=reason, withdrawn_by_id=course.county.organiser.pk, as_of=timezone.now()
        )


def test_what_is_not_there_is_not_changed(course: Course) -> None:
    now, organiser = timezone.now(), course.county.organiser.pk
    with pytest.raises(UnableToChangeCertificate, match="没有这张证书"):
        withdraw(certificate_id=0, reason="没有", withdrawn_by_id=organiser, as_of=now)
    with pytest.raises(UnableToChangeCertificate, match="还没有"):
        renew_name(training_id=course.training.pk, member_id=course.county.member.pk, as_of=now)


def test_a_corrected_name_gives_the_same_certificate_with_that_name(course: Course) -> None:
    made, member, now = taken(course), course.county.member, timezone.now()
    with pytest.raises(UnableToChangeCertificate, match="不用换"):
        renew_name(training_id=course.training.pk, member_id=member.pk, as_of=now)
    User.objects.filter(pk=member.pk).update(name="王宜")
    switched_on(course, title="学习证明")  # what was decided since changes nothing of it
    new = renew_name(training_id=course.training.pk, member_id=member.pk, as_of=now)
    said = content_of(new.content)
    assert (said.name, said.title, said.hours, said.number) == ("王宜", "结业证书", "2", new.public_id)
    old = certificate_by_number(made.public_id)
    assert old is not None
    assert (old.state, old.content and old.content.name) == ("replaced", "王一0")
    with pytest.raises(UnableToChangeCertificate, match="已经换发过"):
        reissue(certificate_id=made.pk, issued_by_id=course.county.organiser.pk, as_of=now)
    assert [one.certificate.pk for one in own(member)] == [new.pk]


def test_a_name_is_not_changed_while_the_certificate_is_in_question(course: Course) -> None:
    made, member = taken(course), course.county.member
    User.objects.filter(pk=member.pk).update(name="王宜")
    CertificateLapse.objects.create(certificate=made, training=course.training, lacking=[], noticed_at=timezone.now())
    with pytest.raises(UnableToChangeCertificate, match="正在由颁发单位核对"):
        renew_name(training_id=course.training.pk, member_id=member.pk, as_of=timezone.now())
    withdraw(certificate_id=made.pk, reason="有误", withdrawn_by_id=course.county.organiser.pk, as_of=timezone.now())
    with pytest.raises(UnableToChangeCertificate, match="不能换发"):
        renew_name(training_id=course.training.pk, member_id=member.pk, as_of=timezone.now())


def test_nothing_is_issued_anew_to_who_has_not_finished(course: Course) -> None:
    made, now, organiser = taken(course), timezone.now(), course.county.organiser.pk
    course.restate(course.second, course.county.member, "missing")
    with pytest.raises(UnableToChangeCertificate, match="没有完成"):
        reissue(certificate_id=made.pk, issued_by_id=organiser, as_of=now)
    switch(training_id=course.training.pk, on=False, actor_id=organiser, as_of=now)
    with pytest.raises(UnableToChangeCertificate, match="现在不发证书"):
        reissue(certificate_id=made.pk, issued_by_id=organiser, as_of=now)


def test_somebody_who_left_is_issued_anew_at_the_unit_of_the_roster(course: Course) -> None:
    made, now = taken(course), timezone.now()
    end_membership(member_id=made.member_id, because="transferred", on_date=timezone.localdate(), as_of=now)
    new = reissue(certificate_id=made.pk, issued_by_id=course.county.organiser.pk, as_of=now)
    assert content_of(new.content).unit == "东风村第一支部"


def test_of_two_who_replace_one_at_once_the_later_is_told(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    made, now = taken(course), timezone.now()
    User.objects.filter(pk=made.member_id).update(name="王宜")
    renew_name(training_id=course.training.pk, member_id=made.member_id, as_of=now)
    monkeypatch.setattr("certificates.operations.life._check_newest", lambda found: None)
    with pytest.raises(UnableToChangeCertificate, match="已经换发过"):
        reissue(certificate_id=made.pk, issued_by_id=course.county.organiser.pk, as_of=now)
    assert Certificate.objects.count() == 2


# --- what the database holds ---


CHANGES = {
    "content changed": lambda: Certificate.objects.update(content="{}"),
    "certificate deleted": lambda: Certificate.objects.all()._raw_delete("default"),
    "withdrawal changed": lambda: CertificateWithdrawal.objects.update(reason="别的"),
    "withdrawal deleted": lambda: CertificateWithdrawal.objects.all()._raw_delete("default"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_issued_and_withdrawn_cannot_be_changed(change: str, course: Course) -> None:
    made = taken(course)
    withdraw(certificate_id=made.pk, reason="有误", withdrawn_by_id=course.county.organiser.pk, as_of=timezone.now())
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        CHANGES[change]()
    assert append_only.missing() == []
    assert Certificate.objects.get().content == made.content


def test_a_training_with_certificates_is_not_deleted(course: Course) -> None:
    taken(course)
    with pytest.raises(ProtectedError):
        course.training.delete()


# --- deciding ---


def wording(course: Course, **changed: Any) -> Wording:
    values = {"title": "证书", "text": "", "issuer_id": course.node.pk, "counts_excused": False, "counts_exempt": True}
    return Wording(**{**values, **changed})


def test_a_change_of_wording_changes_nothing_that_was_issued(course: Course) -> None:
    made = taken(course)
    switched_on(course, title="学习证明", text="")
    Training.objects.update(title="改了名")
    found = last_of(training_id=course.training.pk, member_id=course.county.member.pk)
    assert found is not None
    assert found.content is not None
    assert (found.certificate.pk, found.content.title, found.content.training) == (made.pk, "结业证书", "防汛避险")


def test_what_cannot_be_decided(course: Course) -> None:
    now, actor = timezone.now(), course.county.organiser.pk
    with pytest.raises(UnableToDecide, match="请选颁发单位"):
        write_setting(training_id=course.training.pk, wording=wording(course, issuer_id=0), actor_id=actor, as_of=now)
    with pytest.raises(UnableToDecide, match="保存以后再开启"):
        switch(training_id=0, on=True, actor_id=actor, as_of=now)
    Training.objects.update(state=Training.State.DRAFT)
    with pytest.raises(UnableToDecide, match="先发布"):
        write_setting(training_id=course.training.pk, wording=wording(course), actor_id=actor, as_of=now)


def test_without_a_title_it_is_a_certificate_of_completion(course: Course) -> None:
    switched_on(course, title="")
    assert content_of(taken(course).content).title == "结业证书"


def test_a_setting_that_went_away_meanwhile_is_no_error(course: Course) -> None:
    course.setting().delete()
    assert looking.advance(training_id=course.training.pk, as_of=timezone.now()) is True
    with pytest.raises(UnableToTakeCertificate, match="不发证书"):
        take(training_id=course.training.pk, member_id=course.county.member.pk, as_of=timezone.now())


@pytest.mark.parametrize("exempt", [True, False])
def test_a_further_session_asks_nothing_and_nothing_rests_on_it(course: Course, exempt: bool) -> None:
    """Who stood on its roster and did not come is exempt there; the first says it all."""
    switched_on(course, counts_exempt=exempt)
    member = course.county.member
    again = make_occasion(course.training, title="第二讲（再讲一场）")
    Occasion.objects.filter(pk=again.pk).update(repeats=course.second)
    stand(again, member, course.node, "exempt")
    way = way_to(setting=course.setting(), member_id=member.pk)
    assert way is not None
    assert (way.lacking, way.may_take) == ([], True)
    made = taken(course)
    assert made.rests_on == sorted([course.first.pk, course.second.pk])
    void_occasion(occasion_id=again.pk, reason="录错", voided_by_id=course.county.organiser.pk, as_of=timezone.now())
    looking.look_after(training_id=course.training.pk, member_ids=[member.pk], as_of=timezone.now())
    assert not CertificateLapse.objects.exists()


def test_who_cannot_be_looked_after_stops_nobody_and_waits_behind_the_others(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One bad row among those that changed, then one in a training that is looked through."""
    course.close()
    looking.look_at_marks(as_of=timezone.now())
    done, bad = course.county.member.pk, course.county.members[1].pk
    real = looking.look_after

    def failing(*, training_id: int, member_ids: list[int], as_of: dt.datetime) -> int:
        found = real(training_id=training_id, member_ids=member_ids, as_of=as_of)
        if bad in member_ids:
            raise ValueError("unreadable")
        return found

    monkeypatch.setattr(looking, "look_after", failing)
    looking.mark(occasion_id=course.first.pk, member_ids=[bad, done])
    assert looking.look_at_marks(as_of=timezone.now()) == 2
    assert holders() == ["王一0"]
    assert list(CertificateMark.objects.values_list("member_id", flat=True)) == [bad]
    CertificateMark.objects.all().delete()
    assert operations.advance(training_id=course.training.pk, as_of=timezone.now())
    setting = course.setting()
    assert setting.done_at is not None
    assert list(CertificateMark.objects.values_list("member_id", flat=True)) == [bad]
    monkeypatch.setattr(looking, "look_after", real)
    assert looking.look_at_marks(as_of=timezone.now()) == 1
    assert not CertificateMark.objects.exists()


def test_where_nearly_everybody_fails_it_is_not_halved_to_the_last(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def failing(*, member_ids: list[int], **_kwargs: Any) -> int:
        tries.append(len(member_ids))
        raise ValueError("unreadable")

    monkeypatch.setattr(looking, "look_after", failing)
    monkeypatch.setattr(looking, "MOST_FAILED", 1)
    course.close()
    looking.mark(occasion_id=course.first.pk, member_ids=[one.pk for one in course.county.members])
    looking.look_at_marks(as_of=timezone.now())
    assert tries == [3, 1, 2]
    assert CertificateMark.objects.count() == 3


def test_that_the_database_is_away_is_raised_and_another_fault_stops_no_other_training(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**_kwargs: Any) -> int:
        raise OperationalError("away")

    course.close()
    with monkeypatch.context() as patched:
        patched.setattr(looking, "look_after", away)
        with pytest.raises(OperationalError):
            tasks.look_after()

    def broken(*, training_id: int, **_kwargs: Any) -> bool:
        raise ValueError(training_id)

    looking.mark(occasion_id=course.first.pk, member_ids=[course.county.member.pk])
    monkeypatch.setattr(operations, "advance", broken)
    tasks.look_after()
    assert holders() == ["王一0"]


def test_a_look_through_that_begins_counts_from_nobody(course: Course) -> None:
    course.close()
    operations.advance(training_id=course.training.pk, as_of=timezone.now())
    CertificateSetting.objects.update(done_at=None)
    operations.advance(training_id=course.training.pk, as_of=timezone.now())
    assert (course.setting().seen, course.setting().whole) == (3, 3)


def test_what_is_kept_for_good_reads_as_it_looks(course: Course) -> None:
    """No letter of a certificate turns the others around, or is there unseen."""
    Training.objects.update(title="防汛\u200b避险")
    switched_on(course, title="结业\u202e证书\ufeff", text="学习\u2066期满\u2069")
    said = content_of(taken(course).content)
    assert (said.title, said.text, said.training) == ("结业证书", "学习期满", "防汛避险")
    made = withdraw(
        certificate_id=Certificate.objects.get().pk, reason="发\u202e错了",
        withdrawn_by_id=course.county.organiser.pk, as_of=timezone.now(),
    )  # fmt: skip
    assert made.reason == "发错了"
    switched_on(course, title="\u202e\u200b")
    assert course.setting().title == ""
