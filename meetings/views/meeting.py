"""One meeting: its book for whoever reads it, what was decided for who was expected; writing down who came and what."""

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
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from attendance.asked_words import asked_words
from attendance.catching_up import catch_up_of
from attendance.forms import LEAVE_CATEGORIES
from attendance.models import Evidence, Occasion, RosterEntry
from attendance.operations import UnableToRecord, settle, settle_dirty
from attendance.permissions import COUNTS, NAMES
from attendance.queries import CALLED_OFF
from attendance.queries.asked import asked_of_member
from attendance.queries.naming import among_named
from attendance.queries.sessions import sessions_ahead
from attendance.queries.windows import HELD
from attendance.running import has_to_begin
from attendance.standing import standings_of, state_label
from attendance.views.shared import LAST_PAGE, number_or_none
from meetings import operations
from meetings.forms import AttendanceForm, Decisions, MinutesForm
from meetings.permissions import Access
from meetings.queries import Book, books_of, minutes_of
from meetings.queries.meetings import roster_below
from meetings.sentences import late_words, when_words
from meetings.views.shared import MOST_PEOPLE, access_or_404, address_of, log_book
from organizations.permissions import role_required, signed_in
from organizations.queries import exempt_member_ids, members_at

HERE, LEAVE, AWAY = "here", "leave", "away"
A_PAGE = 100  # four fields a person, of the thousand that a form may have
State = Occasion.State
Span = tuple[dt.datetime, dt.datetime]


