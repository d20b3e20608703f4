"""What the choice of a unit opens (``organizations.unit_choice``): one level of the tree, or what a search finds."""

from functools import lru_cache
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from organizations.core import pinyin
from organizations.models import Node, Role, User
from organizations.permissions import has_role, is_superuser_now, role_required, signed_in
from organizations.queries import grants_of, nodes_where, outermost, subtree
from organizations.unit_choice import LONGEST, MANAGE, OPEN, ORGANISE, WORK, text_of

SCOPES = {
    ORGANISE: (Role.ORGANISER,),
    MANAGE: (Role.OPERATOR,),
    WORK: (Role.ORGANISER, Role.LECTURER, Role.OPERATOR),
    OPEN: (Role.ORGANISER, Role.SECRETARY, Role.OPERATOR),  # what another program may read
}
MOST = 50
MOST_IN_LEVEL = 300
SPELLED = 1_000  # of so many, the uppermost, the initials are tried: a name takes a quarter of a millisecond, once
_initials = lru_cache(maxsize=4 * SPELLED)(pinyin.initials)


@require_GET
@never_cache
@role_required(Role.ORGANISER, Role.LECTURER, Role.OPERATOR, Role.SECRETARY)
def units_to_choose(request: HttpRequest) -> JsonResponse:
    """Answer with the open units of one level below ``at`` (the topmost without it), or those that ``q`` finds.

    Only of the subtrees in which the asker holds a role of the scope ``for``. Three queries at most.
    """
    user, scope = signed_in(request), SCOPES.get(request.GET.get("for", ""))
    if scope is None or not has_role(user, *scope, *SCOPES[WORK]):  # a secretary chooses for what they open, no more
        raise Http404
    roots = _roots(user, scope)
    text = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:LONGEST]
    if text:
        return _answer(user, _found(text, roots), line=[], roots=roots, says_where=True)
    asked = request.GET.get("at", "")
    if not asked:
        return _answer(user, list(nodes_where(Q(path__in=roots))[: MOST + 1]), line=[], roots=roots)
    if not asked.isdecimal():
        raise Http404
    top = nodes_where(Q(pk=int(asked[:18])) & subtree(roots)).first()
    if top is None:
        raise Http404
    below = Q(path__startswith=top.path, depth=top.depth + 1, closed_date=None)
    line = nodes_where(Q(path__in=_line(top, roots)))
    return _answer(user, list(nodes_where(below)[: MOST_IN_LEVEL + 1]), line=list(line), roots=roots)


def _roots(user: User, scope: tuple[str, ...]) -> list[str]:
    """Return the paths below which somebody may choose; a superuser may everywhere, and holds no role for it."""
    if is_superuser_now(user):
        return list(nodes_where(Q(depth=1)).values_list("path", flat=True))
    return outermost(grant.path for grant in grants_of(user=user) if grant.role in scope)


def _line(node: Node, roots: list[str]) -> list[str]:
    """Return the paths from the asker's own unit down to this one."""
    return [path for path in node.line_paths() if path.startswith(tuple(roots))]


def _found(text: str, roots: list[str]) -> list[Node]:
    """Return the units whose name has the text, whose code begins with it, or whose initials do; upper ones first."""
    inside = nodes_where(subtree(roots) & Q(closed_date=None)).order_by("depth", "path")
    meant = Q(name__contains=text) | Q(code__istartswith=text)
    letters = text.replace(" ", "").lower()
    if letters.isascii() and letters.isalpha():
        names = inside.values_list("pk", "name")[:SPELLED]
        meant |= Q(pk__in=[pk for pk, name in names if letters in _initials(name).lower()][: MOST + 1])
    return list(inside.filter(meant)[: MOST + 1])


def _answer(
    user: User, nodes: list[Node], *, line: list[Node], roots: list[str], says_where: bool = False
) -> JsonResponse:
    """``user`` names whose the list is: what a browser remembers of it is nobody else's."""
    shown = nodes[: MOST_IN_LEVEL if line else MOST]
    above = {path for node in shown for path in _line(node, roots)[:-1]} if says_where else set()
    names = dict(nodes_where(Q(path__in=above)).values_list("path", "name")) if above else {}
    rows = [_row(node, [names[path] for path in _line(node, roots)[:-1]] if says_where else []) for node in shown]
    way = [{"id": one.pk, "name": one.name, "text": text_of(one)} for one in line]
    return JsonResponse({"owner": user.pk, "line": way, "units": rows, "more": len(nodes) > len(shown)})


def _row(node: Node, where: list[str]) -> dict[str, Any]:
    return {
        "id": node.pk, "text": text_of(node), "name": node.name, "code": node.code, "where": " / ".join(where),
        "below": node.numchild > 0,
    }  # fmt: skip
