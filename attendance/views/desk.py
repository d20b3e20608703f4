"""The organiser's desk: today, what waits, the calendar, the trainings. One page of the site, and the same panels on
the first page of Wagtail's admin; ``desk_of`` is what both show."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from wagtail.admin.ui.components import Component

from attendance.charts import Part, bars
from attendance.core.stretch import stretch_of
from attendance.desk import MOST, Given, Matter, drafts_of, matters_of, today_of
from attendance.kinds import Step
from attendance.models import RecordState, Training
from attendance.operations import fold_for_page
from attendance.permissions import own_nodes
from attendance.queries.desk import draft_trainings, trainings_shown
from attendance.queries.gaps import gaps
from attendance.reports.standing import Counts, counts_of_trainings
from attendance.running import running_label
from attendance.sentences.records import day_and_hour, length, month_day
from attendance.standing import DUE
from attendance.views.desk_calendar import Calendar, calendar_for
from attendance.views.reviews import waiting_card
from attendance.views.training import behind_words, missing_words
from organizations.models import Node, Role, User
from organizations.permissions import has_role, role_required, signed_in, visible_nodes

DESKS = (Role.ORGANISER, Role.LECTURER)
MOST_TRAININGS = 12
SOON = timedelta(days=7)
GAPS_SINCE = timedelta(days=7)


@dataclass(frozen=True)
class TrainingBar:
    """One training: how many stand how, as a bar with the numbers beside it."""

    training: Training
    counts: Counts

    @property
    def url(self) -> str:
        return reverse("branch_training", args=[self.training.pk])

    @property
    def plan_url(self) -> str:
        return reverse("plan", args=[self.training.pk])

    @property
    def text(self) -> str:
        """For which unit, until when, and how many people are expected."""
        values = {"unit": self.training.node.name, "until": day_and_hour(self.training.deadline_at)}
        said = _("%(unit)s · %(until)s 前") % values
        people = self.counts.expected
        return f"{said} · {ngettext('%(people)s 位', '%(people)s 位', people) % {'people': people}}" if people else said

    @property
    def parts(self) -> list[Part]:
        """The numbers with their words; together they are everybody expected."""
        counts = self.counts
        return [
            Part(counts[RecordState.ATTENDED], _("已参加"), "done"),
            Part(counts[RecordState.MADE_UP], _("已补学"), "made-up"),
            Part(counts[RecordState.EXCUSED], _("请假"), "excused"),
            Part(counts[DUE] + counts[RecordState.PENDING], running_label(), "due"),
            Part(counts[RecordState.MISSING] + counts[RecordState.INCOMPLETE], _("还没有"), "missing"),
        ]

    @property
    def svg(self) -> SafeString:
        return bars(self.parts, key=f"training-{self.training.pk}", title=self.training.title).svg


@dataclass(frozen=True)
class Desk:
    """What the desk shows. ``calendar`` and ``trainings`` None: not this person's."""

    today: list[Given]
    matters: list[Matter]
    calendar: Calendar | None
    trainings: list[TrainingBar] | None
    behind: list[str]
    gives: bool

    @property
    def matters_title(self) -> str:
        """How many things wait."""
        count = len(self.matters)
        if not count:
            return _("需要您处理")
        return ngettext("需要您处理 %(count)s 项", "需要您处理 %(count)s 项", count) % {"count": count}


@require_GET
@never_cache
@role_required(*DESKS)
def desk(request: HttpRequest) -> HttpResponse:
    """Show an organiser or a lecturer what there is today and what waits; the queries do not grow with it."""
    user, as_of = signed_in(request), timezone.now()
    nodes = own_nodes(user, *DESKS)
    context = {
        "tab": "desk",
        "desk": desk_of(user, asked=request.GET.get("at", ""), as_of=as_of),
        "units": _("、").join(node.name for node in nodes),
        "date": f"{month_day(as_of)} {date_format(timezone.localtime(as_of), 'l')}",
    }
    return render(request, "attendance/desk.html", context)


class DeskPanel(Component):
    """The same panels on the first page of Wagtail's admin; an operator finds there what they keep in order."""

    name = "desk"
    order = 10

    class Media:
        css = {"all": ["css/desk.css", "css/desk_office.css"]}

    def render_html(self, parent_context: Mapping[str, Any] | None = None) -> SafeString:
        """Return the panels for whoever asks for the page."""
        request: HttpRequest = (parent_context or {})["request"]
        user, as_of = signed_in(request), timezone.now()
        context: dict[str, Any] = {"desk": desk_of(user, asked=request.GET.get("at", ""), as_of=as_of)}
        context["site_url"] = reverse("desk" if has_role(user, *DESKS) else "today")
        return render_to_string("attendance/admin/desk.html", context, request)


