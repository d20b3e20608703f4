"""What the hall page sends by itself: ticks that waited on the phone, and whose phone ends in four digits. JSON."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from attendance import operations
from attendance.forms import HallForm
from attendance.models import Occasion
from attendance.permissions import NAMES
from attendance.queries.halls import check_ins, whose_last4
from attendance.reports.base import Scope
from attendance.reports.standing import occasions_of
from attendance.views.hall import on_roster_here, outcome_of
from attendance.views.hall_rows import LAST_DIGITS, MOST_TICKS
from attendance.views.shared import log_shown, number_or_none, scope_or_404
from organizations.models import User
from organizations.permissions import has_role, signed_in
from organizations.queries import withheld_roles

MOST_GUESTS = 50
MOST_BYTES = 32 * 1024
LONGEST_ID = 40
View = Callable[[HttpRequest, int], JsonResponse]


def _api(view: View) -> View:
    """Answer in JSON: 401 for whoever is signed out, so that the phone keeps what it has until they are back."""

    @wraps(view)
    def answered(request: HttpRequest, training_id: int) -> JsonResponse:
        if not isinstance(request.user, User) or not request.user.is_active:
            said = _("登录已过期，请重新登录。勾选的名单保存在手机上，登录后会补传。")
            return JsonResponse({"error": "signed_out", "message": said}, status=401)
        if not has_role(request.user, *NAMES):
            if withheld_roles(user=request.user).intersection(NAMES):
                said = _("请先打开“我的”，完成登录验证。勾选的名单保存在手机上，之后会补传。")
                return JsonResponse({"error": "second_step", "message": said}, status=401)
            raise Http404
        return view(request, training_id)

    return answered


@require_POST
@never_cache
@_api
def hall_sync(request: HttpRequest, training_id: int) -> JsonResponse:
    """Take ticks and guests that a phone kept: ``{id, members, started_at, ended_at, guests}``; twice is once.

    Whoever is not on the list (any more) is left out and named in the answer; the others are not kept waiting for it.
    """
    scope, occasion = _where(request, training_id)
    body = _body(request)
    if body is None:
        return _refused("bad_request", _("手机交上来的名单读不懂，请刷新页面后再勾选一次。"))
    reader = signed_in(request)
    members = on_roster_here(scope, occasion, [str(key) for key in body["members"]], reader_id=reader.pk)
    form = HallForm({**body, "members": [pk for pk, _name in members]}, people=members)
    if not members and not body["guests"]:
        return _refused("not_expected", _("勾选的人都不在这场的应到名单里，可能名单已经调整。请写在来宾里。"))
    form.fields["members"].required = bool(members)
    if not form.is_valid():
        return _refused("unfit", " ".join(str(text) for texts in form.errors.values() for text in texts))
    try:
        said = _keep(scope, occasion, body, form, reader)
    except operations.UnableToRecord as error:
        return _refused("unable", str(error), status=409)
    kept = {pk for pk, _name in members}
    left = [key for key in body["members"] if key not in kept and key != reader.pk]
    if left:
        said += ngettext(
            "%(count)s 位已不在应到名单里，没有登记。", "%(count)s 位已不在应到名单里，没有登记。", len(left)
        ) % {"count": len(left)}
    messages.success(request, said)  # read on whatever page is opened next
    return JsonResponse({"message": said, "left": left})


@transaction.atomic
def _keep(scope: Scope, occasion: Occasion, body: dict[str, Any], form: forms.Form, reader: User) -> str:
    """Keep all of it or nothing; returns what came of it. Raises UnableToRecord."""
    span = {"started_at": form.cleaned_data["started_at"], "ended_at": form.cleaned_data["ended_at"]}
    by: dict[str, Any] = {"recorded_by_id": reader.pk, "as_of": scope.as_of}
    said = ""
    if members := form.cleaned_data["members"]:
        ticks = operations.record_hall(
            occasion_id=occasion.pk,
            member_ids=members,
            client_id=body["id"],
            category="phone" if body["offline"] else "",
            arrivals=check_ins(occasion_id=occasion.pk, below=scope.node.path) if body["from_scan"] else None,
            **span,
            **by,
        )
        said, _enough = outcome_of(occasion.pk, ticks, scope.as_of)
    for number, guest in enumerate(body["guests"]):
        operations.write_guest(
            occasion_id=occasion.pk, node_id=scope.node.pk, client_id=f"{body['id']}-{number}", **guest, **span, **by
        )
    if count := len(body["guests"]):
        said += ngettext("写下来宾 %(count)s 位。", "写下来宾 %(count)s 位。", count) % {"count": count}
    return said


@require_GET
@never_cache
@_api
def hall_find(request: HttpRequest, training_id: int) -> JsonResponse:
    """Say whose phone ends in ``last4``, of those whose number the reader may know; logged."""
    scope, occasion = _where(request, training_id)
    last4 = request.GET.get("last4", "")
    if not (len(last4) == LAST_DIGITS and last4.isascii() and last4.isdigit()):
        raise Http404
    rows = occasion.roster.filter(node__path__startswith=scope.node.path)
    here = list(rows.values_list("member_id", flat=True)[:MOST_TICKS])
    reader = signed_in(request)
    with transaction.atomic():
        found = whose_last4(reader, last4=last4, member_ids=here, as_of=scope.as_of)
        log_shown(scope, reader=reader, member_ids=found, what="search", reason=_("手机尾号"))
    return JsonResponse({"members": sorted(found)})


def _where(request: HttpRequest, training_id: int) -> tuple[Scope, Occasion]:
    """Return the scope and the opened occasion that the address names; raises Http404."""
    scope = scope_or_404(request, training_id, as_of=timezone.now(), roles=NAMES)
    wanted = number_or_none(request.GET.get("occasion"))
    found = next((one for one in occasions_of(scope) if one.pk == wanted and one.opened_at is not None), None)
    if found is None:
        raise Http404
    return scope, found


def _body(request: HttpRequest) -> dict[str, Any] | None:
    """Return what was sent with everything in its place, or None for what no page of ours sends."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        return None
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict) or not isinstance(body.get("id"), str) or not 0 < len(body["id"]) <= LONGEST_ID:
        return None
    members, guests = body.get("members", []), body.get("guests", [])
    if not isinstance(members, list) or len(members) > MOST_TICKS or not all(type(one) is int for one in members):
        return None
    if (
        not body["id"].isascii()
        or not body["id"].isalnum()
        or not isinstance(guests, list)
        or len(guests) > MOST_GUESTS
    ):
        return None
    fields = ("name", "unit", "last4")
    if not all(isinstance(one, dict) and all(isinstance(one.get(key), str) for key in fields) for one in guests):
        return None
    times = {key: body.get(key) for key in ("started_at", "ended_at") if isinstance(body.get(key), str)}
    kept = [{key: one[key] for key in fields} for one in guests]
    flags = {"from_scan": body.get("from_scan") is not False, "offline": body.get("offline") is True}
    return {"id": body["id"], "members": members, "guests": kept, **flags, **times}


def _refused(code: str, message: str, *, status: int = 400) -> JsonResponse:
    return JsonResponse({"error": code, "message": message}, status=status)
