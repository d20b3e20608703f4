"""One meeting: its book for whoever reads it, what was decided for who was expected; writing down
what was studied and decided."""

import datetime as dt
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from attendance.catching_up import catch_up_of
from attendance.kinds import book_steps, is_in_person, kinds, recorded_steps
from attendance.models import Occasion
from attendance.operations import settle_dirty
from attendance.permissions import COUNTS
from attendance.queries import CALLED_OFF
from attendance.queries.asked import asked_of_member
from attendance.queries.sessions import sessions_ahead
from attendance.queries.windows import HELD
from attendance.running import has_to_begin
from attendance.sentences.asked import asked_words
from attendance.standing import standings_of, state_label
from attendance.views.today import doors
from attendance.views.told_off import led_back_where_off
from meetings import operations
from meetings.forms import Decisions, MinutesForm
from meetings.permissions import Access
from meetings.queries import Book, books_of, minutes_of
from meetings.sentences import (
    has_missed_its_time,
    is_unregistered,
    late_words,
    online_words,
    state_words,
    when_words,
)
from meetings.views.shared import MOST_PEOPLE, access_or_404, address_of, log_book
from organizations.permissions import role_required, signed_in

State = Occasion.State


@require_GET
@never_cache
@role_required()
@led_back_where_off
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
        "late": late_words(one),
        "occasion_words": has_to_begin(one.occasion, as_of) or state_words(one.occasion, as_of=as_of),
        "is_over": is_unregistered(one.occasion, as_of=as_of),
        "in_person": is_in_person(one.occasion.kind),
        "is_missed": has_missed_its_time(one.occasion, as_of=as_of),
        "online_words": online_words(one.occasion, as_of=as_of),
        "recorded_steps": recorded_steps(one.occasion, member=signed_in(request)),
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
    is_near = occasion.state == State.OPEN or (
        occasion.state == State.SCHEDULED and bool(doors(occasion, member, as_of))
    )
    return {
        "room_url": kinds()[occasion.kind].url_for(occasion, member) if is_near else "",
        "minutes": minutes_of([occasion.pk]).get(occasion.pk),
        "asked": [] if stand and stand.is_done else asked_words(asked, occasion),
        "leave_url": f"{reverse('me_leave_ask')}?occasion={occasion.pk}" if may_ask else "",
        "state": stand.state if stand else "",
        "state_words": state_label(stand.state) if stand else "",
        "path": path,
    }


def steps_of(access: Access, as_of: dt.datetime) -> dict[str, Any]:
    """Return what can be done with a meeting now, by whom it is."""
    state, gathering = access.meeting.occasion.state, access.is_gathering
    has_begun = access.meeting.occasion.starts_at <= as_of
    over = state not in CALLED_OFF
    return {
        "own_steps": book_steps(access.meeting.occasion, plans=access.plans),
        "may_change": gathering and access.plans and state == State.SCHEDULED,
        "may_record": gathering and access.plans and access.names and has_begun and over,
        "may_write": access.plans and has_begun and state != State.VOID,
        "may_void": gathering and access.plans and state in (State.CLOSED, State.SETTLED, State.NOT_HELD),
        "may_plan_again": gathering and access.plans and state in CALLED_OFF,
        "may_repeat": gathering and access.plans and state in HELD,
        "may_label": access.plans,
    }


def context_of(access: Access) -> dict[str, Any]:
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
            seen = {"seen": known.number if known else 0, "seen_book": operations.book_mark(access.meeting)}
            form.data = {**request.POST.dict(), **{name: str(value) for name, value in seen.items()}}
        else:
            messages.success(request, _("已保存会议记录，应到的人可以看到。"))
            return redirect(address_of(access))
    context = context_of(access) | {"form": form, "decisions": decisions, "known": known}
    return render(request, "meetings/minutes.html", context, status=422 if form.errors else 200)