def desk_of(user: User, *, asked: str, as_of: datetime) -> Desk:
    """Return what the desk shows to a person; ``asked``: the month or week of its calendar (``stretch_of``).

    Only what their roles of today allow. Counts come from the summary: nobody's record is read for them.
    """
    nodes = own_nodes(user, Role.ORGANISER)
    bars_shown, is_now = _trainings(nodes, as_of) if nodes else ([], True)
    matters = [*matters_of(user, as_of=as_of), *_own_matters(user, nodes, bars_shown, as_of)]
    gives = has_role(user, *DESKS)
    stretch = stretch_of(asked, today=timezone.localdate(as_of))
    return Desk(
        today=today_of(user, as_of=as_of) if gives else [],
        matters=[*matters, *drafts_of(user, as_of=as_of)],
        calendar=calendar_for(user, stretch, as_of=as_of) if gives else None,
        trainings=bars_shown if nodes else None,
        behind=behind_words(is_now=is_now),
        gives=gives,
    )


def _trainings(nodes: list[Node], as_of: datetime) -> tuple[list[TrainingBar], bool]:
    """Return the trainings with their numbers in these units, and whether those are of this moment."""
    shown = list(trainings_shown(nodes, as_of=as_of, limit=MOST_TRAININGS))
    ids = [training.pk for training in shown]
    is_now = fold_for_page(training_ids=ids)
    counts = counts_of_trainings(training_ids=ids, paths=[node.path for node in nodes])
    return [TrainingBar(training, counts.get(training.pk, Counts({}))) for training in shown], is_now


def _own_matters(user: User, nodes: list[Node], shown: list[TrainingBar], as_of: datetime) -> list[Matter]:
    """Return what of the ledger waits: deadlines, what the site missed, the second word, drafts."""
    found = _deadlines(shown, as_of)
    if nodes:
        found += _gaps(user, as_of)
    if card := waiting_card(user):
        title, text, url, label = card
        found.append(Matter(title, text, Step(label.removesuffix(" ›"), url)))
    return found + (_drafts(nodes) if nodes else [])


def _deadlines(shown: list[TrainingBar], as_of: datetime) -> list[Matter]:
    """Return the trainings that are due within a week and in which somebody has something to do, the next first."""
    due = [one for one in shown if as_of < one.training.deadline_at <= as_of + SOON]
    found = []
    for one in sorted(due, key=lambda bar: bar.training.deadline_at):
        missing, going_on = one.counts[RecordState.MISSING], one.counts[DUE]
        if not missing and not going_on:
            continue
        days = (timezone.localdate(one.training.deadline_at) - timezone.localdate(as_of)).days
        said = ngettext("“%(title)s”还有 %(days)s 天截止", "“%(title)s”还有 %(days)s 天截止", days)
        said = said if days else _("“%(title)s”今天截止")
        texts = [missing_words(missing), _("%(people)s 位正在学") % {"people": going_on} if going_on else ""]
        text = _("，").join(filter(None, texts))
        found.append(Matter(said % {"title": one.training.title, "days": days}, text, Step(_("看人数"), one.url)))
    return found


def _gaps(user: User, as_of: datetime) -> list[Matter]:
    """Return the occasions of the last week of whose time the site itself missed something."""
    found = []
    for one in gaps(nodes=visible_nodes(user, Role.ORGANISER), since=as_of - GAPS_SINCE, limit=MOST):
        values = {"title": one.occasion.title, "length": length(one.away_ms)}
        said = ngettext("%(count)s 人记录不全", "%(count)s 人记录不全", one.incomplete) % {"count": one.incomplete}
        text = f"{day_and_hour(one.occasion.starts_at)} · {said if one.incomplete else _('不影响任何人的结果')}"
        step = Step(_("查看"), reverse("integrity"))
        found.append(Matter(_("“%(title)s”时系统中断 %(length)s") % values, text, step))
    return found


def _drafts(nodes: list[Node]) -> list[Matter]:
    return [
        Matter(
            _("培训“%(title)s”还是草稿") % {"title": training.title},
            _("%(unit)s · 发布以后大家才看得到") % {"unit": training.node.name},
            Step(_("接着安排"), reverse("plan", args=[training.pk])),
        )
        for training in draft_trainings(nodes, limit=MOST)
    ]
