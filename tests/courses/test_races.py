"""Two at once at what is in use: one of them comes second, and learns of it."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from attendance.models import Occasion, Training
from cms.material import Material
from cms.models import LessonPage
from courses.operations import refresh_length
from live import operations
from live.models import Lecture
from media.models import Video
from media.operations import UnableToDeleteVideo, delete_video
from tests import races
from tests.factories.attendance import OccasionFactory, TrainingFactory
from tests.factories.cms import CoursePageFactory, LessonPageFactory, ready_video
from tests.factories.courses import give_course
from tests.factories.live import LectureFactory
from tests.factories.organizations import make_county

postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


def meanwhile(first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    return races.meanwhile(first, second, UnableToDeleteVideo, operations.UnableToDropRecording)


def show(lesson: LessonPage, video: Video) -> None:
    fresh = LessonPage.objects.get(pk=lesson.pk)
    fresh.body = [("video", video)]
    fresh.save()


@postgresql
def test_a_lesson_takes_a_video_up_before_it_is_deleted() -> None:
    lesson = LessonPageFactory(course=CoursePageFactory())
    video = ready_video()
    late = meanwhile(lambda: show(lesson, video), lambda: delete_video(video_id=video.pk, as_of=timezone.now()))
    assert isinstance(late, UnableToDeleteVideo)
    assert Material.objects.get().video == video


@postgresql
def test_a_video_is_deleted_before_a_lesson_takes_it_up() -> None:
    lesson = LessonPageFactory(course=CoursePageFactory())
    video = ready_video()
    assert meanwhile(lambda: delete_video(video_id=video.pk, as_of=timezone.now()), lambda: show(lesson, video)) is None
    assert (Video.objects.exists(), Material.objects.exists()) == (False, False)


@postgresql
@pytest.mark.parametrize("is_drop_first", [True, False])
def test_a_recording_is_dropped_and_its_video_deleted_at_once(is_drop_first: bool) -> None:
    """Both hold the lecture before the video: nobody waits in a circle."""
    world, now = make_county(), timezone.now()
    lecture = LectureFactory(
        recording=ready_video(), state="recorded", live_at=now, ended_at=now,
        occasion__state=Occasion.State.SETTLED, occasion__make_up_until_at=now - dt.timedelta(days=1),
    )  # fmt: skip
    video_id = lecture.recording_id

    def drop() -> None:
        operations.drop_recording(occasion_id=lecture.pk, actor_id=world.organiser.pk, as_of=now)

    def delete() -> None:
        delete_video(video_id=video_id, as_of=now, actor_id=world.organiser.pk)

    late = meanwhile(drop, delete) if is_drop_first else meanwhile(delete, drop)
    assert late is None if is_drop_first else isinstance(late, operations.UnableToDropRecording)
    assert not Video.objects.exists()
    lecture = Lecture.objects.get(pk=lecture.pk)
    assert (lecture.recording, lecture.state) == (None, "unrecorded")


@postgresql
def test_two_changes_of_one_course_hold_its_occasions_in_one_order() -> None:
    given = give_course(make_county().branch)

    def refresh() -> None:
        refresh_length(page_ids=[given.page.pk], as_of=timezone.now())

    assert meanwhile(refresh, refresh) is None


def test_occasions_are_held_by_id_before_the_first_is_changed() -> None:
    given = give_course(make_county().branch)
    with CaptureQueriesContext(connection) as seen:
        refresh_length(page_ids=[given.page.pk], as_of=timezone.now())
    asked = [query["sql"] for query in seen.captured_queries]
    held = [sql for sql in asked if 'FROM "attendance_occasion" WHERE' in sql]
    assert len(held) == 1
    assert "ORDER BY" in held[0]


def test_a_training_that_gets_an_occasion_while_it_is_deleted_stays(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is checked at the commit: Django saw nothing, the database refuses, the page says so in words."""
    world = make_county()
    training, other = TrainingFactory(node=world.branch, state=Training.State.DRAFT), OccasionFactory(node=world.branch)
    client.force_login(world.organiser)
    delete, key = Training.delete, training.pk

    def overtaken(self: Training, *args: Any, **kwargs: Any) -> Any:
        found = delete(self, *args, **kwargs)
        Occasion.objects.filter(pk=other.pk).update(training_id=key)
        return found

    monkeypatch.setattr(Training, "delete", overtaken)
    page = client.post(reverse("trainings:delete", args=[key]))
    assert (page.status_code, Training.objects.filter(pk=key).exists()) == (409, True)
    assert "刚刚有人用上了它" in page.content.decode(), page.context["uses"]
