"""What several pages of the ledger need: reading numbers from the address, the scope or 404."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.http import Http404, HttpRequest
from django.urls import reverse

from attendance.operations import settle_dirty
from attendance.permissions import COUNTS, scope_for
from attendance.queries import unread_entries
from attendance.reports.base import Scope
from organizations.models import Role, User
from organizations.operations import ONE_VISIT, log_access, log_list
from organizations.permissions import signed_in

LARGEST_ID = 2**63 - 1
LONGEST_ID = 19
LAST_PAGE = 1_000_000  # further on there is nothing, and counting the rows before it would not end
MOST_SETTLED = 200  # people a page settles before it reads


def number_or_none(text: str | None, *, most: int = LARGEST_ID) -> int | None:
    """Return a number up to ``most`` from the address, None when there is none; raises Http404 for anything else."""
    if not text:
        return None
    number = id_or_none(text)
    if number is None or number > most:
        raise Http404
    return number


def id_or_none(text: str) -> int | None:
    """Return what can be an id, None for anything else; a number of thousands of digits is not even read."""
    if not (text.isascii() and text.isdigit()) or len(text) > LONGEST_ID:
        return None
    number = int(text)
    return number if number <= LARGEST_ID else None


def scope_or_404(request: HttpRequest, training_id: int, *, as_of: datetime, roles: tuple[str, ...] = COUNTS) -> Scope:
    """Return the training at ``?node=`` (or the person's first own node) if they may read it there."""
    scope = scope_for(
        signed_in(request),
        training_id=training_id,
        node_id=number_or_none(request.GET.get("node") or request.POST.get("node")),
        as_of=as_of,
        roles=roles,
    )
    if scope is None:
        raise Http404
    return scope


def anchor_of(member_id: int) -> str:
    """Return the name of a person's place in the list of a training."""
    return f"m{member_id}"


def list_address(request: HttpRequest, scope: Scope, member_id: int) -> str:
    """Return the way back to the list of a training: to the page one came from and the same name there."""
    number = number_or_none(request.GET.get("page") or request.POST.get("page"))
    page = f"&page={number}" if number else ""
    address = reverse("branch_training", args=[scope.training.pk])
    return f"{address}?node={scope.node.pk}{page}#{anchor_of(member_id)}"


def settle_unread(scope: Scope) -> None:
    """Settle whoever in the scope has evidence that nobody has read, before a page reads how they stand.

    Only where these are few, as in a branch; a larger part of the tree is left to the sweep that runs all the time.
    """
    unread = unread_entries(training_id=scope.training.pk, below=scope.node.path)
    ids = set(unread.values_list("member_id", flat=True)[: MOST_SETTLED + 1])
    if 0 < len(ids) <= MOST_SETTLED:
        settle_dirty(as_of=scope.as_of, member_ids=ids)


def log_visit(*, reader_id: int, subject_ids: Collection[int], what: str = "record", as_of: datetime) -> None:
    """Write down that a secretary looked at somebody's record, or read what they say; in the transaction of the read.

    Going on from there within a few minutes (to a form, back, to the answer of a dispute) is the same visit: one row.
    """
    log_access(
        reader_id=reader_id, subject_ids=subject_ids, what=what, as_of=as_of, role=Role.SECRETARY, once_in=ONE_VISIT
    )


def log_shown(
    scope: Scope,
    *,
    reader: User,
    member_ids: Collection[int],
    what: str,
    title: str = "",
    reason: str = "",
    count: int | None = None,
    once_in: timedelta | None = ONE_VISIT,
) -> None:
    """Write down, in one row, that a secretary saw these people of a scope by name, in the transaction of the read."""
    log_list(
        reader_id=reader.pk,
        node_id=scope.node.pk,
        member_ids=member_ids,
        what=what,
        as_of=scope.as_of,
        role=Role.SECRETARY,
        about=scope.training.pk,
        title=title or scope.training.title,
        reason=reason,
        count=count,
        once_in=once_in,
    )
