"""Trainings, rules, occasions and what hangs on them, for tests. Nothing is opened or judged by a factory."""

import datetime as dt
from typing import Any

import factory

from attendance import operations
from attendance.models import Occasion, Record, RecordState, RosterEntry, Rule, Training, WorkerLease
from tests.factories.organizations import NodeFactory, UserFactory

START = dt.datetime(2026, 9, 1, 11, 30, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


class RuleFactory(factory.django.DjangoModelFactory[Rule]):
    """80 % of the window; ``RuleFactory(basis="media")`` for courses."""

    class Meta:
        model = Rule

    name = factory.Sequence(lambda n: f"规则{n}")


class TrainingFactory(factory.django.DjangoModelFactory[Training]):
    """A published training of ``node``."""

    class Meta:
        model = Training

    title = factory.Sequence(lambda n: f"培训{n}")
    node = factory.SubFactory(NodeFactory)
    starts_date = START.date()
    deadline_at = START + dt.timedelta(days=60)
    hours_required = 2
    state = Training.State.PUBLISHED


class OccasionFactory(factory.django.DjangoModelFactory[Occasion]):
    """A scheduled lecture from ``START`` for an hour, for the training's node."""

    class Meta:
        model = Occasion

    training = factory.SubFactory(TrainingFactory)
    kind = "lecture"
    title = factory.Sequence(lambda n: f"直播课{n}")
    node = factory.SelfAttribute("training.node")
    starts_at = START
    ends_at = factory.LazyAttribute(lambda occasion: occasion.starts_at + HOUR)
    rule = factory.SubFactory(RuleFactory)


class RosterEntryFactory(factory.django.DjangoModelFactory[RosterEntry]):
    class Meta:
        model = RosterEntry

    occasion = factory.SubFactory(OccasionFactory)
    member = factory.SubFactory(UserFactory)
    node = factory.SelfAttribute("occasion.node")


class RecordFactory(factory.django.DjangoModelFactory[Record]):
    """A record as it stands; for pages. What leads to one is tested with ``settle``."""

    class Meta:
        model = Record

    occasion = factory.SubFactory(OccasionFactory)
    member = factory.SubFactory(UserFactory)
    state = RecordState.ATTENDED
    reasons = factory.LazyFunction(list)
    rule_version = "规则 v1"
    evidence_digest = "0" * 64
    judged_at = START + HOUR


class WorkerLeaseFactory(factory.django.DjangoModelFactory[WorkerLease]):
    class Meta:
        model = WorkerLease

    name = factory.Sequence(lambda n: f"worker-{n}")
    started_at = START
    beat_at = START


def open_lecture(node: Any, **values: Any) -> Occasion:
    """Return a lecture for ``node``'s members, opened at its start by the real operation."""
    training = values.pop("training", None) or TrainingFactory(node=node)
    occasion: Occasion = OccasionFactory(training=training, node=node, **values)
    operations.open_occasion(occasion_id=occasion.pk, as_of=occasion.starts_at)
    occasion.refresh_from_db()
    return occasion


def be_present(occasion: Occasion, member: Any, start_s: float, end_s: float, *, device: str = "p1") -> None:
    """Let ``member`` be in the room from ``start_s`` to ``end_s`` seconds after the occasion's start, and leave. The
    site is there from long before until long after."""
    start, end = (occasion.starts_at + dt.timedelta(seconds=seconds) for seconds in (start_s, end_s))
    lease = operations.start_lease(name=f"worker-{occasion.pk}", as_of=min(start, occasion.starts_at) - 4 * HOUR)
    joins = [operations.Join(occasion.pk, member.pk, device, lease, start)]
    ids = operations.open_presences(joins=joins)
    operations.close_presences(ends=[operations.End(key, end, "left") for key in ids])
    operations.end_lease(lease_id=lease, as_of=max(end, occasion.ends_at) + 4 * HOUR)
