"""The counts of a unit are the sum of those below it, and what is said of a training is said by one rule everywhere."""

import random
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from attendance.models import Occasion, RecordState, RosterEntry, Rule, Training
from attendance.operations import fold_summary
from attendance.reports import Scope
from attendance.reports.standing import Counts, Overview, overview, rolled_up, undone_by_training
from attendance.standing import DUE, UNDONE, WORST_FIRST
from attendance.views.people import people_of, undone_first
from attendance.views.training import children_of, parts_of
from organizations.models import Node, Role, User
from tests.attendance.people import expect, make_occasion, make_rule, make_training, stand, use_plain_kind
from tests.attendance.reports.conftest import World
from tests.factories.organizations import NodeFactory, RoleGrantFactory, UserFactory

pytestmark = pytest.mark.integration


def fresh(node: Node) -> Node:
    return Node.objects.get(pk=node.pk)


def tree(rng: random.Random) -> tuple[Node, list[Node]]:
    """A county with townships of branches; and every node below the county in which somebody may stand."""
    top = NodeFactory(name="县")
    nodes = []
    for _township in range(3):
        township = NodeFactory(parent=top)
        nodes.append(township)
        nodes += [NodeFactory(parent=township) for _ in range(rng.randint(0, 3))]
    return fresh(top), [fresh(node) for node in nodes]


@pytest.mark.parametrize("seed", range(8))
def test_a_parent_is_the_sum_of_its_childrens_own_pages(db: None, settings: Any, seed: int) -> None:
    use_plain_kind(settings)
    rng = random.Random(seed)
    top, nodes = tree(rng)
    training = make_training(top)
    course = make_rule(name="课程", basis=Rule.Basis.MEDIA)
    kinds = [
        (Occasion.State.SETTLED, None), (Occasion.State.SETTLED, None), (Occasion.State.OPEN, course),
        (Occasion.State.CLOSED, None), (Occasion.State.VOID, None), (Occasion.State.NOT_HELD, None),
    ]  # fmt: skip
    occasions = [make_occasion(training, state=state, rule=rule, media_ms=60_000) for state, rule in kinds]
    final = [state for state in RecordState.values if state != RecordState.PENDING]
    for member in [UserFactory() for _ in range(25)]:
        home = rng.choice(nodes)
        for occasion in occasions:
            home = rng.choice(nodes) if rng.random() < 0.3 else home  # moved in between
            if rng.random() < 0.8:
                stand(occasion, member, home, rng.choice(final))
            elif rng.random() < 0.7:
                expect(occasion, member, home)
    fold_summary()
    pages = {node.pk: overview(scope_of(training, node)) for node in [top, *nodes]}
    for node in [top, *(one for one in nodes if one.get_children().exists())]:
        seen = pages[node.pk]
        below = fresh(node).get_children()
        here = Counter(person.state for person in seen.people if person.node_path == node.path)
        for state in WORST_FIRST:
            assert seen.counts[state] == here[state] + sum(pages[child.pk].counts[state] for child in below), state
        for child in below:
            assert counts_below(seen, child.path) == pages[child.pk].counts
    for node in [top, *nodes]:
        counts, summed = pages[node.pk].counts, rolled_up(scope_of(training, node))
        assert (summed.counts, summed.by_occasion) == (counts, pages[node.pk].by_occasion)
        for child in fresh(node).get_children():
            assert summed.counts_below(child.path) == pages[child.pk].counts
        listed = undone_by_training(training_ids=[training.pk], paths=[node.path])
        assert listed.get(training.pk, (0, 0)) == (counts["missing"], counts[DUE])
        assert sum(part.count for part in parts_of(counts)) == counts.expected


def counts_below(seen: Overview, path: str) -> Counts:
    return Counts(dict(Counter(person.state for person in seen.people if person.node_path.startswith(path))))


def scope_of(training: Training, node: Node) -> Scope:
    return Scope(training, node, timezone.now())


def test_the_exempt_are_not_expected() -> None:
    counts = Counts({"attended": 3, "missing": 2, "excused": 1, "exempt": 4, DUE: 1})
    assert (counts.expected, counts.not_excused, counts.done) == (7, 6, 3)
    assert [part.count for part in parts_of(counts)] == [3, 0, 1, 1, 2]


def move(world: World) -> tuple[User, Occasion]:
    """Somebody missed one lecture in the first branch and, moved, another in the second."""
    mover = UserFactory(name="于援朝")
    stand(world.occasion, mover, world.county.branch, RecordState.MISSING)
    second = make_occasion(world.training, title="第二场")
    stand(second, mover, world.county.neighbour, RecordState.MISSING)
    return mover, second


