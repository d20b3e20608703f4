"""Whoever takes away what certificates rest on is told how many they are, before it is done; by each way to do it."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from attendance.models import Occasion, RecordState, Training
from attendance.operations import settle
from attendance.queries.consequences import resting_on
from certificates.models import Certificate
from certificates.operations import Wording, issue, switch, withdraw, write_setting
from live import operations as live
from organizations.models import User
from tests.attendance.people import make_occasion, make_rule, make_training, stand
from tests.certificates.conftest import Course, taken
from tests.factories.attendance import RuleFactory, open_lecture
from tests.factories.courses import give_course, watch
from tests.factories.live import make_live
from tests.factories.organizations import County
from tests.meetings.conftest import gathering, held
from tests.office import Office

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
SignIn = Callable[[User], Client]
RESTS = "有 1 张证书以这一场为依据"


def certify(occasion: Occasion, county: County) -> None:
    """Let the first member have a certificate that rests on an occasion."""
    rows = occasion.records.filter(member=county.member)
    assert rows.update(state="attended", stands="attended", hours=40, stands_hours=40)
    wording = Wording(title="", text="", issuer_id=county.branch.pk, counts_excused=False, counts_exempt=True)
    now = timezone.now()
    write_setting(training_id=occasion.training_id, wording=wording, actor_id=county.organiser.pk, as_of=now)
    switch(training_id=occasion.training_id, on=True, actor_id=county.organiser.pk, as_of=now)
    assert issue(training_id=occasion.training_id, member_ids=[county.member.pk], as_of=now) == [county.member.pk]


def said(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_lecture_is_voided_knowing_it(county: County, sign_in: SignIn) -> None:
    lecture = make_live(county)
    live.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    settle(occasion_id=lecture.pk, as_of=timezone.now())
    client, url = sign_in(county.organiser), reverse("live_void", args=[lecture.pk])
    assert "张证书" not in said(client, url)
    certify(lecture.occasion, county)
    assert RESTS in said(client, url)


def test_a_course_is_voided_knowing_it(county: County, sign_in: SignIn) -> None:
    given = give_course(county.branch)
    watch(given, county.member, (0, 12_000))
    settle(occasion_id=given.run.pk, as_of=timezone.now())
    certify(given.run.occasion, county)
    assert RESTS in said(sign_in(county.organiser), reverse("course_runs:void", args=[given.run.pk]))


def test_a_meeting_is_voided_knowing_it(county: County, sign_in: SignIn) -> None:
    meeting = gathering(county)
    certify(held(county, meeting), county)
    assert RESTS in said(sign_in(county.secretary), f"/meetings/{meeting.pk}/void/")


def test_an_occasion_is_judged_anew_knowing_it(county: County, sign_in: SignIn) -> None:
    occasion = open_lecture(county.branch, rule=RuleFactory(name="通用"))
    Occasion.objects.filter(pk=occasion.pk).update(state="closed", closed_at=occasion.ends_at)
    settle(occasion_id=occasion.pk, as_of=timezone.now())
    certify(occasion, county)
    client, harder = sign_in(county.organiser), make_rule(name="通用", min_share=0.9)
    url = reverse("attendance_recompute", args=[occasion.pk])
    tried = client.post(url, {"rule": harder.pk, "reason": "写错了"}, follow=True)
    assert RESTS in tried.content.decode()
    begun = client.post(tried.redirect_chain[-1][0], {"what": "begin"}, follow=True)
    assert "张证书" not in begun.content.decode()  # it is a report now


def test_a_training_runs_again_knowing_it(course: Course, sign_in: SignIn) -> None:
    taken(course)
    course.close()
    office = Office(sign_in(course.county.organiser), reverse("trainings:edit", args=[course.training.pk]))
    form = {
        "title": "防汛避险", "summary": "", "node": course.node.pk, "starts_date": "2026-09-01",
        "deadline_at": "2027-06-01 12:00", "hours_required": "0", "state": "published",
    }  # fmt: skip
    (asked,) = [one for one in office.saved(form) if "张证书" in one]
    assert asked == "重新开始：已经为它发出 1 张证书。它们照旧有效；以后结果有变化、依据不再成立的，会列给组织员。"
    assert Training.objects.get(pk=course.training.pk).state == "published"


def test_only_those_that_stand_and_rest_on_this_very_one_count(course: Course) -> None:
    numbers = [make_occasion(course.training, title=f"第 {n} 讲") for n in range(10)]  # 1 is not 11 and not 21
    other = make_training(course.node, "另一个")
    stand(make_occasion(other), course.county.member, course.node, RecordState.ATTENDED)
    made, reader, now = taken(course), course.county.organiser, timezone.now()
    assert made.rests_on == [course.first.pk, course.second.pk]
    told = {one.pk: resting_on(one, user=reader, as_of=now) for one in [course.first, course.second, *numbers]}
    assert [pk for pk, words in told.items() if words] == made.rests_on
    withdraw(certificate_id=made.pk, reason="发错了", withdrawn_by_id=reader.pk, as_of=now + dt.timedelta(seconds=1))
    assert resting_on(course.first, user=reader, as_of=now) == ""
    assert Certificate.objects.count() == 1
