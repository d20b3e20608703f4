"""What somebody wrote about pages goes from their history, too; that they wrote, and what others wrote, stays."""

import pytest
from wagtail.log_actions import log
from wagtail.models import Comment, CommentReply, PageLogEntry, Task, TaskState, Workflow, WorkflowState

from cms.departed import take_out
from cms.models import SubtreeReview
from tests.factories.courses import give_course
from tests.factories.organizations import make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def said() -> str:
    return "".join(str(entry.data) for entry in PageLogEntry.objects.order_by("pk"))


def test_words_on_a_page_go_from_its_history() -> None:
    county = make_county()
    gone, other = county.organiser, county.operator
    page = give_course(county.branch).lesson.page_ptr
    own = Comment.objects.create(page=page, user=gone, text="甲的话", contentpath="title")
    others = Comment.objects.create(page=page, user=other, text="乙的话", contentpath="title")
    answer = CommentReply.objects.create(comment=others, user=gone, text="甲的回复")
    back = CommentReply.objects.create(comment=own, user=other, text="乙的回复")
    own.log_create(user=gone)
    others.log_create(user=other)
    answer.log_create(user=gone)
    back.log_create(user=other)
    own.log_delete(user=other)
    before = PageLogEntry.objects.count()
    take_out(member_id=gone.pk)
    assert PageLogEntry.objects.count() == before
    assert ("甲的话" in said(), "甲的回复" in said()) == (False, False)
    assert ("乙的话" in said(), "乙的回复" in said()) == (True, True)
    take_out(member_id=gone.pk)


def test_what_was_deleted_before_goes_where_they_wrote_it_themselves() -> None:
    county = make_county()
    page = give_course(county.branch).lesson.page_ptr
    own = Comment.objects.create(page=page, user=county.organiser, text="甲的话", contentpath="title")
    own.log_create(user=county.organiser)
    own.delete()
    take_out(member_id=county.organiser.pk)
    assert "甲的话" not in said()


def test_an_opinion_of_a_review_goes() -> None:
    county = make_county()
    lesson = give_course(county.branch).lesson
    revision = lesson.save_revision()
    task = Task.objects.filter(pk__in=SubtreeReview.objects.values("pk")).first() or SubtreeReview.objects.create(
        name="审核"
    )
    state = WorkflowState.objects.create(
        base_content_type=lesson.get_base_content_type(), content_type=lesson.get_content_type(), object_id=lesson.pk,
        workflow=Workflow.objects.create(name="一道"), requested_by=county.secretary,
    )  # fmt: skip
    for reviewer in (county.organiser, county.operator):
        words = f"{reviewer.pk}：要改"
        TaskState.objects.create(
            workflow_state=state, task=task, revision=revision, finished_by=reviewer, comment=words,
            status=TaskState.STATUS_REJECTED,
        )  # fmt: skip
        log(instance=lesson, action="wagtail.workflow.reject", user=reviewer, data={"comment": words})
    take_out(member_id=county.organiser.pk)
    assert sorted(TaskState.objects.values_list("comment", flat=True)) == ["", f"{county.operator.pk}：要改"]
    assert f"{county.organiser.pk}：要改" not in said()
    assert f"{county.operator.pk}：要改" in said()
