"""登记集中收看: who sat in a hall together, who is ticked already and by whom, and taking a tick back.

Everything works without a script: finding a name and ticking everybody send the form, and nothing typed is lost.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from attendance import operations
from attendance.forms import HallForm, WithdrawForm
from attendance.models import Evidence, Occasion, Record, RecordState, Rule
from attendance.permissions import NAMES
from attendance.queries import CALLED_OFF, entries_below, occasions, records_of
from attendance.queries.listing import is_being_listed
from attendance.queries.windows import window_limit
from attendance.queries.written import may_be_withdrawn, ticks_at
from attendance.reports.base import Scope
from attendance.reports.standing import node_names, occasions_of, place, standings
from attendance.sentences import hour, month_day, written_down
from attendance.standing import DONE, UNDONE, amount_of, asked_of
from attendance.views.shared import id_or_none, log_shown, number_or_none, scope_or_404
from attendance.views.training import being_listed_words
from organizations.permissions import role_required, signed_in

# Whoever is excused may come all the same.
TICKABLE = (*UNDONE, RecordState.PENDING, RecordState.EXCUSED)
MOST_TICKS = 500
MOST_NAMED = 3
MINUTE = timedelta(minutes=1)
LOOKING = ("find", "all", "none")  # buttons that only show the list another way


@dataclass
class Person:
    """One name that can be ticked, under the unit it stands in on the roster."""

    member_id: int
    name: str
    unit: str
    note: str = ""
    checked: bool = False


@dataclass(frozen=True)
class Batch:
    """Ticks of one span that one person wrote down at one moment."""

    first: Evidence
    ticks: list[Evidence] = field(default_factory=list)
    own: list[int] = field(default_factory=list)  # the reader's own, which somebody else takes back
    may_be_withdrawn: bool = True

    @property
    def is_of_one(self) -> bool:
        return len(self.ticks) == 1

    @property
    def has_others(self) -> bool:
        """Whether the reader can take anything of it back."""
        return len(self.own) < len(self.ticks)

    @property
    def title(self) -> str:
        """Who is ticked."""
        name = self.first.member.name
        return name if self.is_of_one else _("%(name)s等 %(people)s 位") % {"name": name, "people": len(self.ticks)}

    @property
    def text(self) -> str:
        """For which time, by whom and when it was written down."""
        start, end = self.first.started_at, self.first.ended_at
        when = f"{month_day(start)} {hour(start)}–{hour(end)}" if start and end else ""
        return f"{when} · {written_down(self.first.recorded_by, self.first.recorded_at)}"


@dataclass(frozen=True)
class Hall:
    """Everything the page is about: one occasion, who is ticked there and who can be."""

    scope: Scope
    occasion: Occasion
    reader_id: int
    people: list[Person]
    batches: list[Batch]

    @property
    def ticked(self) -> int:
        """How many people are ticked."""
        return len({one.member_id for batch in self.batches for one in batch.ticks})

    @property
    def named(self) -> set[int]:
        """Everybody whose name the page shows."""
        return {one.member_id for one in self.people} | {one.member_id for batch in self.batches for one in batch.ticks}

    @property
    def address(self) -> str:
        """This page again, for this occasion."""
        page = reverse("branch_hall", args=[self.scope.training.pk])
        return f"{page}?node={self.scope.node.pk}&occasion={self.occasion.pk}"

    @property
    def ticked_title(self) -> str:
        """How many are ticked; "" when nobody is."""
        return _("已登记 %(people)s 位") % {"people": self.ticked} if self.ticked else ""

    @property
    def hint(self) -> str:
        """What is said of the time that is written down."""
        if self.occasion.window_end_at:
            return _("场次时间以外的部分不计入。")
        if self.occasion.rule.basis == Rule.Basis.MEDIA:
            return _("课程请在看完以后登记，结束时间不能晚于现在。")
        return _("还在进行：先登记到计划结束。提前走的，撤回后按实际时间重新登记。")


@dataclass(frozen=True)
class Choice:
    """One occasion of the training, as the page names it."""

    title: str
    when: str
    url: str

    @classmethod
    def of(cls, occasion: Occasion, scope: Scope) -> "Choice":
        when = f"{month_day(occasion.starts_at)} {hour(occasion.starts_at)}"
        return cls(occasion.title, when, f"?node={scope.node.pk}&occasion={occasion.pk}")


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*NAMES)
def branch_hall(request: HttpRequest, training_id: int) -> HttpResponse:
    """Show who is ticked at an occasion, tick the people who watched it together, take a tick back."""
    scope = scope_or_404(request, training_id, as_of=timezone.now(), roles=NAMES)
    occasions = [one for one in occasions_of(scope) if one.opened_at is not None and one.state not in CALLED_OFF]
    wanted = number_or_none(request.POST.get("occasion") or request.GET.get("occasion"))
    occasion = _chosen(occasions, wanted)
    context: dict[str, Any] = {"tab": "branch", "scope": scope, "occasion": occasion}
    if occasion is None:
        return render(request, "attendance/branch_hall.html", context)
    context |= _choices(occasions, occasion, scope)
    with transaction.atomic():
        hall = hall_of(scope, occasion, reader_id=signed_in(request).pk, wanted=_asked_for(request))
        log_shown(scope, reader=signed_in(request), member_ids=hall.named, what="hall", title=occasion.title)
    do, failed = request.POST.get("do", ""), None
    if request.method == "POST" and do not in LOOKING:
        failed = _written(request, hall, do)
        if failed is None:
            return redirect(hall.address)
    context |= {"hall": hall, "form": _form(request, hall, failed), "failed": failed}
    context |= _shown(request, hall.people, do)
    return render(request, "attendance/branch_hall.html", context, status=422 if failed else 200)


def _choices(occasions: list[Occasion], occasion: Occasion, scope: Scope) -> dict[str, Any]:
    """Return what the page says of its occasion, and the others that it could be about."""
    return {
        "chosen": Choice.of(occasion, scope),
        "others": [Choice.of(one, scope) for one in occasions if one != occasion],
        "listed": being_listed_words([occasion] if is_being_listed(occasion) else []),
    }


def _written(request: HttpRequest, hall: Hall, do: str) -> HallForm | WithdrawForm | None:
    """Tick or take back as posted; returns the form that says what is wrong, None when it is done."""
    form: HallForm | WithdrawForm
    if do == "withdraw":
        form = WithdrawForm(request.POST, ticks=_own_right(hall))
        done = form.is_valid() and _withdraw(request, hall, form)
    else:
        form = HallForm(request.POST, people=_on_roster(request, hall))
        done = form.is_valid() and _tick(request, hall, form)
    return None if done else form


def _on_roster(request: HttpRequest, hall: Hall) -> list[tuple[int, str]]:
    """Return those of the posted people who are expected here: also who was ticked meanwhile."""
    posted = [key for text in request.POST.getlist("members")[:MOST_TICKS] if (key := id_or_none(text)) is not None]
    found = entries_below(hall.scope.node.path).filter(occasion=hall.occasion, member_id__in=posted)
    return list(found.exclude(member_id=hall.reader_id).values_list("member_id", "member__name"))


def _form(request: HttpRequest, hall: Hall, failed: HallForm | WithdrawForm | None) -> HallForm:
    """Return the form as it was typed, else with the occasion's own time."""
    if isinstance(failed, HallForm):
        return failed
    typed = {name: request.POST[name] for name in ("started_at", "ended_at") if name in request.POST}
    return HallForm(initial=typed or _initial(hall.occasion, hall.scope.as_of))


