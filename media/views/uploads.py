"""Resumable uploads: tus 1.0 core with creation, expiration and termination, under ``/uploads/``.

Only for those who may upload; each sees only their own. Django's CSRF check applies: the client sends X-CSRFToken.
A PATCH that comes through ``media/views/pieces.py`` reaches ``one`` without its body: all is asked here, as for any
other request, and the opened piece is handed over for the bytes, which are written as they come. Elsewhere (WSGI) they
are read here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.http import http_date
from django.views.decorators.http import require_http_methods

from media.core import tus
from media.models import Upload
from media.operations import (
    Piece,
    UnableToUpload,
    append_upload,
    begin_piece,
    create_upload,
    drop_upload,
    rename_upload,
    resume_upload,
)
from media.permissions import may_upload
from media.queries import uploads_of

STATUS = {
    "bad_length": 400,
    "bad_request": 400,
    "signed_out": 401,
    "not_allowed": 404,
    "gone": 404,
    "conflict": 409,
    "too_large": 413,
    "locked": 423,
    "too_many": 429,
    "busy": 503,
    "away": 503,
    "elsewhere": 503,
    "bucket_full": 507,
    "no_room": 507,
    "disk_full": 507,
}
READ_BYTES = 256 * 1024
BODY_TYPE = "application/offset+octet-stream"
HANDOVER = "fingertip.piece"  # in the ASGI scope
View = Callable[..., HttpResponseBase]


@dataclass
class Handover:
    """Where ``one`` leaves the opened piece for whoever brings its bytes."""

    piece: Piece | None = None


def tus_view(view: View) -> View:
    """Right, protocol version and errors are the same for every request; so are the protocol's headers."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = _checked(request) or view(request, *args, **kwargs)
        except UnableToUpload as error:
            response = refused(error)
        except tus.UnableToParse:
            response = refused(UnableToUpload("bad_request"))
        response["Tus-Resumable"] = tus.VERSION
        response["Cache-Control"] = "no-store"
        return response

    return wrapped


def _checked(request: HttpRequest) -> HttpResponseBase | None:
    if not request.user.is_authenticated:
        return refused(UnableToUpload("signed_out"))
    if not may_upload(request.user):
        raise Http404
    if request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != tus.VERSION:
        response = HttpResponse(status=412)
        response["Tus-Version"] = tus.VERSION
        return response
    return None


def refused(error: UnableToUpload) -> HttpResponse:
    body = {"error": error.code, "message": error.message}
    return JsonResponse(body, status=STATUS[error.code], json_dumps_params={"ensure_ascii": False})


@require_http_methods(["OPTIONS", "POST"])
@tus_view
def create(request: HttpRequest) -> HttpResponseBase:
    """OPTIONS: what this server can do. POST: a new, empty upload."""
    if request.method == "OPTIONS":
        response = HttpResponse(status=204)
        response["Tus-Version"] = tus.VERSION
        response["Tus-Extension"] = tus.EXTENSIONS
        response["Tus-Max-Size"] = str(settings.MEDIA_MAX_UPLOAD_BYTES)
        return response
    about = tus.parse_metadata(request.headers.get("Upload-Metadata", ""))
    upload = create_upload(
        owner_id=_user_id(request),
        length=tus.parse_length(request.headers.get("Upload-Length")),
        filename=about.get("filename", ""),
        title=about.get("title", ""),
        as_of=timezone.now(),
    )
    response = HttpResponse(status=201)
    response["Location"] = reverse("upload", args=[upload.pk])
    return with_offset(response, upload)


@require_http_methods(["HEAD", "PATCH", "DELETE"])
@tus_view
def one(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    """HEAD: how far it is. PATCH: more bytes. DELETE: forget it."""
    if request.method == "PATCH":
        return _append(request, upload_id)
    if request.method == "DELETE":
        drop_upload(upload_id=upload_id, owner_id=_user_id(request))
        return HttpResponse(status=204)
    upload = uploads_of(owner_id=_user_id(request)).filter(pk=upload_id).first()
    if upload is None or (upload.video_id is None and upload.expires_at <= timezone.now()):
        raise UnableToUpload("gone")
    if upload.video_id is None:
        upload = resume_upload(upload=upload)
    response = with_offset(HttpResponse(status=200), upload)
    response["Upload-Length"] = str(upload.length)
    return response


def _append(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    if request.content_type != BODY_TYPE:
        return HttpResponse(status=415)
    offset, owner_id, now = tus.parse_length(request.headers.get("Upload-Offset")), _user_id(request), timezone.now()
    if title := tus.parse_metadata(request.headers.get("Upload-Metadata", "")).get("title"):
        rename_upload(upload_id=upload_id, owner_id=owner_id, title=title)  # typed when the file was chosen again
    handover = getattr(request, "scope", {}).get(HANDOVER)
    if handover is None:
        chunks = _body(request)
        upload = append_upload(upload_id=upload_id, owner_id=owner_id, offset=offset, chunks=chunks, as_of=now)
    else:
        handover.piece = begin_piece(upload_id=upload_id, owner_id=owner_id, offset=offset, as_of=now)
        upload = handover.piece.upload
    return with_offset(HttpResponse(status=204), upload)


def _body(request: HttpRequest) -> Iterator[bytes]:
    """The body piece by piece; a connection that breaks off ends it, and what came is kept."""
    try:
        while chunk := request.read(READ_BYTES):
            yield chunk
    except UnreadablePostError:
        return


def with_offset(response: HttpResponse, upload: Upload) -> HttpResponse:
    response["Upload-Offset"] = str(upload.offset)
    if upload.video_id is None:
        response["Upload-Expires"] = http_date(upload.expires_at.timestamp())
    else:
        response["Upload-Video"] = str(upload.video_id)
    return response


def _user_id(request: HttpRequest) -> int:
    return request.user.pk or 0  # signed in: checked before
