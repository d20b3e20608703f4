"""Verbs of the discussion under lessons: write, let through, hide, answer, delete, report (ADR 72)."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction

from attendance.core.text import checked
from attendance.models import Occasion
from attendance.operations import tell
from courses.discussion import State, version_of
from courses.models import CommentReport, CourseRun, LessonComment
from organizations.limits import count
from organizations.operations import UnableToTry

LONGEST, LONGEST_REASON, LONGEST_ANSWER = 500, 200, 1000
AT_MOST = 1000  # comments of one call
log = structlog.get_logger(__name__)


class UnableToComment(Exception):
    """``code``: empty, too_long, unfit (signs that nobody sees), closed (the discussion, the course, or it has not
    begun), many (try later), gone (the comment is deleted, or is none of this course's), or what somebody else has
    decided since the page was made that is answered: shown, answered, hidden."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Unfit(Exception):
    pass


@transaction.atomic
def write_comment(
    *, occasion_id: int, lesson_id: int, author_id: int, client_id: str, text: str, as_of: datetime
) -> LessonComment:
    """Keep what somebody on the roster says under a lesson, once for each ``client_id`` of theirs; others see it when
    it is let through. Whether they may, and that the lesson is one of the course, is the caller's. Raises
    UnableToComment.
    """
    words = _words(text, LONGEST)
    key = _words(client_id, 64)
    known = LessonComment.objects.filter(author_id=author_id, client_id=key).first()
    if known is not None:
        return known
    run = CourseRun.objects.select_related("page", "occasion").get(pk=occasion_id)
    if is_closed(run, as_of=as_of):
        raise UnableToComment("closed")
    try:
        count("comment", {"person": str(author_id)})
    except UnableToTry as error:
        raise UnableToComment("many") from error
    facts = {"run_id": occasion_id, "lesson_id": lesson_id, "text": words, "at": as_of}
    # A second device may have sent the same form in this moment: one row, the same answer.
    comment, is_new = LessonComment.objects.get_or_create(author_id=author_id, client_id=key, defaults=facts)
    if is_new:
        log.info("comment_written", occasion_id=occasion_id, lesson_id=lesson_id, comment_id=comment.pk)
    return comment


def is_closed(run: CourseRun, *, as_of: datetime) -> bool:
    """Whether nobody writes under the lessons of a run now. ``run`` with its page and occasion."""
    is_void = run.occasion.state == Occasion.State.VOID
    return not run.page.live or not run.page.has_discussion or is_void or run.occasion.starts_at > as_of


@transaction.atomic
def show_comment(*, occasion_id: int, comment_id: int, actor_id: int, as_of: datetime, seen: str | None = None) -> None:
    """Let everybody who studies the lesson see a comment; reports of it are settled. Its writer is told where it was
    hidden. ``seen``: see _unchanged. Raises UnableToComment."""
    comment = _held(occasion_id, comment_id)
    if comment.state != State.SHOWN:
        _unchanged(comment, actor_id, seen)
    if comment.state == State.HIDDEN:
        _tell(comment, "comment_shown", as_of)
    _decide(comment, State.SHOWN, "", actor_id, as_of)


@transaction.atomic
def hide_comment(
    *, occasion_id: int, comment_id: int, reason: str, actor_id: int, as_of: datetime, seen: str | None = None
) -> None:
    """Keep a comment from everybody but its writer, who is told why; reports of it are settled. ``seen``: see
    _unchanged. Raises UnableToComment."""
    words = _words(reason, LONGEST_REASON)
    comment = _held(occasion_id, comment_id)
    _unchanged(comment, actor_id, seen)
    if comment.state != State.HIDDEN or comment.reason != words:
        _tell(comment, "comment_hidden", as_of, reason=words)
    _decide(comment, State.HIDDEN, words, actor_id, as_of)


@transaction.atomic
def answer_comment(
    *, occasion_id: int, comment_id: int, text: str, actor_id: int, as_of: datetime, seen: str | None = None
) -> None:
    """Answer a comment, which lets it through, or change the answer; its writer is told. ``seen``: see _unchanged.
    Raises UnableToComment."""
    words = _words(text, LONGEST_ANSWER)
    comment = _held(occasion_id, comment_id)
    _unchanged(comment, actor_id, seen)
    if comment.answer != words:
        comment.answer, comment.answered_by_id, comment.answered_at = words, actor_id, as_of
        comment.save(update_fields=["answer", "answered_by", "answered_at"])
        _tell(comment, "comment_answered", as_of)
    _decide(comment, State.SHOWN, "", actor_id, as_of)


@transaction.atomic
def delete_comment(*, occasion_id: int, comment_id: int, author_id: int) -> None:
    """Delete one's own comment: the words go at once; where it was answered the answer stays below 已删除. Raises
    UnableToComment."""
    comment = _held(occasion_id, comment_id, author_id=author_id)
    if comment.answer and comment.state == State.SHOWN:
        CommentReport.objects.filter(comment=comment).delete()
        comment.text, comment.reason, comment.state, comment.reported_at = "", "", State.DELETED, None
        comment.save(update_fields=["text", "reason", "state", "reported_at"])
    else:
        comment.delete()
    log.info("comment_deleted", occasion_id=occasion_id, comment_id=comment_id)


@transaction.atomic
def report_comment(*, occasion_id: int, comment_id: int, member_id: int, as_of: datetime) -> None:
    """Ask the organiser to look at what somebody else wrote, once each: it stays until they decide. Raises
    UnableToComment."""
    comment = _held(occasion_id, comment_id)
    if comment.state != State.SHOWN or comment.author_id == member_id:
        raise UnableToComment("gone")
    _report, is_new = CommentReport.objects.get_or_create(comment=comment, member_id=member_id, defaults={"at": as_of})
    if is_new:
        comment.reported_at = comment.reported_at or as_of
        comment.save(update_fields=["reported_at"])
        log.info("comment_reported", occasion_id=occasion_id, comment_id=comment_id)


def prune_comments(*, as_of: datetime) -> int:
    """Delete what was said under lessons more than ``COMMENT_KEEP_DAYS`` ago, a bounded number a call; returns how
    many. Safe to repeat."""
    before = as_of - timedelta(days=settings.COMMENT_KEEP_DAYS)
    # By their numbers (always above 0), which grow with time: no index by time is kept for it.
    rows = LessonComment.objects.filter(pk__gt=0).order_by("pk").values_list("pk", "at")[:AT_MOST]
    over = [pk for pk, at in rows if at < before]
    if over:
        LessonComment.objects.filter(pk__in=over).delete()
        log.info("comments_pruned", comments=len(over))
    return len(over)


def _held(occasion_id: int, comment_id: int, **of: int) -> LessonComment:
    """Return a comment that is still there, under its lock: two who decide do it one after the other."""
    found = LessonComment.objects.select_for_update(no_key=True, of=("self",)).exclude(state=State.DELETED)
    comment = found.filter(pk=comment_id, run_id=occasion_id, **of).first()
    if comment is None:
        raise UnableToComment("gone")
    return comment


def _unchanged(comment: LessonComment, actor_id: int, seen: str | None) -> None:
    """Refuse a decision made from a page older than somebody else's. ``seen``: the page's version_of, None where there
    is no page. Raises UnableToComment."""
    if seen is None or comment.decided_by_id in {None, actor_id} or seen == version_of(comment):
        return
    if comment.state == State.HIDDEN:
        raise UnableToComment("hidden")
    raise UnableToComment("answered" if comment.answer else "shown")


def _decide(comment: LessonComment, state: str, reason: str, actor_id: int, as_of: datetime) -> None:
    comment.state, comment.reason, comment.reported_at = state, reason, None
    comment.decided_by_id, comment.decided_at = actor_id, as_of
    comment.save(update_fields=["state", "reason", "reported_at", "decided_by", "decided_at"])
    log.info("comment_decided", occasion_id=comment.run_id, comment_id=comment.pk, state=state)


def _tell(comment: LessonComment, kind: str, as_of: datetime, **data: str) -> None:
    """Tell its writer what became of it."""
    tell(
        member_ids=[comment.author_id],
        kind=kind,
        occasion_id=comment.run_id,
        data={"comment": comment.pk, **data},
        as_of=as_of,
    )


def _words(text: str, limit: int) -> str:
    """Return a text as one line of ``limit`` signs at most; raises UnableToComment."""
    line = " ".join(text.split())
    try:
        return checked(line, limit, _Unfit)
    except _Unfit as error:
        code = "too_long" if len(line) > limit else "unfit" if line else "empty"
        raise UnableToComment(code) from error
