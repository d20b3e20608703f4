"""What people answered goes after its time; what their attempts came to stays (ADR 66)."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction

from quizzes.models import Answer, Attempt, VideoAnswer

AT_MOST = 5000  # answers of one call
log = structlog.get_logger(__name__)


@transaction.atomic
def prune_answers(*, as_of: datetime) -> int:
    """Delete the answers of attempts that began more than ``QUIZ_KEEP_DAYS`` ago, a bounded number a call; returns how
    many. An attempt that was never handed in goes with them: it can be begun anew. Safe to repeat."""
    before = as_of - timedelta(days=settings.QUIZ_KEEP_DAYS)
    # By their numbers (always above 0), which grow with time: no index by time is kept for it.
    oldest = Answer.objects.filter(pk__gt=0).order_by("pk")
    rows = oldest.values_list("pk", "attempt_id", "attempt__began_at", "attempt__submitted_at")[:AT_MOST]
    over = [(pk, attempt_id, submitted_at) for pk, attempt_id, began_at, submitted_at in rows if began_at < before]
    if not over:
        return 0
    left = {attempt_id for _pk, attempt_id, submitted_at in over if submitted_at is None}
    Attempt.objects.filter(pk__in=left, submitted_at=None).delete()
    Answer.objects.filter(pk__in=[pk for pk, _attempt_id, _submitted_at in over]).delete()
    log.info("quiz_answers_pruned", answers=len(over), left=len(left))
    return len(over)


def prune_video_answers(*, as_of: datetime) -> int:
    """Delete what was answered in videos more than ``QUIZ_KEEP_DAYS`` ago, a bounded number a call; returns how many.
    Whoever plays that video again is asked again. Safe to repeat."""
    before = as_of - timedelta(days=settings.QUIZ_KEEP_DAYS)
    oldest = VideoAnswer.objects.filter(pk__gt=0).order_by("pk").values_list("pk", "answered_at")[:AT_MOST]
    over = [pk for pk, answered_at in oldest if answered_at < before]
    if over:
        VideoAnswer.objects.filter(pk__in=over).delete()
        log.info("video_answers_pruned", answers=len(over))
    return len(over)
