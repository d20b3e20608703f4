"""A second organiser looks at a course or a lesson before it is published: asked, judged, sent back, withdrawn."""

import datetime as dt
import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from wagtail.images.models import Image
from wagtail.models import Comment, TaskState, Workflow, WorkflowPage, WorkflowState

from cms.desk import drafts, reviews, talk
from cms.material import Material
from cms.models import LessonPage, SubtreeReview
from cms.operations import cancel_review, ensure_shelf
from organizations.models import RoleGrant, User
from tests.cms.test_editor import Desk, body, desk

pytestmark = [
    pytest.mark.integration,
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
]
__all__ = ["desk"]
FORMSET = {"TOTAL_FORMS": 0, "INITIAL_FORMS": 0, "MIN_NUM_FORMS": 0, "MAX_NUM_FORMS": 1000}
COMMENTS = {f"comments-{name}": value for name, value in FORMSET.items()}


def submitted(desk: Desk) -> LessonPage:
    answer = desk.client.post(desk.add, desk.values(**{"action-submit": "1"}))
    assert answer.status_code == 302
    return LessonPage.objects.get()


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def judge(client: Client, desk: Desk, lesson: LessonPage, action: str, words: Any = "{}", **more: Any) -> Any:
    values = {"action-workflow-action": "1", "workflow-action-name": action, "workflow-action-extra-data": words}
    blocks = LessonPage.objects.get(pk=lesson.pk).get_latest_revision_as_object().body
    ids = tuple(block.id for block in blocks)
    return client.post(desk.edit(lesson), {"title": "第一讲", **body(*desk.blocks(), ids=ids), **values, **more})


def matters(user: User) -> list[str]:
    return [one.title for one in reviews(User.objects.get(pk=user.pk), timezone.now())]


def test_a_colleague_approves_and_it_is_published(desk: Desk, django_assert_max_num_queries: Any) -> None:
    lesson = submitted(desk)
    assert (lesson.live, lesson.workflow_in_progress) == (False, True)
    assert (matters(desk.author), matters(desk.colleague)) == ([], ["“第一讲”等您审核"])
    assert matters(desk.neighbour) == matters(desk.world.lecturer) == matters(desk.world.member) == []
    own = User.objects.get(pk=desk.author.pk), User.objects.get(pk=desk.colleague.pk)
    assert [[one.title for one in drafts(user, timezone.now())] for user in own] == [["“第一讲”写了还没有发布"], []]
    with django_assert_max_num_queries(1):
        reviews(own[1], timezone.now())
    page = as_(desk.author).get(desk.edit(lesson)).content.decode()
    assert "正在等另一位组织员审核" in page
    assert 'workflow-action-name="approve"' not in page
    page = as_(desk.colleague).get(desk.edit(lesson)).content.decode()
    assert "通过并发布" in page
    assert "退回修改" in page
    assert judge(as_(desk.colleague), desk, lesson, "approve").status_code == 302
    lesson.refresh_from_db()
    assert (lesson.live, lesson.workflow_in_progress, matters(desk.colleague)) == (True, False, [])
    assert "审核" not in [one.title for one in drafts(own[0], timezone.now())]


def test_who_asked_does_not_judge_and_keeps_their_own_right(desk: Desk) -> None:
    lesson = submitted(desk)
    judge(desk.client, desk, lesson, "approve")  # saved as a draft, nothing else
    assert LessonPage.objects.get().workflow_in_progress
    state = TaskState.objects.get()
    task = SubtreeReview.objects.get()
    assert task.get_actions(lesson, desk.author) == []
    assert list(task.get_task_states_user_can_moderate(desk.author)) == []
    assert list(task.get_task_states_user_can_moderate(desk.colleague)) == [state]
    assert list(task.get_task_states_user_can_moderate(desk.neighbour)) == []
    assert desk.client.post(desk.edit(lesson), desk.values(**{"action-publish": "1"})).status_code == 302
    lesson.refresh_from_db()
    assert (lesson.live, lesson.workflow_in_progress) == (True, False)


