"""What the lecturer's desk asks about slides: the list, a new PDF, one of the library, taking one away."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from wagtail.documents import get_document_model
from wagtail.permissions import policy_registry

from cms.uploads import elsewhere, head_of, kind_of
from live import operations, queries
from live.models import Lecture, SlideDeck
from live.permissions import may_host
from live.views.access import lecture_json
from media.sentences import pdf_reason
from media.signing import signed_url
from organizations.models import User
from organizations.permissions import signed_in

PAPERS_SHOWN = 20
TITLE_LETTERS = 80


def slides_url(lecture: Lecture, user: User) -> str:
    """Return the signed address below which this person finds ``<deck>/<width>/<page>.jpg`` of a lecture."""
    return signed_url(root="slides", object_id=str(lecture.pk), viewer_id=user.pk, path="", as_of=timezone.now())


@require_http_methods(["GET", "POST"])
@lecture_json(may_host)
def slides(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """GET: the decks. POST: a new one, a ``file`` or a ``document`` of the library; ``replaces``: instead of that."""
    if request.method == "GET":
        rows = [_row(deck) for deck in queries.decks_of(lecture.pk).select_related("replaces")]
        return JsonResponse({"decks": rows, "url": slides_url(lecture, signed_in(request))})
    try:
        file, name = _chosen(request)
        deck = operations.add_deck(
            occasion_id=lecture.pk,
            actor_id=signed_in(request).pk,
            name=name,
            chunks=file.chunks(),
            as_of=timezone.now(),
            replaces=_plain(request.POST.get("replaces", "")),
        )
    except operations.UnableToAddSlides as error:
        return JsonResponse({"error": "refused", "message": str(error)}, status=409)
    return JsonResponse({"deck": deck.key})


@require_GET
@lecture_json(may_host)
def papers(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """PDFs of the library that this person may choose, the newest first, searched by title."""
    found = _choosable(signed_in(request)).filter(title__icontains=_plain(request.GET.get("q", ""))[:TITLE_LETTERS])
    rows = found.order_by("-created_at", "-pk").values_list("pk", "title")[:PAPERS_SHOWN]
    return JsonResponse({"papers": [{"id": pk, "title": title} for pk, title in rows]})


@require_POST
@lecture_json(may_host)
def remove(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """Take a deck away."""
    operations.remove_deck(
        occasion_id=lecture.pk,
        deck=_plain(request.POST.get("deck", "")),
        actor_id=signed_in(request).pk,
        as_of=timezone.now(),
    )
    return JsonResponse({"removed": True})


def _plain(text: str) -> str:
    """Without what no database asks for (PostgreSQL)."""
    return text.replace("\x00", "")


def _row(deck: SlideDeck) -> dict[str, Any]:
    return {
        "id": deck.pk,
        "deck": deck.key,
        "name": deck.name,
        "state": deck.state,
        "pages": deck.pages,
        "done": deck.done,
        "fault": pdf_reason(deck.error_code) if deck.state == SlideDeck.State.FAILED else "",
        "replaces": deck.replaces.name if deck.replaces and deck.replaces.removed_at is None else "",
    }


def _choosable(user: User) -> Any:
    documents = policy_registry.get_by_type(get_document_model())
    allowed = documents.instances_user_has_any_permission_for(user, ["choose"])
    return allowed.filter(file__iendswith=".pdf")


def _chosen(request: HttpRequest) -> tuple[Any, str]:
    """The PDF that was sent or chosen, and its name. Raises UnableToAddSlides."""
    number = request.POST.get("document", "")
    if number:
        known = number.isascii() and number.isdigit() and len(number) < 19
        paper = _choosable(signed_in(request)).filter(pk=number).first() if known else None
        if paper is None:
            raise operations.UnableToAddSlides(_("文档库里已经没有这份文档，请另选一份。"))
        return paper.file, paper.title
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        raise operations.UnableToAddSlides(_("没有收到文件。请再选一次 PDF 文件。"))
    if not file.size:
        raise operations.UnableToAddSlides(_("这个文件是空的。请重新选择。"))
    head = head_of(file)
    if kind_of(head) != "pdf":
        said = _("课件要用 PDF。请在 PowerPoint 或 WPS 里选“另存为 PDF”，再上传那一份。")
        raise operations.UnableToAddSlides(elsewhere(head, here="document") if kind_of(head) == "film" else said)
    return file, file.name or ""
