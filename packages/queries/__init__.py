"""What is asked of packages and of what they said. Nothing here writes."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from organizations.models import Node, User
from packages.models import Package, Replaced, Result


@dataclass(frozen=True, slots=True)
class Standing:
    """How a member stands with a package: ``now`` is the result of its newest version, ``was_done`` of any."""

    now: Result | None = None
    was_done: bool = False
    began: bool = False


def packages_in(nodes: QuerySet[Node], *, withdrawn: bool = False) -> QuerySet[Package]:
    """Return the packages of some units, the newest first."""
    return (
        Package.objects.filter(node__in=nodes, withdrawn_at__isnull=not withdrawn)
        .select_related("node")
        .order_by("-pk")
    )


def package_in(nodes: QuerySet[Node], package_id: int) -> Package | None:
    """Return a package of some units, withdrawn or not."""
    return Package.objects.filter(node__in=nodes, pk=package_id).select_related("node").first()


def package_by_id(package_id: int) -> Package | None:
    return Package.objects.filter(pk=package_id).first()


def standard_of(key: str) -> str:
    """Return the SCORM of the package whose files lie under a key, now or until a moment ago; "" is none's."""
    for rows in (Package.objects, Replaced.objects):
        if found := rows.filter(key=key).values_list("standard", flat=True).first():
            return found
    return ""


def standings_in(*, keys: Collection[str], member_id: int) -> dict[int, Standing]:
    """Return how a member stands with the packages of a lesson; ``keys`` as its page holds them. One query at most."""
    ids = [int(key) for key in keys if key.isdecimal()]
    found: dict[int, Standing] = dict.fromkeys(ids, Standing())
    if not ids:
        return found
    results = Result.objects.filter(package__in=ids, member_id=member_id).select_related("package")
    for one in results.defer("suspend_data"):
        before = found[one.package_id]
        is_now = one.version == one.package.version
        was_done = before.was_done or one.done_at is not None
        found[one.package_id] = Standing(one if is_now else before.now, was_done, began=True)
    return found


def result_of(*, package: Package, member_id: int) -> Result | None:
    """Return what the newest version said of a member."""
    return Result.objects.filter(package=package, member_id=member_id, version=package.version).first()


def counts_of(package: Package) -> dict[str, int]:
    """Return how many people began a package, and of how many it said once that they finished. One query."""
    return Result.objects.filter(package=package).aggregate(
        began=Count("member", distinct=True), done=Count("member", distinct=True, filter=Q(done_at__isnull=False))
    )


def personal_data(user: User) -> dict[str, list[Any]]:
    """Return what packages said of a person, for their own download."""
    results = Result.objects.filter(member=user).order_by("began_at", "pk")
    asked = (
        "id", "package__title", "version", "status", "success", "score", "location", "suspend_data", "total_ms",
        "began_at", "changed_at", "done_at",
    )  # fmt: skip
    return {"package_results": list(results.values(*asked))}
