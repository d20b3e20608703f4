"""Who may decide about certificates and read them. Asked once, at the edge; the answer to "no" is 404.

A member has their own. The secretary reads and prints those of her units, by name, as everything in the ledger. Who
organises the training's unit decides, and reads by name only the certificates about which there is something to decide.
"""

from attendance.models import Training
from certificates.queries import Issued, certificate_by_id
from organizations.models import Node, Role, User
from organizations.permissions import has_role, visible_nodes


def may_decide(user: User, training: Training) -> bool:
    """Whether the user issues and withdraws the certificates of a training."""
    return has_role(user, Role.ORGANISER, node=training.node)


def training_to_decide(user: User, training_id: int) -> Training | None:
    """Return a training whose certificates the user decides about; None: they may not know that it exists."""
    found = Training.objects.exclude(state=Training.State.DRAFT).select_related("node").filter(pk=training_id).first()
    return found if found is not None and may_decide(user, found) else None


def certificate_to_decide(user: User, certificate_id: int) -> Issued | None:
    """Return a certificate that the user may withdraw or issue anew; never their own (somebody else decides that)."""
    found = certificate_by_id(certificate_id)
    if found is None or found.certificate.member_id == user.pk:
        return None
    return found if may_decide(user, found.certificate.training) else None


def issuers_for(user: User, training: Training) -> list[Node]:
    """Return the units that may stand as issuing: the training's own, and those above it where the user organises."""
    above = visible_nodes(user, Role.ORGANISER).filter(path__in=training.node.line_paths())
    return list(above.order_by("path"))
