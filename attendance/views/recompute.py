"""重新认定: asked for in the office, tried, agreed to, and its report; the secretary's page of the people changed."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from attendance.core.rules import Rule as CoreRule
from attendance.models import Occasion, Recomputation, Recomputed
from attendance.operations import (
    UnableToRecompute,
    advance_recomputation,
    begin_recomputation,
    drop_recomputation,
    try_recomputation,
)
from attendance.operations.recomputing import AT_ONCE, FAILED
from attendance.permissions import NAMES, may_read_names, own_nodes
from attendance.queries.consequences import resting_on
from attendance.queries.recomputing import (
    changed_below,
    nodes_on_roster,
    occasions_to_judge,
    people_on_roster,
    recomputations,
    why_not_anew,
)
from attendance.queries.rules import offered_rules, rules
from attendance.rule_default import say_choices
from attendance.sentences.records import moment
from attendance.sentences.rules import number, rule_of_occasion, rule_sentence
from attendance.standing import state_label
from attendance.views.shared import LAST_PAGE, number_or_none
from organizations.models import Node, Role, User
from organizations.operations import log_list
from organizations.permissions import has_role, role_required, signed_in

A_PAGE = 50
State = Recomputation.State


class AskForm(forms.Form):
    """By which rule an occasion is to be judged anew, and why."""

    rule = forms.ModelChoiceField(rules().none(), label=gettext_lazy("按哪条规则"))
    reason = forms.CharField(
        label=gettext_lazy("原因"), max_length=200, help_text=gettext_lazy("结果有变化的人会看到。")
    )

    def __init__(self, data: Any = None, *, user: Any, occasion: Occasion) -> None:
        super().__init__(data)
        basis = CoreRule.from_stamp(occasion.rule_stamp or {}).basis
        field: Any = self.fields["rule"]
        # The rule it stands under may be asked for again: what an hours table gives may have changed since.
        field.queryset = offered_rules(user, basis=basis, kept=occasion.rule_id)
        say_choices(field)


def _own_or_404(request: HttpRequest, occasion_id: int) -> Occasion:
    found = get_object_or_404(occasions_to_judge(), pk=occasion_id)
    if found.opened_at is None or not has_role(request.user, Role.ORGANISER, node=found.node):
        raise Http404
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Ask what another rule would make of an occasion; nothing is changed before the trial was read and agreed to."""
    occasion = _own_or_404(request, occasion_id)
    user, form = signed_in(request), AskForm(request.POST or None, user=request.user, occasion=occasion)
    if request.method == "POST" and form.is_valid():
        try:
            job = try_recomputation(
                occasion_id=occasion.pk, rule_id=form.cleaned_data["rule"].pk, reason=form.cleaned_data["reason"],
                asked_by_id=user.pk, as_of=timezone.now(),
            )  # fmt: skip
        except UnableToRecompute as error:
            form.add_error(error.field, str(error))
        else:
            _go_on(job.pk)
            return redirect("attendance_recomputation", job.pk)
    context = {
        "occasion": occasion, "form": form, "why_not": why_not_anew(occasion), "now": rule_of_occasion(occasion),
        "earlier": [Summary(one) for one in recomputations().filter(occasion=occasion).order_by("-pk")[:20]],
    }  # fmt: skip
    return render(request, "attendance/admin/recompute.html", context)


def _go_on(recomputation_id: int) -> None:
    """Do it while whoever asked waits; of many people the rest goes on in a task (``BEAT``)."""
    advance_recomputation(recomputation_id=recomputation_id, as_of=timezone.now(), most=AT_ONCE)


