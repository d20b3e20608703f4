"""Courses that are given: ``give_course`` schedules and opens one for the members of a node."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from attendance.models import Rule, WatchSession
from attendance.operations import report_watched, start_watch
from cms.models import CoursePage, LessonPage
from courses.models import CourseRun
from courses.operations import CoursePlan, schedule_course
from media.models import Video
from organizations.models import Node, User
from tests.factories.attendance import RuleFactory, TrainingFactory
from tests.factories.cms import CoursePageFactory, LessonPageFactory, key_of, ready_video


@dataclass
class Given:
    """A course of one lesson with one video of a minute, given to a node and open."""

    run: CourseRun
    page: CoursePage
    lesson: LessonPage
    video: Video

    @property
    def key(self) -> str:
        return key_of(self.video)


def give_course(node: Node, *, title: str = "急救常识", starts_in: dt.timedelta | None = None, **course: Any) -> Given:
    """Make a course with a ready video of 60 s and give it to ``node``; it began an hour ago unless said."""
    now = timezone.now()
    video = ready_video()
    page = CoursePageFactory(title=title, node=node, **course)
    lesson = LessonPageFactory(
        course=page, title=f"{title} 第一讲", body=[("text", "<p>先看安全</p>"), ("video", video)]
    )
    training = TrainingFactory(node=node, deadline_at=now + dt.timedelta(days=30))
    rule = RuleFactory(basis=Rule.Basis.MEDIA)
    plan = CoursePlan(
        training_id=training.pk,
        node_id=node.pk,
        starts_at=now + (starts_in if starts_in is not None else dt.timedelta(hours=-1)),
        ends_at=now + dt.timedelta(days=20),
        rule_id=rule.pk,
    )
    run = schedule_course(page_id=page.pk, plan=plan, as_of=now)
    return Given(run, page, lesson, video)


def watch(given: Given, member: User, *ranges_ms: tuple[int, int]) -> WatchSession:
    """Let a member honestly watch these ranges of the course's video: through the ledger's own operations."""
    began = timezone.now() - dt.timedelta(minutes=30)
    state = start_watch(occasion_id=given.run.pk, member_id=member.pk, device="phone", media=given.key, as_of=began)
    report_watched(
        session_id=state.session_id,
        member_id=member.pk,
        client_id=f"watched-{state.session_id}",
        ranges_ms=[list(pair) for pair in ranges_ms],
        rate=1.0,
        position_ms=ranges_ms[-1][1],
        as_of=timezone.now(),
    )
    return WatchSession.objects.get(pk=state.session_id)
