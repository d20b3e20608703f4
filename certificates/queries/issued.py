"""What was issued and what became of it. Nothing here writes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, TextField
from django.db.models.functions import Cast, Coalesce

from attendance.models import Occasion
from certificates.core.content import Content, content_of, sha256_of
from certificates.core.number import number_typed
from certificates.models import Certificate, CertificateLapse, CertificateSetting
from organizations.models import Node, User
from organizations.queries import subtree

STANDS, WITHDRAWN, REPLACED = "stands", "withdrawn", "replaced"


def standing() -> QuerySet[Certificate]:
    """Return the certificates that hold: neither withdrawn nor replaced."""
    return Certificate.objects.filter(withdrawal=None, replaced_by=None)


@dataclass(frozen=True, slots=True)
class Issued:
    """One certificate as a page shows it; ``content`` is None where the stored text cannot be read any more."""

    certificate: Certificate
    content: Content | None
    fits: bool
    state: str
    until_at: datetime | None  # since when it does not stand
    is_nameless: bool = False  # its member was taken out long after they left: what it said is gone, its hash stays
    reason: str = ""  # of a withdrawal: for its member and those who withdraw, never for the public

    @property
    def stands(self) -> bool:
        return self.state == STANDS


def issued(certificate: Certificate) -> Issued:
    """Return a certificate with what became of it; ``withdrawal`` and ``replaced_by`` should be loaded with it."""
    nameless = not certificate.content
    fits = nameless or sha256_of(certificate.content) == certificate.sha256
    try:
        content = content_of(certificate.content)
    except (ValueError, KeyError, TypeError):
        content, fits = None, nameless
    withdrawal, successor = _related(certificate, "withdrawal"), _related(certificate, "replaced_by")
    if withdrawal is not None:
        return Issued(certificate, content, fits, WITHDRAWN, withdrawal.withdrawn_at, nameless, withdrawal.reason)
    if successor is not None:
        return Issued(certificate, content, fits, REPLACED, successor.issued_at, nameless)
    return Issued(certificate, content, fits, STANDS, None, nameless)


def _related(certificate: Certificate, name: str) -> Any:
    try:
        return getattr(certificate, name)
    except ObjectDoesNotExist:
        return None


def _whole() -> QuerySet[Certificate]:
    return Certificate.objects.select_related("withdrawal", "replaced_by", "training__node", "node", "member")


def certificate_by_number(text: str) -> Issued | None:
    """Return the certificate whose number somebody typed or scanned. One query, also for what can be no number."""
    found = _whole().filter(public_id=number_typed(text)).first()
    return issued(found) if found else None


def certificate_by_id(certificate_id: int) -> Issued | None:
    found = _whole().filter(pk=certificate_id).first()
    return issued(found) if found else None


def last_of(*, training_id: int, member_id: int) -> Issued | None:
    """Return the newest certificate of a person in a training, whatever became of it."""
    found = _whole().filter(training_id=training_id, member_id=member_id).order_by("-edition").first()
    return issued(found) if found else None


def own(member: User) -> list[Issued]:
    """Return the newest certificate of a person in each training, the newest first. One query."""
    rows = _whole().filter(member=member, replaced_by=None).order_by("training_id", "-edition")
    newest: dict[int, Certificate] = {}
    for one in rows:
        newest.setdefault(one.training_id, one)
    return [issued(one) for one in sorted(newest.values(), key=lambda one: (one.issued_at, one.pk), reverse=True)]


def count_of(member_id: int, *, paths: Sequence[str] | None = None) -> int:
    """Return how many certificates of a person stand; ``paths``: only those issued in these parts of the tree."""
    found = standing().filter(member_id=member_id)
    if paths is not None:
        found = found.filter(node__in=Node.objects.filter(subtree(paths)))
    return found.count()


def _of(node: Node) -> Q:
    """Which certificates are a unit's: who took over another's people finds theirs, too."""
    return Q(node__path__startswith=node.path) | Q(node__merged_into__path__startswith=node.path)


def holders(*, training_id: int, node: Node) -> QuerySet[Certificate]:
    """Return the standing certificates of a training for people of a unit, as at issue, and of those that were merged
    into it; by unit and name."""
    found = standing().filter(_of(node), training_id=training_id)
    return found.select_related("member", "node", "training").order_by("node__path", "member__name_key", "pk")


def setting_and_count(*, training_id: int, node: Node) -> tuple[bool, int] | None:
    """Return whether a training issues certificates and how many stand for people of a unit; None where nobody has
    decided about it. One query, for a page that shows much else."""
    found = CertificateSetting.objects.filter(pk=training_id).values_list("is_on", _count(node)).first()
    return (bool(found[0]), int(found[1])) if found else None


def _count(node: Node) -> Coalesce:
    """The standing certificates of the training in hand, for people of a unit."""
    rows = standing().filter(_of(node), training_id=OuterRef("training_id")).order_by()
    return Coalesce(Subquery(rows.values("training_id").annotate(n=Count("pk")).values("n")), 0)


def number_resting_on(occasion: Occasion) -> int:
    """Return how many certificates stand that rest on an occasion. One query, over those of its training."""
    found = standing().filter(training_id=occasion.training_id).annotate(ids=Cast("rests_on", TextField()))
    # As text, ``[3, 14]``: the one form of a list of numbers in which both databases can be asked.
    return found.filter(ids__regex=rf"[\[ ]{occasion.pk}[],]").count()


def counts_by_child(*, training_id: int, node: Node) -> dict[str, int]:
    """Return how many certificates stand right below a unit, by the paths of the units below it; those of a unit that
    was merged into one of them are that one's. One query."""
    depth = len(node.path) + Node.steplen
    counts: dict[str, int] = {}
    found = holders(training_id=training_id, node=node).order_by().values_list("node__path", "node__merged_into__path")
    for own, into, number in found.annotate(n=Count("pk")):
        path = into if into and into.startswith(node.path) else own
        if len(path) >= depth:
            counts[path[:depth]] = counts.get(path[:depth], 0) + number
    return counts


def lapses_of(training_id: int) -> QuerySet[CertificateLapse]:
    """Return the standing certificates of a training that are no longer covered, the first noticed first."""
    found = CertificateLapse.objects.filter(
        training_id=training_id, certificate__withdrawal=None, certificate__replaced_by=None
    )
    return found.select_related("certificate__member", "certificate__node").order_by("noticed_at", "pk")


def settings_for(member_id: int, *, but: Collection[int]) -> list[CertificateSetting]:
    """Return the certificates to be had in trainings whose rosters name a person, but for these trainings."""
    found = CertificateSetting.objects.filter(
        is_on=True,
        training__occasions__repeats=None,
        training__occasions__roster__member_id=member_id,
        training__state__in=("published", "closed"),
    )
    return list(
        found.exclude(training_id__in=but).select_related("training", "issuer").distinct().order_by("-training")
    )


def personal_data(user: User) -> dict[str, Any]:
    """Return the certificates of a person, for their own download."""
    rows = Certificate.objects.filter(member=user).order_by("pk")
    return {
        "certificates": list(
            rows.values(
                "public_id", "content", "sha256", "issued_at", "replaces__public_id", "withdrawal__withdrawn_at",
                "withdrawal__reason", "node__name", "rests_on", "terms",
            )
        )
    }  # fmt: skip


def open_settings() -> Q:
    """Return which settings still have people to be looked at: of a closed training, or begun again."""
    return Q(done_at=None) & (Q(is_on=True, training__state="closed") | Q(began_at__isnull=False))
