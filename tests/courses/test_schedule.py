"""安排课程 in the admin: an organiser gives their courses to their own part of the tree."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from attendance.models import Occasion, Rule, Training
from courses.models import CourseRun
from organizations.models import Role, User
from tests.factories.attendance import RuleFactory, TrainingFactory
from tests.factories.cms import CoursePageFactory, LessonPageFactory, ready_video
from tests.factories.courses import give_course
from tests.factories.organizations import County, RoleGrantFactory, UserFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
LIST, ADD = "/admin/course-runs/", "/admin/course-runs/new/"


def township_organiser() -> tuple[County, User]:
    """An organiser of the branch alone, and a course of that branch."""
    world = make_county()
    organiser = UserFactory(name="本支部组织员")
    RoleGrantFactory(user=organiser, node=world.branch, role=Role.ORGANISER)
    return world, organiser


def values(world: County, **changes: Any) -> dict[str, Any]:
    page = CoursePageFactory(node=world.branch, title="防汛安全")
    LessonPageFactory(course=page, body=[("video", ready_video())])
    begins = timezone.localtime() + dt.timedelta(days=1)
    form = {
        "page": page.pk,
        "training": TrainingFactory(node=world.county).pk,
        "node": world.branch.pk,
        "starts_at": begins.strftime("%Y-%m-%d %H:%M"),
        "ends_at": (begins + dt.timedelta(days=9)).strftime("%Y-%m-%d %H:%M"),
        "rule": RuleFactory(basis=Rule.Basis.MEDIA).pk,
    }
    return {**form, **changes}


def test_a_course_is_given_and_its_plan_changed_until_it_begins(client: Client) -> None:
    world, organiser = township_organiser()
    client.force_login(organiser)
    form = values(world)
    answer = client.post(ADD, form)
    assert answer.status_code == 302, answer.context["form"].errors
    run = CourseRun.objects.get()
    assert (run.occasion.title, run.occasion.node, run.occasion.media_ms) == ("防汛安全", world.branch, 60_000)
    assert timezone.localtime(run.occasion.starts_at).strftime("%Y-%m-%d %H:%M") == form["starts_at"]
    edit = f"/admin/course-runs/edit/{run.pk}/"
    assert client.get(edit).status_code == 200
    later = timezone.localtime() + dt.timedelta(days=40)
    assert client.post(edit, {**form, "ends_at": later.strftime("%Y-%m-%d %H:%M")}).status_code == 302
    run.occasion.refresh_from_db()
    assert timezone.localdate(run.occasion.ends_at) == later.date()
    Occasion.objects.update(state=Occasion.State.OPEN)
    before = Occasion.objects.get().ends_at
    assert client.post(edit, form).status_code == 200
    assert Occasion.objects.get().ends_at == before
    assert "防汛安全" in client.get(LIST).content.decode()


@pytest.mark.parametrize("field", ["page", "training", "node", "rule", "ends_at"])
def test_what_is_not_ones_own_cannot_be_chosen(client: Client, field: str) -> None:
    world, organiser = township_organiser()
    other = {
        "page": lambda: CoursePageFactory(node=world.neighbour).pk,
        "training": lambda: TrainingFactory(node=world.neighbour).pk,
        "node": lambda: world.county.pk,
        "rule": lambda: RuleFactory(basis=Rule.Basis.WINDOW).pk,
        "ends_at": lambda: "2020-01-01 10:00",
    }
    client.force_login(organiser)
    answer = client.post(ADD, values(world, **{field: other[field]()}))
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    assert CourseRun.objects.count() == 0


def test_a_course_without_a_video_is_refused_in_words(client: Client) -> None:
    world, organiser = township_organiser()
    client.force_login(organiser)
    answer = client.post(ADD, values(world, page=CoursePageFactory(node=world.branch).pk))
    assert "没有已发布的视频" in answer.content.decode()
    assert Occasion.objects.count() == 0


def test_others_arrangements_are_not_there(client: Client) -> None:
    world, organiser = township_organiser()
    own, other = give_course(world.branch, title="自己的课"), give_course(world.neighbour, title="邻支部的课")
    client.force_login(organiser)
    shown = client.get(LIST).content.decode()
    assert ("自己的课" in shown, "邻支部的课" in shown) == (True, False)
    assert client.get(f"/admin/course-runs/edit/{other.run.pk}/").status_code != 200
    for action in ("history", "usage"):
        assert client.get(f"/admin/course-runs/{action}/{own.run.pk}/").status_code == 200
        assert client.get(f"/admin/course-runs/{action}/{other.run.pk}/").status_code == 404
    for run in (own.run, other.run):
        client.post(f"/admin/course-runs/delete/{run.pk}/")
    assert CourseRun.objects.count() == 2
    for person in (world.lecturer, world.operator, world.secretary, world.member):
        client.force_login(person)
        assert client.get(LIST).status_code != 200
        assert client.get(ADD).status_code != 200


def test_trainings_that_are_over_are_not_offered(client: Client) -> None:
    world, organiser = township_organiser()
    over = TrainingFactory(node=world.branch, state=Training.State.CLOSED)
    current = TrainingFactory(node=world.branch)
    client.force_login(organiser)
    offered = client.get(ADD).context["form"].fields["training"].queryset
    assert (current in offered, over in offered) == (True, False)
