"""The numbers of a unit are those of roster and records, whatever happens to them and in whatever order."""

import datetime as dt
import importlib
import io
import random
from collections import Counter
from typing import Any

import pytest
from django.apps import apps as django_apps
from django.core.management import CommandError, call_command
from django.utils import timezone

from attendance import operations
from attendance.core.plan import OccasionPlan
from attendance.models import (
    NodeSummary,
    Occasion,
    Record,
    RecordState,
    RosterEntry,
    Rule,
    SummaryCheck,
    SummaryMark,
    Training,
    TrainingSummary,
)
from attendance.operations import rosters, summary
from attendance.standing import COUNTED, WORST_FIRST, counted_as, with_standing
from organizations.models import Node, User
from tests.attendance.people import expect, make_occasion, make_rule, make_training, stand, use_plain_kind
from tests.factories.organizations import MembershipFactory, NodeFactory, UserFactory

pytestmark = pytest.mark.integration

HOUR = dt.timedelta(hours=1)
FINAL = [state for state in RecordState.values if state != RecordState.PENDING]


@pytest.fixture(autouse=True)
def _plain(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    use_plain_kind(settings)
    monkeypatch.setattr(summary, "SETTLING", dt.timedelta(hours=-1))  # nothing waits, whatever the clock


def tree() -> list[Node]:
    """A county, two townships, branches below them and one right below the county: depths are not all the same."""
    top = NodeFactory(name="县")
    nodes = [top]
    for _township in range(2):
        township = NodeFactory(parent=Node.objects.get(pk=top.pk))
        nodes += [township, *(NodeFactory(parent=Node.objects.get(pk=township.pk)) for _ in range(2))]
    nodes.append(NodeFactory(parent=Node.objects.get(pk=top.pk)))
    return list(Node.objects.filter(pk__in=[one.pk for one in nodes]).order_by("path"))


def stored(model: type[NodeSummary] | type[TrainingSummary], states: tuple[str, ...]) -> dict[tuple[int, int], Any]:
    """What the table says by (occasion or training, node), without units in which nobody is counted."""
    key = "occasion_id" if model is NodeSummary else "training_id"
    columns = [*states, *(f"own_{state}" for state in states)]
    rows = model.objects.values_list(key, "node_id", *columns)
    return {row[:2]: dict(zip(columns, row[2:], strict=True)) for row in rows if any(row[2:])}


def spread(counts: dict[tuple[int, int], Counter[str]], states: tuple[str, ...]) -> dict[tuple[int, int], Any]:
    """The same, of counts by (occasion or training, unit): each unit's own, and with all below it."""
    nodes = {node.pk: node for node in Node.objects.all()}
    found: dict[tuple[int, int], Any] = {}
    for (key, node_id), counter in counts.items():
        for above in nodes.values():
            if nodes[node_id].path.startswith(above.path):
                empty = dict.fromkeys([*states, *(f"own_{state}" for state in states)], 0)
                row = found.setdefault((key, above.pk), empty)
                for state, people in counter.items():
                    row[state] += people
                    row[f"own_{state}"] += people if above.pk == node_id else 0
    return found


def from_the_records() -> tuple[dict[tuple[int, int], Any], dict[tuple[int, int], Any]]:
    """Both tables as Python counts them, person by person, with the ORM's standing."""
    records = {(one.occasion_id, one.member_id): one for one in Record.objects.all()}
    by_occasion: dict[tuple[int, int], Counter[str]] = {}
    worst: dict[tuple[int, int, int], str] = {}
    for entry in with_standing(RosterEntry.objects.select_related("occasion")):
        if entry.occasion.roster_work_is_there:
            continue
        counted = counted_as(entry_state=entry.state, record=records.get((entry.occasion_id, entry.member_id)))
        by_occasion.setdefault((entry.occasion_id, entry.node_id), Counter())[counted] += 1
        if entry.stands in WORST_FIRST:
            key = (entry.occasion.training_id, entry.node_id, entry.member_id)
            worst[key] = min(worst.get(key, entry.stands), entry.stands, key=WORST_FIRST.index)
    people: dict[tuple[int, int], Counter[str]] = {}
    for (training_id, node_id, _member), state in worst.items():
        people.setdefault((training_id, node_id), Counter())[state] += 1
    return spread(by_occasion, COUNTED), spread(people, WORST_FIRST)


def is_exact() -> None:
    """Nothing is marked any more, and every number is that of the records."""
    Occasion.roster_work_is_there = property(lambda one: hasattr(one, "roster_work"))  # type: ignore[attr-defined]
    operations.fold_summary()
    assert not SummaryMark.objects.exists()
    by_occasion, people = from_the_records()
    assert stored(NodeSummary, COUNTED) == by_occasion
    assert stored(TrainingSummary, WORST_FIRST) == people
    for occasion_id in Occasion.objects.exclude(opened_at=None).values_list("pk", flat=True):
        assert operations.differences(occasion_id=occasion_id) == []


class History:
    """Everything that may happen to a training, one thing after the other, at random."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.nodes = tree()
        self.training = make_training(self.nodes[0])
        self.rules = [make_rule(name="直播"), make_rule(name="课程", basis=Rule.Basis.MEDIA)]
        self.author = UserFactory()
        self.people: list[User] = [UserFactory() for _ in range(14)]
        for one in self.people:
            MembershipFactory(member=one, node=self.rng.choice(self.nodes))
        self.now = timezone.now()

    def step(self) -> None:
        self.now += dt.timedelta(minutes=1)
        work = self.rng.choice([self.open, self.open, self.tick, self.tick, self.end, self.settle, self.correct])
        self.rng.choice([*[work] * 5, self.undo, self.void, self.leave, self.come_back])()

    def occasion(self, *states: str) -> Occasion | None:
        found = list(Occasion.objects.filter(state__in=states).order_by("pk"))
        return self.rng.choice(found) if found else None

    def open(self) -> None:
        plan = OccasionPlan(
            training_id=self.training.pk, title="场", node_id=self.rng.choice(self.nodes[:4]).pk,
            starts_at=self.now, ends_at=self.now + dt.timedelta(hours=1), rule_id=self.rng.choice(self.rules).pk,
        )  # fmt: skip
        occasion = operations.create_occasion(kind="plain", plan=plan, media_ms=3_600_000)
        operations.open_occasion(occasion_id=occasion.pk, as_of=self.now)
        operations.complete_roster(occasion_id=occasion.pk)

    def tick(self) -> None:
        if occasion := self.occasion("open", "closed", "settled"):
            ids = [one.member_id for one in RosterEntry.objects.filter(occasion=occasion)]
            some = self.rng.sample(ids, k=min(2, len(ids)))
            if some:
                begun = occasion.window_start_at or self.now
                operations.record_hall(
                    occasion_id=occasion.pk, member_ids=some, started_at=begun, ended_at=begun + HOUR,
                    recorded_by_id=self.author.pk, as_of=begun + HOUR,
                )  # fmt: skip
                operations.settle_dirty(as_of=begun + HOUR)

    def end(self) -> None:
        if occasion := self.occasion("open"):
            self.now += HOUR
            operations.close_occasion(occasion_id=occasion.pk, as_of=self.now)

    def settle(self) -> None:
        if occasion := self.occasion("closed"):
            operations.settle(occasion_id=occasion.pk, as_of=self.now)

    def correct(self) -> None:
        occasion = self.occasion("open", "closed", "settled")
        entry = self.rng.choice([*RosterEntry.objects.filter(occasion=occasion), None]) if occasion else None
        if occasion is not None and entry is not None:
            operations.correct_record(
                occasion_id=occasion.pk, member_id=entry.member_id, state=self.rng.choice(FINAL), reason="核对过",
                author_id=self.author.pk, as_of=self.now,
            )  # fmt: skip

    def undo(self) -> None:
        if occasion := self.occasion("closed", "settled"):
            try:
                operations.reopen_occasion(occasion_id=occasion.pk, as_of=self.now)
            except operations.UnableToReopenOccasion:
                return

    def void(self) -> None:
        if self.rng.random() < 0.3 and (occasion := self.occasion("closed", "settled")):
            operations.void_occasion(
                occasion_id=occasion.pk, reason="停电", voided_by_id=self.author.pk, as_of=self.now
            )

    def leave(self) -> None:
        day = timezone.localdate(self.now)
        operations.expect_no_longer(member_id=self.rng.choice(self.people).pk, on_date=day, as_of=self.now)

    def come_back(self) -> None:
        day = timezone.localdate(self.now)
        person = self.rng.choice(self.people)
        operations.expect_again(member_id=person.pk, on_date=day, left_date=day, as_of=self.now)


@pytest.mark.parametrize("seed", range(6))
def test_the_numbers_are_those_of_the_records_through_any_history(seed: int) -> None:
    history = History(seed)
    for turn in range(30):
        history.step()
        if turn % 3 == 0:
            is_exact()
    is_exact()
    assert NodeSummary.objects.exists()


@pytest.mark.parametrize("seed", range(3))
def test_a_roster_written_in_steps_is_counted_when_it_is_complete(
    monkeypatch: pytest.MonkeyPatch, settings: Any, seed: int
) -> None:
    monkeypatch.setattr(rosters, "AT_ONCE", 3)
    history = History(seed)
    history.open()
    is_exact()
    lecture = Occasion.objects.get()
    assert NodeSummary.objects.filter(occasion=lecture).exists()
    plan = OccasionPlan(
        training_id=history.training.pk, title="二", node_id=history.nodes[0].pk, starts_at=history.now,
        ends_at=history.now + dt.timedelta(hours=1), rule_id=history.rules[1].pk,
    )  # fmt: skip
    second = operations.create_occasion(kind="plain", plan=plan, media_ms=60_000)
    operations.prepare_rosters(as_of=history.now)
    operations.open_occasion(occasion_id=second.pk, as_of=history.now)
    while rosters.take_step(second.pk, is_ahead=False, size=4):
        is_exact()
        assert not NodeSummary.objects.filter(occasion=second).exists()
    is_exact()
    assert NodeSummary.objects.get(occasion=second, node=history.nodes[0]).pending == len(history.people)


def test_counting_twice_or_too_often_changes_nothing() -> None:
    history = History(1)
    history.open()
    is_exact()
    before = stored(NodeSummary, COUNTED)
    occasion = Occasion.objects.get()
    operations.mark_counts(occasion_id=occasion.pk, node_ids=[node.pk for node in history.nodes])
    operations.mark_counts(occasion_id=occasion.pk, node_ids=None)
    is_exact()
    assert stored(NodeSummary, COUNTED) == before
    assert operations.rebuild_occasion(occasion_id=occasion.pk) == 0


def test_a_mark_that_comes_while_another_is_counted_is_counted_later(monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(2)
    history.open()
    occasion = Occasion.objects.get()
    count = summary._count_whole

    def and_meanwhile(occasion_id: int) -> None:
        count(occasion_id)
        monkeypatch.setattr(summary, "_count_whole", count)
        expect(occasion, UserFactory(), history.nodes[1])

    monkeypatch.setattr(summary, "_count_whole", and_meanwhile)
    is_exact()


def test_what_changed_is_marked_and_what_did_not_is_not() -> None:
    history = History(3)
    history.open()
    operations.fold_summary()
    occasion = Occasion.objects.get()
    operations.settle(occasion_id=occasion.pk, as_of=history.now)
    operations.fold_summary()
    operations.settle(occasion_id=occasion.pk, as_of=history.now)
    assert not SummaryMark.objects.exists()


def test_an_occasion_that_is_being_settled_is_counted_as_a_whole_when_it_is_settled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history = History(4)
    history.open()
    occasion = Occasion.objects.get()
    operations.fold_summary()
    Occasion.objects.update(state="closed")
    operations.mark_counts(occasion_id=occasion.pk, node_ids=None)
    monkeypatch.setattr(summary, "SETTLING", dt.timedelta(hours=1))
    assert operations.fold_summary() == 0
    monkeypatch.setattr(summary, "SETTLING", dt.timedelta(hours=-1))
    assert operations.fold_summary() == 1
    operations.mark_counts(occasion_id=occasion.pk, node_ids=None)
    monkeypatch.setattr(summary, "SETTLING", dt.timedelta(hours=1))
    Occasion.objects.update(state="settled")
    assert operations.fold_summary() == 1


def world() -> tuple[Training, Occasion, list[Node]]:
    nodes = tree()
    training = make_training(nodes[0])
    occasion = make_occasion(training)
    for node in nodes:
        stand(occasion, UserFactory(), node, RecordState.MISSING)
    operations.fold_summary()
    return training, occasion, nodes


def test_a_page_has_counted_what_is_little_and_says_of_the_rest_that_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    training, occasion, nodes = world()
    stand(occasion, UserFactory(), nodes[2], RecordState.ATTENDED)
    assert operations.fold_for_page(training_ids=[training.pk])
    assert NodeSummary.objects.get(occasion=occasion, node=nodes[0]).attended == 1
    operations.mark_counts(occasion_id=occasion.pk, node_ids=None)
    monkeypatch.setattr(summary, "PEOPLE_ON_PAGE", 2)
    assert not operations.fold_for_page(training_ids=[training.pk])
    monkeypatch.setattr(summary, "PEOPLE_ON_PAGE", 100)
    monkeypatch.setattr(summary, "_alone", lambda *, waits: False)
    assert not operations.fold_for_page(training_ids=[training.pk])


def test_marks_of_an_occasion_that_was_withdrawn_are_taken_away() -> None:
    """Two at once: somebody is marked at what another has just deleted. Nothing is counted there, and nothing stays."""
    _training, occasion, nodes = world()
    coming = make_occasion(occasion.training, state=Occasion.State.SCHEDULED)
    key = coming.pk
    operations.withdraw_occasion(occasion_id=key, actor_id=None, as_of=coming.starts_at)
    assert not Occasion.objects.filter(pk=key).exists()
    for units in (None, [nodes[1].pk]):
        operations.mark_counts(occasion_id=key, node_ids=units)
    before = list(NodeSummary.objects.order_by("pk").values())
    operations.fold_summary()
    assert not SummaryMark.objects.exists()
    assert list(NodeSummary.objects.order_by("pk").values()) == before


def test_where_nothing_is_marked_a_page_asks_one_question(django_assert_num_queries: Any) -> None:
    training, _occasion, _nodes = world()
    with django_assert_num_queries(1):
        assert operations.fold_for_page(training_ids=[training.pk])


def test_a_change_of_very_many_units_marks_the_whole_occasion(monkeypatch: pytest.MonkeyPatch) -> None:
    _training, occasion, nodes = world()
    monkeypatch.setattr(summary, "A_FOLD", 2)
    operations.mark_counts(occasion_id=occasion.pk, node_ids=[node.pk for node in nodes[:2]])
    assert set(SummaryMark.objects.values_list("node_id", flat=True)) == {node.pk for node in nodes[:2]}
    SummaryMark.objects.all().delete()
    operations.mark_counts(occasion_id=occasion.pk, node_ids=[node.pk for node in nodes[:3]])
    assert list(SummaryMark.objects.values_list("occasion_id", "node_id")) == [(occasion.pk, None)]


def test_counting_ends_with_its_time_and_the_rest_is_counted_later(monkeypatch: pytest.MonkeyPatch) -> None:
    _training, occasion, nodes = world()
    monkeypatch.setattr(summary, "A_FOLD", 2)
    for node in nodes[:3]:
        operations.mark_counts(occasion_id=occasion.pk, node_ids=[node.pk])
    now = iter([0.0, 1.0, 21.0])
    assert operations.fold_summary(seconds=20.0, clock=lambda: next(now)) == 2
    assert list(SummaryMark.objects.values_list("node_id", flat=True)) == [nodes[2].pk]
    is_exact()


def test_marks_of_an_occasion_that_goes_while_they_are_counted_go_without_a_number() -> None:
    """Nothing in the database ties a mark to its occasion, which is read after the marks."""
    _training, occasion, nodes = world()
    gone = occasion.pk + 1
    stand(occasion, UserFactory(), nodes[2], RecordState.ATTENDED)
    operations.mark_counts(occasion_id=gone, node_ids=[nodes[2].pk])
    assert summary._fold(SummaryMark.objects.all(), limit=10) == 2
    operations.mark_counts(occasion_id=gone, node_ids=None)
    assert summary._fold(SummaryMark.objects.all(), limit=10) == 1
    assert not NodeSummary.objects.exclude(occasion=occasion).exists()
    is_exact()


def ruin(occasion: Occasion, node: Node) -> None:
    NodeSummary.objects.filter(occasion=occasion, node=node).update(missing=99)


def test_the_command_prints_a_difference_and_fails_until_it_is_put_right() -> None:
    _training, occasion, nodes = world()
    call_command("rebuild_summary", check=True, stdout=io.StringIO())
    ruin(occasion, nodes[0])
    said = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("rebuild_summary", check=True, occasion=occasion.pk, stdout=said)
    assert caught.value.returncode == 1
    assert f"occasion {occasion.pk}, node {nodes[0].pk}: missing 99 -> {len(nodes)}" in said.getvalue()
    assert NodeSummary.objects.get(occasion=occasion, node=nodes[0]).missing == 99
    call_command("rebuild_summary", occasion=occasion.pk, stdout=said)
    call_command("rebuild_summary", check=True, stdout=said)
    is_exact()


def test_the_command_makes_everything_anew_and_knows_what_it_cannot_count() -> None:
    training, _occasion, nodes = world()
    NodeSummary.objects.all().delete()
    TrainingSummary.objects.all().delete()
    call_command("rebuild_summary", stdout=io.StringIO())
    is_exact()
    assert TrainingSummary.objects.get(training=training, node=nodes[0]).missing == len(nodes)
    coming = make_occasion(training, state=Occasion.State.SCHEDULED)
    with pytest.raises(CommandError):
        call_command("rebuild_summary", occasion=coming.pk, stdout=io.StringIO())


def test_numbers_of_a_unit_in_which_nobody_stands_any_more_go_to_nothing() -> None:
    _training, occasion, nodes = world()
    RosterEntry.objects.filter(node=nodes[2]).delete()
    [wrong] = [one for one in operations.differences(occasion_id=occasion.pk) if one.node_id == nodes[2].pk][:1]
    assert wrong.counted == {"missing": 0, "own_missing": 0}
    operations.rebuild_occasion(occasion_id=occasion.pk)
    is_exact()


def test_what_is_marked_is_no_difference() -> None:
    _training, occasion, nodes = world()
    stand(occasion, UserFactory(), nodes[2], RecordState.ATTENDED)
    assert operations.differences(occasion_id=occasion.pk) == []
    SummaryMark.objects.all().delete()
    found = operations.differences(occasion_id=occasion.pk)
    assert {one.node_id for one in found} == {nodes[0].pk, nodes[1].pk, nodes[2].pk}
    operations.mark_counts(occasion_id=occasion.pk, node_ids=None)  # everybody is to be counted: nothing is wrong yet
    assert operations.differences(occasion_id=occasion.pk) == []


def test_the_night_finds_a_difference_says_so_and_puts_it_right() -> None:
    _training, occasion, nodes = world()
    now = timezone.now()
    assert operations.check_summary(as_of=now) == 0
    ruin(occasion, nodes[1])
    assert operations.check_summary(as_of=now + dt.timedelta(days=1)) == 1
    said = SummaryCheck.objects.order_by("at").values_list("occasions", "differences")
    assert list(said) == [(1, 0), (1, 1)]
    is_exact()


def test_a_month_of_nights_sees_everything_and_no_night_sees_all_that_ever_was() -> None:
    _training, occasion, _nodes = world()
    long_ago = timezone.now() - dt.timedelta(days=700)
    Occasion.objects.filter(pk=occasion.pk).update(
        make_up_until_at=long_ago,
        closed_at=long_ago,
        settled_at=long_ago,
        opened_at=long_ago,
        starts_at=long_ago,
        ends_at=long_ago + dt.timedelta(hours=1),
    )
    nights = [timezone.now() + dt.timedelta(days=day) for day in range(31)]
    assert [occasion.pk in summary._tonight(night) for night in nights].count(True) == 1
    for night in nights:
        operations.check_summary(as_of=night)
    operations.check_summary(as_of=nights[-1] + dt.timedelta(days=20))
    assert SummaryCheck.objects.count() < 31


def test_comparing_asks_the_same_whatever_the_number_of_differences(django_assert_max_num_queries: Any) -> None:
    _training, occasion, nodes = world()
    for node in nodes:
        ruin(occasion, node)
    expect(occasion, UserFactory(), nodes[2])
    with django_assert_max_num_queries(12):
        found = {one.node_id for one in operations.differences(occasion_id=occasion.pk)}
    assert found == {node.pk for node in nodes} - {nodes[0].pk, nodes[1].pk, nodes[2].pk}


def test_what_was_held_before_the_numbers_were_kept_is_counted() -> None:
    """The migration marks each occasion that has opened; the task counts the marks."""
    _training, occasion, _nodes = world()
    SummaryMark.objects.all().delete()
    module = importlib.import_module("attendance.migrations.0018_summary")
    module.mark_what_there_is(django_apps, None)
    assert list(SummaryMark.objects.values_list("occasion_id", "node_id")) == [(occasion.pk, None)]
    operations.fold_summary()
    assert not SummaryMark.objects.exists()
    assert operations.differences(occasion_id=occasion.pk) == []
    assert NodeSummary.objects.filter(occasion=occasion).exists()
