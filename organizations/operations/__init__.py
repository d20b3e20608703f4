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
from organizations.operations.roles import UnableToGrantRole, grant_role, revoke_role
from organizations.operations.roster import RosterLine, RosterOutcome, UnableToImportRoster, import_roster

__all__ = [
    "RosterLine",
    "RosterOutcome",
    "UnableToCreateMember",
    "UnableToGrantRole",
    "UnableToImportRoster",
    "UnableToMoveMember",
    "UnableToRevealPhone",
    "UnableToSetPhone",
    "create_member",
    "end_exemption",
    "exempt_member",
    "grant_role",
    "import_roster",
    "join_node",
    "leave_node",
    "log_access",
    "move_member",
    "reveal_phone",
    "revoke_role",
    "set_phone",
]
