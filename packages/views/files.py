"""A package's files: ``/packages/<token>/<path>``, each with headers that keep its script away from ours (ADR 82).

Whatever is opened here is sandboxed and of no origin: no cookie, no storage, no page of ours can be reached from it,
and it may load nothing but what lies below its own address.
"""

import codecs
import gzip
import mimetypes
import re
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from media import storage
from media.views.files import send
from packages.core.names import is_fit
from packages.models import Package
from packages.queries import standard_of
from packages.signing import UnableToVerify, verified

RUNTIME = "~scorm.js"
RUNTIMES = {Package.Standard.SCORM_12.value: "scorm12.js", Package.Standard.SCORM_2004.value: "scorm2004.js"}
PAGES = frozenset({".htm", ".html", ".xhtml"})
LARGEST_PAGE = 8 * 2**20
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".woff2": "font/woff2", ".woff": "font/woff"}
KEPT = "private, max-age=14400"
_HEAD = re.compile(rb"<head(?:\s[^>]*)?>", re.IGNORECASE)
_HTML = re.compile(rb"<html(?:\s[^>]*)?>", re.IGNORECASE)
_DOCTYPE = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<!doctype[^>]*>", re.IGNORECASE)


@require_safe
def file(request: HttpRequest, token: str, path: str) -> HttpResponseBase:
    """Answer one file of the package that the token opens; 404 for everything else."""
    try:
        key = verified(token, as_of=timezone.now())
    except UnableToVerify as error:
        raise Http404 from error
    response = _runtime(request, key) if path == RUNTIME else _own(request, key, path)
    base = request.build_absolute_uri(f"/packages/{token}/")
    return _apart(response, base)


def _own(request: HttpRequest, key: str, path: str) -> HttpResponseBase:
    found = storage.stored(storage.relative(storage.packages_folder(key) / path)) if is_fit(path) else None
    if found is None:
        raise Http404
    suffix = Path(path).suffix.lower()
    if suffix in PAGES and found.size <= LARGEST_PAGE:
        # Its own words say in which encoding it is written.
        response: HttpResponseBase = HttpResponse(with_runtime(found.read(), path), content_type="text/html")
        response["Content-Type"] = "application/xhtml+xml" if suffix == ".xhtml" else "text/html"
        return response
    response = send(request, found)
    guessed = mimetypes.guess_type(Path(path).name)[0]
    response["Content-Type"] = TYPES.get(suffix) or guessed or "application/octet-stream"
    return response


def with_runtime(page: bytes, path: str) -> bytes:
    """Return a page of the package with its first script, which puts SCORM's object into the page's own window
    (frontend/src/lib/scorm.ts): a frame of no origin sees no other window's."""
    if page[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):  # old tools of Windows; the mark outdoes a meta element
        page = page.decode("utf-16", "replace").encode("utf-8-sig")
    up = "../" * path.count("/")
    tag = f'<script src="{up}{RUNTIME}"></script>'.encode()
    for place in (_HEAD, _HTML, _DOCTYPE):
        if found := place.search(page):
            return page[: found.end()] + tag + page[found.end() :]
    if page.startswith(codecs.BOM_UTF8):
        return codecs.BOM_UTF8 + tag + page.removeprefix(codecs.BOM_UTF8)
    return tag + page


@cache
def _script(name: str) -> tuple[bytes, bytes]:
    path = finders.find(f"js/{name}")
    if path is None:
        raise Http404
    text = Path(path).read_bytes()
    return text, gzip.compress(text)


def _runtime(request: HttpRequest, key: str) -> HttpResponse:
    standard = standard_of(key)
    if not standard:
        raise Http404
    plain, packed = _script(RUNTIMES[standard])
    takes = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(packed if takes else plain, content_type="text/javascript; charset=utf-8")
    if takes:
        response["Content-Encoding"] = "gzip"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _apart(response: HttpResponseBase, base: str) -> HttpResponseBase:
    own = f"{base} data: blob:"
    response["Content-Security-Policy"] = "; ".join(
        (
            "sandbox allow-scripts allow-forms allow-modals",
            f"default-src {own} 'unsafe-inline' 'unsafe-eval'",
            f"base-uri {base}",
            f"form-action {base}",
            "object-src 'none'",
            # Frames within the package have an ancestor of no origin; who may show it at all, the address says.
            "frame-ancestors *",
        )
    )
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["X-Content-Type-Options"] = "nosniff"
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Referrer-Policy"] = "no-referrer"
    response.setdefault("Cache-Control", KEPT)
    return response
