"""The secretary's pages: which trainings are open, who is still missing in one, and how one person stands."""

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from attendance.coming import coming_for
from attendance.listing import being_listed, is_being_listed
from attendance.models import Occasion, RecordState, Training
from attendance.operations import settle_dirty
from attendance.permissions import COUNTS, NAMES, Whereabouts, may_read_names, own_nodes, whereabouts, whereabouts_on
from attendance.queries import trainings_touching
from attendance.reports.base import Scope
from attendance.reports.standing import (
    Counts,
    MemberStanding,
    Overview,
    StandingRow,
    node_names,
    occasions_of,
    overtaken_corrections,
    overview,
    place,
    rule_labels,
    standings,
    undone_by_training,
)
from attendance.reports.steps import reasons_text, stepper
from attendance.standing import CALLED_OFF, DUE, UNDONE, Amount, amount_of, asked_of
from attendance.views.detail import record_details
from attendance.views.disputes import Disputes, desk_of
from attendance.views.entries import with_notes
from attendance.views.shared import (
    anchor_of,
    list_address,
    log_shown,
    log_visit,
    number_or_none,
    scope_or_404,
    settle_unread,
)
from organizations.models import Node, User
from organizations.permissions import role_required, signed_in
from organizations.queries import node_ids, user_by_id

A_PAGE = 50
CLOSED_SHOWN = 20


@dataclass(frozen=True)
class Line:
    """One occasion that somebody has not done: why, and what is possible next."""

    title: str
    state: str
    reason: str
    step: str


@dataclass
class Person:
    """One name in the list of those who are missing."""

    member_id: int
    name: str
    place: str
    has_phone: bool
    lines: list[Line]
    where: Whereabouts | None = None  # as the reader may know it; None: nobody asked
    anchor: str = ""  # of the first line about a person on the page

    @property
    def may_call(self) -> bool:
        return self.has_phone and self.where is not None and self.where.may_call

    @property
    def group(self) -> str:
        """The heading under which the name stands."""
        states = {line.state for line in self.lines}
        if RecordState.MISSING in states:
            return ""
        return _("记录不全，不算没参加") if RecordState.INCOMPLETE in states else _("课程还在学，没有缺")


@dataclass(frozen=True)
class TrainingRow:
    """One training of the list, with how many people are missing and how many have a course to go on with."""

    training: Training
    missing: int
    due: int
    is_listed: bool


@dataclass(frozen=True)
class Child:
    """A node below the one shown, with how many people are missing there."""

    node_id: int
    name: str
    counts: Counts

    @property
    def others(self) -> list[tuple[int, str]]:
        """Who is neither done nor missing, where there are any: with those they make everybody expected."""
        rest = [
            (self.counts[RecordState.EXCUSED], _("请假")),
            (self.counts[DUE], _("课程还在学")),
            (self.counts[RecordState.PENDING], _("认定中")),
            (self.counts[RecordState.INCOMPLETE], _("记录不全")),
        ]
        return [one for one in rest if one[0]]


@require_GET
@never_cache
@role_required(*COUNTS)
def branch(request: HttpRequest) -> HttpResponse:
    """List the trainings that touch the person's nodes, the running ones first, each with how many are missing."""
    nodes = own_nodes(signed_in(request), *COUNTS)
    trainings = list(trainings_touching(nodes))
    listed = set(being_listed().values_list("occasion__training_id", flat=True))
    undone = undone_by_training(
        training_ids=[training.pk for training in trainings], paths=[node.path for node in nodes]
    )
    rows = []
    for training in trainings:
        missing, due = undone.get(training.pk, (0, 0))
        rows.append(TrainingRow(training, missing, due, is_listed=training.pk in listed))
    running = [row for row in rows if row.training.state == Training.State.PUBLISHED]
    closed = [row for row in rows if row.training.state == Training.State.CLOSED][:CLOSED_SHOWN]
    desk = desk_of(signed_in(request), as_of=timezone.now(), with_answers=False)
    context = {"tab": "branch", "nodes": nodes, "running": running, "closed": closed, "desk": desk}
    return render(request, "attendance/branch.html", context)


@require_GET
@never_cache
@role_required(*COUNTS)
def branch_training(request: HttpRequest, training_id: int) -> HttpResponse:
    """Show who is still missing at a node, by name with the next step, then the counts."""
    scope = scope_or_404(request, training_id, as_of=timezone.now())
    settle_unread(scope)
    occasions = occasions_of(scope)  # before the numbers: never too few of them without a word
    seen = overview(scope)
    names = node_names(scope)
    shows_names = may_read_names(signed_in(request), scope.node)
    page_number = number_or_none(request.GET.get("page")) or 1
    page = Paginator(undone_first(seen) if shows_names else [], A_PAGE).get_page(page_number)
    reader = signed_in(request)
    with transaction.atomic():
        people = people_of(scope, list(page), occasions, names, reader=reader)
        overtaken = overtaken_corrections(scope, limit=A_PAGE) if shows_names else []
        disputes = Disputes.of(scope) if shows_names else None
        named = {one.member_id for one in people} | {one.record.member_id for one in overtaken}
        log_shown(scope, reader=reader, member_ids=named, what="missing")
        log_visit(reader_id=reader.pk, subject_ids=_said(disputes), what="dispute", as_of=scope.as_of)
    context = {
        "tab": "branch",
        "scope": scope,
        "counts": seen.counts,
        "boxes": boxes_of(seen.counts),
        "people": people,
        "page": page,
        "shows_names": shows_names,
        "occasions": [(occasion, seen.by_occasion.get(occasion.pk)) for occasion in occasions],
        "listed": [occasion for occasion in occasions if is_being_listed(occasion)],
        "is_begun": any(occasion.opened_at and occasion.state not in CALLED_OFF for occasion in occasions),
        "rules": rule_labels(occasions),
        "overtaken": overtaken,
        "children": children_of(scope, seen, names),
        "disputes": disputes,
    }
    return render(request, "attendance/branch_training.html", context)