def _chosen(occasions: list[Occasion], wanted: int | None) -> Occasion | None:
    """Return the occasion asked for, else the one that runs now, else the last."""
    if wanted is not None:
        found = next((one for one in occasions if one.pk == wanted), None)
        if found is None:
            raise Http404
        return found
    running = (one for one in occasions if one.state == Occasion.State.OPEN and one.rule.basis == Rule.Basis.WINDOW)
    return next(running, occasions[-1] if occasions else None)


def _asked_for(request: HttpRequest) -> set[int]:
    return {key for text in request.GET.getlist("member")[:MOST_TICKS] if (key := id_or_none(text)) is not None}


def hall_of(scope: Scope, occasion: Occasion, *, reader_id: int, wanted: set[int]) -> Hall:
    """Return who is ticked and who can be; three queries. ``wanted`` are listed and ticked, also once more."""
    batches = _batches(scope, occasion, reader_id)
    known = {one.member_id for batch in batches for one in batch.ticks} - wanted
    names = node_names(scope)
    people = []
    for one in standings(scope, states=TICKABLE, occasion_id=occasion.pk):
        if one.member_id != reader_id and one.member_id not in known:
            note = _("请假") if one.state == RecordState.EXCUSED else ""
            where = place(one.node_path, names=names, below=scope.node.path)
            people.append(Person(one.member_id, one.name, where, note, one.member_id in wanted))
        if len(people) == MOST_TICKS:
            break
    return Hall(scope, occasion, reader_id, people, batches)


def _batches(scope: Scope, occasion: Occasion, reader_id: int) -> list[Batch]:
    found: dict[tuple[Any, ...], Batch] = {}
    for one in ticks_at(occasion_id=occasion.pk, below=scope.node.path):
        key = (one.recorded_at, one.recorded_by_id, one.started_at, one.ended_at)
        may = may_be_withdrawn(one, occasion, as_of=scope.as_of)
        batch = found.setdefault(key, Batch(one, may_be_withdrawn=may))
        batch.ticks.append(one)
        if one.member_id == reader_id:
            batch.own.append(one.pk)
    return list(found.values())


