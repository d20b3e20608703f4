"""The statements that count everybody, roll up and write, without a row passing through Python.

By hand, for the ORM has neither INSERT … SELECT nor a roll-up. What a state is, ``attendance/standing.py`` says.
"""
# ruff: noqa: S608 - nothing but our own names and numbers is put into them

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import connection

from attendance.models import NodeSummary, Occasion, TrainingSummary
from attendance.queries import CALLED_OFF
from attendance.standing import COUNTED, COUNTED_SQL, WORST_FIRST, standing_sql
from organizations.models import Node

MOST_DEPTH = 255 // Node.steplen  # a path has so many characters


@dataclass(frozen=True)
class Kind:
    """One of the two tables: what a row is of, and its states."""

    model: type[NodeSummary] | type[TrainingSummary]
    key: str
    states: tuple[str, ...]

    @property
    def table(self) -> str:
        return str(self.model._meta.db_table)  # noqa: SLF001 - Django's documented way to a table's name

    @property
    def columns(self) -> list[str]:
        return [*self.states, *(f"own_{state}" for state in self.states)]


NOBODY = "SELECT 0 AS node_id, '' AS stands WHERE 1 = 0"
BY_OCCASION = Kind(NodeSummary, "occasion_id", COUNTED)
_RANK = " ".join(f"WHEN '{state}' THEN {rank}" for rank, state in enumerate(WORST_FIRST))
_NAMED = " ".join(f"WHEN {rank} THEN '{state}'" for rank, state in enumerate(WORST_FIRST))
BY_TRAINING = Kind(TrainingSummary, "training_id", WORST_FIRST)


def _people(kind: Kind, key: int, within: str) -> str:
    """Return the words for (node_id, stands) of everybody who is counted; ``within`` narrows them.

    Occasions stand as numbers, each for itself, and none whose roster is still being written (its end marks everybody):
    by a join or a NOT EXISTS the planner expects a handful of people and looks each of a city up by itself.
    """
    found = Occasion.objects.filter(roster_work=None)
    if kind is BY_OCCASION:
        keys = list(found.filter(pk=key).values_list("pk", flat=True))
        return _at(keys[0], COUNTED_SQL, within) if keys else NOBODY
    opened = found.filter(training_id=key).exclude(state__in=[Occasion.State.SCHEDULED, *CALLED_OFF])
    each = [
        _at(pk, f"CASE {standing_sql(occasion_state=state, basis=basis)} {_RANK} END", within)
        for pk, state, basis in opened.values_list("pk", "state", "rule__basis")
    ]
    worst = f"CASE MIN(stands) {_NAMED} END AS stands"
    everybody = " UNION ALL ".join(each)
    return f"SELECT node_id, {worst} FROM ({everybody}) each_one GROUP BY node_id, member_id" if each else NOBODY


def _at(occasion_id: int, stands: str, within: str) -> str:
    return (
        f"SELECT e.node_id, e.member_id, {stands} AS stands FROM attendance_rosterentry e "
        "LEFT JOIN attendance_record r ON r.occasion_id = e.occasion_id AND r.member_id = e.member_id "
        f"WHERE e.occasion_id = {occasion_id} {within}"
    )


def _wanted(kind: Kind, key: int, units: Collection[int] | None) -> tuple[str, dict[str, Any]]:
    """Return the common part of all statements, up to ``wanted (node_id, columns)``: what should be stored.

    With ``units``: what these have now less what they had, added to what is stored of them and of all above them.
    """
    within = "" if units is None else f"AND e.node_id IN ({', '.join(str(int(one)) for one in sorted(units))})"
    people = _people(kind, key, within)
    counts = ", ".join(
        f"CAST(SUM(CASE WHEN stands = '{state}' THEN people ELSE 0 END) AS integer) AS {state}" for state in kind.states
    )
    some_depths = f"VALUES {', '.join(f'({depth})' for depth in range(1, MOST_DEPTH + 1))}"
    depths = "SELECT DISTINCT depth FROM organizations_node" if units is None else some_depths
    grouped = f"SELECT node_id, stands, COUNT(*) AS people FROM ({people}) one GROUP BY node_id, stands"
    counted = f"SELECT node_id, {counts} FROM ({grouped}) two GROUP BY node_id"
    parts = _all_of(kind, counted) if units is None else _changes_of(kind, counted, units)
    return f"WITH depths (k) AS ({depths}), {parts}", {"key": key}


def _rolled(kind: Kind, source: str, only: str = "") -> str:
    """Sum up ``source`` (path, depth, node_id, states) for each unit and all above it."""
    below = ", ".join(f"SUM(f.{state}) AS {state}" for state in kind.states)
    own = ", ".join(f"SUM(CASE WHEN d.k = f.depth THEN f.{one} ELSE 0 END) AS own_{one}" for one in kind.states)
    # By the path alone, and only then joined: a planner that compares each path with each unit takes minutes.
    up = (
        f"SELECT substr(f.path, 1, d.k * {Node.steplen}) AS path, {below}, {own} "
        f"FROM {source} f JOIN depths d ON d.k <= f.depth {only} GROUP BY 1"
    )
    columns = ", ".join(f"up.{one}" for one in kind.columns)
    return f"SELECT a.id AS node_id, {columns} FROM ({up}) up JOIN organizations_node a ON a.path = up.path"


