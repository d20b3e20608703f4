"""The secretary's pages: which trainings are open, who is still missing in one, and how one person stands."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from attendance.beside import beside
from attendance.charts import bars
from attendance.duties import unit_duties_of
from attendance.models import Occasion, RecordState, Training
from attendance.operations import fold_for_page, settle_dirty
from attendance.permissions import COUNTS, NAMES, may_read_names, own_nodes, whereabouts_on
from attendance.queries import trainings_touching
from attendance.queries.coming import coming_for
from attendance.queries.listing import being_listed, is_being_listed
from attendance.reports.base import Scope
from attendance.reports.named import names_of
from attendance.reports.standing import (
    Overview,
    RollUp,
    occasions_of,
    overtaken_corrections,
    undone_by_training,
)
from attendance.running import pending_words, running_label
from attendance.sentences.records import day_and_hour, month_day
from attendance.standing import state_label
from attendance.views.detail import Detail, record_details
from attendance.views.disputes import DisputeCard, Disputes, answer_cards, took_back
from attendance.views.entries import Note, ahead_of, notes_of
from attendance.views.numbers import numbers_of, people_named, where_names
from attendance.views.people import Desk, people_of, undone_first, whereabouts_text
from attendance.views.shared import (
    list_address,
    log_shown,
    log_visit,
    number_or_none,
    scope_or_404,
    settle_unread,
)
from attendance.views.training import (
    Tool,
    behind_words,
    being_listed_words,
    children_of,
    count_notes,
    due_words,
    has_begun,
    headline,
    missing_words,
    nobody,
    not_reached_of,
    occasion_rows,
    overtaken_rows,
    parts_of,
    remind_of,
    tools_of,
)
from organizations.models import Node, User
from organizations.permissions import has_role, role_required, signed_in
from organizations.queries import user_by_id

A_PAGE = 60  # names: a branch on one page
MOST_STUDYING = 60  # names of those who only have a running course to do; the table has them all
CLOSED_SHOWN = 20


@dataclass(frozen=True)
class TrainingRow:
    """One training of the list, with how many people are missing and how many have a course to go on with."""

    training: Training
    missing: int
    due: int
    is_listed: bool

    @property
    def url(self) -> str:
        return reverse("branch_training", args=[self.training.pk])

    @property
    def text(self) -> str:
        values = {"unit": self.training.node.name, "until": day_and_hour(self.training.deadline_at)}
        return _("%(unit)s · %(until)s 前") % values

    @property
    def chips(self) -> list[tuple[str, str]]:
        """What stands below the title, each with its look: who is missing, who still studies, what cannot be said."""
        chips = [("due", missing_words(self.missing)), ("plain", due_words(self.due))]
        if self.is_listed:
            chips.append(("plain", _("名单正在整理")))
        elif not self.missing and not self.due:
            chips.append(_nobody_missing(self.training))
        return [one for one in chips if one[1]]


def _nobody_missing(training: Training) -> tuple[str, str]:
    """Return why nobody is missing; ``training`` comes from ``_trainings_touching``, with what it is asked here."""
    if not training.has_begun:  # type: ignore[attr-defined]
        return "plain", _("还没有开始")
    if training.is_judging:  # type: ignore[attr-defined]
        return "plain", state_label(RecordState.PENDING)
    if training.is_running:  # type: ignore[attr-defined]
        return "plain", running_label()
    return "ok", _("没有人缺")


@require_GET
@never_cache
@role_required(*COUNTS)
def branch(request: HttpRequest) -> HttpResponse:
    """List the trainings that touch the person's nodes, the running ones first, each with how many are missing."""
    nodes = own_nodes(signed_in(request), *COUNTS)
    rows = _training_rows(nodes)
    running = [row for row in rows if row.training.state == Training.State.PUBLISHED]
    closed = [row for row in rows if row.training.state == Training.State.CLOSED][:CLOSED_SHOWN]
    as_of = timezone.now()
    desk = answer_cards(signed_in(request), as_of=as_of, with_answers=False)
    context = {"tab": "branch", "running": running, "closed": closed, "desk": desk}
    context["duties"] = unit_duties_of(signed_in(request), as_of=as_of)
    context["units"] = _("、").join(node.name for node in nodes)
    context["pages"] = _pages_of(signed_in(request))
    return render(request, "attendance/branch.html", context)