def _own_right(hall: Hall) -> list[int]:
    """Return the ticks that the reader may take back."""
    return [one.pk for batch in hall.batches for one in batch.ticks if one.member_id != hall.reader_id]


def _initial(occasion: Occasion, as_of: datetime) -> dict[str, datetime]:
    """Offer the occasion's own time in whole minutes around it (what is outside is cut off when it is kept).

    While it runs, that is to its planned end: who sits there now need not be ticked again. A course is over when they
    have watched it, which is now.
    """
    start = occasion.window_start_at or occasion.starts_at
    end = occasion.window_end_at or window_limit(occasion)
    if occasion.rule.basis == Rule.Basis.MEDIA:
        end = min(end, as_of)
        start = max(start, end - timedelta(milliseconds=occasion.media_ms or 0))
        return {"started_at": _minute(start), "ended_at": _minute(end)}
    return {"started_at": _minute(start), "ended_at": _minute(end + MINUTE - timedelta(microseconds=1))}


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _shown(request: HttpRequest, people: list[Person], do: str) -> dict[str, Any]:
    """Return the list as the page shows it: who is ticked stays in sight, whatever name is looked for."""
    ticked, sought = set(request.POST.getlist("members")), request.POST.get("name", "").strip()[:40]
    for one in people:
        one.checked = (one.checked or str(one.member_id) in ticked) and do != "none"
        is_shown = not sought or sought in one.name
        one.checked |= do == "all" and is_shown
    shown = [one for one in people if one.checked or not sought or sought in one.name]
    units = [(unit, list(among)) for unit, among in groupby(shown, key=lambda one: one.unit)]
    is_found = any(sought in one.name for one in people)
    said = _("没有叫“%(sought)s”的人；已参加的不用登记。") % {"sought": sought}
    return {
        "units": units,
        "sought": sought,
        "not_found": "" if is_found else said,
        "is_cut": len(people) >= MOST_TICKS,
    }


def _tick(request: HttpRequest, hall: Hall, form: HallForm) -> bool:
    try:
        ticks = operations.record_hall(
            occasion_id=hall.occasion.pk,
            member_ids=form.cleaned_data["members"],
            started_at=form.cleaned_data["started_at"],
            ended_at=form.cleaned_data["ended_at"],
            recorded_by_id=hall.reader_id,
            as_of=hall.scope.as_of,
        )
    except operations.UnableToRecord as error:
        form.add_error(error.field, str(error))
        return False
    said, is_enough = _outcome(hall.occasion.pk, ticks, hall.scope.as_of)
    (messages.success if is_enough else messages.warning)(request, said)
    return True


def _outcome(occasion_id: int, ticks: operations.HallTicks, as_of: datetime) -> tuple[str, bool]:
    """Return what came of the ticks in a sentence, and whether nobody is left short by them."""
    occasion = occasions().get(pk=occasion_id)
    count = len(ticks.fresh)
    said = ngettext("已登记 %(count)s 位", "已登记 %(count)s 位", count) % {"count": count}
    if ticks.known:
        said += _("，另有 %(count)s 位之前登记过") % {"count": len(ticks.known)}
    members = [*ticks.fresh, *ticks.known]
    records = records_of(occasion_id=occasion_id, member_ids=members)
    is_judged = occasion.state == Occasion.State.SETTLED or occasion.rule.basis == Rule.Basis.MEDIA
    if not is_judged:
        return said + _("。结束后认定。"), True
    short = [one for one in records if one.stands not in DONE]
    enough = len(members) - len(short)
    if not short:
        return said + _("，都达到了要求。"), True
    numbers = {"enough": enough, "short": len(short), "who": _who_is_short(occasion, short, as_of)}
    return said + _("，其中 %(enough)s 位达到要求，%(short)s 位还不够（%(who)s）。") % numbers, False


def _who_is_short(occasion: Occasion, short: list[Record], as_of: datetime) -> str:
    asked = asked_of(occasion=occasion, as_of=as_of)
    amounts = [(one.member.name, amount_of(asked, one.reasons, state=one.stands)) for one in short[:MOST_NAMED]]
    named = [_("%(name)s还差 %(length)s") % {"name": name, "length": amount.left} for name, amount in amounts]
    return _("、").join(named) + (_("等") if len(short) > MOST_NAMED else "")


def _withdraw(request: HttpRequest, hall: Hall, form: WithdrawForm) -> bool:
    try:
        count = operations.withdraw(
            occasion_id=hall.occasion.pk,
            evidence_ids=form.cleaned_data["ticks"],
            recorded_by_id=hall.reader_id,
            as_of=hall.scope.as_of,
        )
    except operations.UnableToRecord as error:
        form.add_error(None, str(error))
        return False
    said = ngettext("已撤回 %(count)s 位的登记，本人可以看到。", "已撤回 %(count)s 位的登记，本人可以看到。", count)
    messages.success(request, said % {"count": count})
    return True