def test_what_is_sent_back_says_what_to_change_and_comes_again(desk: Desk) -> None:
    lesson = submitted(desk)
    ask = f"/admin/pages/workflow/collect_action_data/{lesson.pk}/reject/{TaskState.objects.get().pk}/"
    modal = as_(desk.colleague)
    assert "审核意见" in modal.get(ask).json()["html"]
    for words, fault in (("", "请写明要改什么。"), ("改" * 1001, "最多 1000 个字")):
        answer = modal.post(ask, {"comment": words}, headers={"x-requested-with": "XMLHttpRequest"})
        assert fault in answer.json()["html"]
    answer = modal.post(ask, {"comment": "加一张图"}, headers={"x-requested-with": "XMLHttpRequest"}).json()
    assert answer == {"step": "success", "cleaned_data": {"comment": "加一张图"}}
    for words in ("[]", "x", '{"comment": ""}'):
        assert judge(as_(desk.colleague), desk, lesson, "reject", words).status_code == 400
    Material.objects.all().delete()
    Image.objects.filter(pk=desk.picture.pk).delete()  # what it lacks does not keep it from being sent back
    answer = judge(as_(desk.colleague), desk, lesson, "reject", json.dumps({"comment": "加一张图", "update": "x"}))
    assert answer.status_code == 302
    assert matters(desk.author) == ["“第一讲”退回修改了"]
    told = reviews(User.objects.get(pk=desk.author.pk), timezone.now())[0]
    assert (told.text, told.step.url) == ("李组织员：加一张图", desk.edit(lesson))
    page = desk.client.get(desk.edit(lesson)).content.decode()
    assert "退回修改：改好以后再提交审核" in page
    assert "加一张图" in page
    assert "改好了，再提交审核" in page
    video = desk.values("第一讲", ("video", str(desk.video.pk)), **{"action-submit": "1"})
    assert desk.client.post(desk.edit(lesson), video).status_code == 302
    assert (matters(desk.author), matters(desk.colleague)) == ([], ["“第一讲”等您审核"])
    assert WorkflowState.objects.count() == 1


def test_reviewers_come_and_go_with_their_roles(desk: Desk) -> None:
    lesson = submitted(desk)
    RoleGrant.objects.filter(user=desk.colleague).delete()
    assert matters(desk.colleague) == []
    assert as_(desk.colleague).get(desk.edit(lesson)).status_code != 200
    above = desk.world.organiser  # of the county
    assert matters(above) == ["“第一讲”等您审核"]
    User.objects.filter(pk=desk.author.pk).update(is_active=False)
    assert judge(as_(above), desk, lesson, "approve").status_code == 302
    assert LessonPage.objects.get().live


def test_another_units_review_is_404(desk: Desk) -> None:
    lesson = submitted(desk)
    state = TaskState.objects.get()
    client = as_(desk.neighbour)
    start = f"/admin/pages/{lesson.pk}"
    for url in (
        f"/admin/pages/workflow/collect_action_data/{lesson.pk}/approve/{state.pk}/",
        f"/admin/pages/workflow/confirm_cancellation/{lesson.pk}/",
        f"{start}/workflow_history/",
        f"{start}/workflow_history/detail/{state.workflow_state_id}/",
        desk.edit(lesson),
    ):
        assert (client.get(url).status_code, client.post(url).status_code) == (404, 404), url
    # Wagtail asks neither whether a step belongs to the page in the address.
    own = desk.client.post(f"/admin/pages/add/cms/coursepage/{ensure_shelf().pk}/", {})
    assert own.status_code == 200
    assert desk.client.get(f"{start}/workflow_history/detail/{state.workflow_state_id + 1}/").status_code == 404
    assert desk.client.get(f"{start}/workflow_history/detail/{state.workflow_state_id}/").status_code == 200
    assert desk.client.get(f"{start}/workflow_history/").status_code == 200
    for closed in (
        f"workflow/action/{lesson.pk}/approve/{state.pk}/",
        f"workflow/preview/{lesson.pk}/{state.task_id}/",
    ):
        assert as_(desk.colleague).post(f"/admin/pages/{closed}").status_code == 404


def test_two_reviewers_at_once_decide_once(desk: Desk) -> None:
    lesson = submitted(desk)
    task, late = SubtreeReview.objects.get(), TaskState.objects.get()
    task.on_action(TaskState.objects.get(), desk.colleague, "approve")
    revisions = lesson.revisions.count()
    late.workflow_state.refresh_from_db()
    WorkflowState.objects.update(status=WorkflowState.STATUS_IN_PROGRESS)  # as the slower one still reads it
    task.on_action(late, desk.world.organiser, "reject", comment="晚了一步")
    assert (TaskState.objects.get().status, lesson.revisions.count()) == ("approved", revisions)


def test_a_review_ends_with_withdrawing_and_with_deleting(desk: Desk) -> None:
    lesson = desk.published()
    edit = desk.values("第一讲，改过", **{"action-submit": "1"})
    assert desk.client.post(desk.edit(lesson), edit).status_code == 302
    assert matters(desk.colleague) == ["“第一讲，改过”等您审核"]
    LessonPage.objects.get().unpublish(user=desk.author)
    assert (matters(desk.colleague), WorkflowState.objects.get().status) == ([], "cancelled")
    assert cancel_review(page=LessonPage.objects.get()) is False
    assert desk.client.post(desk.edit(lesson), edit).status_code == 302  # asked again, it may come back
    assert judge(as_(desk.colleague), desk, lesson, "approve").status_code == 302
    assert LessonPage.objects.get().live
    assert desk.client.post(desk.edit(lesson), edit).status_code == 302
    assert desk.client.post(f"/admin/pages/{lesson.pk}/delete/").status_code == 302
    assert (matters(desk.colleague), WorkflowState.objects.count()) == ([], 0)


