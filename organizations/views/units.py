"""The operator's units: the list with codes and secretaries, one unit, and what can be done with it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from organizations import operations as do
from organizations.directory import (
    MOST_TEXT,
    changes_of,
    footprint_of,
    needing_secretary,
    path_of,
    subtree_of,
    unit_lines,
)
from organizations.models import Node, Role, User
from organizations.operator_forms import ConfirmForm, MergeForm, NewUnitForm, OperatorForm, UnitNameForm
from organizations.permissions import role_required, rules_above, signed_in
from organizations.queries import members_at
from organizations.views.operator import choosable, log_unit, own_nodes, today, unit_or_404

UNITS_PER_PAGE = 100
SHOWN = ("", "vacant", "closed")


@never_cache
@role_required(Role.OPERATOR)
@require_safe
def units(request: HttpRequest) -> HttpResponse:
    """All one's units in the order of the tree, those without a secretary, or the closed ones."""
    nodes, text = own_nodes(request), " ".join(request.GET.get("q", "")[:MOST_TEXT].replace("\x00", "").split())
    show = request.GET.get("show", "") if request.GET.get("show", "") in SHOWN else ""
    vacant = needing_secretary(nodes, on_date=today())
    chosen = vacant if show == "vacant" else nodes.filter(closed_date__isnull=show != "closed")
    if text:
        chosen = chosen.filter(Q(name__icontains=text) | Q(code__istartswith=text))
    page = Paginator(chosen, UNITS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "tab": "people",
        "page": page,
        "lines": unit_lines(list(page), on_date=today()),
        "show": show,
        "text": text,
        "vacant": vacant.count(),
    }
    return render(request, "organizations/units.html", context)


@never_cache
@role_required(Role.OPERATOR)
@require_safe
def unit(request: HttpRequest, unit_id: int) -> HttpResponse:
    """One unit: code, id, people, roles, units below, what was changed."""
    node = unit_or_404(request, unit_id)
    below = subtree_of(own_nodes(request), node).filter(closed_date=None).exclude(pk=node.pk)
    children = below.filter(depth=node.depth + 1)
    context = {
        "tab": "people",
        "node": node,
        "path": path_of(node),
        "line": unit_lines([node], on_date=today())[0],
        "people": members_at(node=node, on_date=today()).count(),
        "roles": footprint_of(node, on_date=today()).grants,
        "children": unit_lines(list(children[:UNITS_PER_PAGE]), on_date=today()),
        "changes": changes_of(node),
        "actions": _actions(signed_in(request), node),
        "merged": node.merged.order_by("path"),
    }
    return render(request, "organizations/unit.html", context)


def _actions(operator: User, node: Node) -> list[tuple[str, Any]]:
    """Address and title of what this operator can do with the unit."""
    ends = rules_above(operator, node)
    if node.closed_date is not None:
        return [(reverse("unit_change", args=[node.pk, "reopen"]), _("恢复这个组织"))] if ends else []
    found = [(reverse("unit_change", args=[node.pk, what]), STEPS[what].title) for what in ("rename", "new")]
    if ends:
        found.append((reverse("unit_merge", args=[node.pk]), _("合并到别的组织")))
        found.append((reverse("unit_change", args=[node.pk, "close"]), STEPS["close"].title))
    return found


@dataclass(frozen=True)
class Step:
    """One thing to do with a unit, as in ``views.people``; ``ends``: only with a unit above in one's own hands."""

    title: Any
    button: Any
    form: type[OperatorForm]
    apply: Callable[[Node, dict[str, Any]], Any]
    initial: Callable[[Node], dict[str, Any]] = lambda node: {}
    is_for_closed: bool = False
    ends: bool = False


