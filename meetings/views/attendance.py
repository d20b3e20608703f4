"""登记到会: who came to a meeting, who was excused and by that who was absent, a row a person.

A page may be hours old, and two people may have it open: every row carries what it was opened on, and only what was
changed in it is written (``operations.write_attendance``).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from attendance.forms import LEAVE_CATEGORIES, LOCAL_MINUTE
from attendance.models import Occasion, RosterEntry
from attendance.operations import UnableToRecord, settle
from attendance.permissions import NAMES
from attendance.queries.naming import among_expected
from attendance.sentences.records import category
from attendance.views.shared import LAST_PAGE, number_or_none
from meetings import operations
from meetings.forms import AttendanceForm
from meetings.permissions import Access
from meetings.queries.attendance import HERE, LEAVE, Mark, Span, marks_in, window_of, written_of
from meetings.queries.meetings import roster_below
from meetings.sentences import is_unregistered
from meetings.views.meeting import context_of, steps_of
from meetings.views.shared import access_or_404, address_of, log_book
from organizations.namesakes import told_apart
from organizations.permissions import role_required, signed_in
from organizations.queries import exempt_member_ids, members_at

AWAY = "away"
A_PAGE = 100  # five fields a person, of the thousand that a form may have
State = Occasion.State
Part = tuple[dt.datetime | None, dt.datetime | None]


@dataclass
class Line:
    """One person of the list: what the page was opened on (``seen``), what is marked now, and what is wrong with it."""

    member_id: int
    name: str
    unit: str
    is_exempt: bool
    seen: Mark
    state: str = ""
    start: str = ""
    end: str = ""
    category: str = ""
    problem: str = ""
    is_unread: bool = False  # what was sent is none of the three choices

    def mark(self, mark: Mark) -> None:
        self.state, self.start, self.end, self.category = mark.state, mark.start, mark.end, mark.category

    @property
    def base(self) -> str:
        """What the page was opened on, as the form carries it."""
        return "|".join((self.seen.state, self.seen.start, self.seen.end, self.seen.category))

    @property
    def is_open(self) -> bool:
        """Whether more is shown than the three choices."""
        return bool(self.start or self.end or self.problem)


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*NAMES)
def attendance(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Write down who came, who was excused, and by that who was absent; again as often as it takes."""
    as_of, access = timezone.now(), access_or_404(request, occasion_id)
    if not steps_of(access, as_of)["may_record"]:
        raise Http404
    occasion = access.meeting.occasion
    with transaction.atomic():
        page = _expected(occasion).get_page(_number(request))
        lines = _lines(occasion, page)
        listed = [line.member_id for line in lines]
        log_book(request, access.meeting, occasion.node, member_ids=listed, as_of=as_of)
    form = _times(request, occasion)
    if request.method == "POST":
        _read(request, lines)
        if request.POST.get("do") == "all":
            _all_here(lines)
        elif answer := _saved(request, access, form, lines, page):
            return answer
    context = context_of(access) | {"page": page, "form": form, "lines": lines, "categories": LEAVE_CATEGORIES}
    context |= {"writes_own": signed_in(request).pk in listed, "seen": _times_text(form.seen or window_of(occasion))}
    context["is_over"] = is_unregistered(occasion, as_of=as_of)
    is_wrong = request.method == "POST" and request.POST.get("do") != "all"
    return render(request, "meetings/attendance.html", context, status=422 if is_wrong else 200)


def _times(request: HttpRequest, occasion: Occasion) -> AttendanceForm:
    """Return the form of the times; those of a meeting that is closed stay as they are."""
    said = dict(zip(("started_at", "ended_at"), window_of(occasion), strict=True))
    if request.method != "POST":
        return AttendanceForm(initial=said)
    form = AttendanceForm(request.POST, initial=said)
    form.seen = _seen_times(request, occasion)
    if occasion.state not in (State.SCHEDULED, State.OPEN):
        for field in form.fields.values():
            field.disabled = True
    return form


def _seen_times(request: HttpRequest, occasion: Occasion) -> Span | None:
    """Return the times that the page was opened on; None where it does not say, or they cannot be changed any more."""
    said = request.POST.get("seen", "")[:40].split("/")
    if len(said) != 2 or occasion.state not in (State.SCHEDULED, State.OPEN):
        return None
    try:
        start, end = (timezone.make_aware(dt.datetime.strptime(one, LOCAL_MINUTE)) for one in said)  # noqa: DTZ007
    except (ValueError, OverflowError):
        return None
    return start, end


