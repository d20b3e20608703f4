"""Which forms of meetings hold at a unit, and saying otherwise for it and everything below."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from attendance.views.shared import number_or_none
from meetings import operations
from meetings.catalogue import Form, overlay
from meetings.core.year import Per
from meetings.forms import CatalogueForm
from meetings.models import Audience
from meetings.permissions import KEEPERS, may_keep_forms
from meetings.queries.catalogue import is_form_of, rows_above
from organizations.models import Node
from organizations.permissions import role_required, rules_the_whole_tree, signed_in, visible_nodes

READERS = (*KEEPERS, "secretary")
NEW = "new"


def _node_or_404(request: HttpRequest) -> Node | None:
    """Return the unit whose forms are asked for; None: the site's, for its keeper (``?node=site``)."""
    user, asked = signed_in(request), request.GET.get("node") or request.POST.get("node") or ""
    if asked == "site":
        if not rules_the_whole_tree(user):
            raise Http404
        return None
    nodes = visible_nodes(user, *READERS)
    number = number_or_none(asked)
    node = nodes.filter(pk=number).first() if number is not None else nodes.order_by("depth", "path").first()
    if node is None:
        raise Http404
    return node


def _forms(node: Node | None) -> dict[str, Form]:
    path = node.path if node else ""
    return overlay(rows_above([path] if path else []), path)


def _param(node: Node | None) -> str:
    return str(node.pk) if node else "site"


@require_GET
@never_cache
@role_required(*READERS)
def catalogue(request: HttpRequest) -> HttpResponse:
    """Show every form with who says so; whoever keeps them here can say otherwise."""
    node = _node_or_404(request)
    rows = [(form, _owner_words(form)) for form in _forms(node).values()]
    context = {
        "tab": "branch", "node": node, "param": _param(node), "rows": rows,
        "may_keep": may_keep_forms(signed_in(request), node),
        "keeps_site": node is not None and rules_the_whole_tree(signed_in(request)),
    }  # fmt: skip
    return render(request, "meetings/forms.html", context)


def _owner_words(form: Form) -> str:
    if form.owner is not None:
        return _("由%(unit)s规定") % {"unit": form.owner.name}
    return _("系统自带的示例") if form.is_example else _("全站规定")


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*KEEPERS)
def form(request: HttpRequest, code: str) -> HttpResponse:
    """Say what a form is at a unit, make a new one (``new``), or take back what was said (``do=reset``)."""
    node, as_of, user = _node_or_404(request), timezone.now(), signed_in(request)
    if not may_keep_forms(user, node):
        raise Http404
    known = _forms(node)
    kept = Form(NEW, "", Audience.ALL, Per.MONTH, 0) if code == NEW else known.get(code)
    if kept is None:
        raise Http404
    back = f"{reverse('meeting_forms')}?node={_param(node)}"
    own = is_form_of(node, code=code)
    if request.method == "POST" and request.POST.get("do") == "reset":
        operations.reset_form(node=node, code=code)
        messages.success(request, _("已恢复为上级或示例的规定。"))
        return redirect(back)
    said = CatalogueForm(request.POST if request.method == "POST" else None, form=kept, node=node)
    if request.method == "POST" and said.is_valid():
        if code == NEW:
            said.give_code(_free_code(said.cleaned_data["name"], known))
        if said.save(actor_id=user.pk, as_of=as_of):
            messages.success(request, _("已保存，这里和下级组织从现在起按它安排；开过的会不变。"))
            return redirect(back)
    context: dict[str, Any] = {
        "tab": "branch", "node": node, "param": _param(node), "form": said, "kept": kept, "back": back, "own": own,
    }  # fmt: skip
    return render(request, "meetings/form.html", context, status=422 if said.errors else 200)


def _free_code(name: str, known: dict[str, Form]) -> str:
    """Return a code for a form that is new here: of its name if it has letters, else numbered."""
    base = (slugify(name) or "form")[:14]
    code, number = base, 1
    while code in known or code == NEW or is_form_of(None, code=code):
        number += 1
        code = f"{base}-{number}"
    return code
