"""登记集中收看: who sat in a hall together, who is ticked already and by whom, and taking a tick back.

Everything works without a script: finding a name and ticking everybody send the form, and nothing typed is lost. With
one (``frontend/src/hall``) a name is found while it is typed, and what is ticked without a line waits on the phone.
"""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
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

from attendance import models, operations
from attendance.forms import GuestForm, HallForm, WithdrawForm
from attendance.models import Evidence, Guest, Occasion, Record, RecordState, Rule
from attendance.permissions import NAMES
from attendance.queries import CALLED_OFF, entries_below, occasions, records_of
from attendance.queries.halls import check_ins, guests_like_ours, guests_written, open_halls, whose_last4
from attendance.queries.listing import is_being_listed
from attendance.queries.windows import window_limit
from attendance.queries.written import may_be_withdrawn, ticks_at
from attendance.reports.base import Scope
from attendance.reports.standing import node_names, occasions_of, place, standings
from attendance.sentences import category, day_and_hour, hall_words, hour, month_day, written_down
from attendance.standing import DONE, UNDONE, amount_of, asked_of
from attendance.views.shared import id_or_none, log_shown, number_or_none, scope_or_404
from attendance.views.training import being_listed_words
from organizations.core.pinyin import initials_of
from organizations.models import User
from organizations.permissions import role_required, signed_in
from organizations.queries import keys_of_names

# Whoever is excused may come all the same.
TICKABLE = (*UNDONE, RecordState.PENDING, RecordState.EXCUSED)
MOST_TICKS = 500
MOST_NAMED = 3
MINUTE = timedelta(minutes=1)
LAST_DIGITS = 4
ISLAND_PAGES = ("branch_sheet", "branch_hall_sync", "branch_hall_find")
LOOKING = ("find", "all", "none")  # buttons that only show the list another way


Failed = HallForm | WithdrawForm | GuestForm | None


@dataclass
class Person:
    """One name that can be ticked, under the unit it stands in on the roster."""

    member_id: int
    name: str
    unit: str
    note: str = ""
    checked: bool = False
    letters: str = ""
    scanned_at: datetime | None = None

    def is_called(self, sought: str) -> bool:
        """Whether what was typed is a part of the name or the beginning of its initials; nothing typed is anybody."""
        return sought in self.name or self.letters.startswith(sought.lower())


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
        """For which time, how, by whom and when it was written down."""
        start, end = self.first.started_at, self.first.ended_at
        when = f"{month_day(start)} {hour(start)}–{hour(end)}" if start and end else ""
        how = category(self.first.category) if self.first.category else ""
        by = written_down(self.first.recorded_by, self.first.recorded_at)
        return " · ".join(part for part in (when, how, by) if part)


@dataclass(frozen=True)
class OpenHall:
    """A hall that is open: one that shows a code, or one that is announced because it cannot report yet."""

    hall_id: int
    title: str
    text: str
    url: str
    close: str

    @classmethod
    def of(cls, one: models.Hall, training_id: int) -> "OpenHall":
        text = _("%(name)s %(at)s 起") % {"name": one.opened_by.name, "at": day_and_hour(one.opened_at)}
        where = one.place or one.node.name
        if one.is_offline:
            title = _("%(place)s：登记还没有上交，先不按未参加处理") % {"place": where}
            return cls(one.pk, title, text, "", _("都上交了"))
        title = _("%(place)s：正在扫码签到") % {"place": where}
        return cls(one.pk, title, text, reverse("branch_hall_code", args=[one.pk]), _("结束扫码"))


@dataclass(frozen=True)
class GuestRow:
    """One guest as the page writes it; ``step``: what the reader can do about it ("": nothing any more)."""

    guest_id: int
    name: str
    texts: list[str]
    step: str = ""
    label: str = ""
    member_id: int = 0

    @classmethod
    def of(cls, one: Guest) -> "GuestRow":
        """Write a guest for those who wrote them down."""
        came = f"{month_day(one.started_at)} {hour(one.started_at)}–{hour(one.ended_at)}"
        what = " · ".join(part for part in (one.unit, _tail(one), came) if part)
        if one.member_id is not None:
            return cls(one.pk, one.name, [what, _("已核对，给本人记上了")])
        by = written_down(one.recorded_by, one.recorded_at)
        return cls(one.pk, one.name, [what, by], _("划去"), _("划去%(name)s") % {"name": one.name})

    @classmethod
    def like_ours(cls, one: Guest, member: User) -> "GuestRow":
        """Write a guest for the secretary of somebody of that name; whether the phone's end fits is said, never it."""
        row = cls.of(one)
        texts = [_("写在%(node)s") % {"node": one.node.name}, *row.texts]
        if one.last4:
            texts.append(_("手机尾号一致") if one.last4 == member.phone_last4 else _("手机尾号不一致，请先问清楚"))
        step = _("是我们支部的%(name)s，给本人记上") % {"name": member.name}
        return cls(one.pk, one.name, texts, step, "", member.pk)


