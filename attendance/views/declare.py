"""申报: a member says what they studied elsewhere, takes it back, and reads what became of it; a secretary answers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from attendance import operations
from attendance.forms import AnswerDeclarationForm, DeclarationForm
from attendance.models import Declaration, Occasion
from attendance.permissions import NAMES, may_record_for
from attendance.queries import CALLED_OFF, occasion_for
from attendance.queries.halls import declaration_by_id, declarations_for, declarations_in, own_declarations
from attendance.queries.waiting import Waits
from attendance.sentences.records import category, day_and_hour, length, month_day
from attendance.views.shared import log_visit
from organizations.permissions import role_required, signed_in

A_PAGE = 50
LONG_BEFORE = timedelta(days=30)
MUCH_LONGER, LONG_MINUTES = 3, 180


@dataclass(frozen=True)
class DeclarationRow:
    """One declaration as pages write it; ``url``: where it is answered, or taken back."""

    name: str
    what: str
    texts: list[str]
    url: str = ""
    label: str = ""

    @classmethod
    def of(cls, one: Declaration, *, url: str = "", name: str = "") -> "DeclarationRow":
        texts = [f"{day_and_hour(one.studied_at)} · {length(one.minutes * 60_000)}", one.occasion.title]
        texts += unlikely(one) if name else []
        return cls(name, f"{category(one.category)}：{one.source}", texts, url, _("答复%(name)s") % {"name": name})


def unlikely(one: Declaration) -> list[str]:
    """Return what whoever confirms should look at twice: studied long before the occasion, or much longer than it."""
    occasion, said = one.occasion, []
    before = occasion.starts_at - one.studied_at
    if before > LONG_BEFORE:
        said.append(_("请核对：学习时间比这一场早 %(days)s 天。") % {"days": before.days})
    lasts_ms = occasion.media_ms or (occasion.ends_at - occasion.starts_at) / timedelta(milliseconds=1)
    if one.minutes * 60_000 > MUCH_LONGER * lasts_ms and one.minutes > LONG_MINUTES:
        said.append(_("请核对：学习时长比这一场长得多（这一场 %(length)s）。") % {"length": length(int(lasts_ms))})
    return said


def outcome_text(one: Declaration) -> str:
    """Return what became of a declaration, for whoever made it."""
    if one.state == Declaration.State.ASKED:
        return _("%(day)s 申报，等书记确认；确认以前不计入。") % {"day": month_day(one.asked_at)}
    by = {"name": one.answered_by.name if one.answered_by else "", "reason": one.reason}
    if one.state == Declaration.State.CONFIRMED:
        return _("%(name)s已确认，算作已补学。") % by
    if one.state == Declaration.State.REFUSED:
        return _("%(name)s没有通过：%(reason)s") % by
    return _("您已撤回。")


@never_cache
@require_http_methods(["GET", "POST"])
@role_required()
def me_declare(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Declare what one studied elsewhere for an occasion, beside what one has declared before."""
    user, as_of = signed_in(request), timezone.now()
    occasion = occasion_for(user, occasion_id)
    if occasion is None or occasion.state == Occasion.State.SCHEDULED or occasion.state in CALLED_OFF:
        raise Http404
    form = DeclarationForm(request.POST or None)
    if form.is_valid():
        try:
            operations.ask_declaration(occasion_id=occasion.pk, member_id=user.pk, as_of=as_of, **form.cleaned_data)
        except operations.UnableToRecord as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, _("已申报，支部书记会看到并答复；确认以后才计入。"))
            return redirect("me_declare", occasion.pk)
    before = own_declarations(occasion_id=occasion.pk, member_id=user.pk)
    context = {
        "tab": "me",
        "occasion": occasion,
        "form": form,
        "waits": any(one.state == Declaration.State.ASKED for one in before),
        "before": [(_own_row(one), outcome_text(one)) for one in before],
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "attendance/me_declare.html", context, status=status)


def _own_row(one: Declaration) -> DeclarationRow:
    is_open = one.state == Declaration.State.ASKED
    return DeclarationRow.of(one, url=reverse("me_declaration_withdraw", args=[one.pk]) if is_open else "")


