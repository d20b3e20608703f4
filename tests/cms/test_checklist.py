"""What a page lacks, said beside its form by the rules that publishing has; and the way from nothing to a lesson."""

import re
from html import unescape
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.documents.models import Document

from cms.checklist import BODY, FIELD, _advice_for_papers, checklist_of, refused_for
from cms.editing import is_complete
from cms.models import CoursePage, DrawnPaper, LessonPage
from media.models import Video
from quizzes.models import Quiz
from quizzes.operations import withdraw_quiz
from tests.cms.test_blocks import gallery
from tests.cms.test_editor import EMPTY, Desk, autosave, desk, paper_of, text
from tests.factories.cms import CoursePageFactory, LessonPageFactory, ready_video
from tests.factories.quizzes import SINGLE, make_quiz

pytestmark = [
    pytest.mark.integration,
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
]
__all__ = ["desk"]


def list_in(page: str) -> str:
    """The checklist that stands in a page of the editor."""
    start = page.index('id="page-checklist"')
    return unescape(page[start : page.index("</div>", start)])


def draft_of(desk: Desk, *blocks: tuple[str, Any], title: str = "") -> LessonPage:
    assert desk.client.post(desk.add, desk.values(title, *blocks)).status_code == 302
    return LessonPage.objects.get().get_latest_revision_as_object()


def test_every_refusal_is_a_line_that_leads_to_its_place(desk: Desk) -> None:
    blocks = (
        ("picture", {"image": desk.picture.pk, "alt": ""}),
        ("video", ""),
        gallery((desk.picture.pk, "")),
        ("link", {"title": "", "url": "http://x"}),
    )
    lesson = draft_of(desk, *blocks)
    lines = refused_for(lesson)
    assert [line.text for line in lines[:4]] == [
        "发布以前请换一个名称。",
        "第 1 块“图片”：图片说明：请写一句图片说明，或勾选“只是装饰”。",
        "第 2 块“视频”：这里还没有选视频。请选一个，或删掉这一块。",
        "第 3 块“组图”：第 1 张：图片下面的话：请给这张图片写一句话。",
    ]
    assert lines[1].url == f"#block-{lesson.body[0].id}-section"
    assert [line.text.split("：")[:2] for line in lines[4:]] == [
        ["第 4 块“外部链接”", "名称"],
        ["第 4 块“外部链接”", "网址"],
    ]
    shown = list_in(desk.client.get(desk.edit(lesson)).content.decode())
    assert all(line.text in shown and f'href="{line.url}"' in shown for line in lines)


@pytest.mark.parametrize("words", ["", '<p data-block-key="ijmaf"></p>', "<p>&nbsp; </p>", "<ul><li></li></ul>"])
def test_a_paragraph_without_a_word_is_no_text(desk: Desk, words: str) -> None:
    lesson = LessonPageFactory(
        course=desk.course, body=[("callout", {"kind": "mind", "text": words}), ("text", words), ("text", "<p>字</p>")]
    )
    said = "这里还没有写字。请写上，或删掉这一块。"
    found = [line.text for line in refused_for(LessonPage.objects.get(pk=lesson.pk))]
    assert [(text[:3], text.endswith(said)) for text in found] == [("第 1", True), ("第 2", True)]


def test_the_places_that_lines_lead_to_are_there(desk: Desk) -> None:
    course = desk.client.get(reverse("wagtailadmin_pages:edit", args=[desk.course.pk])).content.decode()
    lesson = desk.client.get(desk.add).content.decode()
    places = {FIELD.format(name) for name in ("title", "intro", "cover")}
    assert places <= {f"#{name}" for name in re.findall(r'id="([^"]*)"', course)}
    assert {FIELD.format("title"), BODY} <= {f"#{name}" for name in re.findall(r'id="([^"]*)"', lesson)}


def test_what_publishing_takes_is_complete_and_the_other_way_round(desk: Desk) -> None:
    lesson = desk.published().get_latest_revision_as_object()
    assert (refused_for(lesson), is_complete(lesson)) == ([], True)
    shown = list_in(desk.client.get(desk.edit(lesson)).content.decode())
    assert "已发布，没有要发布的修改。" in shown
    assert "可以发布了" not in shown
    assert desk.add in shown  # the next lesson is one click away
    saved = autosave(desk, desk.edit(lesson), desk.values("第一讲，改过"))
    assert "可以发布了" in saved["html"]
    lesson.title = " "
    assert ([line.text for line in refused_for(lesson)], is_complete(lesson)) == (["请写上名称。"], False)


