"""Chinese is found inside words, on the database in use."""

from importlib import import_module

import pytest
from django.db import connection
from modelsearch.backends import get_search_backend

from cms.models import LessonPage
from cms.search import BACKENDS, words_to_find, words_to_index
from tests.factories.cms import CoursePageFactory, LessonPageFactory

TITLES = ["安全培训", "培训安全员", "全员安全生产", "第3期 WebRTC 培训班", "急救常识"]


@pytest.mark.unit
@pytest.mark.parametrize(
    ("text", "indexed", "asked"),
    [
        ("安全", "安 全 安全", "安全"),
        ("安", "安", "安"),
        ("第3期 ABC", "第 3 期  ABC", "第 3 期  ABC"),
        ('"安*全"(', '" 安 * 全 "(', "安   全"),
        ("", "", ""),
    ],
)
def test_what_is_indexed_and_asked(text: str, indexed: str, asked: str) -> None:
    assert words_to_index(text).split() == indexed.split()
    assert words_to_find(text).split() == asked.split()


@pytest.mark.integration
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("培训", {"安全培训", "培训安全员", "第3期 WebRTC 培训班"}),
        ("安全", {"安全培训", "培训安全员", "全员安全生产"}),
        ("全员安全", {"全员安全生产"}),
        ("救", {"急救常识"}),
        ("webrtc", {"第3期 WebRTC 培训班"}),
        ("训安", {"培训安全员"}),
        ("没有", set()),
    ],
)
def test_pages_are_found_by_a_word_inside(question: str, found: set[str]) -> None:
    course = CoursePageFactory()
    for title in TITLES:
        LessonPageFactory(course=course, title=title)
    assert {page.title for page in LessonPage.objects.search(question)} == found
    assert {page.title for page in LessonPage.objects.live().autocomplete(question)} == found


@pytest.mark.integration
@pytest.mark.django_db
def test_the_text_of_a_lesson_is_found() -> None:
    lesson = LessonPageFactory(course=CoursePageFactory(), body=[("text", "<p>先打一百二十，再动手</p>")])
    assert [page.pk for page in LessonPage.objects.search("动手")] == [lesson.pk]


@pytest.mark.integration
@pytest.mark.django_db(transaction=True)
def test_looking_what_is_indexed_and_writing_it_are_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """The form and the worker index the same document at the same moment: without a transaction both insert it."""
    lesson = LessonPageFactory(course=CoursePageFactory())
    module = import_module(BACKENDS[connection.vendor][0])
    backend = get_search_backend()
    inside: list[bool] = []

    class Watched(module.ObjectIndexer):  # type: ignore[name-defined,misc]
        def __init__(self, *args: object) -> None:
            inside.append(connection.in_atomic_block)
            super().__init__(*args)

    monkeypatch.setattr(module, "ObjectIndexer", Watched)
    assert not connection.in_atomic_block
    backend.add(lesson)
    assert inside == [True]
    assert lesson.index_entries.count() == 1
