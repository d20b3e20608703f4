"""What members say about their records: the card that reaches whoever answers, the list, and the answer itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Window
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from attendance import operations, queries
from attendance.core.intervals import moment_of
from attendance.forms import AnswerForm
from attendance.models import CorrectionReview, Dispute, Occasion, RecordState
from attendance.operations.corrections import why_reviewed
from attendance.permissions import NAMES, may_record_for
from attendance.queries.answering import answered_lately, waiting_below, waiting_for, waiting_in
from attendance.queries.outages import Broke
from attendance.queries.reviewing import SECOND
from attendance.queries.waiting import DECLARATIONS, LEAVES, waits_for
from attendance.reports.base import Scope
from attendance.sentences.records import hour, month_day
from attendance.views import declare, leaves, reviews
from attendance.views.detail import record_details, review_state
from attendance.views.shared import log_visit
from organizations.models import User
from organizations.permissions import has_role, role_required, signed_in

A_PAGE = 50
A_FEW = 3
WAITING_CARDS = {LEAVES: leaves.waiting_card, DECLARATIONS: declare.waiting_card}


@dataclass(frozen=True)
class DisputeRow:
    """One dispute that waits for an answer, as a list writes it; whose own it is may not answer it."""

    name: str
    texts: list[str]
    url: str
    label: str

    @classmethod
    def of(cls, one: Dispute, *, reader: User) -> "DisputeRow":
        """Write the row for a reader; ``one`` comes from ``attendance.queries.answering``, with its unit."""
        name = one.member.name
        if one.member_id == reader.pk:
            return cls(name, [_("自己提出的，由其他负责人或上级书记答复。")], "", "")
        waits = {"day": month_day(one.raised_at), "since": timesince(one.raised_at)}
        texts = [
            f"{one.occasion.title} · {one.entry_unit}",  # type: ignore[attr-defined]
            _("%(day)s提出，已等 %(since)s") % waits,
            str(one.get_reason_display()) if one.reason != Dispute.Reason.OTHER else "",
        ]
        texts = [text for text in texts if text]
        return cls(name, texts, reverse("branch_answer", args=[one.pk]), _("答复%(name)s") % {"name": name})


@dataclass(frozen=True)
class DisputeCard:
    """What somebody said of their own record and what came of it; ``url``: where the reader can answer."""

    heading: str
    text: str
    answers: list[str]
    url: str = ""

    @classmethod
    def of(cls, one: Dispute, *, by_reader: bool = False, waits: str = "", url: str = "") -> "DisputeCard":
        """Write the card; ``waits`` and ``url`` are for one that has no answer yet."""
        heading = (_("%(day)s我提出") if by_reader else _("%(day)s本人提出")) % {"day": month_day(one.raised_at)}
        text = said_of(one)
        known = outage_lines(one.outages)
        if one.answer:
            return cls(heading, text, known + answer_of(one))
        if took_back(one) and one.withdrawn_at is not None:
            return cls(heading, text, [_("%(day)s 本人撤回了。") % {"day": month_day(one.withdrawn_at)}])
        return cls(heading, text, known + ([waits] if waits else []), url)


def took_back(one: Dispute) -> bool:
    """Whether whoever said it took it back before there was an answer."""
    return one.state == Dispute.State.WITHDRAWN


OUTAGES: dict[str, Callable[[], str]] = {
    Broke.AWAY: lambda: _("系统记录：%(from)s – %(to)s 整个系统中断"),
    Broke.WORKER_LOST: lambda: _("系统记录：%(from)s – %(to)s 服务器故障，您的连接断了"),
    Broke.SILENT: lambda: _("系统记录：%(from)s – %(to)s 手机没有信号，连接断了"),
    Broke.GAP: lambda: _("系统记录：%(from)s – %(to)s 这段时间没有记录到"),
}


def outage_lines(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Return what the site's own log knows of breaks, as ``Dispute.outages`` keeps it, a sentence each."""
    return [
        OUTAGES[kind]() % {"from": hour(moment_of(int(start))), "to": hour(moment_of(int(end)))}
        for kind, start, end in rows
        if kind in OUTAGES
    ]


