"""The book of meetings (台账): what took place and how everybody of a unit stood. Nothing here writes.

From the same records as every other page: ``attendance.standing`` says how somebody stands.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from attendance.catching_up import untils
from attendance.core.rules import Rule as CoreRule
from attendance.models import Evidence, Occasion, RecordState, RosterEntry
from attendance.queries.windows import HELD
from attendance.sentences.records import category, hour, length
from attendance.standing import DONE, UNDONE, state_label, with_standing
from meetings.models import Meeting, Minutes
from meetings.queries.meetings import minutes_of
from organizations.models import Node
from organizations.namesakes import told_apart

S = RecordState


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person of the roster: how they stand and by what, in words."""

    number: int
    member_id: int
    name: str
    unit: str
    state: str
    detail: str

    @property
    def state_label(self) -> str:
        return state_label(self.state)


@dataclass(frozen=True)
class Book:
    """One occasion with a form, as one unit's book says it; ``people`` is empty where names are not the reader's."""

    meeting: Meeting
    node: Node
    people: list[PersonRow]
    counts: dict[str, int]
    minutes: Minutes | None
    as_of: dt.datetime

    @property
    def occasion(self) -> Occasion:
        return self.meeting.occasion

    @property
    def is_held(self) -> bool:
        return self.occasion.state in HELD

    @property
    def is_void(self) -> bool:
        """Whether it counts nowhere: then nobody is counted here either."""
        return self.occasion.state == Occasion.State.VOID

    @property
    def expected(self) -> int:
        """Everybody on the roster but the exempt."""
        return sum(self.counts.values()) - self.counts.get(S.EXEMPT, 0)

    @property
    def numbers(self) -> list[tuple[str, int]]:
        """The counts in words, in the order of the book; undecided ones only where some are; none of a void one."""
        if self.is_void:
            return []
        said = [
            (_("应到"), self.expected),
            (_("实到"), self.counts.get(S.ATTENDED, 0)),
            (_("请假"), self.counts.get(S.EXCUSED, 0)),
            (_("缺席"), self.counts.get(S.MISSING, 0)),
            (_("已补学"), self.counts.get(S.MADE_UP, 0)),
        ]
        known = {S.ATTENDED, S.EXCUSED, S.MISSING, S.MADE_UP, S.EXEMPT}
        undecided = sum(count for state, count in self.counts.items() if state not in known)
        more = [(_("还没有认定"), undecided), (_("免"), self.counts.get(S.EXEMPT, 0))]
        return said + [one for one in more if one[1]]

    @property
    def rule(self) -> str:
        """The rule as stamped at the opening; before that as it is planned."""
        stamp = self.occasion.rule_stamp
        return CoreRule.from_stamp(stamp).label if stamp else str(self.occasion.rule)


def books_of(found: Sequence[Meeting], node: Node, *, as_of: dt.datetime, with_names: bool) -> list[Book]:
    """Return the books of some meetings as the unit ``node`` reads them; four queries, whatever their number."""
    ids = [one.pk for one in found]
    rows = with_standing(RosterEntry.objects.filter(occasion_id__in=ids, node__path__startswith=node.path))
    if with_names:
        people, counts = _people(rows, {one.pk: one.occasion for one in found}, as_of)
    else:
        people, counts = {}, _counts(rows)
    minutes = minutes_of(ids)
    return [
        Book(one, node, people.get(one.pk, []), dict(counts.get(one.pk, {})), minutes.get(one.pk), as_of)
        for one in found
    ]


def _counts(rows: QuerySet[Any, Any]) -> dict[int, Counter[str]]:
    found: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for occasion_id, state, people in rows.order_by().values_list("occasion_id", "stands").annotate(people=Count("pk")):
        found[occasion_id][state] = people
    return found


def _people(
    rows: QuerySet[Any, Any], occasions: dict[int, Occasion], as_of: dt.datetime
) -> tuple[dict[int, list[PersonRow]], dict[int, Counter[str]]]:
    ids = list(occasions)
    until = {state: untils(list(occasions.values()), state=state, as_of=as_of) for state in UNDONE}
    spans, facts = _evidence(ids)
    people: defaultdict[int, list[PersonRow]] = defaultdict(list)
    counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
    ordered = rows.order_by("occasion_id", "node__path", "member__name", "member_id").values_list(
        "occasion_id", "member_id", "member__name", "node__name", "stands", "rec__live_ms", "rec__replay_ms",
        "rec__stands_by", "member__phone_last4", "member__number",
    )  # fmt: skip
    read = list(ordered)
    names: dict[int, dict[int, str]] = {
        pk: told_apart((row[1], row[2], *row[8:]) for row in group)
        for pk, group in groupby(read, key=lambda row: row[0])
    }
    for occasion_id, member_id, _name, unit, state, live, replay, corrected, *_tails in read:
        key = (occasion_id, member_id)
        said = spans.get(key, []) if state in DONE or not facts.get(key) else []
        said = [*said, *facts.get(key, [])]
        said += [_("在线 %(length)s") % {"length": length(live)}] if live else []
        said += [_("看回放 %(length)s") % {"length": length(replay)}] if replay else []
        said += [_("由负责人更正")] if corrected else []
        said += [until[state][occasion_id]] if occasion_id in until.get(state, {}) else []
        here = people[occasion_id]
        here.append(PersonRow(len(here) + 1, member_id, names[occasion_id][member_id], unit, state, _("；").join(said)))
        counts[occasion_id][state] += 1
    return people, counts


def _evidence(ids: Sequence[int]) -> tuple[dict[tuple[int, int], list[str]], dict[tuple[int, int], list[str]]]:
    """Return what people wrote down of each: from when to when they were there, and why not or how else."""
    kinds = (Evidence.Kind.HALL, Evidence.Kind.LEAVE, Evidence.Kind.DECLARED)
    rows = Evidence.objects.filter(occasion_id__in=ids, kind__in=kinds, withdrawn_by=None).order_by("started_at", "id")
    spans: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    facts: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    for occasion_id, member_id, kind, start, end, why, by in rows.values_list(
        "occasion_id", "member_id", "kind", "started_at", "ended_at", "category", "recorded_by_id"
    ):
        key = (occasion_id, member_id)
        if kind == Evidence.Kind.HALL and start and end:
            own = _("（本人登记）") if by == member_id else ""
            spans[key].append(f"{hour(start)}–{hour(end)}{own}")
        elif kind != Evidence.Kind.HALL:
            facts[key].append(category(why))
    return spans, facts


def are_more_than(most: int, *, meetings: Sequence[Meeting], node: Node) -> bool:
    """Whether the rosters of these meetings name more people of a part of the tree; one query, which stops there."""
    rows = RosterEntry.objects.filter(occasion_id__in=[one.pk for one in meetings], node__path__startswith=node.path)
    return rows[: most + 1].count() > most
