"""消息: what went out by which way, what it cost and what fails, for whoever runs the site; no page for others."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from attendance.models import Channel
from attendance.queries import message_counts as counts
from attendance.queries.reminders import state_label
from attendance.reminding import Ways
from attendance.sentences import messages as words
from attendance.sentences.records import day_and_hour
from organizations.permissions import operates_everything, role_required

A_PAGE = 50


@dataclass(frozen=True)
class Line:
    """One row of a table: what it is about, by which way, what came of it."""

    title: str
    way: str
    ends: counts.Ends
    cost: str
    today: str = ""


def _line(title: str, channel: str, ends: counts.Ends, today: Mapping[str, tuple[int, int]] | None = None) -> Line:
    taken = (today or {}).get(channel)
    way = words.way_of(channel) if channel else ""
    return Line(title, way, ends, words.yuan(ends.cost), f"{taken[0]} / {taken[1]}" if taken else "")


@role_required()
@never_cache
@require_safe
def message_counts(request: HttpRequest) -> HttpResponse:
    """Show one month: each way, each unit, each day; above it what fails now."""
    if not operates_everything(request.user):
        raise Http404
    today = timezone.localdate()
    first = _month_or_404(request.GET.get("month"), today)
    found, here = counts.month_of(first), Ways.of_site()
    allowance = {one: taken for one, taken in counts.taken_on(today).items() if getattr(here, one)}
    waiting = counts.waiting(as_of=timezone.now())
    ways = [one for one in Channel.values if one in found.by_way or one in allowance]
    page = Paginator(counts.units_of(first), A_PAGE).get_page(request.GET.get("page"))
    context = {
        "tab": "roster",
        "month": date_format(first, "YEAR_MONTH_FORMAT"),
        "earlier": f"{first - timedelta(days=1):%Y-%m}",
        "later": f"{counts.after(first):%Y-%m}" if counts.after(first) <= today else "",
        "troubles": [
            {
                "way": words.way_of(one.channel), "what": words.trouble_said(one), "step": words.to_do(one),
                "waiting": waiting.get(one.channel, 0),
            }
            for one in counts.troubles()
            if words.is_told(one)
        ],
        "ways": [_line("", one, found.by_way.get(one, counts.Ends()), allowance) for one in ways],
        "days": [
            _line(date_format(day, "MONTH_DAY_FORMAT"), one, ends) for day, by_way in found.by_day.items()
            for one, ends in by_way.items()
        ],
        "units": [_line(row["node__name"], "", counts.Ends.of(row)) for row in page],
        "page": page,
        "receipts": _receipts_said(found),
        "is_priced": any(settings.MESSAGES.price.values()),
        "has_any": bool(found.by_way),
    }  # fmt: skip
    return render(request, "attendance/message_counts.html", context)


@role_required()
@never_cache
@require_safe
def message_failures(request: HttpRequest) -> HttpResponse:
    """Show what did not go out lately and why: of which unit's reminder, of nobody by name."""
    if not operates_everything(request.user):
        raise Http404
    page = Paginator(counts.failures(as_of=timezone.now()), A_PAGE).get_page(request.GET.get("page"))
    rows = [
        {
            "at": day_and_hour(row["done_at"]), "way": words.way_of(row["channel"]),
            "why": words.why(row["delivery_why"] or row["why"]), "unit": row["reminder__node__name"],
            "state": state_label(row["state"], row["delivery"]),
        }
        for row in page
    ]  # fmt: skip
    context = {
        "tab": "roster",
        "rows": rows,
        "page": page,
        "waiting": sum(counts.waiting(as_of=timezone.now()).values()),
    }
    return render(request, "attendance/message_failures.html", context)


def _receipts_said(found: counts.Month) -> str:
    """Return what is to be said of receipts of text messages in a month; "" where they come, or none were sent."""
    sent = found.by_way.get(Channel.SMS, counts.Ends())
    if not sent.sent or sent.delivered or sent.undelivered:
        return ""
    if settings.SMS_RECEIPTS.secret:
        return _("短信的回执一条也没有收到：请核对短信服务商那里填的回执地址。")
    return _("没有开通短信的回执（SMS_RECEIPT_SECRET）：只知道服务商收没收下，不知道送没送到。")


def _month_or_404(text: str | None, today: date) -> date:
    try:
        first = date.fromisoformat(f"{text}-01") if text else today.replace(day=1)
    except ValueError:
        raise Http404 from None
    if first > today or first.year < 2000:
        raise Http404
    return first
