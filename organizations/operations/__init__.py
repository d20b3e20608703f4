"""Verbs about people, the tree, roles and the access log. Keyword-only, atomic, raise ``UnableTo…``."""

from organizations.operations.access import UnableToRevealPhone, log_access, reveal_phone
from organizations.operations.keys import UnableToUseKey, check_phone_key, ensure_phone_key
from organizations.operations.people import (
    UnableToCreateMember,
    UnableToEndMembership,
    UnableToMoveMember,
    UnableToSetPhone,
    UnableToTakeBack,
    create_member,
    end_exemption,
    end_membership,
    exempt_member,
    finish_leaving,
    join_node,
    leave_node,
    move_member,
    set_phone,
    take_back,
)
from organizations.operations.roles import UnableToGrantRole, end_roles, grant_role, revoke_role
from organizations.operations.roster import (
    Answers,
    RosterLine,
    RosterOutcome,
    UnableToImportRoster,
    import_roster,
)

__all__ = [
    "Answers",
    "RosterLine",
    "RosterOutcome",
    "UnableToCreateMember",
    "UnableToEndMembership",
    "UnableToGrantRole",
    "UnableToImportRoster",
    "UnableToMoveMember",
    "UnableToRevealPhone",
    "UnableToSetPhone",
    "UnableToTakeBack",
    "UnableToUseKey",
    "check_phone_key",
    "create_member",
    "end_exemption",
    "end_membership",
    "end_roles",
    "ensure_phone_key",
    "exempt_member",
    "finish_leaving",
    "grant_role",
    "import_roster",
    "join_node",
    "leave_node",
    "log_access",
    "move_member",
    "reveal_phone",
    "revoke_role",
    "set_phone",
    "take_back",
]