def _times_text(span: Span) -> str:
    return "/".join(timezone.localtime(one).strftime(LOCAL_MINUTE) for one in span)


def _number(request: HttpRequest) -> int:
    return number_or_none(request.GET.get("page") or request.POST.get("page"), most=LAST_PAGE) or 1


def _expected(occasion: Occasion) -> Paginator[Any]:
    """Return everybody expected, by unit and name: by the roster, before there is one by who belongs there."""
    if occasion.state != State.SCHEDULED:
        return Paginator(roster_below(occasion, occasion.node), A_PAGE)
    there = members_at(node=occasion.node, on_date=timezone.localdate(occasion.starts_at))
    there = there.filter(among_expected(occasion))
    return Paginator(there.order_by("node__path", "member__name", "member_id"), A_PAGE)


def _lines(occasion: Occasion, page: Page[Any]) -> list[Line]:
    """Return these people with what stands written of them; three queries. Who has nothing written is not marked: that
    they count as absent is said, and whoever holds the book may still say it of all of them at once."""
    rows = list(page)
    if occasion.state == State.SCHEDULED:
        day = timezone.localdate(occasion.starts_at)
        exempt = set(exempt_member_ids(on_date=day).filter(member_id__in=[one.member_id for one in rows]))
    else:
        exempt = {one.member_id for one in rows if one.state == RosterEntry.State.EXEMPT}
    marks = marks_in(written_of(occasion.pk, [one.member_id for one in rows]), window_of(occasion))
    names = told_apart((one.member_id, one.member.name, one.member.phone_last4, one.member.number) for one in rows)
    lines = []
    for one in rows:
        mark = marks.get(one.member_id, Mark())
        line = Line(one.member_id, names[one.member_id], one.node.name, one.member_id in exempt, mark)
        line.mark(mark)
        lines.append(line)
    return lines


def _read(request: HttpRequest, lines: Sequence[Line]) -> None:
    """Take over what was sent of each person: what their row was opened on, and what is marked in it now."""
    known = {code for code, _label in LEAVE_CATEGORIES}
    for line in lines:
        sent = request.POST.get(f"s{line.member_id}", "")
        line.state = sent if sent in (HERE, LEAVE, AWAY) else ""
        line.is_unread = bool(sent) and not line.state
        line.start = request.POST.get(f"i{line.member_id}", "")[:5]
        line.end = request.POST.get(f"o{line.member_id}", "")[:5]
        chosen = request.POST.get(f"c{line.member_id}", "")
        line.category = chosen if chosen in known else ""
        base = request.POST.get(f"b{line.member_id}", "")[:60].split("|")
        line.seen = Mark(*base) if len(base) == 4 else Mark()


def _all_here(lines: Sequence[Line]) -> None:
    """Let everybody have come of whom nothing else is said."""
    for line in lines:
        line.state = line.state or HERE


def _saved(
    request: HttpRequest, access: Access, form: AttendanceForm, lines: Sequence[Line], page: Page[Any]
) -> HttpResponse | None:
    """Write what was sent and return where to go on; None: it is shown again with what is wrong."""
    if not form.is_valid() or not _are_right(form, lines):
        return None
    try:
        written = operations.write_attendance(
            occasion_id=access.meeting.pk, attendance=_said(form, lines), actor_id=signed_in(request).pk,
            as_of=timezone.now(),
        )  # fmt: skip
    except UnableToRecord as error:
        _refuse(form, lines, error)
        return None
    if written.is_over:  # a branch is judged at once: whoever writes sees what came of it
        settle(occasion_id=access.meeting.pk, as_of=timezone.now())
    if written.overtaken:
        return _overtaken(request, access, lines, page, written.overtaken)
    if written.is_over:
        messages.success(request, _("已登记到会情况，本人可以看到。请接着写会议记录。"))
    else:
        messages.success(request, _("已登记。会议结束以后，请再打开“登记到会”，核对结束时间并保存一次。"))
    return redirect(_after(access, page))


def _are_right(form: AttendanceForm, lines: Sequence[Line]) -> bool:
    """Whether every row can be understood; what is wrong stands in its row and, with the name, above the form."""
    for line in lines:
        line.problem = "" if line.is_exempt else _problem(line, form.cleaned_data["started_at"])
    wrong = [line.problem for line in lines if line.problem]
    for problem in wrong:
        form.add_error(None, problem)
    return not wrong


