"""Reports that are pages: one person's year, one occasion, one training over time."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from attendance.beside import beside
from attendance.catching_up import catch_up_of
from attendance.charts import Chart, Part, bars, line
from attendance.models import Occasion, RecordState
from attendance.operations import settle_dirty
from attendance.permissions import COUNTS, NAMES, may_read_names, own_nodes
from attendance.queries import announced_occasions
from attendance.queries.access import places_of
from attendance.queries.listing import is_being_listed
from attendance.queries.register import done_by_day, year_of
from attendance.queries.sessions import sessions_ahead, sessions_planned
from attendance.reports.base import Scope
from attendance.reports.named import names_of, units_named
from attendance.reports.standing import MANY, Counts, occasions_of, place, standings
from attendance.running import state_words
from attendance.sentences.records import day_and_hour, length, month_day
from attendance.standing import DONE, UNDONE, WORST_FIRST, amount_of, asked_of
from attendance.views.numbers import children_at, numbers_of, where_names
from attendance.views.shared import log_shown, log_visit, number_or_none, scope_or_404, settle_unread
from attendance.views.training import behind_words, being_listed_words, parts_of
from organizations.models import User
from organizations.permissions import role_required, signed_in
from organizations.queries import user_by_id

FIRST_YEAR, LAST_YEAR = 2000, 9998


def progress_chart(scope: Scope) -> Chart | None:
    """Return how many were done, people by occasions, day by day against the deadline; None while nothing is."""
    days, whole = done_by_day(training_id=scope.training.pk, path=scope.node.path)
    if not days:
        return None
    first = timezone.make_aware(datetime.combine(min(scope.training.starts_date, days[0][0]), time.min))
    points = [(first, 0)] + [(timezone.make_aware(datetime.combine(day, time.max)), number) for day, number in days]
    return line(
        points,
        whole=whole,
        until=timezone.localtime(scope.training.deadline_at),
        as_of=timezone.localtime(scope.as_of),
        key="progress",
        title=_("完成人次随时间的变化"),
    )


@dataclass(frozen=True)
class OccasionBar:
    """One occasion of a training with its bar."""

    title: str
    when: str
    chart: Chart
    parts: list[Part]
    url: str


@require_GET
@never_cache
@role_required(*COUNTS)
def branch_progress(request: HttpRequest, training_id: int) -> HttpResponse:
    """Show a training over time: done by day against the deadline, and each occasion; numbers alone, no names."""
    scope = scope_or_404(request, training_id, as_of=timezone.now())
    settle_unread(scope)
    occasions = occasions_of(scope)
    seen, is_now = numbers_of(scope, with_names=False)
    is_wide = seen.counts.everybody > MANY
    context = {
        "tab": "branch",
        "scope": scope,
        "listed": behind_words(is_now=is_now),
        "is_wide": is_wide,
        "chart": None if is_wide else progress_chart(scope),
        "deadline": day_and_hour(scope.training.deadline_at),
        "bars": [_bar(one, seen.by_occasion[one.pk], scope) for one in occasions if one.pk in seen.by_occasion],
        "back": f"{reverse('branch_training', args=[training_id])}?node={scope.node.pk}",
    }
    return render(request, "attendance/branch_progress.html", context)


def _bar(occasion: Occasion, counts: Counts, scope: Scope) -> OccasionBar:
    parts = parts_of(counts, [occasion])
    url = f"{reverse('branch_occasion', args=[occasion.pk])}?node={scope.node.pk}"
    return OccasionBar(
        occasion.title, month_day(occasion.starts_at), bars(parts, key=f"o{occasion.pk}", title=occasion.title), parts,
        url,
    )  # fmt: skip


@dataclass(frozen=True)
class NamesOf:
    """Everybody who stands one way at an occasion."""

    title: str
    names: list[tuple[str, str, str]]  # name, where or how much, address
    until: str = ""  # until when these can still do it


@require_GET
@never_cache
@role_required(*COUNTS)
def branch_occasion(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Show one occasion: how many stand how, and to a secretary who; the read is written down with it."""
    occasion = get_object_or_404(announced_occasions().select_related("roster_work"), pk=occasion_id)
    scope = scope_or_404(request, occasion.training_id, as_of=timezone.now())
    if occasion.pk not in {one.pk for one in occasions_of(scope)}:
        raise Http404
    settle_unread(scope)
    seen, is_now = numbers_of(scope, with_names=False)
    counts = seen.by_occasion.get(occasion.pk, Counts({}))
    parts = parts_of(counts, [occasion])
    shows_names = may_read_names(signed_in(request), scope.node)
    context = {
        "tab": "branch",
        "scope": scope,
        "occasion": occasion,
        "when": f"{day_and_hour(occasion.starts_at)} · {occasion.get_state_display()}",
        "parts": parts,
        "chart": bars(parts, key="all", title=occasion.title),
        "sessions": session_rows(occasion, scope),
        "listed": being_listed_words([occasion] if is_being_listed(occasion) else []) + behind_words(is_now=is_now),
        "said": _shares(counts) if occasion.opened_at else "",
        "where_names": where_names(scope, counts, shows_names=shows_names),
        "groups": _names_at(occasion, scope, counts, signed_in(request)) if shows_names else [],
        "children": children_at(scope, occasion.pk),
        "back": f"{reverse('branch_training', args=[occasion.training_id])}?node={scope.node.pk}",
    }
    return render(request, "attendance/branch_occasion.html", context)


