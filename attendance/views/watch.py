"""The watch API of every player: ``POST /watch/<occasion_id>/play`` and ``…/report``. JSON in, WatchState out."""

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from attendance.clock import clock
from attendance.core.reading import is_reading
from attendance.operations import (
    UnableToReportWatched,
    UnableToStartWatch,
    WatchReport,
    report_together,
    start_watch,
)
from attendance.queries import occasion_for
from organizations.models import User

MOST_BYTES = 32 * 1024
STATUS = {
    "not_open": 409, "void": 409, "final": 409, "no_media": 404, "withdrawn": 410, "not_expected": 404,
    "no_session": 404, "busy": 503,
}  # fmt: skip

View = Callable[[HttpRequest, int, User, dict[str, Any]], JsonResponse]


def _messages(code: str) -> str:
    return {
        "signed_out": _("登录已过期，请重新登录。已看的部分保存在手机上，登录后会补传。"),
        "not_open": _("还没有开始。"),
        "void": _("这一场不再计入，不用补学。"),
        "final": _("这一场早已认定完毕，现在看的不再记录。"),
        "no_media": _("这里没有可看的视频。"),
        "withdrawn": _withdrawn_message(),
        "not_expected": _("您现在不在这一场的名单里，学习时间不再记录。有疑问请联系支部书记。"),
        "no_session": _("没有找到这次观看，请重新打开页面。"),
        "busy": _("保存较忙，会自动重试。"),
    }.get(code, _("提交的内容不对，请刷新页面。"))


def _error(code: str, status: int | None = None) -> JsonResponse:
    answer = JsonResponse({"error": code, "message": _messages(code)}, status=status or STATUS.get(code, 400))
    if code == "busy":
        answer["Retry-After"] = "2"
    return answer


def _api(view: View) -> Callable[[HttpRequest, int], JsonResponse]:
    """Answer in JSON whatever happens: 401 signed out, 404 not theirs, 400 unreadable."""

    @wraps(view)
    def answered(request: HttpRequest, occasion_id: int) -> JsonResponse:
        user = request.user
        if not isinstance(user, User) or not user.is_active:
            return _error("signed_out", 401)
        body = _body(request)
        if body is None:
            return _error("bad_request")
        return view(request, occasion_id, user, body)

    guarded: Callable[[HttpRequest, int], JsonResponse] = require_POST(never_cache(answered))
    return guarded


def _body(request: HttpRequest) -> dict[str, Any] | None:
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        return None
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


@_api
def play(request: HttpRequest, occasion_id: int, user: User, body: dict[str, Any]) -> JsonResponse:
    """Begin a session: ``{device, media}``; the answer says where to resume and what counts already."""
    if occasion_for(user, occasion_id) is None:
        return _error("not_expected")
    if is_reading(str(body.get("media", ""))):
        return _error("no_media")  # a text is no film: its page alone says how long it stood open
    try:
        state = start_watch(
            occasion_id=occasion_id,
            member_id=user.pk,
            device=body.get("device", ""),
            media=body.get("media", ""),
            as_of=clock().now(),
        )
    except UnableToStartWatch as error:
        return _error(error.code)
    return JsonResponse(asdict(state))


@_api
def report(request: HttpRequest, occasion_id: int, user: User, body: dict[str, Any]) -> JsonResponse:
    """Take a report ``{session, id, ranges_ms, rate, position_ms}``; acknowledged only after the commit.

    What comes after the deadline is kept and decides nothing, and of a piece that was withdrawn nothing more is
    credited: the answer's ``code`` ("late", "withdrawn", else "") and ``message`` say so.
    """
    session = body.get("session")
    if not isinstance(session, int) or not 0 < session < 1 << 63:
        return _error("no_session")
    try:
        state = report_together(
            WatchReport(
                session_id=session,
                member_id=user.pk,
                client_id=body.get("id", ""),
                ranges_ms=body.get("ranges_ms", []),
                rate=body.get("rate", 1.0),
                position_ms=body.get("position_ms", 0),
                as_of=clock().now(),
                occasion_id=occasion_id,
            )
        )
    except UnableToReportWatched as error:
        return _error(error.code)
    code = "withdrawn" if state.is_withdrawn else "late" if state.is_late else ""
    said = {"withdrawn": _withdrawn_message, "late": _late_message}
    return JsonResponse({**asdict(state), "code": code, "message": said[code]() if code else ""})


def _withdrawn_message() -> str:
    return _("这一讲老师正在修改，学过的都保存着。")


def _late_message() -> str:
    return _(
        "补学期限已过：这次看的会保存在记录里，不再改变结果。如果是在期限前离线看的，请告诉支部书记，由书记核实更正。"
    )
