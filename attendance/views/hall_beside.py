"""What the hall page does beside ticking: opening and closing halls, guests."""

import secrets
from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from attendance import operations
from attendance.forms import GuestForm, HallForm
from attendance.views.hall_rows import Hall, initial_times
from attendance.views.shared import number_or_none

Failed = GuestForm | None


def _open(request: HttpRequest, hall: Hall, *, is_offline: bool) -> Failed:
    try:
        operations.open_hall(
            occasion_id=hall.occasion.pk,
            node_id=hall.scope.node.pk,
            opened_by_id=hall.reader_id,
            as_of=hall.scope.as_of,
            is_offline=is_offline,
            place=request.POST.get("place", "")[:60],
        )
    except operations.UnableToRecord as error:
        messages.warning(request, str(error))
        return None
    said = _("已说明：这里的登记以后上交，上交以前谁也不会自动算未参加。") if is_offline else _("可以扫码了。")
    messages.success(request, said)
    return None


def _close(request: HttpRequest, hall: Hall) -> Failed:
    hall_id = number_or_none(request.POST.get("hall"))
    if hall_id not in {one.hall_id for one in hall.open_halls}:
        messages.warning(request, _("已经结束了。"))
        return None
    operations.close_hall(hall_id=hall_id or 0, closed_by_id=hall.reader_id, as_of=hall.scope.as_of)
    messages.success(request, _("已结束。"))
    return None


def _guest(request: HttpRequest, hall: Hall) -> Failed:
    form = GuestForm(request.POST)
    if not form.is_valid():
        return form
    times = HallForm(initial=initial_times(hall.occasion, hall.scope.as_of)).initial
    try:
        operations.write_guest(
            occasion_id=hall.occasion.pk,
            node_id=hall.scope.node.pk,
            client_id=request.POST.get("id") or secrets.token_hex(16),
            recorded_by_id=hall.reader_id,
            as_of=hall.scope.as_of,
            **{**times, **form.cleaned_data},
        )
    except operations.UnableToRecord as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return form
    messages.success(request, _("已写下%(name)s，核对以前不计入任何结果。") % {"name": form.cleaned_data["name"]})
    return None


def _find_guest(request: HttpRequest, hall: Hall) -> Failed:
    asked = (number_or_none(request.POST.get("guest")), number_or_none(request.POST.get("member")))
    pair = next(((guest, one) for guest, one in hall.like_ours if (guest.pk, one.pk) == asked), None)
    if pair is None:
        messages.warning(request, _("这位来宾已经核对过，或不在您的名单里。"))
        return None
    try:
        operations.find_guest(
            guest_id=pair[0].pk, member_id=pair[1].pk, found_by_id=hall.reader_id, as_of=hall.scope.as_of
        )
    except operations.UnableToRecord as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("已核对，给%(name)s记了集中收看。本人可以看到。") % {"name": pair[1].name})
    return None


def _cross_out(request: HttpRequest, hall: Hall) -> Failed:
    guest_id = number_or_none(request.POST.get("guest"))
    known = {one.pk for one in hall.guests}
    if guest_id in known and operations.cross_out_guest(
        guest_id=guest_id or 0, by_id=hall.reader_id, as_of=hall.scope.as_of
    ):
        messages.success(request, _("已划去。"))
    else:
        messages.warning(request, _("这位来宾已经核对过，或不在您的名单里。"))
    return None


# What is done beside ticking, by the name of its button.
BESIDE: dict[str, Callable[[HttpRequest, Hall], Failed]] = {
    "code": partial(_open, is_offline=False),
    "announce": partial(_open, is_offline=True),
    "close": _close,
    "guest": _guest,
    "found": _find_guest,
    "cross": _cross_out,
}