@require_GET
@never_cache
@role_required()
def meeting(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Show a meeting: the book with names for the secretary, counts for the organiser, the outcome for a member."""
    as_of, access = timezone.now(), access_or_404(request, occasion_id)
    one = access.meeting
    context: dict[str, Any] = {
        "tab": "branch" if access.node else "today",
        "access": access,
        "meeting": one,
        "occasion": one.occasion,
        "when": when_words(one.occasion),
        "state_now": has_to_begin(one.occasion, as_of) or one.occasion.get_state_display(),
        "late": late_words(one),
    }
    if access.node is None:
        return render(request, "meetings/outcome.html", context | _own(request, access, as_of))
    with transaction.atomic():
        book = _book(request, access, as_of)
    context |= {"book": book, "node": access.node, "address": address_of(access)} | steps_of(access, as_of)
    context["is_cut"] = len(book.people) > MOST_PEOPLE
    return render(request, "meetings/meeting.html", context)


def _book(request: HttpRequest, access: Access, as_of: dt.datetime) -> Book:
    """Return the book, and write down whom it names."""
    assert access.node is not None  # noqa: S101 - asked by the caller
    (book,) = books_of([access.meeting], access.node, as_of=as_of, with_names=access.names)
    if book.people:
        seen = [person.member_id for person in book.people[:MOST_PEOPLE]]
        log_book(request, access.meeting, access.node, member_ids=seen, as_of=as_of)
    return book


def _own(request: HttpRequest, access: Access, as_of: dt.datetime) -> dict[str, Any]:
    """Return what a member reads: how they stand themselves, and the minutes."""
    member, occasion = signed_in(request), access.meeting.occasion
    settle_dirty(as_of=as_of, member_ids=[member.pk])
    stand = standings_of(occasions=[occasion], member_id=member.pk, as_of=as_of).get(occasion.pk)
    ahead = sessions_ahead([occasion], as_of=as_of).get(occasion.pk, ())
    path = catch_up_of(
        occasion=occasion, state=stand.state if stand else "", as_of=as_of, member=member, sessions=ahead
    )
    asked = asked_of_member(member_id=member.pk, occasions=[occasion])
    may_ask = occasion.state == State.SCHEDULED and as_of < occasion.starts_at and not asked.has_leave(occasion.pk)
    return {
        "minutes": minutes_of([occasion.pk]).get(occasion.pk),
        "asked": [] if stand and stand.is_done else asked_words(asked, occasion),
        "leave_url": f"{reverse('me_leave_ask')}?occasion={occasion.pk}" if may_ask else "",
        "state": stand.state if stand else "",
        "state_words": state_label(stand.state) if stand else "",
        "path": path,
    }


def steps_of(access: Access, as_of: dt.datetime) -> dict[str, bool]:
    """Return what can be done with a meeting now, by whom it is."""
    state, gathering = access.meeting.occasion.state, access.is_gathering
    has_begun = access.meeting.occasion.starts_at <= as_of
    over = state not in CALLED_OFF
    return {
        "may_change": gathering and access.plans and state == State.SCHEDULED,
        "may_record": gathering and access.plans and access.names and has_begun and over,
        "may_write": access.plans and has_begun and state != State.VOID,
        "may_void": gathering and access.plans and state in (State.CLOSED, State.SETTLED, State.NOT_HELD),
        "may_plan_again": gathering and access.plans and state in CALLED_OFF,
        "may_repeat": gathering and access.plans and state in HELD,
        "may_label": access.plans,
    }


@dataclass
class Line:
    """One person of the list: what stands of them, and what was just sent."""

    member_id: int
    name: str
    unit: str
    is_exempt: bool
    state: str = ""
    start: str = ""
    end: str = ""
    category: str = ""


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*NAMES)
def attendance(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Write down who came, who was excused, and by that who was absent; again as often as it takes."""
    as_of, access = timezone.now(), access_or_404(request, occasion_id)
    if not steps_of(access, as_of)["may_record"]:
        raise Http404
    with transaction.atomic():
        page = _expected(access.meeting.occasion).get_page(_number(request))
        lines = _lines(access.meeting.occasion, page)
        listed = [line.member_id for line in lines]
        log_book(request, access.meeting, access.meeting.occasion.node, member_ids=listed, as_of=as_of)
    form = _times(request, access.meeting.occasion, as_of)
    if request.method == "POST":
        _read(request, lines)
        if request.POST.get("do") == "all":
            _all_here(lines)
        elif form.is_valid() and _saved(request, access, form, lines, as_of):
            return redirect(_after(access, page))
    context = _context(access) | {"page": page, "form": form, "lines": lines, "categories": LEAVE_CATEGORIES}
    context["writes_own"] = signed_in(request).pk in listed
    is_wrong = request.method == "POST" and request.POST.get("do") != "all"
    return render(request, "meetings/attendance.html", context, status=422 if is_wrong else 200)


def _context(access: Access) -> dict[str, Any]:
    """Return what both forms about a meeting say of it."""
    occasion = access.meeting.occasion
    return {
        "tab": "branch",
        "access": access,
        "meeting": access.meeting,
        "occasion": occasion,
        "when": when_words(occasion),
        "is_open": occasion.state in (State.SCHEDULED, State.OPEN),
        "back": address_of(access),
    }


def _times(request: HttpRequest, occasion: Occasion, as_of: dt.datetime) -> AttendanceForm:
    """Return the form of the times; those of a meeting that is closed stay as they are."""
    start = occasion.window_start_at or occasion.starts_at
    end = occasion.window_end_at or occasion.ends_at
    said = {"started_at": start, "ended_at": end}
    if request.method != "POST":
        return AttendanceForm(initial=said)
    form = AttendanceForm(request.POST, initial=said)
    if occasion.state not in (State.SCHEDULED, State.OPEN):
        for field in form.fields.values():
            field.disabled = True
    return form


def _number(request: HttpRequest) -> int:
    return number_or_none(request.GET.get("page") or request.POST.get("page"), most=LAST_PAGE) or 1


def _after(access: Access, page: Page[Any]) -> str:
    """Return where whoever saved goes on: to the next names, after the last to the book."""
    if page.has_next():
        return f"{reverse('meeting_attendance', args=[access.meeting.pk])}?page={page.next_page_number()}"
    return address_of(access)


def _expected(occasion: Occasion) -> Paginator[Any]:
    """Return everybody expected, by unit and name: by the roster, before there is one by who belongs there."""
    if occasion.state != State.SCHEDULED:
        return Paginator(roster_below(occasion, occasion.node), A_PAGE)
    there = members_at(node=occasion.node, on_date=timezone.localdate(occasion.starts_at))
    there = there.filter(among_named(occasion))
    return Paginator(there.order_by("node__path", "member__name", "member_id"), A_PAGE)


def _lines(occasion: Occasion, page: Page[Any]) -> list[Line]:
    """Return these people with what stands written of them; three queries."""
    rows = list(page)
    if occasion.state == State.SCHEDULED:
        day = timezone.localdate(occasion.starts_at)
        exempt = set(exempt_member_ids(on_date=day).filter(member_id__in=[one.member_id for one in rows]))
    else:
        exempt = {one.member_id for one in rows if one.state == RosterEntry.State.EXEMPT}
    lines = [Line(one.member_id, one.member.name, one.node.name, one.member_id in exempt) for one in rows]
    by_id = {line.member_id: line for line in lines}
    kinds = (Evidence.Kind.HALL, Evidence.Kind.LEAVE)
    written = Evidence.objects.filter(
        occasion=occasion, member_id__in=by_id, kind__in=kinds, withdrawn_by=None
    ).order_by("-kind", "id")  # a leave first: whoever came all the same came
    low, high = occasion.window_start_at, occasion.window_end_at or occasion.ends_at
    for row in written:
        line = by_id[row.member_id]
        if row.kind == Evidence.Kind.LEAVE:
            line.state, line.category = LEAVE, row.category
            continue
        line.state = HERE
        line.start = "" if row.started_at == low or row.started_at is None else _hour(row.started_at)
        line.end = "" if row.ended_at == high or row.ended_at is None else _hour(row.ended_at)
    if occasion.state not in (State.SCHEDULED, State.OPEN):
        for line in lines:
            line.state = line.state or AWAY
    return lines


def _hour(moment: dt.datetime) -> str:
    return f"{timezone.localtime(moment):%H:%M}"


def _read(request: HttpRequest, lines: Sequence[Line]) -> None:
    """Take over what was sent of each person."""
    known = {code for code, _label in LEAVE_CATEGORIES}
    for line in lines:
        sent = request.POST.get(f"s{line.member_id}", "")
        line.state = sent if sent in (HERE, LEAVE, AWAY) else ""
        line.start = request.POST.get(f"i{line.member_id}", "")[:5]
        line.end = request.POST.get(f"o{line.member_id}", "")[:5]
        category = request.POST.get(f"c{line.member_id}", "")
        line.category = category if category in known else "other"


def _all_here(lines: Sequence[Line]) -> None:
    """Let everybody have come of whom nothing else is said."""
    for line in lines:
        line.state = line.state or HERE


def _saved(
    request: HttpRequest, access: Access, form: AttendanceForm, lines: Sequence[Line], as_of: dt.datetime
) -> bool:
    start, end = form.cleaned_data["started_at"], form.cleaned_data["ended_at"]
    try:
        said = operations.Attendance(
            started_at=start,
            ended_at=end,
            listed=[line.member_id for line in lines if not line.is_exempt],
            present={line.member_id: _span(line, start, end) for line in lines if line.state == HERE},
            excused={line.member_id: line.category for line in lines if line.state == LEAVE},
        )
        is_over = operations.write_attendance(
            occasion_id=access.meeting.pk, attendance=said, actor_id=signed_in(request).pk, as_of=as_of
        )
    except UnableToRecord as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return False
    if is_over:  # a branch is judged at once: whoever writes sees what came of it
        settle(occasion_id=access.meeting.pk, as_of=timezone.now())
        messages.success(request, _("已登记到会情况，本人可以看到。请接着写会议记录。"))
    else:
        messages.success(request, _("已登记。会议结束以后，请再打开“登记到会”，核对结束时间并保存一次。"))
    return True


def _span(line: Line, start: dt.datetime, end: dt.datetime) -> Span | None:
    """Return from when to when somebody was there; None: all the while. Raises UnableToRecord."""
    if not line.start and not line.end:
        return None
    return _at(line, line.start, start, start), _at(line, line.end, end, start)


def _at(line: Line, text: str, default: dt.datetime, start: dt.datetime) -> dt.datetime:
    """Return the moment of an hour said of a meeting that began at ``start``, after midnight the next day's."""
    if not text:
        return default
    try:
        hour = dt.time.fromisoformat(text)
    except ValueError as error:
        raise UnableToRecord(_("%(name)s的时间看不懂，请写成 15:20 这样。") % {"name": line.name}) from error
    local = timezone.localtime(start)
    moment = local.replace(hour=hour.hour, minute=hour.minute, second=0, microsecond=0)
    return moment + dt.timedelta(days=1) if moment < local - dt.timedelta(hours=12) else moment


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*COUNTS)
def minutes(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Write down what was studied and decided; a change is a new version."""
    as_of, access = timezone.now(), access_or_404(request, occasion_id)
    if not steps_of(access, as_of)["may_write"]:
        raise Http404
    known = minutes_of([occasion_id]).get(occasion_id)
    data = request.POST if request.method == "POST" else None
    form, decisions = MinutesForm.of(access.meeting, known, data), Decisions.of(known, data)
    if data is not None and form.is_valid() and decisions.is_valid():
        try:
            operations.write_minutes(
                occasion_id=occasion_id, **form.cleaned_data, decisions=decisions.pairs,
                actor_id=signed_in(request).pk, as_of=as_of,
            )  # fmt: skip
        except operations.UnableToWriteMinutes as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
            # The next save is deliberate: it is made on what stands there now.
            form.data = {**request.POST.dict(), "seen": str(known.number if known else 0)}
        else:
            messages.success(request, _("已保存会议记录，应到的人可以看到。"))
            return redirect(address_of(access))
    context = _context(access) | {"form": form, "decisions": decisions, "known": known}
    return render(request, "meetings/minutes.html", context, status=422 if form.errors else 200)
