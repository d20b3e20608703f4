"""People, units, roles and periods in one line each, as the operator's pages say them."""

import datetime as dt
from typing import Protocol

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from organizations.directory import Change, Footprint, PersonLine, UnitLine
from organizations.models import RoleGrant


class Dated(Protocol):
    active_from_date: dt.date
    active_to_date: dt.date | None


def about_unit(line: UnitLine) -> str:
    """``1101 · 支部 · 12 人 · 书记 王芳 · 2025-01-01 已撤销``."""
    node = line.node
    people = ngettext("%(people)s 人", "%(people)s 人", line.members) % {"people": line.members}
    parts = [node.code, str(node.get_kind_display()), people]
    if line.secretaries:
        parts.append(f"{_('书记')} {line.secretaries}")
    if node.closed_date is not None:
        parts.append(f"{node.closed_date.isoformat()} {_('已撤销')}")
    return " · ".join(parts)


def wants_secretary(line: UnitLine) -> bool:
    """Whether somebody should be appointed: nobody leads the unit, and it is not closed."""
    return line.is_vacant and line.node.closed_date is None


def ending_of(line: UnitLine) -> str:
    """When and how a closed unit ended: ``2025-01-01 并入 第一支部``; empty while it is open."""
    node = line.node
    if node.closed_date is None:
        return ""
    day = node.closed_date.isoformat()
    return f"{day} {_('并入')} {node.merged_into.name}" if node.merged_into else f"{day} {_('已撤销')}"


def place_of(line: PersonLine) -> str:
    """Where somebody belongs, or belonged last."""
    return f"{line.place} · {_('已离开')}" if line.has_left else line.place


def numbers_of(line: PersonLine) -> str:
    """Somebody's 编号 and masked phone number."""
    return " · ".join(filter(None, (line.person.number, line.person.phone_masked or _("没有手机号"))))


def period(row: Dated) -> str:
    """``2024-01-01 至 今``."""
    until = row.active_to_date.isoformat() if row.active_to_date else _("今")
    return f"{row.active_from_date.isoformat()} {_('至')} {until}"


def held(grant: RoleGrant) -> str:
    """Since when a role is held, and until when if that is known: ``2024-01-01 起 到 2025-01-01``."""
    since = _("%(day)s 起") % {"day": grant.active_from_date.isoformat()}
    if grant.active_to_date is None:
        return since
    return f"{since} {_('到 %(day)s') % {'day': grant.active_to_date.isoformat()}}"


def first_names(footprint: Footprint) -> str:
    """The first people whom it touches, by name; ``…`` where there are more."""
    more = "…" if footprint.members > len(footprint.names) else ""
    return "、".join(footprint.names) + more


def changed_by(change: Change) -> str:
    """Who made the change; nothing for a command."""
    return f" · {change.actor}" if change.actor else ""