def _problem(line: Line, start: dt.datetime) -> str:
    if line.is_unread:
        return _("%(name)s的到会情况看不懂，请重新选一项。") % {"name": line.name}
    if line.state == LEAVE and not line.category:
        return _("请选%(name)s的请假类别。") % {"name": line.name}
    if line.state != HERE:
        return ""
    try:
        came, left = (_at(text, start) for text in (line.start, line.end))
    except ValueError:
        return _("%(name)s的时间看不懂，请写成 15:20 这样。") % {"name": line.name}
    if came and left and left <= came:
        return _("%(name)s离开的时间不晚于到会的时间，请核对。") % {"name": line.name}
    return ""


def _at(text: str, start: dt.datetime) -> dt.datetime | None:
    """Return the moment of an hour said of a meeting that began at ``start``, after midnight the next day's; None: none
    is said. Raises ValueError."""
    if not text:
        return None
    hour = dt.time.fromisoformat(text)
    local = timezone.localtime(start)
    moment = local.replace(hour=hour.hour, minute=hour.minute, second=0, microsecond=0)
    return moment + dt.timedelta(days=1) if moment < local - dt.timedelta(hours=12) else moment


def _said(form: AttendanceForm, lines: Sequence[Line]) -> operations.Attendance:
    """Return what was sent, for the operation; a row in which nothing is marked says nothing."""
    start, end = form.cleaned_data["started_at"], form.cleaned_data["ended_at"]
    marked = [line for line in lines if line.state and not line.is_exempt]

    def part(line: Line) -> Part:
        return _at(line.start, start), _at(line.end, start)

    return operations.Attendance(
        started_at=start,
        ended_at=end,
        listed=[line.member_id for line in marked],
        present={line.member_id: part(line) for line in marked if line.state == HERE},
        excused={line.member_id: line.category for line in marked if line.state == LEAVE},
        seen={line.member_id: line.seen for line in marked},
        seen_times=form.seen,
    )


def _refuse(form: AttendanceForm, lines: Sequence[Line], error: UnableToRecord) -> None:
    """Put what the operation says at the times or in the row that it is about."""
    form.add_error(error.field if error.field in form.fields else None, str(error))
    if isinstance(error, operations.TimesAreOthers):
        form.seen = error.stands  # the next save is deliberate: it is made on what stands there now
    if isinstance(error, operations.UnableToRecordOne):
        for line in lines:
            line.problem = str(error) if line.member_id == error.member_id else ""


def _overtaken(
    request: HttpRequest, access: Access, lines: Sequence[Line], page: Page[Any], overtaken: Any
) -> HttpResponse:
    """Say of whom somebody else has written in between, with what stands now, and lead back to their rows."""
    names = {line.member_id: line.name for line in lines}
    said = [f"{names[one]}（{mark_words(mark)}）" for one, mark in overtaken.items()]
    words = ngettext(
        "其余的已保存。您打开这一页以后，别人改过 %(people)s 位，没有按您标的改：%(who)s。要改请再标一次、保存。",
        "其余的已保存。您打开这一页以后，别人改过 %(people)s 位，没有按您标的改：%(who)s。要改请再标一次、保存。",
        len(said),
    )
    messages.warning(request, words % {"people": len(said), "who": _("、").join(said)})
    address = reverse("meeting_attendance", args=[access.meeting.pk])
    return redirect(f"{address}?page={page.number}#m{next(iter(overtaken))}")


def mark_words(mark: Mark) -> str:
    """Return what is written of somebody, in words."""
    if mark.state == LEAVE:
        return _("请假：%(why)s") % {"why": category(mark.category)}
    if mark.state != HERE:
        return _("没有登记到会")
    came = _("，%(hour)s 到") % {"hour": mark.start} if mark.start else ""
    left = _("，%(hour)s 走") % {"hour": mark.end} if mark.end else ""
    return _("到会") + came + left


def _after(access: Access, page: Page[Any]) -> str:
    """Return where whoever saved goes on: to the next names, after the last to the book."""
    if page.has_next():
        return f"{reverse('meeting_attendance', args=[access.meeting.pk])}?page={page.next_page_number()}"
    return address_of(access)
