"""What waits for a review, was sent back, or is talked about beside the text: for the desk and the editor."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext as _
from wagtail.models import Comment, Page, PageLogEntry, TaskState, WorkflowState
from wagtail.permissions import policy_registry

from attendance.sentences.records import day_and_hour
from organizations.models import User

NOT_PUBLISHED = "cms.not_published"
NOT_WITHDRAWN = "cms.not_withdrawn"
"""Page log entries: at its planned moment a version was not published, or a page not withdrawn; ``why``: sentences."""

State = WorkflowState


@dataclass(frozen=True)
class ReviewSaid:
    """How a page stands with its review, in a sentence, and what the reviewer wrote."""

    text: str
    comment: str = ""
    is_urgent: bool = False


def reviews() -> QuerySet[WorkflowState]:
    """All reviews of pages, with the page's key as a number."""
    pages = ContentType.objects.get_for_model(Page)
    found = WorkflowState.objects.filter(base_content_type=pages)
    return found.annotate(page_id=Cast("object_id", IntegerField()))


def said_to(user: User) -> QuerySet[WorkflowState]:
    """What waits for this person's review, and what was sent back to them, of whatever pages."""
    found = Q(status=State.STATUS_NEEDS_CHANGES, requested_by=user.pk)
    found |= Q(status=State.STATUS_IN_PROGRESS) & (Q(requested_by=None) | ~Q(requested_by=user.pk))
    return reviews().filter(found)


def matters_in_review(user: User) -> QuerySet[WorkflowState]:
    """The same of pages that they may change, with the page's title: first what waits, the longest first."""
    found = said_to(user).filter(page_id__in=_pages(user).values("pk"))
    title = Page.objects.filter(pk=OuterRef("page_id")).values("draft_title")
    found = found.annotate(title=Subquery(title[:1])).select_related("requested_by", "current_task_state__finished_by")
    return found.order_by("status", "current_task_state__started_at", "pk")


def missed_moments(user: User, *, since: datetime) -> QuerySet[PageLogEntry]:
    """What was not published or withdrawn at its moment, of this person's pages, while nobody wrote a newer version."""
    found = PageLogEntry.objects.filter(
        Q(action=NOT_PUBLISHED, page__has_unpublished_changes=True) | Q(action=NOT_WITHDRAWN, page__live=True),
        timestamp__gte=since,
        revision=F("page__latest_revision"),
        page__in=_pages(user),
    )
    return found.select_related("page").order_by("-timestamp", "-pk")


def talked_about(user: User) -> QuerySet[Page]:
    """The pages of an author beside which others have written what is not settled, with ``open_comments``."""
    others = Q(wagtail_admin_comments__resolved_at=None) & ~Q(wagtail_admin_comments__user=user.pk)
    found = _pages(user).filter(owner=user.pk, pk__in=Comment.objects.filter(resolved_at=None).values("page"))
    found = found.annotate(open_comments=Count("wagtail_admin_comments", filter=others))
    return found.filter(open_comments__gt=0).order_by("-latest_revision_created_at", "-pk")


def review_of(page: Page) -> ReviewSaid | None:
    """Return how a page stands with its last review; None where it has none, or something newer was written since."""
    state = (
        reviews().filter(object_id=str(page.pk)).select_related("requested_by").order_by("-created_at", "-pk").first()
    )
    if state is None or state.status == State.STATUS_CANCELLED:
        return None
    last = TaskState.objects.filter(workflow_state=state).select_related("finished_by").order_by("-pk").first()
    if last is None:
        return None
    if state.status == State.STATUS_IN_PROGRESS:
        said = {"name": _name(state.requested_by), "at": day_and_hour(last.started_at)}
        return ReviewSaid(_("%(name)s %(at)s 提交了审核，正在等另一位组织员审核。") % said)
    said = {"name": _name(last.finished_by), "at": day_and_hour(last.finished_at)}
    if state.status == State.STATUS_NEEDS_CHANGES:
        text = _("%(name)s %(at)s 退回修改：改好以后再提交审核。") % said
        return ReviewSaid(text, last.comment, is_urgent=True)
    is_newer = page.latest_revision_created_at > last.finished_at
    is_published = page.last_published_at is not None and page.last_published_at >= last.finished_at
    if is_newer or is_published or not page.has_unpublished_changes or page.approved_schedule:
        return None
    text = _("%(name)s %(at)s 审核通过了，还没有发布：有人在学，或者还缺内容。请点“发布”，按提示确认。") % said
    return ReviewSaid(text, last.comment, is_urgent=True)


def edit_url(page_id: int) -> str:
    return reverse("wagtailadmin_pages:edit", args=[page_id])


def _name(user: User | None) -> str:
    return user.name if user is not None else _("有人")


def _pages(user: User) -> QuerySet[Page]:
    own: QuerySet[Page] = policy_registry.get_by_type(Page).instances_user_has_any_permission_for(user, {"change"})
    return own.order_by()
