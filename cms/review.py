"""审核: a second pair of eyes before a course or a lesson is published.

Wagtail's workflow with one task of our own. Who reviews follows the tree, at the moment of the click, and no list of
people: whoever may write there today, except the person who asks for it. So nothing waits for somebody who has left.
"""

from typing import Any

from django import forms
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.db.models import IntegerField, Q, QuerySet
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _
from wagtail.forms import TaskStateCommentForm
from wagtail.models import Page, Task, TaskState
from wagtail.permissions import policy_registry

APPROVE, REJECT = "approve", "reject"
LONGEST_COMMENT = 1000


class Opinion(TaskStateCommentForm):
    """What a reviewer has to say; may be nothing where they approve."""

    comment = forms.CharField(
        label=_("审核意见"),
        required=False,
        max_length=LONGEST_COMMENT,
        widget=forms.Textarea({"rows": 3}),
        error_messages={
            "required": _("请写明要改什么。"),
            "max_length": _("审核意见最多 %(limit_value)d 个字，现在有 %(show_value)d 个。"),
        },
    )


class WhatToChange(Opinion):
    """Whoever sends something back says what is to be changed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["comment"].required = True


class SubtreeReview(Task):
    """Reviewed by whoever may publish the page, but for who asked."""

    def lock_class(self, obj: Any, task: Any) -> None:
        """Lock nobody's editing meanwhile: what is judged is the newest version, and the form tells of a newer one."""

    def get_actions(self, obj: Any, user: Any) -> list[tuple[str, Any, bool]]:
        if not may_review(user, obj):
            return []
        return [(REJECT, _("退回修改"), True), (APPROVE, _("通过"), False), (APPROVE, _("写意见并通过"), True)]

    def get_form_for_action(self, action: str) -> type[Opinion]:
        return WhatToChange if action == REJECT else Opinion

    def get_task_states_user_can_moderate(self, user: Any, **kwargs: Any) -> QuerySet[TaskState]:
        own = policy_registry.get_by_type(Page).instances_user_has_any_permission_for(user, {"publish"})
        waiting = TaskState.objects.filter(task=self, status=TaskState.STATUS_IN_PROGRESS)
        waiting = waiting.annotate(page_id=Cast("workflow_state__object_id", IntegerField()))
        not_asked_by_them = Q(workflow_state__requested_by=None) | ~Q(workflow_state__requested_by=user.pk)
        return waiting.filter(not_asked_by_them, page_id__in=own.order_by().values("pk"))

    @transaction.atomic
    def on_action(self, task_state: Any, user: Any, action_name: str, **said: Any) -> None:
        """Approve or send back. Raises BadRequest for what no form sends; does nothing where another was faster."""
        page = task_state.workflow_state.content_object
        if action_name not in {name for name, *_rest in self.get_actions(page, user)}:
            raise PermissionDenied
        form = self.get_form_for_action(action_name)(said)
        if not form.is_valid():
            raise BadRequest(form.errors.as_text())
        now = TaskState.objects.select_for_update(no_key=True, of=("self",)).get(pk=task_state.pk)
        if now.status == TaskState.STATUS_IN_PROGRESS:
            super().on_action(now, user, action_name, comment=form.cleaned_data["comment"])

    class Meta:
        verbose_name = _("审核")
        verbose_name_plural = _("审核")


def may_review(user: Any, page: Any) -> bool:
    """Say whether somebody may judge what another person asks to have published."""
    state = page.current_workflow_state
    asked_by = state.requested_by_id if state is not None else None
    return user.pk != asked_by and "publish" in page.permissions_for_user(user).permissions