def said_of(one: Dispute) -> str:
    """Return what the member said: the ready reason, and their own words."""
    ready = "" if one.reason == Dispute.Reason.OTHER else str(one.get_reason_display())
    return _("。").join(part for part in (ready, one.text) if part)


def answer_of(one: Dispute) -> list[str]:
    """Return what was answered, by whom, and what became of the result."""
    said = _("答复：")
    if one.answered_by is not None and one.answered_at is not None:
        said = _("%(name)s %(day)s答复：") % {"name": one.answered_by.name, "day": month_day(one.answered_at)}
    if one.correction is None:
        return [said + one.answer, _("结果没有改动。")]
    state = {"state": one.correction.get_state_display()}
    review = review_state(one.correction)
    if review == CorrectionReview.State.WAITING:
        return [said + one.answer, _("要更正为“%(state)s”，等另一位负责人复核，现在还没有生效。") % state]
    if review not in ("", CorrectionReview.State.APPROVED):
        return [said + one.answer, _("更正为“%(state)s”复核没有同意，结果没有改动。") % state]
    return [said + one.answer, _("结果已更正为“%(state)s”。") % state]


@dataclass(frozen=True)
class AnswerCard:
    """One card about something that waits for an answer, which leads on."""

    title: str
    text: str
    url: str
    step: str


@dataclass(frozen=True)
class Disputes:
    """What waits for an answer in one training below one unit: the oldest few, and how many there are."""

    first: Sequence[Dispute]
    count: int

    @property
    def title(self) -> str:
        said = ngettext("%(number)s 条有人提出记录不对", "%(number)s 条有人提出记录不对", self.count)
        return said % {"number": self.count}

    @property
    def has_more(self) -> bool:
        """Whether there are more than those that are shown."""
        return self.count > len(self.first)

    @property
    def member_ids(self) -> list[int]:
        """Who is named."""
        return [one.member_id for one in self.first]

    def rows(self, reader: User) -> list[DisputeRow]:
        return [DisputeRow.of(one, reader=reader) for one in self.first]

    @classmethod
    def of(cls, scope: Scope) -> "Disputes":
        """Read them, in one query."""
        found = waiting_below(training_id=scope.training.pk, path=scope.node.path).annotate(among=Window(Count("pk")))
        first = list(found[:A_FEW])
        return cls(first, first[0].among if first else 0)


def answer_cards(user: User, *, as_of: datetime, with_answers: bool = True) -> list[AnswerCard]:
    """Return what is this person's business today of disputes, leaves, declarations and corrections: how many wait for
    their answer and which longest, and what was answered to them; four queries at most. It names nobody: no read to
    write down."""
    cards = []
    if has_role(user, *NAMES):
        oldest = waiting_for(user, as_of=as_of).annotate(among=Window(Count("pk"))).first()
        if oldest is not None:
            cards.append(_waiting_card(oldest.among, oldest))
        waits = waits_for(user)
        cards += [AnswerCard(*write(waits[kind])) for kind, write in WAITING_CARDS.items() if kind in waits]
    if has_role(user, *SECOND):
        cards += [AnswerCard(*card) for card in (reviews.waiting_card(user),) if card]
    answered = answered_lately(user, as_of=as_of)[:A_FEW] if with_answers else ()
    return cards + [_answered_card(one) for one in answered]


def _waiting_card(waiting: int, oldest: Dispute) -> AnswerCard:
    title = ngettext("%(waiting)s 条记录有人提出不对，等您答复", "%(waiting)s 条记录有人提出不对，等您答复", waiting)
    since = {"day": month_day(oldest.raised_at), "unit": oldest.entry_unit}  # type: ignore[attr-defined]
    return AnswerCard(
        title % {"waiting": waiting},
        _("最早的是 %(day)s，%(unit)s") % since,
        reverse("branch_disputes"),
        _("去答复 ›"),
    )


def _answered_card(one: Dispute) -> AnswerCard:
    url = reverse("me_record", args=[one.occasion_id]) + "#answer"
    return AnswerCard(_("您提出的问题已答复"), one.occasion.title, url, _("查看 ›"))


