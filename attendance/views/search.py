"""Finding somebody by name in one's own units: also who has missed nothing, as before a lecture begins."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from attendance.models import Occasion
from attendance.permissions import NAMES
from attendance.queries import entries_below
from attendance.queries.naming import among_expected
from attendance.reports.base import Scope
from attendance.reports.standing import occasions_of
from attendance.views.shared import log_shown, scope_or_404
from organizations.models import User
from organizations.permissions import role_required, signed_in
from organizations.queries import exempt_member_ids, members_at, people_named

MOST_FOUND = 50


@dataclass(frozen=True)
class FoundRow:
    """Somebody who was found, with the way to their page."""

    name: str
    url: str
    label: str

    @classmethod
    def of(cls, member: User, scope: Scope) -> "FoundRow":
        """Write the row; the page is that of the training in the unit that the reader looks at."""
        page = reverse("branch_member", args=[scope.training.pk, member.pk])
        return cls(member.name, f"{page}?node={scope.node.pk}", _("查看%(name)s") % {"name": member.name})


@require_GET
@never_cache
@role_required(*NAMES)
def branch_people(request: HttpRequest, training_id: int) -> HttpResponse:
    """List the people of the scope whom the training concerns and whose name has the text typed, the first fifty."""
    scope = scope_or_404(request, training_id, as_of=timezone.now(), roles=NAMES)
    sought = request.GET.get("name", "").replace("\x00", "").strip()[:40]
    found = people_named(sought, among=concerned(scope))
    with transaction.atomic():
        people = list(found[: MOST_FOUND + 1])
        named = [one.pk for one in people[:MOST_FOUND]]
        log_shown(scope, reader=signed_in(request), member_ids=named, what="search", reason=sought)
    context = {
        "tab": "branch",
        "scope": scope,
        "sought": sought,
        "people": [FoundRow.of(one, scope) for one in people[:MOST_FOUND]],
        "not_found": "" if people else _("没有叫“%(sought)s”的人。") % {"sought": sought},
        "is_cut": len(people) > MOST_FOUND,
    }
    return render(request, "attendance/branch_people.html", context)


def concerned(scope: Scope) -> Q:
    """Return the condition of people who have a page here: on a roster in the scope, or expected before there is one.

    The same people for whom ``coming_for`` or a roster entry is found, so that no link leads nowhere.
    """
    roster = entries_below(scope.node.path).filter(occasion__training_id=scope.training.pk)
    condition = Q(pk__in=roster.values("member_id"))
    for occasion in occasions_of(scope):
        if occasion.state == Occasion.State.SCHEDULED:
            day = timezone.localdate(occasion.starts_at)
            there = members_at(node=occasion.node, on_date=day).filter(node__path__startswith=scope.node.path)
            there = there.filter(among_expected(occasion))
            exempt = Q(pk__in=exempt_member_ids(on_date=day))
            condition |= Q(pk__in=there.order_by().values("member_id")) & ~exempt
    return condition