@dataclass(frozen=True)
class Summary:
    """A recomputation in words and numbers, without names."""

    job: Recomputation

    @property
    def url(self) -> str:
        return reverse("attendance_recomputation", args=[self.job.pk])

    @property
    def text(self) -> str:
        """Who asked, when, why, and how far it is."""
        values = {
            "at": moment(self.job.asked_at), "name": self.job.asked_by.name, "state": self.job.get_state_display(),
            "reason": self.job.reason,
        }  # fmt: skip
        return _("%(at)s %(name)s：%(reason)s（%(state)s）") % values

    @property
    def rules(self) -> tuple[str, str]:
        """The rule before and after, each with its version, in one sentence."""
        before, after = (CoreRule.from_stamp(one) for one in (self.job.from_stamp, self.job.to_stamp))
        return f"{before.label}：{rule_sentence(before)}", f"{after.label}：{rule_sentence(after)}"

    @property
    def lines(self) -> list[str]:
        """How many people go from which state to which, the most first; and who stays as they are."""
        found = []
        for key, count in sorted(self.job.counts.items(), key=lambda one: (-one[1], one[0])):
            if key == FAILED:
                found.append(_("%(count)s 人这次没有能认定，保持原来的结果") % {"count": count})
                continue
            before, after = key.split(">")
            words = (
                _("%(count)s 人从“%(before)s”变为“%(after)s”")
                if before != after
                else _("%(count)s 人仍是“%(after)s”，学时有变化")
            )
            found.append(words % {"count": count, "before": state_label(before), "after": state_label(after)})
        changed = sum(count for key, count in self.job.counts.items() if key != FAILED)
        found.append(_("%(count)s 人没有变化") % {"count": self.job.through - changed})
        return found

    @property
    def corrections(self) -> list[str]:
        """What becomes of corrections: those that hold no more are named, the others are kept."""
        overtaken = self.job.people.filter(was_corrected=True, is_corrected=False).count()
        return [_("%(count)s 人原来的更正不再成立，按新的结果") % {"count": overtaken}] if overtaken else []


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, recomputation_id: int) -> HttpResponse:
    """Show what was tried or done, in numbers; agree to it, or leave it at the trial."""
    job = get_object_or_404(recomputations(), pk=recomputation_id)
    _own_or_404(request, job.occasion_id)
    refused = _done_with(job, request.POST.get("what", "")) if request.method == "POST" else ""
    if request.method == "POST" and not refused:
        return redirect("attendance_recomputation", job.pk)
    user, node = signed_in(request), job.occasion.node
    context = {
        "job": job, "occasion": job.occasion, "said": Summary(job), "refused": refused,
        "is_tried": job.state == State.TRIED, "is_going": job.state in (State.TRYING, State.RUNNING),
        "people": people_on_roster(job.occasion_id),
        "rests": resting_on(job.occasion, user=user, as_of=timezone.now()) if job.state == State.TRIED else "",
        "names_url": reverse("branch_recomputation", args=[job.pk]) if may_read_names(user, node) else "",
    }  # fmt: skip
    return render(request, "attendance/admin/recomputation.html", context, status=409 if refused else 200)


def _done_with(job: Recomputation, what: str) -> str:
    """Do what was asked; returns why not, as a sentence."""
    now = timezone.now()
    try:
        if what == "begin":
            begin_recomputation(recomputation_id=job.pk, as_of=now)
            _go_on(job.pk)
        elif what == "drop":
            drop_recomputation(recomputation_id=job.pk, as_of=now)
        else:
            raise Http404
    except UnableToRecompute as error:
        return str(error)
    return ""


@dataclass(frozen=True)
class ChangedRow:
    """One person whose record is changed, as the secretary reads it."""

    row: Recomputed

    @property
    def name(self) -> str:
        return self.row.member.name

    @property
    def text(self) -> str:
        row = self.row
        values = {
            "before": state_label(row.before), "after": state_label(row.after), "was": number(row.hours_before),
            "now": number(row.hours_after),
        }  # fmt: skip
        said = _("从“%(before)s”变为“%(after)s”") if row.before != row.after else _("仍是“%(after)s”")
        said = said % values
        if row.hours_before != row.hours_after:
            said += _("，学时 %(was)s → %(now)s") % values
        return said + self._correction

    @property
    def _correction(self) -> str:
        if self.row.was_corrected and not self.row.is_corrected:
            return _("；原来的更正不再成立")
        return _("；更正保留") if self.row.is_corrected else ""


def _units_of(reader: User, occasion: Occasion) -> list[Node]:
    """Return the reader's own units in which somebody stands on the occasion's roster."""
    return nodes_on_roster(occasion_id=occasion.pk, nodes=own_nodes(reader, *NAMES))


@require_GET
@never_cache
@role_required(*NAMES)
def branch_recomputation(request: HttpRequest, recomputation_id: int) -> HttpResponse:
    """Show the secretary who of their own units is changed, by name; logged."""
    job = get_object_or_404(recomputations(), pk=recomputation_id)
    reader = signed_in(request)
    own = _units_of(reader, job.occasion)
    if not own:
        raise Http404
    found = changed_below(job, [node.path for node in own])
    page = Paginator(found, A_PAGE).get_page(number_or_none(request.GET.get("page"), most=LAST_PAGE) or 1)
    with transaction.atomic():
        rows = [ChangedRow(one) for one in page]
        log_list(
            reader_id=reader.pk, node_id=own[0].pk, member_ids=[one.row.member_id for one in rows], what="table",
            as_of=timezone.now(), role=Role.SECRETARY, about=job.occasion.training_id,
            title=f"{job.occasion.title} · {_('重新认定')}",
        )  # fmt: skip
    context = {"tab": "branch", "job": job, "said": Summary(job), "rows": rows, "page": page}
    context["is_done"] = job.state == State.DONE
    return render(request, "attendance/branch_recomputation.html", context)
