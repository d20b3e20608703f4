"""A device outside (OBS): the page where a host makes its key, and the two addresses that it uses (WHIP, RFC 9725).

Only a process with rooms carries devices: nginx leads their addresses there (deploy/nginx.conf.in).
"""

import asyncio
import hmac
from collections.abc import Coroutine
from functools import partial
from typing import Any, TypeVar

import structlog
from django.contrib import messages
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from live import operations, queries
from live.core.media.sdp import is_offer_to_send
from live.engines.base import EngineError, UnableToNegotiate
from live.models import EncoderKey, Lecture
from live.operations.encoders import digest_of
from live.permissions import may_host
from live.room.process import RoomProcess
from live.room.turn import ice_servers
from live.views.access import lecture_page
from organizations import limits
from organizations.operations import UnableToTry
from organizations.permissions import signed_in

log = structlog.get_logger(__name__)
T = TypeVar("T")
SDP = "application/sdp"
PATIENCE_S = 20.0
NOBODY = digest_of("")
SHOWN_ONCE = "encoder_key"


@require_http_methods(["GET", "POST"])
@lecture_page(may_host)
def encoder(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """Make a lecture's key, another one, or take it back.

    The key is shown once, after a redirect: kept in the session until then, so that a page loaded again makes none.
    """
    context: dict[str, Any] = {"lecture": lecture, "occasion": lecture.occasion}
    if request.method == "POST":
        actor_id = signed_in(request).pk
        if request.POST.get("do") == "withdraw":
            operations.withdraw_encoder_key(occasion_id=lecture.pk, actor_id=actor_id)
            messages.success(request, _("推流密钥已收回。正在用它送画面的设备会断开。"))
            return redirect("live_encoder", occasion_id=lecture.pk)
        make = partial(operations.make_encoder_key, occasion_id=lecture.pk, actor_id=actor_id)
        try:
            request.session[SHOWN_ONCE] = make(as_of=timezone.now())
            return redirect("live_encoder", occasion_id=lecture.pk)
        except operations.UnableToMakeKey as error:
            context["refusal"] = str(error)
    made = context["made"] = queries.encoder_key(occasion_id=lecture.pk)
    key = request.session.pop(SHOWN_ONCE, "")
    # Not another lecture's, nor one that was withdrawn or made anew meanwhile.
    context["key"] = key if made and made.digest == digest_of(key) else ""
    context["address"] = request.build_absolute_uri(reverse("live_whip", args=[lecture.pk]))
    context["is_on"] = queries.is_encoder_on(occasion_id=lecture.pk)
    context["is_over"] = lecture.is_over
    return render(request, "live/encoder.html", context)


@csrf_exempt  # no browser session opens it: the key does
@never_cache
@require_http_methods(["OPTIONS", "POST"])
def whip(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """A device offers its picture: 201 with the answer, and the address of what it has opened."""
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers={"Accept-Post": SDP})
    lecture = queries.lecture_of(occasion_id)
    if lecture is None:
        return _say(404, _("没有这场直播，或者它已经取消。"))
    key = _key_of(request, lecture)
    if isinstance(key, HttpResponse):
        return key
    if request.content_type != SDP:
        return _say(415, _("这里只收 application/sdp。"))
    refusal = _refusal(lecture)
    if refusal:
        return _say(409, refusal)
    sdp = request.body.decode("utf-8", "replace")
    if not is_offer_to_send(sdp):
        return _say(400, _("设备发来的内容读不懂，请把 OBS 更新到 30 版以上再试。"))
    return _publish(request, lecture, key, sdp)


@csrf_exempt
@never_cache
@require_http_methods(["DELETE"])
def whip_session(request: HttpRequest, occasion_id: int, session: str) -> HttpResponse:
    """The device ends what it has opened, in whichever process. Neither trickle ICE nor restarts: PATCH is 405."""
    lecture = queries.lecture_of(occasion_id)
    if lecture is None:
        return _say(404, _("没有这场直播，或者它已经取消。"))
    key = _key_of(request, lecture)
    if isinstance(key, HttpResponse):
        return key
    rooms = _rooms(request)
    if rooms is None:
        return _nowhere()
    cut = operations.cut_encoder(occasion_id=lecture.pk, key=session, as_of=timezone.now())
    if cut is None:
        return _say(404, _("这个连接已经结束。"))
    try:
        _wait(rooms, rooms.encoders.cut(cut))
    except TimeoutError:
        # Its row is gone: whoever owns it ends it within seconds.
        log.warning("encoder_cut_late", occasion=lecture.pk)
    return HttpResponse(status=200)


def _publish(request: HttpRequest, lecture: Lecture, key: EncoderKey, sdp: str) -> HttpResponse:
    rooms = _rooms(request)
    if rooms is None:
        return _nowhere()
    try:
        work = rooms.encoders.publish(occasion_id=lecture.pk, host_id=key.made_by_id, digest=key.digest, sdp=sdp)
        session, answer = _wait(rooms, work)
    except operations.NobodyIsOnAir:
        return _say(409, _("直播没有在进行，或者正在休息。"))
    except operations.UnableToTakeAir:
        return _say(409, _("主持人正在用自己的画面。请主持人在主持页点“换外部设备（OBS）送画面”，再开始推流。"))
    except UnableToNegotiate:
        return _say(400, _("设备的画面或声音格式不对：画面要 H.264，声音要 Opus。"))
    except (EngineError, DatabaseError, TimeoutError) as error:
        log.warning("encoder_not_taken", occasion=lecture.pk, error=type(error).__name__)
        return _nowhere()
    response = HttpResponse(answer, status=201, content_type=SDP)
    response["Location"] = reverse("live_whip_session", args=[lecture.pk, session])
    links = _links(key.made_by_id)
    if links:
        response["Link"] = ", ".join(links)
    return response


def _key_of(request: HttpRequest, lecture: Lecture) -> EncoderKey | HttpResponse:
    """Return the lecture's key if this is it and its maker still leads; else what is answered."""
    scheme, _space, shown = request.headers.get("Authorization", "").partition(" ")
    key = queries.encoder_key(occasion_id=lecture.pk)
    # Compared whether there is one or not: how long it takes tells nothing.
    is_right = hmac.compare_digest(digest_of(shown.strip()), key.digest if key else NOBODY)
    if key is not None and is_right and scheme.lower() == "bearer" and may_host(key.made_by, lecture):
        return key
    try:
        # Wrong ones alone: whoever shows the right one passes, whatever others at their address have tried.
        limits.try_encoder_key(request)
    except UnableToTry as error:
        answer = _say(429, _("密钥试错太多次，请过几分钟再试。"))
        answer["Retry-After"] = str(limits.seconds_left(error))
        return answer
    answer = _say(401, _("推流密钥不对，或者已经换了、收回了。请在主持页的“外部设备（OBS）”里重新生成。"))
    answer["WWW-Authenticate"] = 'Bearer realm="live"'
    return answer


def _refusal(lecture: Lecture) -> str:
    if lecture.state == Lecture.State.SCHEDULED:
        return _("直播还没有开始。请主持人在主持页开播以后，再开始推流。")
    return _("直播已经结束。") if lecture.is_over else ""


def _links(host_id: int) -> list[str]:
    """The relays as RFC 9725 names them (4.6)."""
    return [
        f'<{url}>; rel="ice-server"; username="{server["username"]}"; credential="{server["credential"]}"; '
        'credential-type="password"'
        for server in ice_servers(member_id=host_id, as_of=timezone.now())
        for url in server["urls"]
    ]


def _rooms(request: HttpRequest) -> RoomProcess | None:
    """The rooms of this process, None in one that has none."""
    scope: dict[str, Any] = getattr(request, "scope", {})
    rooms: RoomProcess | None = scope.get("state", {}).get("rooms")
    return rooms


def _wait(rooms: RoomProcess, work: Coroutine[Any, Any, T]) -> T:
    """Do it on the loop of the rooms; this is one of Django's threads. Raises TimeoutError: nobody goes on with it."""
    doing = asyncio.run_coroutine_threadsafe(work, rooms.loop)
    try:
        return doing.result(PATIENCE_S)
    except TimeoutError:
        doing.cancel()
        raise


def _nowhere() -> HttpResponse:
    answer = _say(503, _("媒体服务还没有准备好，请过几秒再试。"))
    answer["Retry-After"] = "5"
    return answer


def _say(status: int, text: str) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
