"""The operator's people: find somebody, see what is known of them, change one thing at a time."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from auditlog.models import LogEntry
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from organizations import operations as do
from organizations.account_ways import account_way_name, account_ways
from organizations.directory import MOST_PEOPLE, Card, card_of, facts_of, find_people, leaving_of, lines_of, members_of
from organizations.factors import OFFICE_FRESH_S
from organizations.models import Left, Role, User
from organizations.operations.accounts import UnableToLinkAccount, end_account_link, link_account
from organizations.operator_forms import (
    AccountForm,
    ConfirmForm,
    LeaveForm,
    MoveForm,
    NameForm,
    NumberForm,
    OperatorForm,
    PhoneForm,
    ReturnForm,
    RoleForm,
    SearchForm,
)
from organizations.permissions import role_required, signed_in
from organizations.queries import account_links_of, grants_at, has_factor
from organizations.views.factors import to_prove
from organizations.views.operator import (
    choosable,
    log_people,
    log_unit,
    own_nodes,
    person_or_404,
    today,
    unit_or_404,
)

REFUSALS = (
    do.UnableToChangeMember,
    do.UnableToSetPhone,
    do.UnableToMoveMember,
    do.UnableToEndMembership,
    do.UnableToTakeBack,
    do.UnableToGrantRole,
    do.UnableToEndRole,
    UnableToLinkAccount,
)


@never_cache
@role_required(Role.OPERATOR)
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Search, or list one unit's people."""
    form, operator = SearchForm(request.GET), signed_in(request)
    text = " ".join(form.cleaned_data["q"].split()) if form.is_valid() else ""
    context: dict[str, Any] = {"tab": "people", "form": form, "text": text, "most": MOST_PEOPLE}
    nodes = own_nodes(request)
    unit_id = request.GET.get("unit", "")
    if unit_id.isascii() and unit_id.isdigit():
        unit = unit_or_404(request, int(unit_id[:20]))
        with transaction.atomic():
            page = Paginator(members_of(node=unit, on_date=today()), MOST_PEOPLE).get_page(request.GET.get("page"))
            lines = lines_of(list(page), operator=operator, nodes=nodes, on_date=today())
            log_unit(request, unit, [line.person.pk for line in lines])
        context |= {"unit": unit, "page": page, "lines": lines}
    else:
        with transaction.atomic():
            lines = find_people(operator=operator, nodes=nodes, text=text, on_date=today())
            log_people(request, [line.person.pk for line in lines[:MOST_PEOPLE]], what="people")
        context |= {"lines": lines[:MOST_PEOPLE], "has_more": len(lines) > MOST_PEOPLE}
    return render(request, "organizations/people.html", context)


@never_cache
@role_required(Role.OPERATOR)
@require_safe
@transaction.atomic
def person(request: HttpRequest, person_id: int) -> HttpResponse:
    """One person's belonging, roles and history; reading it is written down."""
    shown = person_or_404(request, person_id)
    log_people(request, [shown.pk], what="person")
    card = card_of(shown, on_date=today())
    links = [(link, account_way_name(link.provider)) for link in account_links_of(shown)]
    context = {"tab": "people", "card": card, "facts": facts_of(card), "leaving": leaving_of(card), "links": links}
    context |= {"has_factor": has_factor(shown), "can_link": bool(account_ways())}
    return render(request, "organizations/person.html", context)


@dataclass(frozen=True)
class Step:
    """One thing to change: the page's title, its form, what is filled in, when it is offered, and how it is done.

    ``opens``: it lets somebody in as that person, or as more than they were: the operator proves themselves first
    (ADR 94).
    """

    title: Any
    button: Any
    form: type[OperatorForm]
    apply: Callable[[HttpRequest, User, dict[str, Any]], Any]
    initial: Callable[[Card], dict[str, Any]] = lambda card: {}
    applies: Callable[[Card], bool] = lambda card: True
    opens: bool = False


def _set_phone(request: HttpRequest, person: User, data: dict[str, Any]) -> None:
    with transaction.atomic():
        do.set_phone(member_id=person.pk, phone=data["phone"])
        # That it changed, by whom and when; never a number, in whatever form.
        LogEntry.objects.log_create(person, action=LogEntry.Action.UPDATE, changes={"phone": ["…", "…"]})
    if person.pk == request.user.pk:
        person.refresh_from_db()
        update_session_auth_hash(request, person)


def _leave(request: HttpRequest, person: User, data: dict[str, Any]) -> None:
    do.end_membership(
        member_id=person.pk,
        because=Left(data["because"]),
        on_date=data["on_date"],
        as_of=timezone.now(),
        actor_id=signed_in(request).pk,
    )


def _return(request: HttpRequest, person: User, data: dict[str, Any]) -> None:
    do.take_back(
        member_id=person.pk,
        node_id=data["unit"].pk,
        on_date=data["on_date"],
        phone=data["phone"],
        as_of=timezone.now(),
        actor_id=signed_in(request).pk,
    )


def _grant(request: HttpRequest, person: User, data: dict[str, Any]) -> None:
    do.grant_role(user_id=person.pk, node_id=data["unit"].pk, role=data["role"], on_date=today())


def _link_account(request: HttpRequest, person: User, data: dict[str, Any]) -> None:
    link_account(
        member_id=person.pk,
        provider=data["provider"],
        external_id=data["external_id"],
        as_of=timezone.now(),
        actor_id=signed_in(request).pk,
    )