def test_a_lesson_is_advised_about_its_videos_and_its_course(desk: Desk) -> None:
    waiting = ready_video(created_by=desk.author, title="还在转", state=Video.State.QUEUED)
    failed = ready_video(created_by=desk.author, title="坏了", state=Video.State.FAILED)
    course = CoursePageFactory(node=desk.world.branch, live=False, title="没发布的课程")
    lesson = LessonPageFactory(course=course, body=[("video", waiting), ("video", failed), ("video", desk.video)])
    said = [line.text for line in checklist_of(lesson).advice]
    assert said == [
        "“还在转”还在处理，处理好了才能看。",
        "“坏了”没有处理成功，请换一个，或者重新上传。",
        "课程“没发布的课程”还没有发布，党员看不到里面的课。",
    ]
    empty = LessonPageFactory(course=desk.course, body=[])
    assert [line.text for line in checklist_of(empty).advice] == ["这一讲还没有内容。"]


def test_a_pdf_that_phones_cannot_show_is_told_in_the_lesson_and_on_its_own_page(
    desk: Desk, django_assert_num_queries: Any
) -> None:
    stood = [("queued", ""), ("failed", "encrypted"), ("failed", "many_pages"), ("failed", "unreadable"), ("ready", "")]
    papers = [paper_of(desk.author, f"{state}{code}") for state, code in stood]
    for paper, (state, code) in zip(papers, stood, strict=True):
        DrawnPaper.objects.filter(document=paper).update(state=state, error_code=code, pages=3)
    lesson = LessonPageFactory(course=desk.course, body=[("document", paper) for paper in papers])
    lesson = LessonPage.objects.get(pk=lesson.pk)
    list(lesson.body)
    with django_assert_num_queries(1):
        found = list(_advice_for_papers(lesson))
    said = [line.text for line in found]
    assert [text.split("”")[0] for text in said] == [
        "“queued",
        "“failedencrypted",
        "“failedmany_pages",
        "“failedunreadable",
    ]
    told = ["正在处理", "有密码", "最多 200 页", "文件可能不完整"]
    assert all(words in text and "只能打开原来的文件" in text for words, text in zip(told, said, strict=True))
    assert all("换一个文件" in text for text in said[1:])
    assert [line.url for line in found] == [f"#block-{block.id}-section" for block in list(lesson.body)[:4]]
    shown = list_in(desk.client.get(desk.edit(lesson)).content.decode())
    assert all(text in shown for text in said)
    pages = [desk.client.get(reverse("wagtaildocs:edit", args=[paper.pk])).content.decode() for paper in papers]
    assert all(words in page for words, page in zip([*told, "一页一页看，共 3 页"], pages, strict=True))
    plain = Document.objects.create(title="表", file=ContentFile(b"a", name="a.txt"), uploaded_by_user=desk.author)
    assert "一页一页" not in desk.client.get(reverse("wagtaildocs:edit", args=[plain.pk])).content.decode()


def test_a_course_is_advised_and_lists_its_lessons(desk: Desk) -> None:
    edit = reverse("wagtailadmin_pages:edit", args=[desk.course.pk])
    shown = list_in(desk.client.get(edit).content.decode())
    for words in ("课程里还没有课。", "还没有写课程介绍。", "没有选封面，现在用课程名称做成封面。", desk.add):
        assert words in shown
    LessonPageFactory(course=desk.course, title="甲", live=False)
    shown = list_in(desk.client.get(edit).content.decode())
    assert "里面的课都还没有发布。" in shown
    assert re.search(r"甲</a> · 草稿", shown)
    lesson = LessonPageFactory(course=desk.course, title="乙")
    LessonPage.objects.filter(pk=lesson.pk).update(has_unpublished_changes=True)
    shown = list_in(desk.client.get(edit).content.decode())
    assert "里面的课都还没有发布。" not in shown
    assert re.search(r"乙</a> · 已发布，有没发布的修改", shown)


def test_a_course_of_many_lessons_costs_no_more(desk: Desk) -> None:
    LessonPageFactory(course=desk.course)
    course = CoursePage.objects.get(pk=desk.course.pk)
    with CaptureQueriesContext(
        connection,
    ) as one:
        checklist_of(course)
    for _number in range(5):
        LessonPageFactory(course=desk.course)
    course = CoursePage.objects.get(pk=desk.course.pk)
    with CaptureQueriesContext(connection) as six:
        assert len(checklist_of(course).lessons) == 6
    assert len(six) == len(one)


