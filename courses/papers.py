"""Documents of a lesson for those who may read it: the file itself, and the pages of a PDF as pictures (ADR 78).

Phones have no reader of their own for PDFs in WeChat's browser, and old ones have none at all.
"""

import io
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from wagtail.documents import get_document_model

from cms.core.lesson import values_of
from cms.library import is_shown_by_right
from cms.models import DrawnPaper, LessonPage
from cms.queries import drawn_papers
from courses.views import private_file, readable_lesson
from courses.withdrawn import told_if_withdrawn
from media import pdf, storage
from organizations.permissions import role_required

WIDE = pdf.WIDTHS[0]


@require_safe
@role_required()
@told_if_withdrawn
def document(request: HttpRequest, occasion_id: int, lesson_id: int, document_id: int) -> FileResponse:
    """Answer a document of a lesson to those who may read the lesson."""
    found = _shown(readable_lesson(request, occasion_id, lesson_id), document_id)
    inline = found.content_disposition == "inline"
    return private_file(
        found.file.open("rb"), content_type=found.content_type, as_attachment=not inline, filename=found.filename
    )


@require_safe
@never_cache
@role_required()
@told_if_withdrawn
def pages(request: HttpRequest, occasion_id: int, lesson_id: int, document_id: int) -> HttpResponse:
    """Show the pages of a PDF below each other, each one large when it is tapped."""
    page = readable_lesson(request, occasion_id, lesson_id)
    found = _shown(page, document_id)
    paper = _drawn(found)

    def address(number: int, width: int) -> str:
        return reverse("courses_document_page", args=[occasion_id, lesson_id, document_id, paper.key, width, number])

    shown = [
        {"number": number, "url": address(number, pdf.PHONE_WIDTH), "large": address(number, WIDE), "size": size}
        for number, size in enumerate(paper.sizes, 1)
    ]
    context = {"tab": "courses", "occasion_id": occasion_id, "page": page, "document": found, "pages": shown}
    return render(request, "courses/pages.html", context)


@require_safe
@role_required()
@told_if_withdrawn
def page_picture(
    request: HttpRequest, occasion_id: int, lesson_id: int, document_id: int, key: str, width: int, nth: int
) -> FileResponse:
    """Answer the picture of one page. ``key`` changes with the file, so that a browser keeps what it has seen."""
    paper = _drawn(_shown(readable_lesson(request, occasion_id, lesson_id), document_id))
    if paper.key != key or width not in pdf.WIDTHS or not 1 <= nth <= paper.pages:
        raise Http404
    picture = storage.stored(storage.relative(storage.papers_folder(key) / str(width) / f"{nth}.jpg"))
    if picture is None:  # the row is there, the file is not
        raise Http404
    return private_file(io.BytesIO(picture.read()), content_type="image/jpeg")


def _shown(page: LessonPage, document_id: int) -> Any:
    """Return a document that this lesson may hand out, or raise Http404."""
    if str(document_id) not in values_of(page.body.raw_data, "document"):
        raise Http404
    found = get_object_or_404(get_document_model(), pk=document_id)
    if not is_shown_by_right(lesson=page, item=found):
        raise Http404
    return found


def _drawn(document: Any) -> DrawnPaper:
    paper = drawn_papers([str(document.pk)]).get(document.pk)
    if paper is None or not paper.is_ready:
        raise Http404
    return paper