def test_a_restored_version_is_what_is_judged(desk: Desk) -> None:
    lesson = submitted(desk)
    first = lesson.latest_revision_id
    assert desk.client.post(desk.edit(lesson), desk.values("第二稿")).status_code == 302
    compare = desk.client.get(f"/admin/pages/{lesson.pk}/revisions/compare/earliest...latest/")
    assert "第二稿" in compare.content.decode()
    back = desk.values("第一讲", revision=str(first))
    assert desk.client.post(desk.edit(lesson), back).status_code == 302
    assert judge(as_(desk.colleague), desk, lesson, "approve").status_code == 302
    assert LessonPage.objects.get().title == "第一讲"


def test_an_asker_takes_it_back(desk: Desk) -> None:
    lesson = submitted(desk)
    answer = desk.client.post(desk.edit(lesson), desk.values(**{"action-cancel-workflow": "1"}))
    assert answer.status_code == 302
    assert (matters(desk.colleague), LessonPage.objects.get().workflow_in_progress) == ([], False)


def commented(desk: Desk, lesson: LessonPage) -> dict[str, Any]:
    """A colleague writes something beside the title; returned is what the form holds of it."""
    said = {
        **COMMENTS, "comments-TOTAL_FORMS": 1, "comments-0-text": "这里讲慢一点", "comments-0-contentpath": "title",
        "comments-0-position": "", "comments-0-id": "", "comments-0-resolved": "", "comments-0-deleted": "",
        **{f"comments-0-replies-{name}": value for name, value in FORMSET.items()},
    }  # fmt: skip
    values = {**desk.values(), **said, "comment_notifications": "on"}
    assert as_(desk.colleague).post(desk.edit(lesson), values).status_code == 302
    return {**said, "comments-INITIAL_FORMS": 1, "comments-0-id": Comment.objects.get().pk}


def test_colleagues_talk_beside_the_text(desk: Desk) -> None:
    lesson = submitted(desk)
    said = commented(desk, lesson)
    author = User.objects.get(pk=desk.author.pk)
    assert [one.title for one in talk(author, timezone.now())] == ["“第一讲”有 1 条批注没有处理"]
    assert talk(User.objects.get(pk=desk.colleague.pk), timezone.now()) == []
    # Nobody here has an address for letters, and an answer is no error.
    answer = {"comments-0-replies-TOTAL_FORMS": 1, "comments-0-replies-0-text": "好", "comments-0-replies-0-id": ""}
    assert desk.client.post(desk.edit(lesson), {**desk.values(), **said, **answer}).status_code == 302
    assert Comment.objects.get().replies.get().text == "好"
    Comment.objects.update(resolved_at=timezone.now())
    assert talk(author, timezone.now()) == []


def test_a_site_gets_its_review_once(desk: Desk) -> None:
    shelf = ensure_shelf()
    ensure_shelf()
    assert (SubtreeReview.objects.count(), WorkflowPage.objects.filter(page=shelf).count()) == (1, 1)
    assert desk.course.get_workflow() == Workflow.objects.get(workflow_tasks__task=SubtreeReview.objects.get())


def told(client: Client, url: str) -> str:
    return client.get(url, follow=True).content.decode()


def test_a_reviewer_reads_what_became_of_it_and_an_asker_has_one_way_back(desk: Desk) -> None:
    lesson = submitted(desk)
    reviewer = as_(desk.colleague)
    answer = judge(reviewer, desk, lesson, "reject", json.dumps({"comment": "加一张图"}))
    assert "“第一讲”已退回。提交的人在工作台上会看到要改什么。" in told(reviewer, answer.headers["Location"])
    page = told(desk.client, desk.edit(lesson))
    assert page.count("再提交审核</") == 1
    assert "action-restart-workflow" not in page
    desk.client.post(desk.edit(lesson), desk.values(**{"action-submit": "1"}))
    answer = judge(reviewer, desk, lesson, "approve")
    page = told(reviewer, answer.headers["Location"])
    assert "“第一讲”已通过，已发布。" in page
    assert "已被更新" not in page
    desk.client.post(desk.edit(lesson), desk.values("改过", **{"action-save": "1"}))
    assert "“改过”已" not in told(desk.client, desk.edit(lesson))  # who only saves reads Wagtail's own words


def test_a_reviewer_reads_that_something_waits_for_its_moment(desk: Desk) -> None:
    lesson = submitted(desk)
    reviewer, later = as_(desk.colleague), f"{timezone.localtime() + dt.timedelta(days=1):%Y-%m-%d %H:%M}"
    answer = judge(reviewer, desk, lesson, "approve", go_live_at=later)
    assert "“第一讲”已通过，会按时发布。" in told(reviewer, answer.headers["Location"])


def test_a_reviewer_reads_that_an_approved_page_waits_for_an_answer(desk: Desk, monkeypatch: Any) -> None:
    lesson = submitted(desk)
    monkeypatch.setattr("courses.releasing.when_made_public", lambda *page, **about: ["somebody studies it"])
    reviewer = as_(desk.colleague)
    answer = judge(reviewer, desk, lesson, "approve")
    page = told(reviewer, answer.headers["Location"])
    assert "“第一讲”已通过，还没有发布：请看下面写的。" in page
    assert "审核通过了，还没有发布" in page