def test_whoever_moved_stands_under_the_unit_of_each_occasion(world: World) -> None:
    mover, second = move(world)
    scope = world.scope(world.county.township)
    seen = overview(scope, with_names=True)
    names = {world.county.branch.path: "一", world.county.neighbour.path: "二", scope.node.path: "镇"}
    occasions = [world.occasion, second]
    people = [one for one in people_of(scope, undone_first(seen)[0], occasions, names) if one.member_id == mover.pk]
    said = [(one.place, [line.title for line in one.lines]) for one in people]
    assert said == [("一", [world.occasion.title]), ("二", ["第二场"])]


def test_the_pages_of_parent_and_child_say_the_same(world: World, sign_in: Callable[[User], Client]) -> None:
    move(world)
    above = UserFactory(name="镇书记")
    RoleGrantFactory(user=above, node=world.county.township, role=Role.SECRETARY)
    client = sign_in(above)
    scope = world.scope(world.county.township)
    fold_summary()
    rows = {child.node_id: child.counts for child in children_of(rolled_up(scope))}
    for node in (world.county.branch, world.county.neighbour):
        text = client.get(f"/branch/{world.training.pk}/?node={node.pk}").content.decode()
        assert f"应到 {rows[node.pk].expected} 位，完成 {rows[node.pk].done} 位" in text
        assert f"还有 {rows[node.pk]['missing']} 位没有参加" in text
    assert "还有 6 位没有参加" in client.get("/branch/").content.decode()
    assert "还有 6 位没有参加" in client.get(f"/branch/{world.training.pk}/").content.decode()


def test_the_boxes_add_up_to_everybody_expected(world: World, sign_in: Callable[[User], Client]) -> None:
    rule = make_rule(name="课程", basis=Rule.Basis.MEDIA)
    course = make_occasion(world.training, title="防诈骗", state=Occasion.State.OPEN, rule=rule, media_ms=60_000)
    expect(course, world.county.members[0], world.county.branch)
    expect(course, world.county.members[2], world.county.branch)
    expect(world.occasion, UserFactory(), world.county.branch, state=RosterEntry.State.EXEMPT)
    text = sign_in(world.county.secretary).get(f"/branch/{world.training.pk}/").content.decode()
    boxes = {words: int(number) for number, words in re.findall(r"<b>(\d+)</b> ([^<]+)</li>", text)}
    assert boxes == {"已参加": 0, "已补学": 0, "请假": 1, "没有参加": 1, "课程还在学": 2}
    assert "应到 4 位" in text
    assert "1 位免学，不在应到之内。" in text


@pytest.mark.parametrize(("state", "said"), [(Occasion.State.NOT_HELD, "未举行"), (Occasion.State.VOID, "已作废")])
def test_what_was_called_off_counts_nowhere_and_says_so(
    world: World, sign_in: Callable[[User], Client], state: str, said: str
) -> None:
    Occasion.objects.filter(pk=world.occasion.pk).update(state=state, void_reason="停电，改期再讲")
    seen = overview(world.scope(world.county.county))
    assert (seen.people, seen.by_occasion) == ([], {})
    missing, client = world.county.members[1], sign_in(world.county.secretary)
    text = client.get(f"/branch/{world.training.pk}/").content.decode()
    assert f"{said}：停电，改期再讲" in text
    assert "还没有开始" in text
    assert "没有参加</span>" not in client.get("/branch/").content.decode()
    for name in ("missing", "records"):
        rows = client.get(f"/branch/{world.training.pk}/reports/{name}/").content.decode()
        assert missing.name not in rows
    own = sign_in(missing).get(f"/me/records/{world.occasion.pk}/").content.decode()
    assert f'<span class="chip plain">{said}</span>' in own
    assert "不影响任何人的记录" in own
    assert said in sign_in(missing).get("/me/").content.decode()
    assert "今天没有要做的事" in sign_in(missing).get("/").content.decode()
    assert '<span class="big">0<small>' in sign_in(world.county.members[0]).get("/me/").content.decode()


def test_everything_undone_is_a_state_of_the_order() -> None:
    assert set(UNDONE) < set(WORST_FIRST)


def test_what_a_row_below_says_adds_up_to_everybody_expected(world: World, sign_in: Callable[[User], Client]) -> None:
    """应到 4 位 stood beside numbers that made 3."""
    rule = make_rule(name="课程", basis=Rule.Basis.MEDIA)
    course = make_occasion(world.training, title="防诈骗", state=Occasion.State.OPEN, rule=rule, media_ms=60_000)
    expect(course, world.county.members[0], world.county.branch)
    above = RoleGrantFactory(user__name="镇书记", node=world.county.township, role=Role.SECRETARY).user
    text = sign_in(above).get(f"/branch/{world.training.pk}/").content.decode()
    assert "应到 4 位，已完成 1 位，请假 1 位，课程还在学 1 位" in text
    scope = world.scope(world.county.township)
    for child in children_of(rolled_up(scope)):
        shown = child.counts.done + child.counts["missing"] + sum(people for people, _words in child.others)
        assert shown == child.counts.expected
