"""Chinese is found inside words, on the database in use."""

import pytest

from cms.models import LessonPage
from cms.search import words_to_find, words_to_index
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
