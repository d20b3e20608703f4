"""Who may read a course, and who may watch a video in it. Asked once, at the edge; the answer to "no" is 404."""

from uuid import UUID

from django.db.models import Q, QuerySet

from cms.queries import courses_with_video, edited_courses_with_video
from courses.models import CourseRun
from courses.queries import runs_expecting, runs_in_subtrees
from organizations.models import Role, User
from organizations.permissions import has_role, visible_nodes

READERS = (Role.ORGANISER, Role.SECRETARY)


def may_watch_video(user_id: int, object_id: str) -> bool:
    """Say whether a person may play the video: expected in a course that shows it, or reading one in their subtree.

    The media app asks it for every file and remembers the answer for five minutes. An organiser also plays the videos
    of unpublished drafts inside their subtree.
    """
    try:
        video_id = str(UUID(object_id))
    except ValueError:
        return False
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return False
    page_ids = courses_with_video(video_id=video_id)
    if page_ids and runs_expecting(member_id=user.pk).filter(page_id__in=page_ids).exists():
        return True
    if page_ids and has_role(user, *READERS):
        reading = visible_nodes(user, *READERS).order_by()
        if CourseRun.objects.filter(page_id__in=page_ids, occasion__node__in=reading).exists():
            return True
    if not has_role(user, Role.ORGANISER):
        return False
    writing = visible_nodes(user, Role.ORGANISER).order_by()
    return edited_courses_with_video(video_id=video_id).filter(node__in=writing).exists()


def is_member_of(user: User, run: CourseRun) -> bool:
    """Say whether a person takes part in a scheduled course: whose time counts."""
    return runs_expecting(member_id=user.pk).filter(pk=run.pk).exists()


def may_read_run(user: User, run: CourseRun) -> bool:
    """Say whether a person may open a scheduled course: on its roster, or organiser or secretary above it."""
    return is_member_of(user, run) or has_role(user, *READERS, node=run.occasion.node)


def readable_runs(user: User) -> QuerySet[CourseRun]:
    """The scheduled courses that a person may open: those of ``may_read_run``."""
    readable = Q(pk__in=runs_expecting(member_id=user.pk).values("pk"))
    if has_role(user, *READERS):
        below = runs_in_subtrees(nodes=visible_nodes(user, *READERS))
        readable |= Q(pk__in=below.order_by().values("pk"))
    return CourseRun.objects.filter(readable)
