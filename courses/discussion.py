"""What is said under the lessons of a course: who sees which comments, what waits for whom. Nothing here writes."""

from collections.abc import Collection
from typing import Any

from django.db.models import Case, Count, Exists, F, IntegerField, Min, OuterRef, Q, QuerySet, Subquery, Value, When

from attendance.models import RosterEntry
from cms.models import LessonPage
from courses.models import CommentReport, CourseRun, LessonComment
from organizations.models import Role, User
from organizations.permissions import has_role, visible_nodes

State = LessonComment.State
WAITS = Q(state=State.WAITING) | Q(reported_at__isnull=False)


def may_moderate(user: User, run: CourseRun) -> bool:
    """Whether a person answers under the lessons of a run and decides what others see: organiser above it, today."""
    return has_role(user, Role.ORGANISER, node=run.occasion.node)


def comments_seen(*, run_id: int, lesson_id: int, member_id: int) -> QuerySet[LessonComment]:
    """Return what a person sees under a lesson: what was let through, and their own. First their own that others do not
    see, then the answered, the last answer first, then the rest, the newest first. ``is_reported``: by them."""
    own = Q(author_id=member_id) & ~Q(state=State.DELETED)
    seen = LessonComment.objects.filter(own | Q(state=State.SHOWN) | Q(state=State.DELETED), run_id=run_id)
    return (
        seen.filter(lesson_id=lesson_id)
        .annotate(
            is_reported=Exists(CommentReport.objects.filter(comment=OuterRef("pk"), member_id=member_id)),
            place=Case(
                When(Q(author_id=member_id, state__in=[State.WAITING, State.HIDDEN]), then=Value(0)),
                default=Value(1),
                output_field=IntegerField(),
            ),
        )
        .select_related("author")
        .order_by("place", F("answered_at").desc(nulls_last=True), "-at", "-pk")
    )


def comments_of(*, run_id: int, member_id: int) -> QuerySet[LessonComment]:
    """Return what somebody said under the lessons of a run and did not delete, the newest first."""
    own = LessonComment.objects.filter(run_id=run_id, author_id=member_id).exclude(state=State.DELETED)
    return own.select_related("author").order_by("-at", "-pk")


def answer_to(*, run_id: int, comment_id: int) -> str:
    """Return what was answered to a comment, empty where nothing was or there is none."""
    return LessonComment.objects.filter(run_id=run_id, pk=comment_id).values_list("answer", flat=True).first() or ""


def comments_to_moderate(*, run_id: int) -> QuerySet[LessonComment]:
    """Return all that was said in a run: first what waits for a decision, the oldest first, then the newest."""
    return (
        LessonComment.objects.filter(run_id=run_id)
        .exclude(state=State.DELETED)
        .annotate(place=Case(When(WAITS, then=Value(0)), default=Value(1), output_field=IntegerField()))
        .annotate(waits_since=Case(When(WAITS, then=F("at")), default=Value(None)))
        .select_related("author", "answered_by")
        .order_by("place", "waits_since", "-at", "-pk")
    )


def units_of(*, run_id: int, member_ids: Collection[int]) -> dict[int, str]:
    """Return in which unit these people are expected at a course, as its roster says. One query."""
    entries = RosterEntry.objects.filter(occasion_id=run_id, member_id__in=member_ids)
    return dict(entries.values_list("member_id", "node__name"))


def titles_of(*, lesson_ids: Collection[int]) -> dict[int, str]:
    """Return what lessons are called, withdrawn ones too; deleted ones are not there. One query."""
    return dict(LessonPage.objects.filter(pk__in=lesson_ids).values_list("pk", "title"))


def waiting_by_lesson(user: User) -> QuerySet[LessonComment, Any]:
    """Return under which lessons of a person's units comments wait for a decision, those that wait longest first: rows
    of ``run_id``, ``lesson_id``, ``lesson`` (its title, None once it is deleted), ``title``, ``unit`` and ``count``."""
    below = visible_nodes(user, Role.ORGANISER).order_by().values("pk")
    waiting = LessonComment.objects.filter(WAITS, run__occasion__node__in=below)
    lesson = Subquery(LessonPage.objects.filter(pk=OuterRef("lesson_id")).values("title"))
    named = {"title": F("run__occasion__title"), "unit": F("run__occasion__node__name"), "lesson": lesson}
    found = waiting.values("run_id", "lesson_id", **named).annotate(count=Count("pk"), since=Min("at"))
    return found.order_by("since", "run_id", "lesson_id")


def own_comments(user: User) -> list[dict[str, Any]]:
    """Return what a person wrote under lessons, and what was answered, for their own download."""
    rows = LessonComment.objects.filter(author=user).order_by("at", "pk")
    names = ("run_id", "run__occasion__title", "lesson_id", "text", "at", "state", "reason", "answer", "answered_at")
    return list(rows.values(*names))


def own_reports(user: User) -> list[dict[str, Any]]:
    """Return which comments a person reported, without the words of others."""
    rows = CommentReport.objects.filter(member=user).order_by("at", "pk")
    names = ("comment__run_id", "comment__run__occasion__title", "comment__lesson_id", "at")
    return list(rows.values(*names))
