"""Who may read and write what in the ledger. Asked once, at the edge; the answer to "no" is 404, never 403.

Names, evidence and every change belong to the secretary of the node or of one above it; an organiser reads counts.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.http import Http404, HttpRequest

from attendance.models import Occasion, Training
from attendance.queries.coming import node_at
from attendance.reports.base import Scope
from organizations.models import Node, Role, User
from organizations.permissions import has_role, in_subtree, signed_in, visible_nodes
from organizations.queries import grants_of, membership_on

COUNTS = (Role.SECRETARY, Role.ORGANISER)
NAMES = (Role.SECRETARY,)


def own_nodes(user: User, *roles: str) -> list[Node]:
    """Return the nodes where ``user`` holds one of the roles, in the order of the tree; closed ones last. They come
    with the roles: no query of its own."""
    nodes = {grant.node_id: grant.node for grant in grants_of(user=user) if grant.role in roles}
    return sorted(nodes.values(), key=lambda node: (node.closed_date or date.min, node.path))


def may_read_names(user: User, node: Node) -> bool:
    """Whether ``user`` reads who is missing at ``node``, by name."""
    return has_role(user, *NAMES, node=node)


def touches(training: Training, node: Node) -> bool:
    """Whether the training's audience and the node's subtree have somebody in common, as far as the tree can say."""
    return in_subtree(node, training.node) or in_subtree(training.node, node)


def scope_for(
    user: User, *, training_id: int, node_id: int | None, as_of: datetime, roles: tuple[str, ...] = COUNTS
) -> Scope | None:
    """Return what ``user`` may see of a training at a node (their first own one unless given), or None."""
    training = (
        Training.objects.exclude(state=Training.State.DRAFT).select_related("node").filter(pk=training_id).first()
    )
    if training is None:
        return None
    nodes = [node for node in own_nodes(user, *roles) if node_id in (None, node.pk)]
    if not nodes and node_id is not None:
        nodes = list(visible_nodes(user, *roles).filter(pk=node_id))
    node = next((node for node in nodes if touches(training, node)), None)
    return Scope(training=training, node=node, as_of=as_of) if node else None


def own_training(user: User, training_id: int) -> Training | None:
    """Return a training that somebody plans: of their own part of the tree, and no unit's standing one."""
    found = Training.objects.select_related("node", "lecture_rule", "course_rule")
    mine = found.filter(node__in=visible_nodes(user, Role.ORGANISER).order_by(), is_standing=False)
    return mine.filter(pk=training_id).first() if training_id < 2**63 else None


def training_asked(request: HttpRequest) -> Training | None:
    """Return the training from whose plan somebody comes (``?training=7``); None without one. 404 for a foreign one."""
    asked = request.GET.get("training", "")
    if not asked:
        return None
    is_number = asked.isascii() and asked.isdecimal()
    training = own_training(signed_in(request), int(asked[:20])) if is_number else None
    if training is None:
        raise Http404
    return training


def may_record_for(user: User, *, occasion: Occasion, member_id: int) -> bool:
    """Whether ``user`` is a secretary of the node under which ``member_id`` stands, or will stand, on the roster."""
    node = node_at(occasion=occasion, member_id=member_id)
    return node is not None and has_role(user, *NAMES, node=node)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where somebody belongs today, as far as one reader may know, and whether that reader may call them.

    ``unit`` is "" where the reader has nothing to do with it; ``belongs`` is false for whoever left.
    """

    may_call: bool
    belongs: bool
    unit: str = ""


def whereabouts(user: User, home: Node | None) -> Whereabouts:
    """Return what ``user`` may know of somebody who belongs to ``home`` today (None: nowhere); no query of its own.

    Somebody is called by the secretary of the branch to which they belong now, whatever roster they stand on.
    """
    if home is None:
        return Whereabouts(may_call=False, belongs=False)
    unit = home.name if has_role(user, *COUNTS, node=home) else ""
    return Whereabouts(may_call=has_role(user, *NAMES, node=home), belongs=True, unit=unit)


def whereabouts_on(user: User, *, member_id: int, on_date: date) -> Whereabouts:
    """Return the same for one person by id; one query."""
    membership = membership_on(member_id=member_id, on_date=on_date)
    return whereabouts(user, membership.node if membership else None)


def may_reveal_phone(user: User, *, member_id: int, on_date: date) -> bool:
    """Whether ``user`` is a secretary of the branch to which ``member_id`` belongs today: the right is judged now."""
    return whereabouts_on(user, member_id=member_id, on_date=on_date).may_call
