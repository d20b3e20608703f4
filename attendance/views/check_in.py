"""扫码签到: the code that a hall shows and changes, and what somebody sees who has scanned it (ADR 40)."""

from datetime import datetime, timedelta

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from attendance.core.codes import EVERY_S, UnableToReadCode, code_of, hall_of_code
from attendance.models import Hall
from attendance.operations import UnableToCheckIn, check_in
from attendance.permissions import NAMES
from attendance.queries.halls import check_ins, hall_by_id
from attendance.queries.ledger import is_expected
from organizations.models import User
from organizations.permissions import has_role, role_required, signed_in

# Whoever scans may still have to sign in, or look for their glasses: the scan is what has to be fresh.
SEEN = "hall_seen"
SEEN_FOR = timedelta(minutes=10)
MOST_SEEN = 5


@require_GET
@never_cache
@role_required(*NAMES)
def hall_code(request: HttpRequest, hall_id: int) -> HttpResponse:
    """Show the code of one's own hall, large; the page comes anew by itself before the code grows old."""
    hall, as_of = hall_by_id(hall_id), timezone.now()
    if hall is None or hall.is_offline or not has_role(signed_in(request), *NAMES, node=hall.node):
        raise Http404
    count = len(check_ins(occasion_id=hall.occasion_id, below=hall.node.path))
    back = f"{reverse('branch_hall', args=[hall.occasion.training_id])}?node={hall.node_id}&occasion={hall.occasion_id}"
    context = {"tab": "branch", "hall": hall, "back": back, "every_s": EVERY_S}
    if hall.closed_at is None:
        code = code_of(hall.pk, key=_key(), at_s=int(as_of.timestamp()))
        address = request.build_absolute_uri(reverse("check_in", args=[code]))
        context["drawing"] = _drawn(address)
        said = ngettext("%(count)s 位扫过码，等您登记", "%(count)s 位扫过码，等您登记", count)
        context["count"] = said % {"count": count} if count else _("还没有人扫码")
    return render(request, "attendance/hall_code.html", context)


def _drawn(address: str) -> str:
    """Return the address as a QR code in SVG, without a style or script of its own."""
    code = segno.make(address, error="l", micro=False)
    return mark_safe(code.svg_inline(border=2, omitsize=True, svgclass="code", lineclass=None))  # noqa: S308 - our own


@never_cache
@require_http_methods(["GET", "POST"])
def check_in_page(request: HttpRequest, code: str) -> HttpResponse:
    """Ask whoever scanned a code whether they are there, signing them in first; note it when they say so."""
    as_of = timezone.now()
    hall, problem = _scanned(request, code, as_of)
    if hall is None:
        return render(request, "attendance/check_in.html", {"problem": problem}, status=410 if problem else 404)
    if not isinstance(request.user, User):
        return redirect_to_login(request.get_full_path())
    context = {"tab": "today", "hall": hall, "occasion": hall.occasion, "person": request.user.name}
    if request.method == "POST":
        return _noted(request, hall, as_of)
    if not is_expected(occasion=hall.occasion, member_id=request.user.pk):
        context["problem"] = _("您不在这一场的应到名单里。请现场负责人把您写在“来宾”里，由您所在支部的书记核对。")
    return render(request, "attendance/check_in.html", context)


def _noted(request: HttpRequest, hall: Hall, as_of: datetime) -> HttpResponse:
    try:
        is_new = check_in(hall_id=hall.pk, member_id=signed_in(request).pk, as_of=as_of)
    except UnableToCheckIn as error:
        context = {"tab": "today", "hall": hall, "occasion": hall.occasion, "problem": str(error)}
        return render(request, "attendance/check_in.html", context, status=409)
    if is_new:
        messages.success(request, _("已记下您扫了码。现场负责人登记后算作集中收看。"))
    else:
        messages.info(request, _("您已经扫过码了，不用再扫。"))
    return redirect("me_record", hall.occasion_id)


def _scanned(request: HttpRequest, code: str, as_of: datetime) -> tuple[Hall | None, str]:
    """Return the hall whose code this browser saw while it was fresh, or why not ("": it never was a code)."""
    seen: dict[str, str] = request.session.get(SEEN, {})
    try:
        hall_id = hall_of_code(code, key=_key(), at_s=int(as_of.timestamp()))
    except UnableToReadCode as error:
        if not error.is_old:
            return None, ""
        at = datetime.fromisoformat(seen[code]) if code in seen else None
        if at is None or not timedelta() <= as_of - at <= SEEN_FOR:
            return None, _("这个码已经换了。请扫大屏幕上现在的码；扫不了的，请现场负责人登记，一样算数。")
        hall_id = int(code.split("-", 1)[0])
    else:
        if code not in seen:
            newest = dict(list(seen.items())[1 - MOST_SEEN :])
            request.session[SEEN] = {**newest, code: as_of.isoformat()}
    return hall_by_id(hall_id), ""


def _key() -> bytes:
    return settings.SECRET_KEY.encode()
