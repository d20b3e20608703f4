"""Chinese is found inside words, on the database in use."""

import json
from importlib import import_module
from typing import Any

import pytest
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from modelsearch.backends import get_search_backend

from cms.finding import words_of
from cms.models import LessonPage
from cms.receivers import index_anew
from cms.search import BACKENDS, LONG_TEXT, MOST_WORDS, bounded, words_to_find, words_to_index
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


@pytest.mark.unit
def test_a_very_long_text_is_indexed_with_each_word_once() -> None:
    assert bounded("安 全 安") == "安 全 安"
    long = bounded("安 全 " * LONG_TEXT)
    assert long == "安 全"
    assert len(bounded(" ".join(str(number) for number in range(MOST_WORDS + LONG_TEXT))).split()) == MOST_WORDS


@pytest.mark.integration
@pytest.mark.django_db
def test_a_migration_of_these_pages_writes_the_index_anew() -> None:
    lesson = LessonPageFactory(course=CoursePageFactory(), title="防汛避险")
    lesson.index_entries.all().delete()
    ours, others = [type("M", (), {"app_label": label}) for label in ("cms", "live")]
    for plan in ([], [(others, False)], [(ours, True)]):
        index_anew(using="default", plan=plan)
        assert not LessonPage.objects.search("避险").count()
    emit_post_migrate_signal(0, False, "default")  # what a flush does: there is no plan
    assert not LessonPage.objects.search("避险").count()
    index_anew(using="default", plan=[(others, False), (ours, False)])
    assert [page.pk for page in LessonPage.objects.search("避险")] == [lesson.pk]


@pytest.mark.unit
def test_the_index_is_written_anew_when_all_that_it_reads_is_there() -> None:
    """`migrate cms` alone, on a filled database: the lessons' videos and captions are read after it."""
    loader = MigrationLoader(None)
    assert ("media", "0007_chapters") in loader.graph.forwards_plan(("cms", "0007_lessons_with_quizzes"))


@pytest.mark.integration
@pytest.mark.django_db
def test_the_words_of_a_lesson_are_read_without_loading_what_it_shows(django_assert_num_queries: Any) -> None:
    picture = {"type": "picture", "value": {"image": 7, "alt": "屋后的排水沟", "decorative": False}}
    text, gone = {"type": "text", "value": "<p>先看<b>安全</b></p>"}, {"type": "no such block", "value": "旧"}
    lesson = LessonPageFactory(course=CoursePageFactory(), title="防汛", body=json.dumps([text, picture, gone]))
    page = LessonPage.objects.get(pk=lesson.pk)
    with django_assert_num_queries(0):
        assert words_of(page).split() == ["先看安全", "屋后的排水沟"]
