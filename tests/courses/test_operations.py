"""Giving a course, and what a change of its pages does to it."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from attendance.models import Occasion, RosterEntry, Rule
from cms.models import CoursePage, LessonPage
from courses.models import CourseRun, LessonProgress
from courses.operations import (
    CoursePlan,
    UnableToCompleteLesson,
    UnableToScheduleCourse,
    complete_lesson,
    reschedule_course,
    schedule_course,
)
from courses.receivers import video_changed
from media.core.ladder import Phase
from media.models import Video
from media.operations.jobs import Lease, give_up
from organizations.models import Node
from tests.factories.attendance import RuleFactory, TrainingFactory
from tests.factories.cms import CoursePageFactory, LessonPageFactory, key_of, ready_video
from tests.factories.courses import Given, give_course, watch
from tests.factories.media import JobFactory, VideoFactory
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
DAY = dt.timedelta(days=1)


def plan(page: CoursePage, node: Node, **changes: Any) -> dict[str, Any]:
    now = timezone.now()
    plan = CoursePlan(
        training_id=TrainingFactory(node=node).pk,
        node_id=node.pk,
        starts_at=now,
        ends_at=now + DAY,
        rule_id=RuleFactory(basis=Rule.Basis.MEDIA).pk,
    )
    return {"page_id": page.pk, "plan": replace(plan, **changes), "as_of": now}


def test_a_given_course_counts_its_videos_and_expects_the_branch() -> None:
    world = make_county()
    given = give_course(world.branch)
    occasion = Occasion.objects.get(pk=given.run.pk)
    assert (occasion.kind, occasion.title, occasion.media_ms) == ("course", "急救常识", 60_000)
    assert occasion.media_items == {given.key: 60_000}
    expected = set(RosterEntry.objects.filter(occasion=occasion).values_list("member_id", flat=True))
    assert expected == {person.pk for person in [*world.members, world.secretary]}


def test_the_same_video_in_two_lessons_is_counted_once() -> None:
    world = make_county()
    video, other = ready_video(), ready_video(duration_ms=30_000)
    page = CoursePageFactory(node=world.county)
    LessonPageFactory(course=page, body=[("video", video), ("video", other)])
    LessonPageFactory(course=page, body=[("video", video)])
    run = schedule_course(**plan(page, world.branch))
    assert run.occasion.pk == run.pk
    assert Occasion.objects.get(pk=run.pk).media_items == {key_of(video): 60_000, key_of(other): 30_000}


def test_a_course_of_next_week_stays_scheduled() -> None:
    world = make_county()
    given = give_course(world.branch, starts_in=7 * DAY)
    assert Occasion.objects.get(pk=given.run.pk).state == Occasion.State.SCHEDULED


@pytest.mark.parametrize("code", ["unpublished", "empty", "failed_video", "rule", "times"])
def test_what_cannot_be_given_is_refused_with_its_reason(code: str) -> None:
    world = make_county()
    page = CoursePageFactory(node=world.county, live=code != "unpublished")
    if code != "empty":
        state = Video.State.FAILED if code == "failed_video" else Video.State.READY
        LessonPageFactory(course=page, body=[("video", ready_video(state=state))])
    changes: dict[str, Any] = {}
    if code == "rule":
        changes["rule_id"] = RuleFactory(basis=Rule.Basis.WINDOW).pk
    if code == "times":
        changes["ends_at"] = timezone.now() - DAY
    with pytest.raises(UnableToScheduleCourse) as refused:
        schedule_course(**plan(page, world.branch, **changes))
    assert refused.value.code == code
    assert CourseRun.objects.count() == Occasion.objects.count() == 0


def test_a_plan_is_not_moved_to_a_rule_that_counts_no_watching() -> None:
    world = make_county()
    given = give_course(world.branch, starts_in=DAY)
    changed = plan(given.page, world.branch, rule_id=RuleFactory(basis=Rule.Basis.WINDOW).pk)
    with pytest.raises(UnableToScheduleCourse, match="rule"):
        reschedule_course(occasion_id=given.run.pk, plan=changed["plan"], as_of=timezone.now())
    occasion = Occasion.objects.get(pk=given.run.pk)
    assert (occasion.rule_id, occasion.starts_at) == (given.run.occasion.rule_id, given.run.occasion.starts_at)


def test_republishing_with_another_video_changes_what_counts() -> None:
    given = give_course(make_county().branch)
    new = ready_video(duration_ms=90_000)
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    lesson.body = [("video", given.video), ("video", new)]
    revision = lesson.save_revision()
    assert Occasion.objects.get(pk=given.run.pk).media_ms == 60_000
    revision.publish()
    occasion = Occasion.objects.get(pk=given.run.pk)
    assert occasion.media_items == {given.key: 60_000, key_of(new): 90_000}
    assert occasion.media_ms == 150_000


def test_a_judged_course_keeps_its_length() -> None:
    given = give_course(make_county().branch)
    Occasion.objects.filter(pk=given.run.pk).update(state=Occasion.State.SETTLED)
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    lesson.body = [("video", ready_video(duration_ms=90_000))]
    lesson.save_revision().publish()
    assert Occasion.objects.get(pk=given.run.pk).media_items == {given.key: 60_000}


def test_a_video_that_gets_ready_joins_what_counts() -> None:
    world = make_county()
    page, video = CoursePageFactory(node=world.county), VideoFactory()
    LessonPageFactory(course=page, body=[("video", video)])
    run = schedule_course(**plan(page, world.branch))
    assert Occasion.objects.get(pk=run.pk).media_ms is None
    Video.objects.filter(pk=video.pk).update(state=Video.State.READY, duration_ms=45_000)
    video_changed(video_id=video.pk)
    assert Occasion.objects.get(pk=run.pk).media_items == {key_of(video): 45_000}


def test_a_lesson_is_finished_once_enough_has_counted() -> None:
    world = make_county()
    given = give_course(world.branch)
    asked = {"occasion_id": given.run.pk, "lesson_id": given.lesson.pk, "member_id": world.member.pk}
    with pytest.raises(UnableToCompleteLesson):
        complete_lesson(**asked, as_of=timezone.now())
    watch(given, world.member, (0, 48_000))
    first = complete_lesson(**asked, as_of=timezone.now())
    again = complete_lesson(**asked, as_of=timezone.now() + DAY)
    assert first.pk == again.pk
    assert LessonProgress.objects.get().completed_at == first.completed_at


def test_a_neighbour_finishes_nothing_here() -> None:
    world = make_county()
    given = give_course(world.branch)
    text = LessonPageFactory(course=given.page, body=[("text", "<p>读</p>")])
    with pytest.raises(UnableToCompleteLesson):
        complete_lesson(
            occasion_id=given.run.pk, lesson_id=text.pk, member_id=world.neighbour_member.pk, as_of=timezone.now()
        )
    assert LessonProgress.objects.count() == 0


def test_a_film_found_damaged_later_is_asked_of_nobody(
    world: County, given: Given, django_capture_on_commit_callbacks: Any
) -> None:
    second = ready_video()
    given.lesson.body = [("video", given.video), ("video", second)]
    given.lesson.save_revision().publish()
    assert len(Occasion.objects.get(pk=given.run.pk).media_items or {}) == 2
    job = JobFactory(phase=Phase.LADDER, video=second, state="running", token="t")
    with django_capture_on_commit_callbacks(execute=True):
        give_up(Lease(job.pk, second.pk, "", "t", timezone.now(), 1, Phase.LADDER), "broken")
    assert list(Occasion.objects.get(pk=given.run.pk).media_items or {}) == [given.key]
