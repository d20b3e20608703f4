"""Health, metrics, the offline shell and the error pages: pages that belong to no app."""

import hmac
import random
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import DatabaseError, InterfaceError, connection
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.template import loader
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView

from config.health import Part, is_ready, readiness
from organizations.door import of_session
from organizations.hashing import RETRY_AFTER_S
from organizations.permissions import operates_everything
from organizations.session_store import SessionStore

BACK_OFFICE, ENTERS_OFFICE = "/admin/", "wagtailadmin.access_admin"
FOR_SCRIPTS = ("/uploads/", "/watch/", "/api/v1/")


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the process answers; touches nothing."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether all that work needs is there: 200 ready, 503 not; which part is missing only to who may know."""
    parts = readiness()
    ready = is_ready(parts)
    body: dict[str, Any] = {"status": "ready" if ready else "unready"}
    if has_token(request) or is_asked_by_whoever_runs_it(request, parts):
        body["checks"] = {part.name: {"ok": part.ok, "detail": part.detail} for part in parts}
    answer = JsonResponse(body, status=200 if ready else 503)
    answer["Cache-Control"] = "no-store"
    return answer


def has_token(request: HttpRequest) -> bool:
    """Whether whoever asks holds METRICS_TOKEN."""
    offered = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(settings.METRICS_TOKEN) and hmac.compare_digest(offered.encode(), settings.METRICS_TOKEN.encode())


def is_asked_by_whoever_runs_it(request: HttpRequest, parts: list[Part]) -> bool:
    """Whether an operator of the whole tree asks; not asked for where there is no session, or no database."""
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not key or not parts[0].ok:
        return False
    request.session = SessionStore(key)
    try:
        return operates_everything(of_session(request))
    except (DatabaseError, InterfaceError):
        return False


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics, for whoever holds METRICS_TOKEN; nobody else learns that the page exists."""
    if not has_token(request):
        raise Http404
    response: HttpResponse = ExportToDjangoView(request)
    return response


@require_safe
@cache_control(max_age=3600, public=True)
def offline(request: HttpRequest) -> HttpResponse:
    """The page that the service worker keeps for a phone without a network."""
    return render(request, "offline.html")


@require_safe
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponseBase:
    """The service worker, at the root so that its scope is the whole site."""
    path = finders.find("js/sw.js")
    if not path:
        raise Http404
    return FileResponse(open(path, "rb"), content_type="text/javascript")


def nothing_here(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Close an address of an included tree that nobody here may use (config/urls.py)."""
    raise Http404


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    return redirect(staticfiles_storage.url("img/icon.svg"), permanent=False)


@require_safe
def proof_of_domain(request: HttpRequest, owner: str, word: str) -> HttpResponse:
    """The file that WeChat or WeCom asks for to see whose this domain is (``VERIFY_FILES``)."""
    found = settings.VERIFY_FILES.get(f"{owner}_verify_{word}.txt")
    if found is None:
        raise Http404
    return HttpResponse(found, content_type="text/plain")


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asks: by what it accepts or sends, or because nothing but scripts ask at that address."""
    asks = "application/json" in request.headers.get("Accept", "") or request.content_type == "application/json"
    return asks or request.path.startswith(FOR_SCRIPTS)


def error_page(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    """A page (or JSON for our own scripts) that says in plain words what happened and what to do next."""
    if wants_json(request):
        return JsonResponse({"error": code, "message": message}, status=status)
    # Rendered without the request: neither the session nor the database may be needed to say sorry.
    return HttpResponse(loader.render_to_string(f"{status}.html", {"message": message}), status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(request, 400, "bad_request", _("这个请求不完整，请返回上一页再试一次。"))


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(request, 403, "forbidden", _("您没有打开这一页的权限。"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_page(request, 403, "csrf", _("页面放得太久了，请刷新后再试一次。"))


def enters_office(request: HttpRequest) -> bool:
    """Whether whoever asks may enter the back office.

    Django makes error pages in a thread of its own where nobody closes a connection: kept, it would be missing in the
    pool, and broken for good after the database was away.
    """
    try:
        return bool(request.user.has_perm(ENTERS_OFFICE))
    finally:
        if not connection.in_atomic_block:
            connection.close()


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if request.path.startswith(BACK_OFFICE) and not wants_json(request) and enters_office(request):
        return HttpResponse(loader.render_to_string("wagtailadmin/404.html", request=request), status=404)
    return error_page(request, 404, "not_found", _("没有找到这一页。"))


def not_allowed(request: HttpRequest) -> HttpResponse:
    """What was sent to an address that takes nothing of the kind; a browser that opens one is led on (unsent.py)."""
    return error_page(request, 405, "not_allowed", _("这个地址不接收这样的内容，刚才那一步没有提交。"))


def server_error(request: HttpRequest) -> HttpResponse:
    return error_page(request, 500, "server_error", _("服务器出了点问题，已经记录下来，请稍后再试。"))


def unavailable(request: HttpRequest) -> HttpResponse:
    """Too many, or the database is away: phones and browsers try again by themselves."""
    answer = error_page(request, 503, "busy", _("现在人数较多，请稍等几秒再试，已保存的内容不会丢失。"))
    answer["Retry-After"] = str(RETRY_AFTER_S)
    if request.method == "GET" and answer.headers["Content-Type"].startswith("text/html"):
        # A page comes back by itself, not all at once: scripts spread their own tries.
        answer["Refresh"] = str(RETRY_AFTER_S + random.randrange(RETRY_AFTER_S))
    return answer


def storage_full(request: HttpRequest) -> HttpResponse:
    """The bucket takes no more: what is there can be read, and nothing was stored of this."""
    return error_page(request, 507, "full", _("存储空间满了，这次没有存下来，原来的内容都在。请联系管理员扩容后再试。"))


def too_large(request: HttpRequest, limit: int) -> HttpResponse:
    """``limit`` in bytes. Where it is that of a form with a file, the number is the one that the form offers."""
    offered = limit - settings.FORM_BYTES
    files = (
        settings.ROSTER_MAX_BYTES,
        settings.SLIDES_MAX_BYTES,
        settings.COURSE_FILE_MAX_BYTES,
        settings.PACKAGE_MAX_BYTES,
    )
    is_file = offered in (*files, settings.WAGTAILDOCS_MAX_UPLOAD_SIZE)
    most = f"{offered // 2**20}\xa0MB" if is_file else filesizeformat(limit)
    message = _("发送的内容太大：这里最多 %(limit)s。请减少一些，再试一次。") % {"limit": most}
    return error_page(request, 413, "too_large", message)


def too_slow(request: HttpRequest) -> HttpResponse:
    return error_page(request, 408, "too_slow", _("网络太慢，内容没有传完。请换到网络好的地方，再试一次。"))
