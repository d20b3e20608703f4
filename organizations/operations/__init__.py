"""Verbs about people, the tree, roles and the access log. Keyword-only, atomic, raise ``UnableTo…``."""

from organizations.operations.access import UnableToRevealPhone, log_access, reveal_phone
from organizations.operations.people import (
    UnableToCreateMember,
    UnableToMoveMember,
    UnableToSetPhone,
    create_member,
    end_exemption,
    exempt_member,
    join_node,
    leave_node,
    move_member,
    set_phone,
)
from organizations.operations.roles import UnableToGrantRole, grant_role, match_groups, revoke_role

__all__ = [
    "UnableToCreateMember",
    "UnableToGrantRole",
    "UnableToMoveMember",
    "UnableToRevealPhone",
    "UnableToSetPhone",
    "create_member",
    "end_exemption",
    "exempt_member",
    "grant_role",
    "join_node",
    "leave_node",
    "log_access",
    "match_groups",
    "move_member",
    "reveal_phone",
    "revoke_role",
    "set_phone",
]
