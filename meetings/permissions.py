"""Who may plan, record and read meetings. Asked once, at the edge; the answer to "no" is 404.

As everywhere in the ledger: secretaries read and write names, organisers plan and read counts, a member reads what was
decided where they were expected.
"""

from dataclasses import dataclass

from attendance.permissions import COUNTS, own_nodes
from attendance.queries import is_expected
from meetings.models import Meeting
from meetings.queries import meeting_at
from meetings.queries.meetings import KIND
from organizations.models import Node, Role, User
from organizations.permissions import has_role, in_subtree, rules_the_whole_tree, visible_nodes

KEEPERS = (Role.ORGANISER, Role.OPERATOR)


@dataclass(frozen=True)
class Access:
    """What one reader may do with a meeting. ``node``: the part of the tree they read it for; None: a member alone."""

    meeting: Meeting
    node: Node | None
    is_expected: bool
    plans: bool  # changes it, writes the minutes, withdraws and voids it
    names: bool  # reads and writes who came

    @property
    def is_gathering(self) -> bool:
        return self.meeting.occasion.kind == KIND


def node_for(user: User, node_id: int | None) -> Node | None:
    """Return the unit asked for, else the first own one, if the user reads its meetings; None if not."""
    if node_id is None:
        return next(iter(own_nodes(user, *COUNTS)), None)
    return visible_nodes(user, *COUNTS).filter(pk=node_id).first()


def access_to(user: User, occasion_id: int, *, node_id: int | None = None) -> Access | None:
    """Return what the user may do with a meeting, or None: they may not know that it exists."""
    meeting = meeting_at(occasion_id)
    if meeting is None:
        return None
    occasion = meeting.occasion
    node = _reading_node(user, meeting, node_id)
    expected = is_expected(occasion=occasion, member_id=user.pk)
    if node is None and not (expected and node_id is None):
        return None
    return Access(
        meeting=meeting,
        node=node,
        is_expected=expected,
        plans=has_role(user, *COUNTS, node=occasion.node),
        names=node is not None and has_role(user, Role.SECRETARY, node=node),
    )


def _reading_node(user: User, meeting: Meeting, node_id: int | None) -> Node | None:
    """Return for which unit the user reads a meeting: its own, or one below it where everybody was expected."""
    occasion = meeting.occasion
    if node_id is None and has_role(user, *COUNTS, node=occasion.node):
        return occasion.node
    nodes = own_nodes(user, *COUNTS) if node_id is None else list(visible_nodes(user, *COUNTS).filter(pk=node_id))
    for node in nodes:
        if in_subtree(occasion.node, node):
            return occasion.node
        if in_subtree(node, occasion.node) and not occasion.is_named:
            return node
    return None


def may_keep_forms(user: User, node: Node | None) -> bool:
    """Whether the user says which forms hold at a unit; None: at the whole site."""
    return rules_the_whole_tree(user) if node is None else has_role(user, *KEEPERS, node=node)