@require_http_methods(["GET", "POST"])
@role_required()
def me_declaration_withdraw(request: HttpRequest, declaration_id: int) -> HttpResponse:
    """Take back one's own declaration that nobody has answered yet."""
    user, one = signed_in(request), declaration_by_id(declaration_id)
    if one is None or one.member_id != user.pk:
        raise Http404
    if request.method == "GET":  # the address of the button, opened again after signing in
        messages.warning(request, _("刚才那一步没有提交，请再点一次。"))
        return redirect("me_declare", one.occasion_id)
    try:
        operations.withdraw_declaration(declaration_id=one.pk, member_id=user.pk, as_of=timezone.now())
    except operations.UnableToRecord as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("已撤回，可以重新申报。"))
    return redirect("me_declare", one.occasion_id)


def waiting_card(waits: Waits) -> tuple[str, str, str, str]:
    """Return what a secretary has to confirm, as title, text, address and step."""
    title = ngettext("%(waiting)s 份申报等您确认", "%(waiting)s 份申报等您确认", waits.among)
    text = _("最早的是 %(day)s，%(unit)s") % {"day": month_day(waits.since), "unit": waits.unit}
    return title % {"waiting": waits.among}, text, reverse("branch_declarations"), _("去确认 ›")


@require_GET
@never_cache
@role_required(*NAMES)
def branch_declarations(request: HttpRequest) -> HttpResponse:
    """List what waits for one's own word, the oldest first; then what secretaries below are asked."""
    user = signed_in(request)
    mine = declarations_for(user)
    with transaction.atomic():
        page = Paginator(mine, A_PAGE).get_page(request.GET.get("page"))
        further = list(declarations_in(user).exclude(pk__in=mine.order_by().values("pk"))[:A_PAGE])
        named = [one.member_id for one in (*page, *further)]
        log_visit(reader_id=user.pk, subject_ids=named, what="declaration", as_of=timezone.now())
    context = {"tab": "branch", "page": page, "rows": _to_answer(page), "below": _to_answer(further)}
    return render(request, "attendance/branch_declarations.html", context)


def _to_answer(found: Iterable[Declaration]) -> list[DeclarationRow]:
    return [
        DeclarationRow.of(one, url=reverse("branch_declaration", args=[one.pk]), name=one.member.name) for one in found
    ]


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*NAMES)
@transaction.atomic
def branch_declaration(request: HttpRequest, declaration_id: int) -> HttpResponse:
    """Confirm what somebody declared, or refuse it with a reason that they read."""
    user, one = signed_in(request), declaration_by_id(declaration_id)
    if one is None or one.member_id == user.pk:
        raise Http404
    if not may_record_for(user, occasion=one.occasion, member_id=one.member_id):
        raise Http404
    form = AnswerDeclarationForm(request.POST or None)
    if form.is_valid() and _answered(request, one, form.cleaned_data, form):
        return redirect("branch_declarations")
    log_visit(reader_id=user.pk, subject_ids=[one.member_id], what="declaration", as_of=timezone.now())
    context = {
        "tab": "branch",
        "one": one,
        "row": DeclarationRow.of(one, name=one.member.name),
        "form": form,
        "waits": one.state == Declaration.State.ASKED,
        "said": one.get_state_display(),
    }
    return render(
        request, "attendance/branch_declaration.html", context, status=422 if request.method == "POST" else 200
    )


def _answered(request: HttpRequest, one: Declaration, data: dict[str, Any], form: AnswerDeclarationForm) -> bool:
    who: dict[str, Any] = {"declaration_id": one.pk, "as_of": timezone.now()}
    user, is_good = signed_in(request), data["outcome"] == AnswerDeclarationForm.CONFIRM
    try:
        with transaction.atomic():
            if is_good:
                operations.confirm_declaration(confirmed_by_id=user.pk, **who)
            else:
                operations.refuse_declaration(refused_by_id=user.pk, reason=data["reason"], **who)
    except operations.UnableToRecord as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        one.refresh_from_db()
        return False
    said = _("已确认，%(name)s这一场算作已补学。") if is_good else _("已答复%(name)s，本人会看到理由。")
    messages.success(request, said % {"name": one.member.name})
    return True