def _pages_of(user: User) -> list[Tool]:
    """Return what else there is for this person's units, in the order of ``settings.BRANCH_PAGES``."""
    return [Tool(str(words), reverse(url)) for url, words, roles in settings.BRANCH_PAGES if has_role(user, *roles)]


def _training_rows(nodes: list[Node]) -> list[TrainingRow]:
    trainings = list(trainings_touching(nodes))
    listed = set(being_listed().values_list("occasion__training_id", flat=True))
    ids = [training.pk for training in trainings]
    fold_for_page(training_ids=ids)
    undone = undone_by_training(training_ids=ids, paths=[node.path for node in nodes])
    return [
        TrainingRow(training, *undone.get(training.pk, (0, 0)), is_listed=training.pk in listed)
        for training in trainings
    ]


@require_GET
@never_cache
@role_required(*COUNTS)
def branch_training(request: HttpRequest, training_id: int) -> HttpResponse:
    """Show who is still missing at a node, by name with the next step, then the counts."""
    scope = scope_or_404(request, training_id, as_of=timezone.now())
    occasions = occasions_of(scope)  # before the numbers: never too few of them without a word
    if any(one.is_unread for one in occasions):  # type: ignore[attr-defined]
        settle_unread(scope)
    shows_names = may_read_names(signed_in(request), scope.node)
    seen, is_now = numbers_of(scope, with_names=shows_names)
    listed = [one for one in occasions if is_being_listed(one)]
    is_running = pending_words(occasions) == running_label()
    told = {"is_begun": has_begun(occasions), "is_listed": bool(listed), "is_running": is_running}
    context = {
        "tab": "branch",
        "scope": scope,
        "title": headline(seen.counts, **told),
        "nobody": nobody(seen.counts, **told),
        "shows_names": shows_names,
        "where_names": where_names(scope, seen.counts, shows_names=shows_names) if told["is_begun"] else "",
        "listed": being_listed_words(listed) + behind_words(is_now=is_now),
        "children": children_of(seen, occasions) if isinstance(seen, RollUp) else [],
        "tools": tools_of(scope, shows_names=shows_names),
        "beside": beside("training", user=signed_in(request), scope=scope),
    } | _in_numbers(scope, seen, occasions)
    if shows_names:
        context |= _named(request, scope, seen, occasions)
    return render(request, "attendance/branch_training.html", context)


def _in_numbers(scope: Scope, seen: Overview | RollUp, occasions: list[Occasion]) -> dict[str, Any]:
    """Return the counts of the training as a whole and of each occasion, with what they are made of."""
    parts = parts_of(seen.counts, occasions)
    return {
        "parts": parts,
        "chart": bars(parts, key="all", title=_("大家现在怎么样")),
        "notes": count_notes(seen.counts, occasions, scope),
        "occasions": occasion_rows(occasions, seen, scope),
    }


def _named(request: HttpRequest, scope: Scope, seen: Overview | RollUp, occasions: list[Occasion]) -> dict[str, Any]:
    """Return everybody whom the page names; who they are is written down in the transaction of the read."""
    reader = signed_in(request)
    missed, studying = undone_first(people_named(scope, seen))
    page = Paginator(missed, A_PAGE).get_page(number_or_none(request.GET.get("page")) or 1)
    shown = [*page, *studying[:MOST_STUDYING]]
    desk = Desk(scope, reader, page.number, with_titles=len(occasions) > 1)
    with transaction.atomic():
        names = names_of(scope, [one.node_path for one in shown]) if shown else {}
        people = people_of(scope, shown, occasions, names, reader=reader)
        listed = desk.groups_of(people, studying=len(studying))
        overtaken = overtaken_corrections(scope, limit=A_PAGE)
        disputes = Disputes.of(scope)
        named = {one.member_id for one in people} | {one.record.member_id for one in overtaken}
        log_shown(scope, reader=reader, member_ids=named, what="missing")
        told = [] if listed.is_tiled else disputes.member_ids  # above a long list only their number stands
        log_visit(reader_id=reader.pk, subject_ids=told, what="dispute", as_of=scope.as_of)
    return {
        "page": page,
        "people": listed,
        "more_studying": len(studying) > MOST_STUDYING,
        "not_reached": not_reached_of(scope, people, are_all=len(shown) == len(missed) + len(studying)),
        "remind": remind_of(scope, seen.counts[RecordState.MISSING]),
        "overtaken": overtaken_rows(overtaken, scope),
        "disputes": disputes,
        "dispute_rows": disputes.rows(reader),
    }


