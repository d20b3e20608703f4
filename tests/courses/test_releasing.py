"""Published and withdrawn with nobody at a form: at the planned moment, and when a review approves."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone
from wagtail.models import PageLogEntry, Revision, TaskState

from attendance.models import Occasion
from cms.desk import drafts, missed
from cms.models import LessonPage, SubtreeReview
from cms.reviewing import review_of
from courses.releasing import release_approved, release_due
from organizations.models import Role, User
from tests.factories.cms import CoursePageFactory, LessonPageFactory, ready_video
from tests.factories.courses import Given
from tests.factories.organizations import County, RoleGrantFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
DAY = dt.timedelta(days=1)


def told(user: User) -> list[tuple[str, str]]:
    return [(one.title, one.text) for one in missed(User.objects.get(pk=user.pk), timezone.now())]


def planned(lesson: LessonPage, by: User | None, **fields: Any) -> Revision:
    """A version whose moment came a day ago."""
    lesson = LessonPage.objects.get(pk=lesson.pk)
    for name, value in {**fields, "go_live_at": timezone.now() + DAY}.items():
        setattr(lesson, name, value)
    lesson.save_revision(user=by).publish(user=by)
    revision = lesson.get_latest_revision()
    revision.approved_go_live_at = timezone.now() - DAY
    revision.content["go_live_at"] = revision.approved_go_live_at.isoformat()
    revision.save()
    return revision


def past_its_end() -> None:
    now = timezone.now()
    Occasion.objects.update(
        starts_at=now - 9 * DAY, window_start_at=now - 9 * DAY, ends_at=now - DAY, make_up_until_at=now + DAY
    )


def title(given: Given) -> str:
    return LessonPage.objects.get(pk=given.lesson.pk).title


def test_a_planned_version_is_published_at_its_moment(world: County, given: Given) -> None:
    revision = planned(given.lesson, world.organiser, title="下周的")
    Revision.objects.filter(pk=revision.pk).update(approved_go_live_at=timezone.now() + DAY)
    assert (release_due(as_of=timezone.now()), title(given)) == (0, "急救常识 第一讲")
    Revision.objects.filter(pk=revision.pk).update(approved_go_live_at=timezone.now() - DAY)
    assert (release_due(as_of=timezone.now()), title(given)) == (1, "下周的")
    assert (release_due(as_of=timezone.now()), told(world.organiser)) == (0, [])
    assert PageLogEntry.objects.filter(action="wagtail.publish.scheduled").count() == 1


def test_what_is_not_written_is_not_published_and_its_authors_are_told(world: County, given: Given) -> None:
    beside = RoleGrantFactory(node=world.neighbour, role=Role.ORGANISER).user
    revision = planned(given.lesson, world.organiser, title="下周的")
    Revision.objects.filter(pk=revision.pk).update(content={**revision.content, "title": "未命名的课"})
    now = timezone.now()
    assert (release_due(as_of=now), title(given)) == (0, "急救常识 第一讲")
    assert told(world.organiser) == [("“下周的”到时间没有发布", "发布以前请换一个名称。")]
    assert told(beside) == told(world.lecturer) == []
    assert release_due(as_of=now) == 0  # planned no more, told once
    assert len(told(world.organiser)) == 1
    assert [one.title for one in drafts(world.organiser, now)] == ["“下周的”改了还没有发布"]
    LessonPage.objects.get(pk=given.lesson.pk).save_revision(user=world.organiser)
    assert told(world.organiser) == []


@pytest.mark.parametrize("has_author", [True, False])
def test_what_people_need_now_is_not_taken_away(world: County, given: Given, has_author: bool) -> None:
    planned(given.lesson, world.organiser if has_author else None, body=[("text", "<p>只有字</p>")])
    past_its_end()
    assert release_due(as_of=timezone.now()) == 0
    (said,) = told(world.organiser)
    assert "补学结束以后才能这样改" in said[1]
    assert ("急救" in said[1] or "培训“" in said[1]) == has_author  # nobody's reach: not even the training's title


def test_what_expires_is_withdrawn_unless_people_make_it_up(world: County, given: Given) -> None:
    LessonPage.objects.filter(pk=given.lesson.pk).update(expire_at=timezone.now() - DAY)
    past_its_end()
    assert release_due(as_of=timezone.now()) == 0
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    assert (lesson.live, lesson.expire_at) == (True, None)
    lesson.save_revision(user=world.organiser)
    assert told(world.organiser) == []
    Occasion.objects.update(make_up_until_at=timezone.now() - DAY / 2)
    LessonPage.objects.filter(pk=given.lesson.pk).update(expire_at=timezone.now() - DAY)
    assert release_due(as_of=timezone.now()) == 1
    lesson.refresh_from_db()
    assert (lesson.live, lesson.expired, release_due(as_of=timezone.now())) == (False, True, 0)


def test_who_cannot_withdraw_is_told(world: County, given: Given) -> None:
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    lesson.expire_at = timezone.now() + DAY
    lesson.save_revision(user=world.organiser).publish(user=world.organiser)
    LessonPage.objects.filter(pk=lesson.pk).update(expire_at=timezone.now() - DAY)
    past_its_end()
    assert release_due(as_of=timezone.now()) == 0
    assert [said[0] for said in told(world.organiser)] == ["“急救常识 第一讲”到时间没有撤下"]


def test_one_that_fails_stops_no_other(world: County, given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    other = LessonPageFactory(course=CoursePageFactory(node=world.branch), title="别的", live=False)
    planned(given.lesson, world.organiser, title="下周的")
    planned(other, world.organiser, title="别的，写好了")
    publish = Revision.publish

    def broken(self: Revision, *args: Any, **kwargs: Any) -> Any:
        if self.content["title"] == "下周的":
            raise RuntimeError
        return publish(self, *args, **kwargs)

    monkeypatch.setattr(Revision, "publish", broken)
    assert release_due(as_of=timezone.now()) == 1
    assert LessonPage.objects.get(pk=other.pk).live


def approve(lesson: LessonPage, by: User) -> None:
    lesson = LessonPage.objects.get(pk=lesson.pk)
    lesson.get_workflow().start(lesson, RoleGrantFactory(node=lesson_node(lesson), role=Role.ORGANISER).user)
    SubtreeReview.objects.get().on_action(TaskState.objects.latest("pk"), by, "approve")


def lesson_node(lesson: LessonPage) -> Any:
    return lesson.get_parent().specific.node


def test_an_approval_that_touches_people_waits_for_a_yes(world: County, given: Given) -> None:
    """A second pair of eyes has read the text; who studies it is a question of its own."""
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    lesson.body = [("video", ready_video(duration_ms=30_000, node=given.page.node))]
    lesson.save_revision(user=world.organiser)
    approve(lesson, world.organiser)
    lesson.refresh_from_db()
    assert lesson.has_unpublished_changes
    said = review_of(LessonPage.objects.get(pk=lesson.pk))
    assert said is not None
    assert "审核通过了，还没有发布" in said.text
    LessonPage.objects.get(pk=lesson.pk).save_revision(user=world.organiser)
    assert review_of(LessonPage.objects.get(pk=lesson.pk)) is None  # what is newer was approved by nobody


def test_an_approval_that_touches_nobody_publishes(world: County, given: Given) -> None:
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    lesson.title = "新题目"
    lesson.save_revision(user=world.organiser)
    approve(lesson, world.organiser)
    assert title(given) == "新题目"
    assert review_of(LessonPage.objects.get(pk=given.lesson.pk)) is None
    LessonPage.objects.get(pk=given.lesson.pk).unpublish()
    assert review_of(LessonPage.objects.get(pk=given.lesson.pk)) is None  # withdrawn is not waiting


def test_what_lacks_something_by_now_is_approved_and_not_published(world: County, given: Given) -> None:
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    lesson.title = "未命名的课"
    lesson.save_revision(user=world.organiser)
    assert release_approved(page=lesson, user=world.organiser, as_of=timezone.now()) is False
    assert title(given) != "未命名的课"
