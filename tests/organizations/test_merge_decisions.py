"""What becomes of each row that belongs to a unit when the unit is merged into another: a decision by name for all.

A new reference to a unit fails here until somebody has said what a merge does with it, and the merge does it.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db.models import ForeignKey, Model
from django.test import Client
from django.utils import timezone

from api.models import Change
from attendance import operations as ledger
from attendance.models import (
    Guest,
    Hall,
    MessageCount,
    MonthlyFile,
    Reminder,
    ReminderSetting,
    RosterWork,
    Sheet,
    Training,
    TrainingUnit,
)
from attendance.operations import fold_summary
from certificates.models import CertificateSetting
from certificates.queries import counts_by_child, holders, setting_and_count
from cms.belonging import Belonging
from live.models import CancelledLecture
from live.operations import cancel_lecture
from media.models import Video
from meetings.models import MeetingForm, YearBook
from meetings.operations import void_gathering, withdraw_gathering
from organizations.models import AccessEntry, Membership, Node, RoleGrant, RosterImport
from organizations.operations import close_unit, merge_unit
from tests.trust.conftest import world
from tests.trust.world import World, undone

__all__ = ["world"]
pytestmark = pytest.mark.integration
MOVES, STAYS, COPIED = "belongs to the other unit from then on", "stays as it was", "holds there, too"
DECIDED: dict[str, tuple[str, str]] = {
    "organizations.Membership.node": (MOVES, "begun ones end that day and go on there; later ones begin there"),
    "organizations.RoleGrant.node": (STAYS, "ends that day; those that are kept are given anew there"),
    "organizations.Node.merged_into": (MOVES, "what was merged here before is taken along"),
    "organizations.AccessEntry.node": (STAYS, "a log says what was read"),
    "organizations.RosterImport.under": (STAYS, "a log says where a file was taken over"),
    "attendance.Rule.node": (MOVES, "but one whose name is taken there"),
    "attendance.Training.node": (STAYS, "whoever organises above chooses others for what comes"),
    "attendance.TrainingUnit.node": (STAYS, "one of a training that goes on stops the merge"),
    "attendance.Occasion.node": (STAYS, "one that has not begun stops the merge"),
    "attendance.RosterEntry.node": (STAYS, "a roster says where people stood that day"),
    "attendance.RosterWork.node": (STAYS, "goes with its occasion"),
    "attendance.NodeSummary.node": (STAYS, "counts rosters, which stay"),
    "attendance.TrainingSummary.node": (STAYS, "counts rosters, which stay"),
    "attendance.MessageCount.node": (STAYS, "counts what went out to people of this unit by then"),
    "attendance.SummaryMark.node": (STAYS, "counts rosters, which stay"),
    "attendance.Hall.node": (STAYS, "the other unit's secretaries deliver what is awaited"),
    "attendance.Guest.node": (STAYS, "says where they came"),
    "attendance.Sheet.node": (STAYS, "the order in which it was printed"),
    "attendance.Leave.node": (STAYS, "the other unit's secretaries answer what waits"),
    "attendance.HoursTable.node": (STAYS, "months of before go by it, later ones by the other unit's"),
    "attendance.Reminder.node": (STAYS, "a log says who was reminded where"),
    "attendance.ReminderSetting.node": (COPIED, "unless the other unit chose for itself"),
    "attendance.MonthlyFile.node": (STAYS, "its checksum is for ever"),
    "meetings.MeetingForm.node": (STAYS, "years of before are counted by it"),
    "meetings.YearBook.node": (STAYS, "the book of the meetings that were held"),
    "certificates.Certificate.node": (STAYS, "says where they were at issue; the other unit's secretaries find them"),
    "certificates.CertificateSetting.issuer": (MOVES, "what is issued from then on; what was issued says what it said"),
    "api.Token.node": (STAYS, "reads what stays there; a key never reads another unit by itself"),
    "api.Webhook.node": (STAYS, "is told what concerns it; another unit's is somebody's to set up"),
    "api.Change.node": (STAYS, "counts rosters, which stay"),
    "live.CancelledLecture.node": (STAYS, "what was cancelled there stays for 60 days"),
    "cms.CoursePage.node": (STAYS, "whoever organises above goes on with it"),
    "cms.PathPage.node": (STAYS, "as the courses in it"),
    "cms.Belonging.node": (MOVES, "pictures and documents"),
    "media.Video.node": (MOVES, ""),
    "quizzes.Question.node": (MOVES, "the bank"),
    "packages.Package.node": (MOVES, "the other unit's organisers go on with them"),
    "quizzes.Quiz.node": (MOVES, "a quiz draws from its own unit's bank"),
}


def references() -> Iterator[tuple[str, type[Model], str]]:
    """Yield every reference to a unit in any app of ours, with the name by which it is decided."""
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.get_fields():
            if isinstance(field, ForeignKey) and field.related_model is Node:
                yield f"{model._meta.label}.{field.name}", model, field.name


def test_each_reference_to_a_unit_has_a_decision() -> None:
    assert {name for name, _model, _field in references()} == set(DECIDED)


def rows_of(node: Node) -> dict[str, set[Any]]:
    """Return the keys of the rows that belong to a unit, by reference."""
    return {
        name: set(model._default_manager.filter(**{field: node}).values_list("pk", flat=True))
        for name, model, field in references()
    }


def complete(made: World) -> None:
    """Add to the small world what it has nothing of, for its first branch."""
    county, now = made.county, timezone.now()
    branch, secretary, occasion = county.branch, county.secretary, made.given.occasion
    today = timezone.localdate()
    at = {"started_at": now, "ended_at": now + dt.timedelta(hours=1)}
    Guest.objects.create(
        occasion=occasion, node=branch, name="来宾", client_id="g", recorded_by=secretary, recorded_at=now, **at
    )
    Sheet.objects.create(occasion=occasion, node=branch, members=[], printed_by=secretary, printed_at=now)
    ledger.set_reminders(
        node_id=branch.pk, actor_id=secretary.pk, as_of=now, text="", a_week=1, before_start=False,
        before_deadline=None, outside=None,
    )  # fmt: skip
    Reminder.objects.create(
        kind="hand", key="k", training=made.training, node=branch, made_by=secretary, made_at=now, due_at=now
    )
    MessageCount.objects.create(day=today, channel="sms", node=branch, sent=1)
    MonthlyFile.objects.create(node=branch, month=today.replace(day=1), sha256="0" * 64, size=1, rows=1, made_at=now)
    RosterWork.objects.create(occasion=occasion, node=branch, day=today, began_at=now)
    over = Training.objects.create(
        title="办完的", node=county.county, starts_date=today, deadline_at=now, state=Training.State.CLOSED
    )
    TrainingUnit.objects.create(training=over, node=branch, is_left_out=True)
    RosterImport.objects.create(
        under=branch, at=now, file_sha256="0" * 64, created=0, updated=0, moved=0, unchanged=0, nodes_created=0
    )
    AccessEntry.objects.create(reader=secretary, node=branch, what="people", at=now)
    Change.objects.create(occasion=occasion, node=branch, people=1, at=now)
    MeetingForm.objects.create(node=branch, code="theme_day", name="主题党日", changed_by=secretary, changed_at=now)
    CancelledLecture.objects.create(
        occasion_id=1, title="取消的", node=branch, lecturer=county.lecturer, revision=1, is_for_members=True,
        starts_at=now, ends_at=now, cancelled_at=now,
    )  # fmt: skip
    Node.objects.filter(pk=county.township.pk).update(merged_into=branch)
    fold_summary()
    ledger.mark_counts(occasion_id=occasion.pk, node_ids=[branch.pk])
    Video.objects.update(node=branch)
    assert Belonging.objects.filter(node=branch).exists() or Belonging.objects.update(node=branch)
    key = made.to_meet.pk
    if not withdraw_gathering(occasion_id=key, actor_id=secretary.pk, as_of=now):
        void_gathering(occasion_id=key, reason="合并", actor_id=secretary.pk, as_of=now)
    cancel_lecture(occasion_id=made.by_video.pk, as_of=now)


def test_a_merge_does_what_was_decided(world: World) -> None:
    """Each reference has a row in this world, so that nothing is decided on paper alone."""
    with undone():
        complete(world)
        branch, into = world.county.branch, world.county.neighbour
        before, theirs = rows_of(branch), rows_of(into)
        assert {name for name, rows in before.items() if not rows} == set()
        begun = set(Membership.objects.filter(node=branch).values_list("pk", flat=True))
        merge_unit(node_id=branch.pk, into_id=into.pk, on_date=timezone.localdate() + dt.timedelta(days=1))
        after, there = rows_of(branch), rows_of(into)
        for name, (decision, _why) in DECIDED.items():
            gained = there[name] - theirs[name]
            if name == "organizations.Membership.node":
                assert (after[name], len(gained)) == (begun, len(begun)), name  # ended there, and go on here
            elif name == "organizations.Node.merged_into":
                assert (before[name] <= gained, after[name]) == (True, set()), name
            elif decision == COPIED:
                assert (after[name], len(gained)) == (before[name], 1), name
            elif decision == MOVES:
                assert (after[name], gained) == (set(), before[name]), name
            else:
                assert (after[name], gained) == (before[name], set()), name
        assert not RoleGrant.objects.filter(node=branch, active_to_date=None).exists()


def test_the_choice_of_reminders_holds_where_nobody_chose_and_only_there(world: World) -> None:
    county, now = world.county, timezone.now()
    chosen = {"actor_id": county.secretary.pk, "as_of": now, "text": "", "before_deadline": None, "outside": None}
    for theirs in (None, 3):
        with undone():
            complete(world)
            if theirs is not None:
                ledger.set_reminders(node_id=county.neighbour.pk, a_week=theirs, before_start=None, **chosen)
            merge_unit(node_id=county.branch.pk, into_id=county.neighbour.pk, on_date=timezone.localdate())
            held = ReminderSetting.objects.get(node=county.neighbour)
            assert (held.a_week, held.before_start) == ((1, False) if theirs is None else (3, None))
            assert ReminderSetting.objects.get(node=county.branch).a_week == 1


def test_what_a_merge_does_with_it_is_said_beforehand(world: World) -> None:
    county = world.county
    with undone():
        complete(world)
        Hall.objects.filter(node=county.branch).update(is_offline=True)
        client = Client()
        client.force_login(county.operator)
        page = client.post(f"/units/{county.branch.pk}/merge/", {"unit": county.neighbour.code}).content.decode()
        for said in (
            "这里有自己的学时表：以前的月份仍按它算",
            "这里自己定了怎样提醒大家：合并后，新的单位没有自己定过的，沿用这里的",
            "1 种会议形式是这里自己定的：以前的台账照旧",
            "有集中收看的登记还没有上交：合并后由新单位的书记登记",
            "这里的人有 1 张证书：上面的单位名称不变，合并后新单位的书记也能查到",
            "1 个培训的证书由这里颁发：合并后发的改由新的单位颁发，已经发出的不变",
        ):
            assert said in page


def test_the_other_unit_finds_the_certificates_of_those_who_came(world: World) -> None:
    county, training = world.county, world.training
    with undone():
        complete(world)
        merge_unit(node_id=county.branch.pk, into_id=county.neighbour.pk, on_date=timezone.localdate())
        found = holders(training_id=training.pk, node=Node.objects.get(pk=county.neighbour.pk))
        assert [one.pk for one in found] == [world.certificate.pk]
        above = county.county
        counts = counts_by_child(training_id=training.pk, node=above)
        depth = len(above.path) + Node.steplen
        assert counts == {county.neighbour.path[:depth]: 1}
        assert setting_and_count(training_id=training.pk, node=county.neighbour) == (True, 1)
        assert CertificateSetting.objects.get().issuer_id == county.neighbour.pk


def test_a_unit_that_is_closed_keeps_all_of_it(world: World) -> None:
    with undone():
        complete(world)
        branch, today = world.county.branch, timezone.localdate()
        Node.objects.filter(merged_into=branch).update(merged_into=None)
        Membership.objects.filter(node=branch).update(active_to_date=today)
        before = rows_of(branch)
        close_unit(node_id=branch.pk, on_date=today)
        assert rows_of(branch) == before
        assert YearBook.objects.filter(node=branch).exists()
