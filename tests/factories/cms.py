"""Course pages for tests; a published course of one lesson with one ready video in three calls."""

import uuid
from typing import Any

import factory
from PIL import Image
from wagtail.documents.models import Document

from cms.core.lesson import media_key
from cms.models import CoursePage, DrawnPaper, LessonPage, PathPage, PathStep
from cms.operations import ensure_shelf
from media import pdf, storage
from media.models import Video
from organizations.models import Node
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


def drawn(document: Document, pages: int = 1) -> DrawnPaper:
    """Say of a PDF that its pages were drawn, and write small pictures of them."""
    paper = DrawnPaper.objects.get(document=document)
    for width in pdf.WIDTHS:
        folder = storage.papers_folder(paper.key) / str(width)
        folder.mkdir(parents=True)
        for nth in range(1, pages + 1):
            Image.new("RGB", (width // 16, width // 11), "white").save(folder / f"{nth}.jpg")
    paper.state, paper.pages, paper.sizes = DrawnPaper.State.READY, pages, [[720, 1018]] * pages
    paper.save()
    return paper


def make_path(node: Node, *courses: CoursePage | tuple[CoursePage, dict[str, Any]], **fields: Any) -> PathPage:
    """A published learning path of these courses, each perhaps with more fields of its step."""
    fields = {"title": "新党员入门", "slug": f"path-{uuid.uuid4().hex[:8]}", "node": node, **fields}
    path = PathPage(**fields)
    for number, one in enumerate(courses):
        course, more = one if isinstance(one, tuple) else (one, {})
        path.steps.add(PathStep(course=CoursePage.objects.get(pk=course.pk), sort_order=number, **more))
    ensure_shelf().add_child(instance=path)
    path.save_revision()
    return PathPage.objects.get(pk=path.pk)
