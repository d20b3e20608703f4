"""Documents drawn for phones: at upload, anew with another file, never twice, gone with their document."""

import datetime as dt
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks as Capture
from wagtail.documents.models import Document

from cms import operations, tasks
from cms.models import DrawnPaper
from media import pdf, storage
from media.operations import Drawing
from tests.pdfs import BROKEN, ENCRYPTED, make_pdf

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
State = DrawnPaper.State


@pytest.fixture(autouse=True)
def hints(monkeypatch: pytest.MonkeyPatch, var_dir: Path) -> list[int]:
    told: list[int] = []
    monkeypatch.setattr(Drawing, "hint", lambda _kind, job_id: told.append(job_id))
    return told


def stored(data: bytes, name: str = "讲义.pdf") -> Document:
    return Document.objects.create(title="讲义", file=ContentFile(data, name=name))


def draw(document: Document) -> DrawnPaper:
    paper = DrawnPaper.objects.get(document=document)
    tasks.draw_paper(paper.pk)
    paper.refresh_from_db()
    return paper


def test_a_pdf_is_drawn_after_the_upload_page_by_page(
    hints: list[int], django_capture_on_commit_callbacks: Capture
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        document = stored(make_pdf(2, size="300 600"))
    paper = draw(document)
    assert hints == [paper.pk]
    assert (paper.state, paper.pages, paper.sizes) == (State.READY, 2, [[720, 1440]] * 2)
    for width in pdf.WIDTHS:
        assert [one.name for one in sorted((storage.papers_folder(paper.key) / str(width)).iterdir())] == [
            "1.jpg",
            "2.jpg",
        ]
    assert operations.draw_paper(paper_id=paper.pk, as_of=timezone.now()) is False, "it is done"


def test_other_files_and_a_title_alone_draw_nothing() -> None:
    stored(b"words", "a.txt")
    assert not DrawnPaper.objects.exists()
    document = stored(make_pdf(1))
    key = draw(document).key
    document.title = "新讲义"
    document.save()
    assert DrawnPaper.objects.get(document=document).key == key


@pytest.mark.parametrize(("name", "is_drawn"), [("新.pdf", True), ("新.docx", False)])
def test_another_file_in_its_place_is_drawn_anew(
    name: str, is_drawn: bool, django_capture_on_commit_callbacks: Capture
) -> None:
    document = stored(make_pdf(1))
    before = draw(document)
    with django_capture_on_commit_callbacks(execute=True):
        document.file = ContentFile(make_pdf(3), name=name)
        document.save()
    assert not storage.papers_folder(before.key).exists()
    assert [one.key != before.key for one in DrawnPaper.objects.all()] == ([True] if is_drawn else [])
    assert not is_drawn or draw(document).pages == 3


def test_a_deleted_document_takes_its_pages_with_it(django_capture_on_commit_callbacks: Capture) -> None:
    document = stored(make_pdf(1))
    paper = draw(document)
    with django_capture_on_commit_callbacks(execute=True):
        document.delete()
    assert not storage.papers_folder(paper.key).exists()
    assert not DrawnPaper.objects.exists()


@pytest.mark.parametrize(("data", "code"), [(BROKEN, "unreadable"), (ENCRYPTED, "encrypted")])
def test_what_cannot_be_drawn_says_why_and_stays_a_file(data: bytes, code: str) -> None:
    paper = draw(stored(data))
    assert (paper.state, paper.error_code, paper.sizes) == (State.FAILED, code, [])


def test_a_file_that_is_not_there_is_given_up_after_three_tries(hints: list[int]) -> None:
    document, now = stored(make_pdf(1)), timezone.now()
    paper = DrawnPaper.objects.get(document=document)
    hints.clear()
    for attempt in range(3):
        at = now + attempt * dt.timedelta(minutes=2)
        assert operations.reconcile_papers(as_of=at) == 1
        assert operations.PAPERS.claim(job_id=paper.pk, as_of=at) is not None
    tasks.reconcile_papers()
    assert operations.reconcile_papers(as_of=now + dt.timedelta(minutes=6)) == 0
    paper.refresh_from_db()
    assert (paper.state, hints) == (State.FAILED, [paper.pk] * 3)


def test_papers_from_before_are_drawn_by_and_by() -> None:
    document = stored(make_pdf(1))
    stored(b"words", "a.txt")
    DrawnPaper.objects.all().delete()
    schema: Any = None
    import_module("cms.migrations.0013_draw_what_there_is").draw_what_there_is(apps, schema)
    assert [(one.document_id, one.state) for one in DrawnPaper.objects.all()] == [(document.pk, State.QUEUED)]
    assert draw(document).state == State.READY