def _said(disputes: Disputes | None) -> list[int]:
    return [one.member_id for one in disputes.first] if disputes is not None else []


def boxes_of(counts: Counts) -> list[tuple[int, str]]:
    """Return the big numbers with their words; together they are everybody expected. Rare ones only where there are."""
    always = [
        (counts[RecordState.ATTENDED], _("已参加")),
        (counts[RecordState.MADE_UP], _("已补学")),
        (counts[RecordState.EXCUSED], _("请假")),
        (counts[RecordState.MISSING], _("没有参加")),
    ]
    rare = [
        (counts[DUE], _("课程还在学")),
        (counts[RecordState.PENDING], _("认定中")),
        (counts[RecordState.INCOMPLETE], _("记录不全")),
    ]
    return always + [box for box in rare if box[0]]


def undone_first(seen: Overview) -> list[MemberStanding]:
    """Return who has something to do: those who missed something, then incomplete records, then running courses."""
    groups = [[person for person in seen.people if person.state == state] for state in UNDONE]
    return [person for group in groups for person in group]


def people_of(
    scope: Scope,
    shown: list[MemberStanding],
    occasions: list[Occasion],
    names: dict[str, str],
    *,
    reader: User | None = None,
) -> list[Person]:
    """Return these people in their order, each in their unit with what they have not done there; one query.

    With ``reader``: whether that person may call them today, else where they are.
    """
    by_id = {occasion.pk: occasion for occasion in occasions}
    asked = {pk: asked_of(occasion=occasion, as_of=scope.as_of) for pk, occasion in by_id.items()}
    step = stepper(occasions, scope.as_of)
    people: dict[tuple[int, str], Person] = {}
    ids = {person.member_id for person in shown}
    today = timezone.localdate(scope.as_of)
    for one in standings(scope, states=UNDONE, member_ids=ids, home_on=today) if shown else ():
        where = place(one.node_path, names=names, below=scope.node.path)
        person = people.setdefault(
            (one.member_id, one.node_path), Person(one.member_id, one.name, where, one.has_phone, [])
        )
        if reader is not None and person.where is None:
            person.where = whereabouts(reader, one.home)
        occasion = by_id[one.occasion_id]
        reason = _reason(one, occasion, amount_of(asked[one.occasion_id], one.reasons, state=one.state))
        person.lines.append(Line(occasion.title, one.state, reason, step(one)))
    for person in people.values():
        person.lines.sort(key=lambda line: UNDONE.index(line.state))
    keys = [(person.member_id, person.node_path) for person in shown]
    listed = [people[key] for key in keys if key in people]
    for person in listed:
        if person.member_id in ids:  # whoever stands in two units has one place to come back to: the first
            person.anchor = anchor_of(person.member_id)
            ids.discard(person.member_id)
    return listed


def _reason(one: StandingRow, occasion: Occasion, amount: Amount) -> str:
    """Return why in a few words; the member's page has them all."""
    if amount.done_ms and not one.corrected:
        said = {"done": amount.done, "left": amount.left}
        return (_("已计入 %(done)s，还差 %(left)s") if amount.left else _("已计入 %(done)s")) % said
    return "" if one.state == DUE else reasons_text(one, occasion)


def children_of(scope: Scope, seen: Overview, names: dict[str, str]) -> list[Child]:
    """Return the nodes right below, in the order of the tree, never by how well they do."""
    depth = len(scope.node.path) + Node.steplen
    paths = [path for path in names if len(path) == depth]
    if not paths:
        return []
    ids = node_ids(paths)
    return [Child(ids[path], names[path], seen.counts_below(path)) for path in paths if path in ids]


@require_GET
@never_cache
@role_required(*NAMES)
@transaction.atomic
def branch_member(request: HttpRequest, training_id: int, member_id: int) -> HttpResponse:
    """Show one person's evidence and reasons in a training; the read is written down in the same transaction."""
    as_of = timezone.now()
    scope = scope_or_404(request, training_id, as_of=as_of, roles=NAMES)
    settle_dirty(as_of=as_of, member_ids=[member_id])
    details = record_details(training_id=training_id, member_id=member_id, below=scope.node.path, as_of=as_of)
    coming = coming_for(member_id=member_id, training_id=training_id, below=scope.node.path)
    member = user_by_id(member_id)
    if member is None or not (details or coming):
        raise Http404
    reader = signed_in(request)
    log_visit(reader_id=reader.pk, subject_ids=[member_id], as_of=as_of)
    shown, ahead = with_notes(details, coming, member_id=member_id, as_of=as_of)
    where = whereabouts_on(reader, member_id=member_id, on_date=timezone.localdate(as_of))
    context = {
        "tab": "branch",
        "scope": scope,
        "member": member,
        "where": where,
        "page_number": number_or_none(request.GET.get("page")),
        "back": list_address(request, scope, member_id),
        "details": shown,
        "ahead": ahead,
        "is_self": member_id == reader.pk,
        "may_call": bool(member.phone_last4) and where.may_call,
    }
    return render(request, "attendance/branch_member.html", context)