def test_after_a_refusal_the_list_says_for_what_and_leads_there(desk: Desk) -> None:
    """The page that is stored has all it needs: what was sent has not, and is not taken."""
    lesson = desk.published()
    values = desk.values("第一讲", ("picture", {"image": desk.picture.pk, "alt": ""}), **{"action-publish": "1"})
    values["body-0-id"] = block = "11111111-2222-4333-8444-555555555555"
    for url in (desk.edit(lesson), desk.add):
        answer = desk.client.post(url, values)
        assert answer.status_code == 200
        shown = list_in(answer.content.decode())
        assert "补上下面这些才能发布：" in shown
        assert "第 1 块“图片”：图片说明：请写一句图片说明" in shown
        assert f'href="#block-{block}-section"' in shown
        assert "可以发布了" not in shown
        assert "没有要发布的修改" not in shown
        assert "还没有内容" not in shown, "what was written stands in the form"
    nameless = desk.client.post(desk.edit(lesson), {**values, "title": ""}).content.decode()
    assert f'href="{FIELD.format("title")}"' in list_in(nameless)
    assert LessonPage.objects.get().title == lesson.title


def test_autosave_brings_the_list_back_as_it_is_now(desk: Desk) -> None:
    lesson = draft_of(desk, ("text", text("先看路")), title="第一讲")
    values = desk.values("第一讲", ("picture", {"image": desk.picture.pk, "alt": ""}))
    saved = autosave(desk, desk.edit(lesson), values)
    assert saved["success"] is True
    assert "#page-checklist" in saved["html"]
    assert "请写一句图片说明" in saved["html"]


def test_a_page_that_is_not_stored_yet_has_a_list_that_says_so(desk: Desk) -> None:
    assert "保存以后，这里写着发布以前还缺什么。" in list_in(desk.client.get(desk.add).content.decode())


def test_from_nothing_to_a_published_lesson_with_a_video_in_five_steps(desk: Desk) -> None:
    shelf = desk.course.get_parent().pk
    steps = 1  # the shelf's "add"
    new = reverse("wagtailadmin_pages:add", args=["cms", "coursepage", shelf])
    assert desk.client.get(new).status_code == 200
    values = {"title": "防汛", "node": desk.world.branch.pk, "intro": EMPTY, "cover": "", "action-publish": "1"}
    answer = desk.client.post(new, values, follow=True)
    course = CoursePage.objects.get(title="防汛")
    again = desk.client.post(reverse("wagtailadmin_pages:edit", args=[course.pk]), values)
    assert again["Location"] == answer.redirect_chain[-1][0]  # as after autosave
    steps += 1
    assert answer.redirect_chain[-1][0] == reverse("wagtailadmin_pages:edit", args=[course.pk])
    add = f"/admin/pages/add/cms/lessonpage/{course.pk}/"
    assert answer.content.decode().count(f'href="{add}"') >= 2  # at its head and in its list
    assert desk.client.get(add).status_code == 200
    steps += 1
    # the video is chosen, and the lesson published
    values = desk.values("第一讲", ("video", str(desk.video.pk)), **{"action-publish": "1"})
    assert desk.client.post(add, values).status_code == 302
    steps += 2
    lesson = LessonPage.objects.get()
    assert (lesson.live, lesson.get_parent().pk, steps) == (True, course.pk, 5)
    assert f'href="{add}"' in desk.client.get(desk.edit(lesson)).content.decode()


def test_nobody_is_offered_a_lesson_in_a_course_that_is_not_theirs(desk: Desk) -> None:
    desk.client.force_login(desk.neighbour)
    assert desk.client.get(reverse("wagtailadmin_pages:edit", args=[desk.course.pk])).status_code == 404


def test_a_lesson_that_asks_for_its_quizzes_says_what_they_lack(desk: Desk) -> None:
    quiz = make_quiz(desk.world.branch, desk.author, SINGLE, title="限次", most_attempts=2)
    off = make_quiz(desk.world.branch, desk.author, SINGLE, title="撤下")
    free = make_quiz(desk.world.branch, desk.author, SINGLE, title="不限")
    withdraw_quiz(quiz_id=off.pk, as_of=timezone.now())
    without = LessonPageFactory(course=desk.course, body=[("text", "<p>字</p>")], asks_quiz=True)
    bodies = [("quiz", one) for one in (quiz, Quiz.objects.get(pk=off.pk), free)]
    lesson = LessonPageFactory(course=desk.course, body=bodies, asks_quiz=True)
    assert "里面还没有练习" in checklist_of(without).advice[0].text
    said = [line.text for line in checklist_of(LessonPage.objects.get(pk=lesson.pk)).advice[:3]]
    assert [("限了次数" in text, "不会要求通过" in text) for text in said[:2]] == [(True, False), (False, True)]
    assert not any("不限”" in text for text in said)