def session_rows(occasion: Occasion, scope: Scope) -> list[tuple[str, str]]:
    """Return the further sessions of an occasion, or the one that it repeats, each with its page about it."""
    found = [(_("再讲的一场：%(at)s"), one) for one in sessions_planned(occasion)]
    if occasion.repeats is not None:
        found.append((_("这是再讲的一场；认定和学时都记在原来的那一场：%(at)s"), occasion.repeats))
    return [
        (
            words % {"at": day_and_hour(one.starts_at)},
            f"{reverse('branch_occasion', args=[one.pk])}?node={scope.node.pk}",
        )
        for words, one in found
    ]


MOST_NAMES = 500


def _shares(counts: Counts) -> str:
    said = _("应到 %(expected)s 位，完成 %(done)s 位；除去请假的，应到 %(rest)s 位，完成 %(done)s 位。")
    return said % {"expected": counts.expected, "rest": counts.not_excused, "done": counts.done}


@transaction.atomic
def _names_at(occasion: Occasion, scope: Scope, counts: Counts, reader: User) -> list[NamesOf]:
    """Return who stands how at an occasion, the missing first; the read is written down with it."""
    asked = asked_of(occasion=occasion, as_of=scope.as_of)
    found: defaultdict[str, list[tuple[str, str, str]]] = defaultdict(list)
    named = set()
    rows = list(islice(standings(scope, occasion_id=occasion.pk, units=units_named(scope, counts)), MOST_NAMES))
    names = names_of(scope, [one.node_path for one in rows])
    for one in rows:
        amount = amount_of(asked, one.reasons, state=one.state)
        where = [] if one.node_path == scope.node.path else [place(one.node_path, names=names, below=scope.node.path)]
        where += [amount.done] if amount.done_ms else []
        url = reverse("branch_cell", args=[occasion.pk, one.member_id])
        found[one.state].append((one.name, " · ".join(where), url))
        named.add(one.member_id)
    title = f"{scope.training.title} · {occasion.title}"
    log_shown(scope, reader=reader, member_ids=named, what="table", title=title)
    until = {state: path_at(occasion, state, scope) for state in UNDONE}
    return [
        NamesOf(f"{state_words(occasion, state)} · {len(found[state])}", found[state], until.get(state, ""))
        for state in WORST_FIRST
        if found[state]
    ]


def path_at(occasion: Occasion, state: str, scope: Scope) -> str:
    """Return until when those who stand so at an occasion can make it up, and at which further sessions."""
    ahead = sessions_ahead([occasion], as_of=scope.as_of).get(occasion.pk, ())
    path = catch_up_of(occasion=occasion, state=state, as_of=scope.as_of, member=User(), sessions=ahead)
    return _("；").join([path.until, *(way.label for way in path.sessions)]) if path else ""


@dataclass(frozen=True)
class YearRow:
    """One occasion of a person's year."""

    title: str
    training: str
    when: str
    state: str
    look: str
    counted: str
    hours: str
    url: str


@require_GET
@never_cache
@role_required(*NAMES)
@transaction.atomic
def branch_person(request: HttpRequest, member_id: int) -> HttpResponse:
    """Show one person's year: every occasion of the reader's units at which they stood, with its state and hours."""
    as_of, reader = timezone.now(), signed_in(request)
    year = number_or_none(request.GET.get("year"), most=LAST_YEAR) or timezone.localdate(as_of).year
    paths = [node.path for node in own_nodes(reader, *NAMES)]
    member = user_by_id(member_id)
    if member is None or year < FIRST_YEAR or not _stands_in(member_id, paths):
        raise Http404
    settle_dirty(as_of=as_of, member_ids=[member_id])
    entries = list(year_of(member_id=member_id, paths=paths, year=year))
    records = {one.occasion_id: one for one in member.records.filter(occasion__in=[e.occasion_id for e in entries])}
    log_visit(reader_id=reader.pk, subject_ids=[member_id], as_of=as_of)
    counts = Counts({state: sum(one.stands == state for one in entries) for state in WORST_FIRST})
    parts = parts_of(counts, [one.occasion for one in entries])
    context = {
        "tab": "branch",
        "member": member,
        "year": year,
        "earlier": year - 1,
        "later": year + 1 if year < timezone.localdate(as_of).year else None,
        "rows": [_year_row(one, records.get(one.occasion_id), as_of) for one in entries],
        "parts": parts,
        "chart": bars(parts, key="year", title=_("%(year)s 年") % {"year": year}),
        "hours": _hours(entries, records),
        "beside": beside("person", user=reader, member_id=member_id, paths=paths),
    }
    return render(request, "attendance/branch_person.html", context)


def _stands_in(member_id: int, paths: Sequence[str]) -> bool:
    return any(place.startswith(path) for place in places_of(member_id=member_id) for path in paths)


def _hours(entries: Sequence[Any], records: dict[int, Any]) -> str:
    done = [one for one in entries if one.stands in DONE]
    total = sum((records[one.occasion_id].stands_hours for one in done if one.occasion_id in records), Decimal(0))
    return f"{total.normalize():f}"


def _year_row(entry: Any, record: Any, as_of: datetime) -> YearRow:
    occasion, state = entry.occasion, entry.stands
    amount = amount_of(asked_of(occasion=occasion, as_of=as_of), record.reasons if record else None, state=state)
    is_done = state in DONE
    look = "ok" if is_done else "due" if state in (RecordState.MISSING, RecordState.INCOMPLETE) else "plain"
    return YearRow(
        title=occasion.title,
        training=occasion.training.title,
        when=month_day(occasion.starts_at),
        state=state_words(occasion, state),
        look=look,
        counted=length(amount.done_ms) if amount.done_ms else "",
        hours=f"{record.stands_hours.normalize():f}" if is_done and record else "",
        url=reverse("branch_cell", args=[occasion.pk, entry.member_id]),
    )
