"""What authors write and upload, on the organiser's desk: until it is published, prepared or deleted."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone
from wagtail.models import Page

from cms.desk import drafts, videos
from cms.models import CoursePage
from media.models import Video
from organizations.models import Role, User
from tests.factories.cms import CoursePageFactory, LessonPageFactory
from tests.factories.media import VideoFactory
from tests.factories.organizations import RoleGrantFactory, UserFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def test_a_video_that_failed_waits_for_its_uploader_and_their_organisers() -> None:
    world = make_county()
    fields = {"title": "防汛", "state": Video.State.FAILED, "error_code": "no_video_or_audio", "node": world.branch}
    video = VideoFactory(created_by=world.lecturer, **fields)
    VideoFactory(created_by=world.lecturer, **{**fields, "state": Video.State.READY})
    VideoFactory(created_by=world.lecturer, **fields, replaced_at=timezone.now())
    below = RoleGrantFactory(node=world.branch, role=Role.ORGANISER).user
    beside = RoleGrantFactory(node=world.neighbour, role=Role.ORGANISER).user
    found = {name: videos(User.objects.get(pk=one.pk), timezone.now()) for name, one in (
        ("lecturer", world.lecturer), ("organiser", world.organiser), ("below", below), ("beside", beside),
        ("member", world.member),
    )}  # fmt: skip
    assert {name: len(rows) for name, rows in found.items()} == {
        "lecturer": 1, "organiser": 1, "below": 1, "beside": 0, "member": 0
    }  # fmt: skip
    one = found["organiser"][0]
    assert one.title == "视频“防汛”没有处理成功"
    assert one.text
    assert (one.step.label, one.step.url) == ("去处理", f"/admin/videos/edit/{video.pk}/")


def write(page: Page, by: User, title: str) -> None:
    page.title = title
    page.save_revision(user=by)


def test_drafts_wait_for_whoever_may_publish_them(django_assert_num_queries: Any) -> None:
    world = make_county()
    course: CoursePage = CoursePageFactory(node=world.branch, title="急救")
    lesson = LessonPageFactory(course=course, title="包扎", live=False)
    CoursePageFactory(node=world.branch)  # published, nothing waits
    write(course, world.organiser, "急救常识")
    other = UserFactory(name="周敏")
    write(lesson, other, "包扎四步")
    organiser = User.objects.get(pk=world.organiser.pk)
    found = drafts(organiser, timezone.now())
    assert [one.title for one in found] == ["“包扎四步”写了还没有发布", "“急救常识”改了还没有发布"]
    assert found[0].text.startswith("周敏 · ")
    assert " · " not in found[1].text  # one's own
    assert found[0].step.url == f"/admin/pages/{lesson.pk}/edit/"
    with django_assert_num_queries(1):
        drafts(organiser, timezone.now())
    beside = RoleGrantFactory(node=world.neighbour, role=Role.ORGANISER).user
    assert [drafts(User.objects.get(pk=one.pk), timezone.now()) for one in (beside, world.lecturer)] == [[], []]
    Page.objects.filter(pk=lesson.pk).update(latest_revision_created_at=timezone.now() - dt.timedelta(days=61))
    Page.objects.get(pk=course.pk).specific.get_latest_revision().publish()
    assert drafts(organiser, timezone.now()) == []


def test_several_lessons_of_a_course_are_one_row(django_assert_num_queries: Any) -> None:
    world = make_county()
    new: CoursePage = CoursePageFactory(node=world.branch, title="防汛", live=False)
    old: CoursePage = CoursePageFactory(node=world.branch, title="急救")
    for course in (new, old):
        for title in ("一", "二"):
            write(LessonPageFactory(course=course, title=title, live=False), world.organiser, title)
    write(new, world.organiser, "防汛")
    organiser = User.objects.get(pk=world.organiser.pk)
    found = drafts(organiser, timezone.now())
    assert [one.title for one in found] == ["“防汛”里有 2 讲还没有发布", "“急救”里有 2 讲还没有发布"]
    assert [one.step.url for one in found] == [f"/admin/pages/{one.pk}/" for one in (new, old)]
    with django_assert_num_queries(2):
        drafts(organiser, timezone.now())


def test_what_was_withdrawn_or_is_published_at_its_time_is_no_draft() -> None:
    world = make_county()
    course = CoursePageFactory(node=world.branch, title="急救")
    withdrawn = LessonPageFactory(course=course, title="旧的")
    planned = LessonPageFactory(course=course, title="下周的", live=False)
    planned.go_live_at = timezone.now() + dt.timedelta(days=7)
    for page in (withdrawn, planned):
        write(page, world.organiser, page.title)
        Page.objects.get(pk=page.pk).get_latest_revision().publish()
    withdrawn.refresh_from_db()
    withdrawn.unpublish(user=world.organiser)
    assert Page.objects.filter(pk__in=[withdrawn.pk, planned.pk], has_unpublished_changes=True).count() == 2
    organiser = User.objects.get(pk=world.organiser.pk)
    assert drafts(organiser, timezone.now()) == []
    write(Page.objects.get(pk=planned.pk).specific, world.organiser, "下周的，改过")
    assert [one.title for one in drafts(organiser, timezone.now())] == ["“下周的，改过”写了还没有发布"]
