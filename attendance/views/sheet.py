"""纸质签到表: printing one, and entering later by its numbers who has signed."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from attendance import operations
from attendance.core.numbers import UnableToReadNumbers, numbers_of
from attendance.forms import HallForm
from attendance.models import Occasion, Sheet
from attendance.permissions import NAMES
from attendance.queries import CALLED_OFF, entries_below
from attendance.queries.halls import sheets_of, who_is_on
from attendance.reports.base import Scope
from attendance.reports.standing import node_names, occasions_of, place
from attendance.sentences.records import day_and_hour, span
from attendance.views.hall import outcome_of
from attendance.views.hall_rows import initial_times
from attendance.views.shared import log_shown, number_or_none, scope_or_404
from organizations.permissions import role_required, signed_in
from organizations.printing import pdf_answer, pdf_of

MOST_PRINTED = 500
GUEST_LINES = 8


@dataclass(frozen=True)
class Line:
    """One line of a sheet: its number, the name, under which unit, and whether it was named on the page."""

    number: int
    member_id: int
    name: str
    unit: str = ""
    is_named: bool = False


class SheetForm(HallForm):
    """Which numbers of the sheet have signed, and for which time."""

    numbers = forms.CharField(
        label=gettext_lazy("签了到的序号"),
        max_length=400,
        help_text=gettext_lazy("例如：1-20、22、25；或者：全部，除 3、17、29。"),
        error_messages={"required": gettext_lazy("请写签了到的序号，例如：全部，除 3、17、29。")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("numbers", "started_at", "ended_at")

    def __init__(self, *args: Any, lines: list[Line], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        del self.fields["members"], self.fields["from_scan"]

    def clean_numbers(self) -> frozenset[int]:
        try:
            return numbers_of(self.cleaned_data["numbers"], most=len(self.lines))
        except UnableToReadNumbers as error:
            raise forms.ValidationError(_why(error, len(self.lines))) from error


def _why(error: UnableToReadNumbers, most: int) -> str:
    said = {"piece": error.piece, "most": most}
    return {
        "word": _("“%(piece)s”读不懂，请写数字，例如：1-20、22，或者：全部，除 3、17。") % said,
        "beyond": _("“%(piece)s”不在这张表上，这张表的序号是 1 到 %(most)s。") % said,
        "turned": _("“%(piece)s”前后颠倒了，请从小到大写。") % said,
    }.get(error.code, _("一个序号也没有读到，请写签了到的序号。"))


@require_GET
@never_cache
@role_required(*NAMES)
def sheet_pdf(request: HttpRequest, training_id: int) -> HttpResponse:
    """Print the sign-in sheet of a unit for one occasion, also of one that is still to come."""
    scope, occasion = _where(request, training_id)
    reader = signed_in(request)
    with transaction.atomic():
        sheet = operations.print_sheet(
            occasion_id=occasion.pk, node_id=scope.node.pk, printed_by_id=reader.pk, as_of=scope.as_of
        )
        lines = lines_of(sheet, scope)
        named = [one.member_id for one in lines]
        log_shown(scope, reader=reader, member_ids=named, what="sheet", title=occasion.title, once_in=None)
    context = {
        "scope": scope,
        "occasion": occasion,
        "when": span(occasion.starts_at, occasion.ends_at),
        "sheet": sheet,
        "printed": day_and_hour(sheet.printed_at),
        "lines": lines,
        "guests": range(1, GUEST_LINES + 1),
        "has_units": len({one.unit for one in lines}) > 1,
    }
    name = _("签到表 %(node)s %(title)s.pdf") % {"node": scope.node.name, "title": occasion.title}
    return pdf_answer(pdf_of("attendance/print_sheet.html", context), filename=name)


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*NAMES)
def branch_sheet(request: HttpRequest, training_id: int) -> HttpResponse:
    """Enter a sheet: first the numbers, then the names they mean, then it is kept; twice is once."""
    scope, occasion = _where(request, training_id)
    sheets = list(sheets_of(occasion_id=occasion.pk, below=scope.node.path)[:20])
    sheet = _chosen(sheets, number_or_none(request.POST.get("sheet") or request.GET.get("sheet")))
    context: dict[str, Any] = {"tab": "branch", "scope": scope, "occasion": occasion, "sheet": sheet}
    context |= {"sheets": [one for one in sheets if one != sheet], "has_begun": occasion.opened_at is not None}
    context["where"] = f"?node={scope.node.pk}&occasion={occasion.pk}"
    if sheet is None or occasion.opened_at is None:
        return render(request, "attendance/branch_sheet.html", context)
    reader = signed_in(request)
    with transaction.atomic():
        lines = lines_of(sheet, scope)
        log_shown(scope, reader=reader, member_ids=[one.member_id for one in lines], what="sheet", title=occasion.title)
    form = SheetForm(request.POST or None, lines=lines, initial=initial_times(occasion, scope.as_of))
    is_read = form.is_bound and form.is_valid()
    if is_read and request.POST.get("do") == "keep" and _kept(request, scope, occasion, form):
        return redirect(f"{reverse('branch_hall', args=[training_id])}{context['where']}")
    chosen = form.cleaned_data.get("numbers", frozenset()) if form.is_bound else frozenset()
    context["form"], context["is_read"] = form, is_read and not form.errors
    context["lines"] = [Line(one.number, one.member_id, one.name, one.unit, one.number in chosen) for one in lines]
    context["said"] = _("读到 %(count)s 位签到，%(absent)s 位没有签。请核对下面的名字。") % {
        "count": len(chosen), "absent": len(lines) - len(chosen),
    }  # fmt: skip
    return render(request, "attendance/branch_sheet.html", context, status=422 if form.errors else 200)


def _kept(request: HttpRequest, scope: Scope, occasion: Occasion, form: SheetForm) -> bool:
    """Tick whoever signed and is on the list (still); says who is not."""
    reader = signed_in(request)
    signed = [one for one in form.lines if one.number in form.cleaned_data["numbers"]]
    rows = entries_below(scope.node.path).filter(occasion=occasion, member_id__in=[one.member_id for one in signed])
    here = set(rows.exclude(member_id=reader.pk).values_list("member_id", flat=True))
    left = [one.name for one in signed if one.member_id not in here]
    try:
        ticks = operations.record_hall(
            occasion_id=occasion.pk,
            member_ids=here,
            started_at=form.cleaned_data["started_at"],
            ended_at=form.cleaned_data["ended_at"],
            recorded_by_id=reader.pk,
            as_of=scope.as_of,
            category="paper",
        )
    except operations.UnableToRecord as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return False
    said, is_enough = outcome_of(occasion.pk, ticks, scope.as_of)
    (messages.success if is_enough else messages.warning)(request, _("按纸质签到表：") + said)
    if left:
        who = {"names": _("、").join(left[:10])}
        messages.warning(request, _("没有登记：%(names)s。自己的要由其他负责人登记，名单外的写在来宾里。") % who)
    return True


def lines_of(sheet: Sheet, scope: Scope) -> list[Line]:
    """Return the lines of a sheet in the order in which they were printed; three queries."""
    names, members = node_names(scope), sheet.members[:MOST_PRINTED]
    people, paths = who_is_on(sheet, first=MOST_PRINTED)
    return [
        Line(number, pk, people.get(pk, ""), place(paths.get(pk, ""), names=names, below=scope.node.path))
        for number, pk in enumerate(members, 1)
    ]


def _chosen(sheets: list[Sheet], wanted: int | None) -> Sheet | None:
    if wanted is None:
        return sheets[0] if sheets else None
    found = next((one for one in sheets if one.pk == wanted), None)
    if found is None:
        raise Http404
    return found


def _where(request: HttpRequest, training_id: int) -> tuple[Scope, Occasion]:
    """Return the scope and the occasion that the address names, else the next that there is; raises Http404."""
    scope = scope_or_404(request, training_id, as_of=timezone.now(), roles=NAMES)
    found = [one for one in occasions_of(scope) if one.state not in CALLED_OFF]
    wanted = number_or_none(request.GET.get("occasion") or request.POST.get("occasion"))
    if wanted is not None:
        found = [one for one in found if one.pk == wanted]
    if not found:
        raise Http404
    return scope, found[-1]