def _all_of(kind: Kind, counted: str) -> str:
    nothing = ", ".join("0" for _column in kind.columns)
    return (
        f"fresh AS (SELECT n.path, n.depth, c.* FROM ({counted}) c JOIN organizations_node n ON n.id = c.node_id), "
        f"rolled AS ({_rolled(kind, 'fresh')}), "
        f"wanted AS (SELECT node_id, {', '.join(kind.columns)} FROM rolled UNION ALL "
        f"SELECT t.node_id, {nothing} FROM {kind.table} t WHERE t.{kind.key} = %(key)s "
        "AND t.node_id NOT IN (SELECT node_id FROM rolled))"
    )


def _changes_of(kind: Kind, counted: str, units: Collection[int]) -> str:
    changes = ", ".join(f"COALESCE(c.{one}, 0) - COALESCE(t.own_{one}, 0) AS {one}" for one in kind.states)
    some = " OR ".join(f"f.{state} <> 0" for state in kind.states)
    added = ", ".join(f"COALESCE(t.{one}, 0) + w.{one} AS {one}" for one in kind.columns)
    ids = ", ".join(str(int(one)) for one in sorted(units))
    stored = f"LEFT JOIN {kind.table} t ON t.{kind.key} = %(key)s AND t.node_id ="
    return (
        f"fresh AS ({counted}), "
        f"changed AS (SELECT n.path, n.depth, n.id AS node_id, {changes} FROM organizations_node n "
        f"LEFT JOIN fresh c ON c.node_id = n.id {stored} n.id WHERE n.id IN ({ids})), "
        f"rolled AS ({_rolled(kind, 'changed', f'WHERE {some}')}), "
        f"wanted AS (SELECT w.node_id, {added} FROM rolled w {stored} w.node_id)"
    )


def write_counts(kind: Kind, key: int, units: Collection[int] | None = None) -> list[int]:
    """Store what should be stored, where it is not; returns the units that changed."""
    before, params = _wanted(kind, key, units)
    columns = ", ".join(kind.columns)
    after = ", ".join(f"{one} = excluded.{one}" for one in kind.columns)
    sql = (
        f"{before} INSERT INTO {kind.table} ({kind.key}, node_id, {columns}) "
        f"SELECT %(key)s, w.node_id, {', '.join(f'w.{one}' for one in kind.columns)} FROM wanted w "
        f"{_stored(kind)} WHERE {_differs(kind)} "
        f"ON CONFLICT (node_id, {kind.key}) DO UPDATE SET {after} RETURNING node_id"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [int(row[0]) for row in cursor.fetchall()]


def _stored(kind: Kind) -> str:
    return f"LEFT JOIN {kind.table} t ON t.{kind.key} = %(key)s AND t.node_id = w.node_id"


def _differs(kind: Kind) -> str:
    return "(" + " OR ".join(f"COALESCE(t.{one}, 0) <> w.{one}" for one in kind.columns) + ")"


@dataclass(frozen=True)
class Difference:
    """A unit whose stored numbers are not those of the records: both by state, where they differ."""

    of: str  # "occasion" or "training"
    key: int
    node_id: int
    stored: dict[str, int]
    counted: dict[str, int]

    def __str__(self) -> str:
        said = ", ".join(f"{state} {self.stored[state]} -> {self.counted[state]}" for state in self.counted)
        return f"{self.of} {self.key}, node {self.node_id}: {said}"


def compare_counts(kind: Kind, key: int) -> list[Difference]:
    """Return where what is stored is not what should be; by node."""
    before, params = _wanted(kind, key, None)
    stored = ", ".join(f"COALESCE(t.{one}, 0)" for one in kind.columns)
    wanted = ", ".join(f"w.{one}" for one in kind.columns)
    sql = f"{before} SELECT w.node_id, {stored}, {wanted} FROM wanted w {_stored(kind)} WHERE {_differs(kind)}"
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} ORDER BY w.node_id", params)
        rows = cursor.fetchall()
    return [_difference(kind, key, row) for row in rows]


def _difference(kind: Kind, key: int, row: tuple[int, ...]) -> Difference:
    size = len(kind.columns)
    both = zip(kind.columns, row[1 : size + 1], row[size + 1 :], strict=True)
    wrong = [(name, int(stored), int(counted)) for name, stored, counted in both if stored != counted]
    return Difference(
        of=kind.key.removesuffix("_id"),
        key=key,
        node_id=row[0],
        stored={name: stored for name, stored, _counted in wrong},
        counted={name: counted for name, _stored, counted in wrong},
    )
