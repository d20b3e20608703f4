"""Who left and is taken out soon: for their secretaries, the operator, and the auditor, who may put it on hold."""

import datetime as dt

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from organizations import operations as do
from organizations.departing import kept_for, leavers, leavers_of, was_last_in
from organizations.models import Role
from organizations.operations.departures import MOST_REASON
from organizations.permissions import has_role, role_required, signed_in, visible_nodes
from organizations.queries import grants_of

WITHIN = dt.timedelta(days=90)
PER_PAGE = 50
READERS = (Role.AUDITOR, Role.SECRETARY, Role.OPERATOR)
TABS = {Role.AUDITOR: "audit", Role.OPERATOR: "roster"}  # where each comes from; secretaries from 支部


class HoldForm(forms.Form):
    reason = forms.CharField(
        label=_("为什么要保留"), max_length=MOST_REASON, help_text=_("例如案件、审计的文号；不写细节。")
    )


def _form(member_id: int, sent: QueryDict | None = None) -> HoldForm:
    """One form a line: the labels of a page lead to their own fields."""
    return HoldForm(sent, auto_id=f"hold-{member_id}-%s")


@never_cache
@role_required(*READERS)
@require_safe
def departures(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(request: HttpRequest, *, refused: int = 0, form: HoldForm | None = None) -> HttpResponse:
    """List them; ``refused``: of whom a form comes back with what was typed and why it was not taken."""
    as_of, reader = timezone.now(), signed_in(request)
    nodes, kept = visible_nodes(reader, *READERS), kept_for()
    page = Paginator(leavers_of(nodes, as_of=as_of, within=WITHIN), PER_PAGE).get_page(request.GET.get("page"))
    with transaction.atomic():
        lines = leavers(list(page), as_of=as_of)
        first = min((one for one in grants_of(user=reader) if one.role in READERS), key=lambda one: one.path)
        do.log_list(
            reader_id=reader.pk, node_id=first.node_id, member_ids=[one.departure.pk for one in lines],
            what="departures", as_of=as_of, role=first.role,
        )  # fmt: skip
    context = {
        "tab": next((tab for role, tab in TABS.items() if has_role(reader, role)), "branch"), "page": page,
        "rows": [(one, form if form and one.departure.pk == refused else _form(one.departure.pk)) for one in lines],
        "may_hold": has_role(reader, Role.AUDITOR), "days": kept.days if kept else 0, "refused": refused,
    }  # fmt: skip
    return render(request, "organizations/departures.html", context, status=422 if form else 200)


@require_POST
@role_required(Role.AUDITOR)
def hold(request: HttpRequest, person_id: int) -> HttpResponse:
    """Keep what is known of somebody until it is lifted; a mistake brings the page back with what was typed."""
    member_id = _own(request, person_id)
    form = _form(member_id, request.POST)
    if not form.is_valid():
        return _page(request, refused=member_id, form=form)
    try:
        do.place_hold(
            member_id=member_id, reason=form.cleaned_data["reason"], actor_id=signed_in(request).pk,
            as_of=timezone.now(),
        )  # fmt: skip
    except do.UnableToHold as error:
        messages.error(request, str(error))
    else:
        messages.success(request, gettext("已暂缓。解除以前不会清除。"))
    return redirect("departures")


@require_POST
@role_required(Role.AUDITOR)
def lift(request: HttpRequest, person_id: int) -> HttpResponse:
    try:
        do.lift_hold(member_id=_own(request, person_id), actor_id=signed_in(request).pk, as_of=timezone.now())
    except do.UnableToHold as error:
        messages.error(request, str(error))
    else:
        messages.success(request, gettext("已解除暂缓。会重新通知，至少再过 30 天才清除。"))
    return redirect("departures")


def _own(request: HttpRequest, person_id: int) -> int:
    """Somebody whose last unit is the auditor's to see; of everybody else there is no such page."""
    if person_id >= 2**63 or not was_last_in(visible_nodes(request.user, Role.AUDITOR), member_id=person_id):
        raise Http404
    return person_id