def _tail(one: Guest) -> str:
    return _("手机尾号 %(last4)s") % {"last4": one.last4} if one.last4 else ""


@dataclass(frozen=True)
class Hall:
    """Everything the page is about: one occasion, who is ticked there and who can be."""

    scope: Scope
    occasion: Occasion
    reader_id: int
    people: list[Person]
    batches: list[Batch]
    scans: dict[int, datetime] = field(default_factory=dict)
    guests: list[Guest] = field(default_factory=list)
    like_ours: list[tuple[Guest, User]] = field(default_factory=list)
    open_halls: list[OpenHall] = field(default_factory=list)

    @property
    def ticked(self) -> int:
        """How many people are ticked."""
        return len({one.member_id for batch in self.batches for one in batch.ticks})

    @property
    def named(self) -> set[int]:
        """Everybody whose name the page shows."""
        ticked = {one.member_id for batch in self.batches for one in batch.ticks}
        return {one.member_id for one in self.people} | ticked | {one.pk for _guest, one in self.like_ours}

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
    def shows_code(self) -> bool:
        """Whether a code can be scanned here: it runs now, at an hour of its own."""
        is_window = self.occasion.rule.basis == Rule.Basis.WINDOW
        return is_window and self.occasion.state == Occasion.State.OPEN

    @property
    def scanned_title(self) -> str:
        """How many have scanned the code and are not ticked yet; "" when nobody has."""
        count = sum(one.scanned_at is not None for one in self.people)
        said = ngettext("%(count)s 位扫过码，还没有登记", "%(count)s 位扫过码，还没有登记", count)
        return said % {"count": count} if count else ""

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
    context |= _shown(request, hall, do) | _beside(signed_in(request), hall, failed)
    return render(request, "attendance/branch_hall.html", context, status=422 if failed else 200)


def _choices(occasions: list[Occasion], occasion: Occasion, scope: Scope) -> dict[str, Any]:
    """Return what the page says of its occasion, and the others that it could be about."""
    return {
        "chosen": Choice.of(occasion, scope),
        "others": [Choice.of(one, scope) for one in occasions if one != occasion],
        "listed": being_listed_words([occasion] if is_being_listed(occasion) else []),
    }


def _beside(reader: User, hall: Hall, failed: Failed) -> dict[str, Any]:
    """Return what the page has beside the names: guests, the way to the sheet, and what its script needs."""
    here = f"?node={hall.scope.node.pk}&occasion={hall.occasion.pk}"
    pages = {name: reverse(name, args=[hall.scope.training.pk]) + here for name in ISLAND_PAGES}
    ours = [GuestRow.like_ours(guest, one) for guest, one in hall.like_ours]
    return {
        "guest_form": failed if isinstance(failed, GuestForm) else GuestForm(),
        "guest_rows": {"here": [GuestRow.of(one) for one in hall.guests], "ours": ours},
        "sheet_url": pages["branch_sheet"],
        "island": {
            "key": f"{hall.occasion.pk}-{hall.scope.node.pk}",
            "sync": pages["branch_hall_sync"],
            "find": pages["branch_hall_find"],
            "owner": str(reader.public_id),
            "words": hall_words(),
        },
    }


def _written(request: HttpRequest, hall: Hall, do: str) -> Failed:
    """Do as posted; returns the form that says what is wrong, None when it is done."""
    if do in BESIDE:
        return BESIDE[do](request, hall)
    if do == "withdraw":
        back = WithdrawForm(request.POST, ticks=_own_right(hall))
        return None if back.is_valid() and _withdraw(request, hall, back) else back
    posted = request.POST.getlist("members")[:MOST_TICKS]
    form = HallForm(request.POST, people=on_roster_here(hall.scope, hall.occasion, posted, reader_id=hall.reader_id))
    return None if form.is_valid() and _tick(request, hall, form) else form


def on_roster_here(scope: Scope, occasion: Occasion, posted: Iterable[str], *, reader_id: int) -> list[tuple[int, str]]:
    """Return those of the posted people who are expected here: also who was ticked meanwhile, never the reader."""
    keys = [key for text in posted if (key := id_or_none(text)) is not None]
    found = entries_below(scope.node.path).filter(occasion=occasion, member_id__in=keys)
    return list(found.exclude(member_id=reader_id).values_list("member_id", "member__name"))


def _form(request: HttpRequest, hall: Hall, failed: Failed) -> HallForm:
    """Return the form as it was typed, else with the occasion's own time."""
    if isinstance(failed, HallForm):
        return failed
    typed = {name: request.POST[name] for name in ("started_at", "ended_at") if name in request.POST}
    return HallForm(initial=typed or initial_times(hall.occasion, hall.scope.as_of))


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
    asked = number_or_none(request.GET.get("member"))
    return {asked} if asked else set()


