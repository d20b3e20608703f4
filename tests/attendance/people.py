"""Trainings and records written straight into the ledger's tables, for tests of what pages and reports make of them."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils import timezone

from attendance.core.rules import Rule as CoreRule
from attendance.kinds import Step
from attendance.models import Occasion, Record, RecordState, RosterEntry, Rule, Training
from attendance.operations import mark_counts
from attendance.standing import asked_of
from organizations.models import Node, User

HOUR = dt.timedelta(hours=1)
MINUTE_MS = 60_000


class PlainKind:
    """A way to take part that has pages of its own nowhere; caught up when there is media."""

    label = "场次"

    def url_for(self, occasion: Occasion, member: User) -> str:
        return f"/there/{occasion.pk}/"

    def catch_up(self, occasion: Occasion, member: User, *, done_ms: int = 0) -> Step | None:
        return Step("看回放补学", f"/again/{occasion.pk}/") if occasion.media_ms else None


def use_plain_kind(settings: Any) -> None:
    """Make ``plain`` the only kind for one test."""
    settings.OCCASION_KINDS = {"plain": "tests.attendance.people.PlainKind"}


def make_training(node: Node, title: str = "防汛避险", state: str = Training.State.PUBLISHED) -> Training:
    now = timezone.now()
    return Training.objects.create(
        title=title, node=node, starts_date=now.date(), deadline_at=now + dt.timedelta(days=30), state=state
    )


def make_rule(**fields: Any) -> Rule:
    """A rule of the first county that there is."""
    version = Rule.objects.filter(name=fields.get("name", "通用")).count() + 1
    node = Node.objects.filter(depth=1).order_by("path").first()
    return Rule.objects.create(**{"node": node, "name": "通用", "version": version, **fields})


def make_occasion(training: Training, *, state: str = Occasion.State.SETTLED, **fields: Any) -> Occasion:
    """An hour that ended an hour ago (scheduled: that begins in an hour), with the windows that its state implies."""
    is_coming = state == Occasion.State.SCHEDULED
    starts_at = fields.pop("starts_at", timezone.now() + (HOUR if is_coming else -2 * HOUR))
    ends_at = fields.pop("ends_at", starts_at + HOUR)
    rule = fields.pop("rule", None) or Rule.objects.first() or make_rule()
    if not is_coming:
        fields = {"opened_at": starts_at, "window_start_at": starts_at, **fields}
        fields.setdefault("rule_stamp", stamp_of(rule))
    if state in (Occasion.State.CLOSED, Occasion.State.SETTLED):
        fields = {"window_end_at": ends_at, "make_up_until_at": ends_at + dt.timedelta(days=14), **fields}
    values = {"kind": "plain", "title": "防汛直播", "node": training.node, **fields}
    return Occasion.objects.create(
        training=training, state=state, starts_at=starts_at, ends_at=ends_at, rule=rule, **values
    )


def stamp_of(rule: Rule) -> dict[str, Any]:
    names = ("name", "version", "basis", "min_share", "min_minutes", "bridge_s", "make_up_days", "hours")
    return CoreRule.from_stamp({name: getattr(rule, name) for name in names}).stamp()


def expect(occasion: Occasion, member: User, node: Node, *, state: str = RosterEntry.State.EXPECTED) -> RosterEntry:
    mark_counts(occasion_id=occasion.pk, node_ids=[node.pk])
    return RosterEntry.objects.create(occasion=occasion, member=member, node=node, state=state)


def stand(
    occasion: Occasion,
    member: User,
    node: Node,
    state: str,
    *,
    live: int = 0,
    replay: int = 0,
    hall: int = 0,
    **fields: Any,
) -> Record:
    """Put a member on the roster with a record; clocks in minutes."""
    expect(occasion, member, node, state="exempt" if state == RecordState.EXEMPT else "expected")
    hours = Decimal(1) if state in ("attended", "made_up") else Decimal(0)
    values = {"reasons": shared(occasion, (live + replay + hall) * MINUTE_MS), "stands": state, **fields}
    return Record.objects.create(
        occasion=occasion, member=member, state=state, live_ms=live * MINUTE_MS, replay_ms=replay * MINUTE_MS,
        hall_ms=hall * MINUTE_MS, union_ms=(live + replay + hall) * MINUTE_MS, hours=hours, stands_hours=hours,
        rule_version=str(occasion.rule), evidence_digest="", judged_at=timezone.now(), **values,
    )  # fmt: skip


def shared(occasion: Occasion, counted_ms: int) -> list[dict[str, Any]]:
    """The reason that carries how much counts, as judging writes it; nothing where nothing does."""
    if not counted_ms:
        return []
    asked = asked_of(occasion=occasion, as_of=timezone.now())
    clock = "media" if occasion.rule.basis == Rule.Basis.MEDIA else "live"
    share = round(counted_ms / asked.total_ms, 4) if asked.total_ms else 0.0
    return [
        {
            "code": "share", "clock": clock, "ms": counted_ms, "of_ms": asked.total_ms, "share": share,
            "need_ms": asked.needed_ms,
        }
    ]  # fmt: skip


def restate(world_occasion: Occasion, before: str, after: str) -> None:
    """Let every record of one state have another, in the verdict and in what holds."""
    world_occasion.records.filter(state=before).update(state=after, stands=after)
    mark_counts(occasion_id=world_occasion.pk, node_ids=None)