@require_GET
@never_cache
@role_required(*NAMES)
def branch_disputes(request: HttpRequest) -> HttpResponse:
    """List what waits for one's own answer, the oldest first; then what secretaries below are asked."""
    user = signed_in(request)
    mine = waiting_for(user, as_of=timezone.now())
    below = waiting_in(user).exclude(pk__in=mine.order_by().values("pk"))
    with transaction.atomic():
        page = Paginator(mine, A_PAGE).get_page(request.GET.get("page"))
        shown = [*page, *(further := list(below[:A_PAGE]))]
        named = [one.member_id for one in shown]
        log_visit(reader_id=user.pk, subject_ids=named, what="dispute", as_of=timezone.now())
    count = below.count()
    more = ngettext("下级书记还要答复 %(number)s 条", "下级书记还要答复 %(number)s 条", count) % {"number": count}
    context = {
        "tab": "branch",
        "page": page,
        "waiting": [DisputeRow.of(one, reader=user) for one in page],
        "below": [DisputeRow.of(one, reader=user) for one in further],
        "below_title": more if count else "",
    }
    return render(request, "attendance/branch_disputes.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*NAMES)
@transaction.atomic
def branch_answer(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """Answer somebody's dispute beside all that is held, and say in the same step what becomes of the result."""
    user = signed_in(request)
    dispute = get_object_or_404(queries.disputes(), pk=dispute_id)
    about: dict[str, Any] = {"member_id": dispute.member_id, "as_of": timezone.now()}
    if dispute.member_id == user.pk or not may_record_for(user, occasion=dispute.occasion, member_id=dispute.member_id):
        raise Http404
    (detail,) = record_details(occasion_id=dispute.occasion_id, **about)
    form = AnswerForm(request.POST or None, stands=detail.state)
    if form.is_valid() and _answered(request, dispute, form, user):
        return redirect("branch_disputes")
    log_visit(reader_id=user.pk, subject_ids=[dispute.member_id], as_of=about["as_of"])
    waits = dispute.state == Dispute.State.RAISED
    context = {
        "tab": "branch",
        "occasion": dispute.occasion,
        "title": _("答复%(name)s") % {"name": dispute.member.name},
        "said": DisputeCard.of(dispute),
        "detail": detail,
        "form": form,
        "review_note": review_note(dispute.occasion, author_id=user.pk, as_of=about["as_of"]) if waits else "",
        "waits": waits,
        "unsaved": "" if waits or not form.is_bound else form["answer"].value(),
    }
    return render(request, "attendance/branch_answer.html", context, status=422 if request.method == "POST" else 200)


def review_note(occasion: Occasion, *, author_id: int, as_of: datetime) -> str:
    """Return, before a correction is made, that it will need a second person, and why; "" where it will not."""
    why = why_reviewed(occasion, author_id=author_id, as_of=as_of)
    if not why:
        return ""
    label = CorrectionReview.Why(why).label
    return _("更正要另一位负责人复核才生效：%(why)s。") % {"why": label}


def _answered(request: HttpRequest, dispute: Dispute, form: AnswerForm, user: User) -> bool:
    outcome = form.cleaned_data["outcome"]
    correct_to = "" if outcome == AnswerForm.STAYS else outcome
    try:
        with transaction.atomic():
            answered = operations.answer_dispute(
                dispute_id=dispute.pk,
                answer=form.cleaned_data["answer"],
                answered_by_id=user.pk,
                as_of=timezone.now(),
                correct_to=correct_to,
            )
    except operations.UnableToAnswerDispute as error:
        form.add_error(None, str(error))
        dispute.refresh_from_db()
        return False
    said = _("已答复%(name)s，结果更正为“%(state)s”。") if correct_to else _("已答复%(name)s，结果没有改动。")
    if answered.correction is not None and review_state(answered.correction):
        said = _("已答复%(name)s；更正为“%(state)s”要另一位负责人复核，复核同意才生效。")
    label = RecordState(correct_to).label if correct_to else ""
    messages.success(request, said % {"name": dispute.member.name, "state": label})
    return True