STEPS = {
    "rename": Step(
        _("改名"),
        _("保存"),
        UnitNameForm,
        lambda node, data: do.rename_unit(node_id=node.pk, name=data["name"]),
        lambda node: {"name": node.name},
    ),
    "new": Step(
        _("新建下级组织"),
        _("新建"),
        NewUnitForm,
        lambda node, data: do.create_unit(parent_id=node.pk, name=data["name"], kind=data["kind"]),
    ),
    "close": Step(
        _("撤销"),
        _("确认撤销"),
        ConfirmForm,
        lambda node, data: do.close_unit(node_id=node.pk, on_date=today()),
        ends=True,
    ),
    "reopen": Step(
        _("恢复"),
        _("确认恢复"),
        ConfirmForm,
        lambda node, data: do.reopen_unit(node_id=node.pk),
        is_for_closed=True,
        ends=True,
    ),
}


@never_cache
@role_required(Role.OPERATOR)
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, unit_id: int, what: str) -> HttpResponse:
    """Rename, make one below, close, reopen; a mistake shows the form again with the sentence that says why."""
    node, step = unit_or_404(request, unit_id), STEPS.get(what)
    if step is None or step.is_for_closed != (node.closed_date is not None):
        raise Http404
    if step.ends and not rules_above(signed_in(request), node):
        raise Http404
    sent = request.POST if request.method == "POST" else None
    form = step.form(sent, nodes=choosable(request), today=today(), initial=step.initial(node))
    if sent is not None and form.is_valid():
        try:
            step.apply(node, form.cleaned_data)
        except do.UnableToChangeUnit as error:
            form.add_error("name" if "name" in form.fields else None, str(error))
        else:
            messages.success(request, gettext("已保存：%(title)s") % {"title": step.title})
            return redirect("unit", node.pk)
    context = {"tab": "people", "node": node, "step": step, "form": form}
    if what == "close":
        context["footprint"] = footprint = footprint_of(node, on_date=today())
        log_unit(request, node, [member_id for member_id, _name in footprint.named])
    return render(request, "organizations/unit_change.html", context, status=422 if form.errors else 200)


@never_cache
@role_required(Role.OPERATOR)
@require_http_methods(["GET", "POST"])
def merge(request: HttpRequest, unit_id: int) -> HttpResponse:
    """Choose where to, see whom and what it touches, say yes."""
    node = unit_or_404(request, unit_id)
    if node.closed_date is not None or not rules_above(signed_in(request), node):
        raise Http404
    footprint = footprint_of(node, on_date=today())
    form = _merge_form(request, node, footprint.grants)
    into = form.cleaned_data.get("unit") if form.is_bound and form.is_valid() else None
    if into is not None and form.cleaned_data["sure"]:
        try:
            kept = form.cleaned_data.get("kept", [])
            do.merge_unit(node_id=node.pk, into_id=into.pk, kept_grants=kept, on_date=today())
        except do.UnableToChangeUnit as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, gettext("“%(old)s”已并入“%(new)s”。") % {"old": node.name, "new": into.name})
            return redirect("unit", into.pk)
    context = {"tab": "people", "node": node, "form": form, "footprint": footprint}
    if into is not None:
        log_unit(request, node, [member_id for member_id, _name in footprint.named])
        context |= {"into": into, "into_path": path_of(into), "into_line": unit_lines([into], on_date=today())[0]}
    return render(request, "organizations/unit_merge.html", context, status=422 if form.errors else 200)


def _merge_form(request: HttpRequest, node: Node, grants: list[Any]) -> MergeForm:
    """The first time only the unit is chosen: then the secretaries are ticked if the other unit has none."""
    choices = [(grant.pk, f"{grant.user.name} · {grant.get_role_display()}") for grant in grants]
    others = choosable(request).exclude(pk=node.pk)
    if request.method == "GET":
        return MergeForm(None, nodes=others, today=today(), grants=choices)
    form = MergeForm(request.POST, nodes=others, today=today(), grants=choices)
    if not form.is_valid() or form.cleaned_data["sure"]:
        return form
    sent = request.POST.copy()
    if unit_lines([form.cleaned_data["unit"]], on_date=today())[0].secretaries == "":
        sent.setlist("kept", [str(grant.pk) for grant in grants if grant.role == Role.SECRETARY])
    form = MergeForm(sent, nodes=others, today=today(), grants=choices)
    form.is_valid()
    return form
