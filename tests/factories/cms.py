"""Course pages for tests; a published course of one lesson with one ready video in three calls."""

import uuid
from typing import Any

import factory

from cms.core.lesson import media_key
from cms.models import CoursePage, LessonPage
from cms.operations import ensure_shelf
from media.models import Video
from tests.factories.media import ReadyVideoFactory
from tests.factories.organizations import NodeFactory


class CoursePageFactory(factory.django.DjangoModelFactory[CoursePage]):
    """A published course of ``node``; ``live=False`` for a draft."""

    class Meta:
        model = CoursePage

    title = factory.Sequence(lambda n: f"急救常识{n}")
    slug = factory.Sequence(lambda n: f"course-{n}")
    node = factory.SubFactory(NodeFactory)

    @classmethod
    def _create(cls, model_class: type[CoursePage], *args: Any, **kwargs: Any) -> CoursePage:
        page = ensure_shelf().add_child(instance=model_class(**kwargs))
        return CoursePage.objects.get(pk=page.pk)


class LessonPageFactory(factory.django.DjangoModelFactory[LessonPage]):
    """A published lesson of ``course`` (required); ``body`` as a list of ``(block, value)``."""

    class Meta:
        model = LessonPage

    title = factory.Sequence(lambda n: f"第{n}讲")
    slug = factory.Sequence(lambda n: f"lesson-{n}")

    @classmethod
    def _create(cls, model_class: type[LessonPage], *args: Any, **kwargs: Any) -> LessonPage:
        course = CoursePage.objects.get(pk=kwargs.pop("course").pk)
        return course.add_child(instance=model_class(**kwargs))  # type: ignore[no-any-return]


def key_of(video: Any) -> str:
    return media_key(video.pk)


def ready_video(**fields: Any) -> Video:
    """A video that plays for a minute."""
    return ReadyVideoFactory(id=uuid.uuid4(), **fields)  # type: ignore[no-any-return]
