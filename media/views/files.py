"""Signed media files: ``/m/<token>/<path>``.

Playlist, segment, sound or poster: the signature says whom the address was made for, the cookie says who asks, and the
right is theirs now (``media.rights``, ADR 29). The bytes are sent by a web server in front (``MEDIA_ACCEL_PREFIX``) or
by this process. What lies in a bucket that server asks for once and keeps (``MEDIA_CACHE``, ADR 93), and what is on air
on another host likewise (``MEDIA_APART``, ADR 95): each viewer still asks here.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import IO
from urllib.parse import quote

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import http_date, parse_http_date_safe
from django.views.decorators.http import require_safe

from media import storage
from media.core.ranges import ByteRange, UnableToSatisfy, parse_range
from media.elsewhere import address_of
from media.queries import captions_file
from media.rights import is_open_to
from media.signing import Claim, UnableToVerify, stored_address, verify, verify_stored

CONTENT_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".m4s": "video/iso.segment",
    ".mp4": "video/mp4",
    ".m4a": "audio/mp4",
    ".ts": "video/mp2t",
    ".jpg": "image/jpeg",
    ".vtt": "text/vtt; charset=utf-8",
}
PLAYLIST = ".m3u8"
CAPTIONS = ".vtt"
PLAYLIST_KEPT_S = 60
STORED, AIRED = "/_media/stored/", "/_media/aired/"
KEPT = "private, max-age=31536000, immutable"
# Below this a file is read at once: one hop to a thread instead of many, and little memory for a slow phone.
SMALL_BYTES = 256 * 1024
CHUNK_BYTES = 128 * 1024


@require_safe
def serve(request: HttpRequest, token: str, path: str) -> HttpResponseBase:
    """Send one file of the object that the token names, or a single range of it; 404 to everybody but its viewer.

    Captions are sent whole.
    """
    now = timezone.now()
    try:
        claim = verify(token, as_of=now)
    except UnableToVerify as error:
        raise Http404 from error
    session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    suffix = Path(path).suffix
    if suffix not in CONTENT_TYPES or not is_open_to(claim, session_key=session_key, as_of=now):
        raise Http404
    if suffix == CAPTIONS:
        return _captions(claim, path)
    prefix = settings.MEDIA_ACCEL_PREFIX.rstrip("/")
    if prefix and settings.MEDIA_CACHE and suffix != PLAYLIST and storage.is_far(claim.root):
        # The bucket is not even asked whether there is such a file: whoever keeps it knows.
        told = _told(stored_address(root=claim.root, object_id=claim.object_id, path=path, as_of=now))
        told["Content-Type"] = CONTENT_TYPES[suffix]  # nginx would keep the charset of another
        return told
    if prefix and (host := address_of(claim.root, claim.object_id)):
        inner = stored_address(root=claim.root, object_id=claim.object_id, path=path, as_of=now)
        told = _told(f"{AIRED}{host}/{inner.removeprefix(STORED)}")
        told["Content-Type"] = CONTENT_TYPES[suffix]
        return told
    file = storage.resolve(claim.root, claim.object_id, path)
    if file is None:
        raise Http404
    if prefix and file.path is not None:
        response: HttpResponseBase = _told(f"{prefix}/{claim.root}/{claim.object_id}/{path}")
    else:
        response = send(request, file)
    is_file = response.status_code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    return _as_file(response, suffix, _caching(claim.root, suffix) if is_file else "no-store")


def _told(address: str) -> HttpResponse:
    """What the web server in front is told; it sends the headers of this answer and of what it finds there."""
    response = HttpResponse()
    response["X-Accel-Redirect"] = quote(address)
    return response


@require_safe
def stored(request: HttpRequest, token: str, root: str, object_id: str, path: str) -> HttpResponseBase:
    """Send a file of a bucket, or of what is on air on this host, to a web server in front; 404 to others.

    ``serve`` has told it to ask so: this site's, or with what is on air that of another host.
    """
    try:
        verify_stored(token, root=root, object_id=object_id, path=path, as_of=timezone.now())
    except UnableToVerify as error:
        raise Http404 from error
    suffix = Path(path).suffix
    file = storage.resolve(root, object_id, path)
    if suffix not in CONTENT_TYPES or file is None:
        raise Http404
    return _as_file(send(request, file), suffix, _caching(root, suffix))


def _captions(claim: Claim, name: str) -> HttpResponseBase:
    """Captions are no file: they may be replaced or shifted, and then have another name."""
    text = captions_file(video_id=claim.object_id, name=name) if claim.root == "videos" else None
    if text is None:
        raise Http404
    return _as_file(HttpResponse(text), CAPTIONS, _caching(claim.root, CAPTIONS))


def _as_file(response: HttpResponseBase, suffix: str, caching: str) -> HttpResponseBase:
    response["Content-Type"] = CONTENT_TYPES[suffix]
    response["Cache-Control"] = caching
    response["X-Content-Type-Options"] = "nosniff"
    # What a browser keeps is its signed-in person's: after signing out it asks again.
    patch_vary_headers(response, ["Cookie"])
    return response


def _caching(root: str, suffix: str) -> str:
    if suffix != PLAYLIST:
        return KEPT
    return "private, max-age=1" if root == "live" else f"private, max-age={PLAYLIST_KEPT_S}"


def send(request: HttpRequest, file: storage.Found) -> HttpResponseBase:
    """Answer a file, a range of it, or that the browser has it already; the caller names its type.

    What lies in a bucket goes through this process: its address there is no browser's, so that the bytes end with the
    right. Raises storage.UnableToReach.
    """
    etag = file.etag
    response: HttpResponseBase
    if _unchanged(request, etag):
        response = HttpResponse(status=304)
    else:
        try:
            part = _wanted(request, file.size, etag, int(file.modified))
        except UnableToSatisfy:
            response = HttpResponse(status=416)
            response["Content-Range"] = f"bytes */{file.size}"
            return response
        response = _body(request, file, part or ByteRange(0, file.size - 1))
        if part is not None:
            response.status_code = 206
            response["Content-Range"] = f"bytes {part.first}-{part.last}/{file.size}"
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    response["Last-Modified"] = http_date(file.modified)
    return response


def _unchanged(request: HttpRequest, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")]
    return etag in tags or "*" in tags


def _wanted(request: HttpRequest, size: int, etag: str, modified: int) -> ByteRange | None:
    """The asked range; the whole file if ``If-Range`` means another version of it."""
    condition = request.headers.get("If-Range", "")
    if condition and condition != etag and parse_http_date_safe(condition) != modified:
        return None
    return parse_range(request.headers.get("Range", ""), size=size)


def _body(request: HttpRequest, file: storage.Found, part: ByteRange) -> HttpResponseBase:
    response: HttpResponseBase
    if request.method == "HEAD":
        response = HttpResponse()
    elif part.length <= SMALL_BYTES:
        response = HttpResponse(b"".join(file.open(part.first, part.length)))
    elif file.path is None:
        # Opened before anything is answered: what is away is said with a status, and what is moved stays open.
        stream = file.open(part.first, part.length)
        response = StreamingHttpResponse(stream.pieces() if isinstance(request, ASGIRequest) else stream)
        response._resource_closers.append(stream.close)  # type: ignore[attr-defined] # noqa: SLF001 - as Django does
    elif isinstance(request, ASGIRequest):
        response = StreamingHttpResponse(_chunks_async(file.path, part))
    else:
        response = StreamingHttpResponse(_chunks(file.path, part))
    response["Content-Length"] = str(part.length)
    return response


def _chunks(file: Path, part: ByteRange) -> Iterator[bytes]:
    with file.open("rb") as opened:
        opened.seek(part.first)
        left = part.length
        while left and (data := opened.read(min(CHUNK_BYTES, left))):
            left -= len(data)
            yield data


async def _chunks_async(file: Path, part: ByteRange) -> AsyncIterator[bytes]:
    opened: IO[bytes] = await asyncio.to_thread(file.open, "rb")
    try:
        await asyncio.to_thread(opened.seek, part.first)
        left = part.length
        while left and (data := await asyncio.to_thread(opened.read, min(CHUNK_BYTES, left))):
            left -= len(data)
            yield data
    finally:
        opened.close()
