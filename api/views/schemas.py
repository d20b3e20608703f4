"""What the interface answers with. Names stay; a new field may come, none changes its meaning within ``v1``."""

import datetime as dt
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.utils.translation import gettext as _
from ninja import Field, Schema

from api.core import cursors
from api.core.cursors import Place
from api.models import Token
from api.queries.reading import EarnedRow, Page, PersonRow, RecordRow, UnitRow
from api.views.door import bad
from attendance.models import Occasion, Training
from attendance.queries.hours import PersonYear
from attendance.reports.standing import Counts
from attendance.standing import WORST_FIRST

Item = TypeVar("Item")
MOST, USUAL = 500, 200
MS = 1000


class Error(Schema):
    """Every error, whatever its status."""

    error: str
    message: str
    fields: list[str] = []


class Paged(Schema):
    """How much at once, and where to go on: hand ``next`` back as it came until it is null."""

    limit: int = Field(USUAL, ge=1, le=MOST)
    cursor: str = ""

    def place(self) -> Place:
        """Return where the page begins. Raises Refused (422)."""
        try:
            return cursors.read(self.cursor) if self.cursor else Place()
        except cursors.UnableToReadCursor as error:
            raise bad("cursor", _("cursor 要原样写上一页给出的 next。请从头开始读。")) from error


class Listed(Schema, Generic[Item]):
    """A page. ``next`` is null on the last one; a page may be shorter than ``limit`` and still go on."""

    items: list[Item]
    next: str | None


def listed(page: Page[Any], items: list[Any]) -> dict[str, Any]:
    """Return a page as it is answered."""
    return {"items": items, "next": cursors.written(page.next) if page.next else None}


class Unit(Schema):
    id: int
    code: str
    name: str
    kind: str
    parent_id: int | None
    is_closed: bool


class Person(Schema):
    id: UUID
    name: str
    number: str


class Member(Person):
    unit_id: int
    unit_code: str
    unit: str


class Key(Schema):
    name: str
    scopes: list[str]
    unit_id: int
    unit: str
    expires_at: dt.datetime


class TrainingItem(Schema):
    id: int
    title: str
    summary: str
    unit_id: int
    state: str
    starts_date: dt.date
    deadline_at: dt.datetime
    hours_required: float


class OccasionItem(Schema):
    id: int
    training_id: int
    kind: str
    title: str
    unit_id: int
    state: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    make_up_until: dt.datetime | None
    rule: str


class RecordItem(Schema):
    person: Person
    unit_id: int
    occasion_id: int
    state: str
    counted_s: int
    needed_s: int
    left_s: int
    live_s: int
    replay_s: int
    hall_s: int
    hours: float
    is_corrected: bool
    rule: str
    due_at: dt.datetime


class Numbers(Schema):
    on_roster: int
    expected: int
    done: int
    by_state: dict[str, int]


class CountedUnit(Schema):
    unit_id: int
    unit: str
    counts: Numbers


class CountedOccasion(Schema):
    occasion_id: int
    counts: Numbers


class Counted(Schema):
    training_id: int
    unit_id: int
    is_current: bool
    counts: Numbers
    occasions: list[CountedOccasion]
    below: list[CountedUnit]


class HoursItem(Schema):
    person: Person
    unit_id: int
    asked: float
    total: float
    left: float
    over: float
    by_form: dict[str, float]


class MonthItem(Schema):
    person: Person
    unit_id: int
    hours: float
    occasions: int


def unit_item(row: UnitRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("id", "code", "name", "kind", "parent_id", "is_closed")}


def person_item(row: PersonRow | RecordRow) -> dict[str, Any]:
    return {"id": row.public_id, "name": row.name, "number": row.number}


def member_item(row: PersonRow) -> dict[str, Any]:
    return {**person_item(row), "unit_id": row.unit_id, "unit_code": row.unit_code, "unit": row.unit}


def key_item(token: Token) -> dict[str, Any]:
    return {
        "name": token.name, "scopes": token.scopes, "unit_id": token.node_id, "unit": token.node.name,
        "expires_at": token.expires_at,
    }  # fmt: skip


def training_item(one: Training) -> dict[str, Any]:
    names = ("id", "title", "summary", "state", "starts_date", "deadline_at", "hours_required")
    return {**{name: getattr(one, name) for name in names}, "unit_id": one.node_id}


def occasion_item(one: Occasion) -> dict[str, Any]:
    names = ("id", "training_id", "kind", "title", "state", "starts_at", "ends_at")
    values = {name: getattr(one, name) for name in names}
    return {**values, "unit_id": one.node_id, "make_up_until": one.make_up_until_at, "rule": str(one.rule)}


def record_item(row: RecordRow) -> dict[str, Any]:
    return {
        "person": person_item(row), "unit_id": row.unit_id, "occasion_id": row.occasion_id, "state": row.state,
        "counted_s": row.amount.done_ms // MS, "needed_s": row.amount.needed_ms // MS, "left_s": row.amount.left_s,
        "live_s": row.live_ms // MS, "replay_s": row.replay_ms // MS, "hall_s": row.hall_ms // MS,
        "hours": row.hours, "is_corrected": row.is_corrected, "rule": row.rule, "due_at": row.due_at,
    }  # fmt: skip


def numbers(counts: Counts) -> dict[str, Any]:
    by_state = {state: counts[state] for state in WORST_FIRST if counts[state]}
    return {"on_roster": counts.everybody, "expected": counts.expected, "done": counts.done, "by_state": by_state}


def hours_item(row: PersonRow, year: PersonYear) -> dict[str, Any]:
    by_form = {one.form: float(one.counted) for one in year.earned}
    return {
        "person": person_item(row), "unit_id": row.unit_id, "asked": year.asked, "total": year.total,
        "left": year.left, "over": year.over, "by_form": by_form,
    }  # fmt: skip


def month_item(row: EarnedRow) -> dict[str, Any]:
    return {
        "person": person_item(row.person), "unit_id": row.person.unit_id, "hours": row.hours,
        "occasions": row.occasions,
    }  # fmt: skip
