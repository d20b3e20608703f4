"""A PDF in a lesson is read page by page on a phone; what could not be drawn is still a file."""

import re
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.files.base import ContentFile
from django.test import Client
from wagtail.documents.models import Document

from cms.models import DrawnPaper
from tests.factories.cms import LessonPageFactory, drawn
from tests.factories.courses import Given
from tests.factories.organizations import County
from tests.pdfs import make_pdf

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]


@pytest.fixture
def document(var_dir: Any) -> Document:
    return Document.objects.create(title="防汛手册", file=ContentFile(make_pdf(2), name="shouce.pdf"))


@pytest.fixture
def lesson(given: Given, document: Document) -> str:
    return f"/courses/{given.run.pk}/{LessonPageFactory(course=given.page, body=[('document', document)]).pk}/"


def seen(client: Client, url: str) -> Any:
    return BeautifulSoup(client.get(url).content, "html.parser")


def test_pages_are_pictures_that_keep_their_place_and_are_large_when_tapped(
    client: Client, world: County, lesson: str, document: Document
) -> None:
    client.force_login(world.member)
    file = f"{lesson}documents/{document.pk}/"
    [card] = seen(client, lesson).select(f'a[href^="{file}"]')
    assert "PDF" in card.get_text()
    assert "页" not in card.get_text()
    assert "正在处理，现在只能打开原来的文件" in card.get_text()
    for code, why in [
        ("encrypted", "有密码"),
        ("many_pages", "超过 200 页"),
        ("unreadable", "不完整"),
        ("timeout", "没有"),
    ]:
        DrawnPaper.objects.update(state=DrawnPaper.State.FAILED, error_code=code)
        [card] = seen(client, lesson).select(f'a[href^="{file}"]')
        assert re.search(f"{why}.*，只能打开原来的文件", card.get_text()), code
        assert client.get(f"{file}pages/").status_code == 404
    paper = drawn(document, 2)
    [card] = seen(client, lesson).select(f'a[href="{file}pages/"]')
    assert "PDF · 2 页" in card.get_text()
    page = seen(client, f"{file}pages/")
    at = f"{file}pages/{paper.key}"
    assert [(one["src"], one["width"], one["height"]) for one in page.select("main img")] == [
        (f"{at}/720/1.jpg", "720", "1018"),
        (f"{at}/720/2.jpg", "720", "1018"),
    ]
    assert [one["href"] for one in page.select("figure a")] == [f"{at}/1280/1.jpg", f"{at}/1280/2.jpg"]
    assert page.select_one(f'a[href="{file}"]')
    picture = client.get(f"{at}/720/2.jpg")
    assert (picture["Content-Type"], picture["Cache-Control"]) == ("image/jpeg", "private, max-age=86400")
    assert b"".join(picture.streaming_content).startswith(b"\xff\xd8")


def test_with_little_data_a_page_comes_when_it_is_tapped(
    client: Client, world: County, lesson: str, document: Document
) -> None:
    client.force_login(world.member)
    drawn(document, 2)
    client.post("/display/", {"lite": "1", "next": lesson})
    page = seen(client, f"{lesson}documents/{document.pk}/pages/")
    assert page.select("main img") == []
    assert [one.get_text().strip() for one in page.select("a[data-picture]")] == ["第 1 页", "第 2 页"]


def test_what_is_not_there_is_404(client: Client, world: County, lesson: str, document: Document) -> None:
    client.force_login(world.member)
    pages = f"{lesson}documents/{document.pk}/pages/"
    assert client.get(pages).status_code == 404, "not drawn yet"
    paper = drawn(document, 1)
    for wrong in ("720/2.jpg", "720/0.jpg", "719/1.jpg"):
        assert client.get(f"{pages}{paper.key}/{wrong}").status_code == 404, wrong
    assert client.get(f"{pages}{'0' * 32}/720/1.jpg").status_code == 404
    client.force_login(world.neighbours[0])
    assert client.get(pages).status_code == 404
    assert client.get(f"{pages}{paper.key}/720/1.jpg").status_code == 404
    client.force_login(world.member)
    DrawnPaper.objects.update(key="9" * 32)
    assert client.get(f"{pages}{'9' * 32}/720/1.jpg").status_code == 404, "its file is gone"


def test_a_document_of_another_lesson_shows_no_pages(
    client: Client, world: County, given: Given, document: Document
) -> None:
    drawn(document, 1)
    client.force_login(world.member)
    other = f"/courses/{given.run.pk}/{given.lesson.pk}/documents/{document.pk}/pages/"
    assert client.get(other).status_code == 404


def test_a_lesson_asks_once_for_all_its_documents(
    client: Client, world: County, given: Given, var_dir: Any, django_assert_max_num_queries: Any
) -> None:
    papers = [Document.objects.create(title=f"手册{n}", file=ContentFile(make_pdf(1), name="a.pdf")) for n in range(6)]
    for paper in papers:
        drawn(paper)
    body = [("document", paper) for paper in papers]
    lesson = f"/courses/{given.run.pk}/{LessonPageFactory(course=given.page, body=body).pk}/"
    client.force_login(world.member)
    client.get(lesson)
    with django_assert_max_num_queries(20):
        assert len(seen(client, lesson).select('a[href$="/pages/"]')) == 6
