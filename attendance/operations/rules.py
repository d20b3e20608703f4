"""Rules that are offered no more, and hours tables: every saving is a version of its own, none is ever changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext as _

from attendance.core.hours import Form
from attendance.models import HoursConversion, HoursOwed, HoursTable, Rule
from attendance.models.hours import EVERYBODY


class UnableToSaveHours(Exception):
    """Somebody else saved the same version, or the table asks nothing of anybody; the message says which."""


@dataclass(frozen=True, slots=True)
class Gives:
    """What one form gives: ``hours`` for each ``minutes`` (None: for one occasion), at most ``cap`` a year."""

    hours: Decimal
    minutes: int | None = None
    cap: Decimal | None = None


@dataclass(frozen=True, slots=True)
class HoursPlan:
    """A whole table: what a year asks by role, what each form gives, and how a part of a year is counted."""

    node_id: int | None
    year: int
    owed: Mapping[str, Decimal]
    gives: Mapping[str, Gives]
    by_month: bool = True
    leaves_out_exempt: bool = True
    note: str = ""


def withdraw_rule(*, rule_id: int, as_of: datetime) -> bool:
    """Offer a rule for nothing new any more, in any of its versions; what is planned or judged by it stays as it is."""
    rule = Rule.objects.get(pk=rule_id)
    return _versions_of(rule).filter(withdrawn_at=None).update(withdrawn_at=as_of) > 0


def offer_rule_again(*, rule_id: int) -> bool:
    """Undo ``withdraw_rule``."""
    rule = Rule.objects.get(pk=rule_id)
    return _versions_of(rule).exclude(withdrawn_at=None).update(withdrawn_at=None) > 0


def _versions_of(rule: Rule) -> QuerySet[Rule]:
    return Rule.objects.filter(name=rule.name, node=rule.node)


@transaction.atomic
def save_hours_table(*, plan: HoursPlan, seen_version: int, made_by_id: int | None, as_of: datetime) -> HoursTable:
    """Save a table as the next version of its unit and year; what was credited under earlier ones stays.

    ``seen_version``: the newest that whoever saves has read (0: none). Raises UnableToSaveHours.
    """
    if EVERYBODY not in plan.owed:
        raise UnableToSaveHours(_("请填党员一年应学多少学时。"))
    if latest_version(node_id=plan.node_id, year=plan.year) != seen_version:
        raise UnableToSaveHours(_("别人刚刚改过它，还没有保存您的修改。请再保存一次。"))
    try:
        with transaction.atomic():
            table = HoursTable.objects.create(
                node_id=plan.node_id, year=plan.year, version=seen_version + 1, by_month=plan.by_month,
                leaves_out_exempt=plan.leaves_out_exempt, note=plan.note, made_by_id=made_by_id, made_at=as_of,
            )  # fmt: skip
    except IntegrityError as error:
        raise UnableToSaveHours(_("别人刚刚改过它，还没有保存您的修改。请再保存一次。")) from error
    HoursOwed.objects.bulk_create(HoursOwed(table=table, role=role, hours=hours) for role, hours in plan.owed.items())
    HoursConversion.objects.bulk_create(
        HoursConversion(
            table=table, form=str(form), hours=plan.gives[form].hours, minutes=plan.gives[form].minutes,
            cap=plan.gives[form].cap,
        )
        for form in Form
        if form in plan.gives
    )  # fmt: skip
    return table


def _of(node_id: int | None) -> Q:
    return Q(node=None) if node_id is None else Q(node=node_id)


def latest_version(*, node_id: int | None, year: int) -> int:
    """Return the newest version of a unit's table of a year; 0 where there is none."""
    found = HoursTable.objects.filter(_of(node_id), year=year)
    return found.aggregate(version=Max("version"))["version"] or 0


def withdraw_hours_tables(*, node_id: int | None, as_of: datetime) -> int:
    """Let a unit go by the table above it again: none of its own holds any more. What was credited stays."""
    return HoursTable.objects.filter(_of(node_id), withdrawn_at=None).update(withdrawn_at=as_of)
