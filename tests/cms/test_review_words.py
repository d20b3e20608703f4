"""Every screen of a review, of comments, of planned publishing and of a copy speaks Chinese, whoever looks."""

import datetime as dt
import json

import pytest
from django.test import Client
from django.utils import timezone
from wagtail.log_actions import log
from wagtail.models import TaskState, WorkflowState

from cms.models import LessonPage
from cms.reviewing import NOT_PUBLISHED, NOT_WITHDRAWN
from tests.cms.test_editor import Desk, desk
from tests.cms.test_editor_words import compiled
from tests.cms.test_office_words import Screen
from tests.cms.test_review import as_, commented, judge, submitted

pytestmark = [
    pytest.mark.integration,
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
    pytest.mark.usefixtures("compiled"),
]
__all__ = ["compiled", "desk"]
# What a link begins with, and a program's name, in the help of blocks.
NAMES = {"https", "Word"}


def english(client: Client, *addresses: str) -> dict[str, set[str]]:
    found = {}
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
        if said := Screen(address, "", answer).english() - NAMES:
            found[address] = said
    return found


def screens(lesson: LessonPage) -> list[str]:
    start, state = f"/admin/pages/{lesson.pk}", WorkflowState.objects.latest("pk")
    return [
        f"{start}/edit/",
        f"{start}/history/",
        f"{start}/workflow_history/",
        f"{start}/workflow_history/detail/{state.pk}/",
        f"/admin/pages/workflow/confirm_cancellation/{lesson.pk}/",
        f"/admin/pages/{lesson.get_parent().pk}/",
        "/admin/",
    ]


def test_from_asking_to_publishing(desk: Desk) -> None:
    assert english(desk.client, f"/admin/pages/{desk.course.pk}/workflow_history/") == {}
    lesson = submitted(desk)
    colleague = as_(desk.colleague)
    assert english(desk.client, *screens(lesson)) == {}
    ask = f"/admin/pages/workflow/collect_action_data/{lesson.pk}"
    task = TaskState.objects.get().pk
    assert english(colleague, *screens(lesson), f"{ask}/approve/{task}/", f"{ask}/reject/{task}/") == {}
    judge(colleague, desk, lesson, "reject", json.dumps({"comment": "加一张图"}))
    assert english(desk.client, *screens(lesson)) == {}
    desk.client.post(desk.edit(lesson), desk.values(**{"action-submit": "1"}))
    desk.client.post(desk.edit(lesson), desk.values(**{"action-restart-workflow": "1"}))
    desk.client.post(desk.edit(lesson), desk.values(**{"action-cancel-workflow": "1"}))
    assert english(desk.client, *screens(lesson)[:4]) == {}
    desk.client.post(desk.edit(lesson), desk.values(**{"action-submit": "1"}))
    judge(colleague, desk, lesson, "approve", json.dumps({"comment": "写得好"}))
    assert LessonPage.objects.get().live
    assert english(desk.client, *screens(lesson)[:4]) == {}


def test_comments_and_planned_publishing(desk: Desk) -> None:
    lesson = submitted(desk)
    commented(desk, lesson)
    page = LessonPage.objects.get()
    page.go_live_at = timezone.now() + dt.timedelta(days=1)
    page.save_revision(user=desk.author, log_action=True).publish(user=desk.author)
    start = f"/admin/pages/{lesson.pk}"
    assert english(desk.client, f"{start}/edit/", f"{start}/history/", f"/admin/pages/{desk.course.pk}/") == {}
    revision = LessonPage.objects.get().latest_revision
    assert english(desk.client, f"{start}/revisions/{revision.pk}/unschedule/") == {}
    desk.client.post(f"{start}/revisions/{revision.pk}/unschedule/")
    for action in (NOT_PUBLISHED, NOT_WITHDRAWN):
        log(instance=page, action=action, revision=revision, data={"why": ["还没有写完"]})
    assert english(desk.client, f"{start}/history/", "/admin/") == {}


def test_a_copy_and_the_librarys_lists(desk: Desk) -> None:
    lesson = desk.published()
    desk.client.force_login(desk.world.organiser)
    copies = [f"/admin/pages/{page}/copy/" for page in (lesson.pk, desk.course.pk)]
    lists = [f"/admin/{name}/{where}" for name in ("images", "documents") for where in ("", "chooser/")]
    assert english(desk.client, *copies, *lists) == {}