def _last_day(card: Card) -> dict[str, Any]:
    """Back where they were, from the day they left: the usual case is a mistake."""
    row = next((row for row in card.memberships if row.left_because), None)
    if row is None or row.node.closed_date is not None:
        return {}
    return {"unit": f"{row.node.code} {row.node.name}", "on_date": row.active_to_date or dt.date.max}


STEPS = {
    "name": Step(
        _("改姓名"),
        _("保存"),
        NameForm,
        lambda request, person, data: do.rename_member(member_id=person.pk, name=data["name"]),
        lambda card: {"name": card.person.name},
    ),
    "phone": Step(
        _("改手机号"), _("保存"), PhoneForm, _set_phone, applies=lambda card: card.person.is_active, opens=True
    ),
    "number": Step(
        _("改编号"),
        _("保存"),
        NumberForm,
        lambda request, person, data: do.set_number(
            member_id=person.pk, number=data["number"], actor_id=signed_in(request).pk
        ),
        lambda card: {"number": card.person.number or ""},
    ),
    "move": Step(
        _("转到别的组织"),
        _("办理转移"),
        MoveForm,
        lambda request, person, data: do.transfer_member(
            member_id=person.pk, node_id=data["unit"].pk, on_date=data["on_date"]
        ),
        applies=lambda card: card.membership is not None and not card.is_leaving,
    ),
    "leave": Step(_("办理离开"), _("确认离开"), LeaveForm, _leave, applies=lambda card: card.membership is not None),
    "return": Step(_("办理恢复"), _("确认恢复"), ReturnForm, _return, _last_day, lambda card: card.is_leaving, True),
    "account": Step(
        _("绑定账号"),
        _("绑定"),
        AccountForm,
        _link_account,
        applies=lambda card: card.person.is_active and bool(account_ways()),
        opens=True,
    ),
    "role": Step(_("任命职责"), _("任命"), RoleForm, _grant, applies=lambda card: card.person.is_active, opens=True),
}


@never_cache
@role_required(Role.OPERATOR)
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, person_id: int, what: str) -> HttpResponse:
    """Change one thing; a mistake shows the form again with what was typed and the sentence that says why."""
    shown, step = person_or_404(request, person_id), STEPS.get(what)
    card = card_of(shown, on_date=today())
    if what == "exempt" and card.membership is not None:  # what it does to rosters is the ledger's, and so is its page
        return redirect("exemptions_of", shown.pk)
    if step is None or card.is_taken_out or not step.applies(card):
        raise Http404
    proving = to_prove(request, within_s=OFFICE_FRESH_S) if step.opens else None
    return proving or _change(request, card, step)


def _change(request: HttpRequest, card: Card, step: Step) -> HttpResponse:
    shown, sent = card.person, request.POST if request.method == "POST" else None
    form = step.form(sent, nodes=choosable(request), today=today(), initial=step.initial(card))
    if sent is not None and form.is_valid():
        try:
            step.apply(request, shown, form.cleaned_data)
        except REFUSALS as error:
            form.add_error(None if len(form.fields) != 1 else next(iter(form.fields)), str(error))
        else:
            messages.success(request, gettext("已保存：%(title)s") % {"title": step.title})
            return redirect("person", shown.pk)
    log_people(request, [shown.pk], what="person")
    context = {"tab": "people", "person": shown, "step": step, "form": form}
    return render(request, "organizations/person_change.html", context, status=422 if form.errors else 200)


@never_cache
@role_required(Role.OPERATOR)
@require_http_methods(["GET", "POST"])
def end_role(request: HttpRequest, grant_id: int) -> HttpResponse:
    """Dismiss somebody from a role in one's own units, wherever they belong; asked once more before."""
    later = grants_at(own_nodes(request))
    grant = later.filter(pk=grant_id).first() if grant_id < 2**63 else None
    if grant is None or (grant.active_to_date is not None and grant.active_to_date <= today()):
        raise Http404
    form = ConfirmForm(request.POST or None, nodes=choosable(request), today=today())
    if request.method == "POST":
        try:
            do.end_role(grant_id=grant.pk, on_date=today(), actor_id=signed_in(request).pk)
        except do.UnableToEndRole as error:
            messages.error(request, str(error))
        else:
            messages.success(request, gettext("已免去%(name)s的职责。") % {"name": grant.user.name})
        return redirect("unit", grant.node_id)
    log_people(request, [grant.user_id], what="person")
    return render(request, "organizations/role_end.html", {"tab": "people", "grant": grant, "form": form})


@never_cache
@role_required(Role.OPERATOR)
@require_http_methods(["GET", "POST"])
def end_account(request: HttpRequest, person_id: int, link_id: int) -> HttpResponse:
    """An account lets somebody in no more; asked once more before."""
    shown = person_or_404(request, person_id)
    link = account_links_of(shown).filter(pk=link_id).first()
    if link is None:
        raise Http404
    name = account_way_name(link.provider)
    if request.method == "POST":
        end_account_link(link_id=link.pk, member_id=shown.pk, as_of=timezone.now(), actor_id=signed_in(request).pk)
        messages.success(request, gettext("已解除%(name)s的账号。") % {"name": name})
        return redirect("person", shown.pk)
    log_people(request, [shown.pk], what="person")
    context = {"tab": "people", "person": shown, "link": link, "name": name}
    return render(request, "organizations/account_end.html", context)
