"""The short address of a lecture, for paper and chat groups; and the notice that is printed with it."""

import re

import segno
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.dates import WEEKDAYS
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from attendance.models import Occasion
from attendance.sentences.records import day, hour, moment
from live.core.short_code import code_typed, spoken
from live.models import Lecture
from live.permissions import is_removed, may_host, may_join, may_read_recording
from live.queries.lectures import cancelled_for, lecture_by_code
from live.views.access import lecture_page
from organizations import limits
from organizations.operations import UnableToTry
from organizations.permissions import role_required, signed_in
from organizations.printing import UnableToPrint, pdf_answer, pdf_of


@require_safe
@never_cache
@role_required()
def link(request: HttpRequest, code: str) -> HttpResponse:
    """Lead to the lecture with this code, after the sign-in; say so where it was cancelled.

    A code that nobody has and one of a lecture that is not for this person look the same, and are counted.
    """
    user, typed = signed_in(request), code_typed(code)
    lecture = lecture_by_code(typed) if typed else None
    if lecture is not None and may_host(user, lecture) and not lecture.is_over:
        return redirect("live_host", occasion_id=lecture.pk)
    if lecture is not None and lecture.is_over and may_read_recording(user, lecture):
        return redirect("live_replay", occasion_id=lecture.pk)
    if lecture is not None and (may_join(user, lecture) or is_removed(user, lecture)):
        return redirect("live_room", occasion_id=lecture.pk)  # which says what became of it
    off = cancelled_for(user).filter(code=typed).first() if typed else None
    if off is not None:
        words = _("“%(title)s”（%(at)s）已经取消，不用来了。有没有另外安排，看“今天”。")
        said = words % {"title": off.title, "at": moment(off.starts_at)}
        return render(request, "live/link.html", {"tab": "today", "said": said}, status=410)
    return _unknown(request)


def short_address(request: HttpRequest, lecture: Lecture) -> str:
    """Return the short address as people read and type it; "" for a lecture that has none."""
    if lecture.code is None:
        return ""
    address = request.build_absolute_uri(reverse("live_link", args=[lecture.code]))
    return address.split("://", 1)[-1].replace(lecture.code, spoken(lecture.code))


def _unknown(request: HttpRequest) -> HttpResponse:
    try:
        limits.count("lecture_code", {"person": str(signed_in(request).pk)})
    except UnableToTry as error:
        said = _("试的次数太多，请在 %(when)s再试。") % {"when": limits.when_again(error)}
        answer = render(request, "live/link.html", {"tab": "today", "said": said}, status=429)
        answer.headers["Retry-After"] = str(limits.minutes_left(error) * 60)
        return answer
    said = _(
        "没有查到这个地址的直播，或者这一场不是给您的。请对照通知再输一次，或者扫上面的码；您自己的场次都在“今天”里。"
    )
    return render(request, "live/link.html", {"tab": "today", "said": said}, status=404)


@require_safe
@lecture_page(may_host)
def paper(request: HttpRequest, lecture: Lecture) -> HttpResponseBase:
    """Print a lecture's notice: what, when, and how to come in, with the code; in Chinese, on one sheet of A4."""
    if lecture.code is None or lecture.state != Lecture.State.SCHEDULED:
        messages.error(request, _("通知只给还没有开始的直播打印。"))
        return redirect("live_host", occasion_id=lecture.pk)
    occasion = lecture.occasion
    address = request.build_absolute_uri(reverse("live_link", args=[lecture.code]))
    with translation.override(settings.LANGUAGE_CODE):
        context = {
            "occasion": occasion,
            "lecturer": lecture.lecturer.name,
            "when": _day_and_time(occasion),
            "address": short_address(request, lecture),
            "drawing": _drawn(address),
        }
        try:
            content = pdf_of("live/print_notice.html", context)
        except UnableToPrint as error:
            messages.error(request, str(error))
            return redirect("live_host", occasion_id=lecture.pk)
    name = re.sub(r'[\x00-\x1f"*/:<>?\\|]', "", _("%(title)s-通知") % {"title": occasion.title})[:100]
    return pdf_answer(content, filename=f"{name}.pdf")


def _day_and_time(occasion: Occasion) -> str:
    """Return from when to when as a notice says it: 12月1日（星期二）14:00 – 15:00."""
    at = timezone.localtime(occasion.starts_at)
    words = _("%(day)s（%(weekday)s）%(from)s – %(to)s")
    said = {"day": day(at), "weekday": WEEKDAYS[at.weekday()], "from": hour(at), "to": hour(occasion.ends_at)}
    return words % said


def _drawn(address: str) -> str:
    code = segno.make(address, error="m", micro=False)
    return mark_safe(code.svg_inline(border=2, omitsize=True, lineclass=None))  # noqa: S308 - our own