@dataclass(frozen=True)
class AtOccasion:
    """How one person stood at one occasion, with all that a secretary can do about it there."""

    detail: Detail
    notes: list[Note]
    disputes: list[DisputeCard]
    taken_back: list[DisputeCard]
    is_own: bool  # nobody writes down anything about themselves

    @property
    def pk(self) -> int:
        return self.detail.occasion.pk

    @property
    def title(self) -> str:
        occasion = self.detail.occasion
        return f"{occasion.title} · {month_day(occasion.starts_at)} · {self.detail.entry.node.name}"

    @property
    def steps(self) -> list[tuple[str, str]]:
        """What can be written down, with its address; nothing about what was called off."""
        if self.is_own or self.detail.is_called_off:
            return []
        what = [("leave", _("登记请假")), ("declare", _("登记其他方式学习"))]
        what += [("correct", _("更正结果"))] if self.detail.record else []
        member_id = self.detail.entry.member_id
        return [(reverse("branch_entry", args=[self.pk, member_id, name]), words) for name, words in what]

    @property
    def says_own(self) -> bool:
        """Whether the page says why there is nothing to be written down."""
        return self.is_own and not self.detail.is_called_off


@require_GET
@never_cache
@role_required(*NAMES)
@transaction.atomic
def branch_member(request: HttpRequest, training_id: int, member_id: int) -> HttpResponse:
    """Show one person's evidence and reasons in a training; the read is written down in the same transaction."""
    as_of, reader = timezone.now(), signed_in(request)
    scope = scope_or_404(request, training_id, as_of=as_of, roles=NAMES)
    settle_dirty(as_of=as_of, member_ids=[member_id])
    details = record_details(training_id=training_id, member_id=member_id, below=scope.node.path, as_of=as_of)
    coming = coming_for(member_id=member_id, training_id=training_id, below=scope.node.path)
    member = user_by_id(member_id)
    if member is None or not (details or coming):
        raise Http404
    log_visit(reader_id=reader.pk, subject_ids=[member_id], as_of=as_of)
    is_self = member_id == reader.pk
    notes = notes_of(details, coming, member_id=member_id, as_of=as_of, is_self=is_self)
    context = {
        "tab": "branch",
        "scope": scope,
        "member": member,
        "page_number": number_or_none(request.GET.get("page")),
        "back": list_address(request, scope, member_id),
        "year_url": reverse("branch_person", args=[member_id]),
        "occasions": [at_occasion(one, notes.get(one.occasion.pk, []), is_own=is_self) for one in details],
        "ahead": ahead_of(coming, notes, member_id=member_id, is_self=is_self),
    } | _reached(reader, member, on_date=timezone.localdate(as_of))
    return render(request, "attendance/branch_member.html", context)


def _reached(reader: User, member: User, *, on_date: date) -> dict[str, Any]:
    """Return what the page says of how to reach somebody."""
    where = whereabouts_on(reader, member_id=member.pk, on_date=on_date)
    phone = _("手机尾号 %(last)s") % {"last": member.phone_last4} if member.phone_last4 else _("没有登记手机")
    return {
        "phone": phone,
        "whereabouts": "" if member == reader else whereabouts_text(where),
        "may_call": bool(member.phone_last4) and where.may_call,
    }


def at_occasion(detail: Detail, notes: list[Note], *, is_own: bool) -> AtOccasion:
    """Return one person's standing at one occasion with what can be done about it; nothing about oneself."""
    cards: dict[bool, list[DisputeCard]] = {True: [], False: []}
    for one in detail.disputes:
        url = "" if is_own else reverse("branch_answer", args=[one.pk])
        cards[took_back(one)].append(DisputeCard.of(one, url=url))
    return AtOccasion(detail, notes, cards[False], cards[True], is_own)