def hall_of(scope: Scope, occasion: Occasion, *, reader_id: int, wanted: set[int]) -> Hall:
    """Return who is ticked and who can be; eight queries. ``wanted`` are listed and ticked, also once more."""
    batches = _batches(scope, occasion, reader_id)
    known = {one.member_id for batch in batches for one in batch.ticks} - wanted
    people = _people(scope, occasion, reader_id=reader_id, known=known, wanted=wanted)
    here = {"occasion_id": occasion.pk, "below": scope.node.path}
    return Hall(
        scope, occasion, reader_id, people, batches,
        {one.member_id: one.scanned_at for one in people if one.scanned_at},
        list(guests_written(**here)), guests_like_ours(**here),
        [OpenHall.of(one, scope.training.pk) for one in open_halls(**here)],
    )  # fmt: skip


def _people(scope: Scope, occasion: Occasion, *, reader_id: int, known: set[int], wanted: set[int]) -> list[Person]:
    """Return who can be ticked, by place in the tree and name; whoever has scanned the code is ticked to begin with."""
    names, scans = node_names(scope), check_ins(occasion_id=occasion.pk, below=scope.node.path)
    people: list[Person] = []
    for one in standings(scope, states=TICKABLE, occasion_id=occasion.pk):
        if one.member_id != reader_id and one.member_id not in known:
            at = scans.get(one.member_id)
            excused = _("请假") if one.state == RecordState.EXCUSED else ""
            note = _("%(at)s 扫码") % {"at": hour(at)} if at else excused
            where = place(one.node_path, names=names, below=scope.node.path)
            is_wanted = one.member_id in wanted or at is not None
            people.append(Person(one.member_id, one.name, where, note, is_wanted, scanned_at=at))
        if len(people) == MOST_TICKS:
            break
    keys = keys_of_names([one.member_id for one in people])
    for person in people:
        person.letters = initials_of(keys.get(person.member_id, ""))
    return people


def _batches(scope: Scope, occasion: Occasion, reader_id: int) -> list[Batch]:
    found: dict[tuple[Any, ...], Batch] = {}
    for one in ticks_at(occasion_id=occasion.pk, below=scope.node.path):
        key = (one.recorded_at, one.recorded_by_id, one.ended_at)
        may = may_be_withdrawn(one, occasion, as_of=scope.as_of)
        batch = found.setdefault(key, Batch(one, may_be_withdrawn=may))
        batch.ticks.append(one)
        if one.member_id == reader_id:
            batch.own.append(one.pk)
    return list(found.values())


def _own_right(hall: Hall) -> list[int]:
    """Return the ticks that the reader may take back."""
    return [one.pk for batch in hall.batches for one in batch.ticks if one.member_id != hall.reader_id]


def initial_times(occasion: Occasion, as_of: datetime) -> dict[str, datetime]:
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


def _shown(request: HttpRequest, hall: Hall, do: str) -> dict[str, Any]:
    """Return the list as the page shows it: who is ticked stays in sight, whatever name is looked for."""
    people = hall.people
    ticked, sought = set(request.POST.getlist("members")), request.POST.get("name", "").strip()[:40]
    found = found_among(hall.scope, people, sought, reader=signed_in(request))
    for one in people:
        posted = str(one.member_id) in ticked if request.method == "POST" else one.checked
        one.checked = (posted or (do == "all" and one.member_id in found)) and do != "none"
    shown = [one for one in people if one.checked or one.member_id in found]
    units = [(unit, list(among)) for unit, among in groupby(shown, key=lambda one: one.unit)]
    is_found = bool(found) or not sought
    said = _("没有叫“%(sought)s”的人；已参加的不用登记。不在名单里的，写在来宾里。") % {"sought": sought}
    return {
        "units": units,
        "sought": sought,
        "not_found": "" if is_found else said,
        "is_cut": len(people) >= MOST_TICKS,
    }


def found_among(scope: Scope, people: list[Person], sought: str, *, reader: User) -> set[int]:
    """Return who is meant by what was typed: a part of a name, initials, or the last four digits of a phone.

    Digits are compared by the server, for those whose number the reader may know; no page carries them.
    """
    if len(sought) == LAST_DIGITS and sought.isascii() and sought.isdigit():
        among = [one.member_id for one in people]
        return whose_last4(reader, last4=sought, member_ids=among, as_of=scope.as_of)
    return {one.member_id for one in people if one.is_called(sought)}


def _tick(request: HttpRequest, hall: Hall, form: HallForm) -> bool:
    is_from_scan = form.cleaned_data["from_scan"] or "times" not in request.POST
    try:
        ticks = operations.record_hall(
            occasion_id=hall.occasion.pk,
            member_ids=form.cleaned_data["members"],
            started_at=form.cleaned_data["started_at"],
            ended_at=form.cleaned_data["ended_at"],
            recorded_by_id=hall.reader_id,
            as_of=hall.scope.as_of,
            arrivals=hall.scans if is_from_scan else None,
        )
    except operations.UnableToRecord as error:
        form.add_error(error.field, str(error))
        return False
    said, is_enough = outcome_of(hall.occasion.pk, ticks, hall.scope.as_of)
    (messages.success if is_enough else messages.warning)(request, said)
    return True


def outcome_of(occasion_id: int, ticks: operations.HallTicks, as_of: datetime) -> tuple[str, bool]:
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
