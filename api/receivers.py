"""What is announced below and reported or stated by this app: an occasion has closed, records have changed, an attempt
of a quiz was handed in."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from api.operations import note_attempt, note_changes, note_standing, recall_occasion, report_closed
from api.queries.webhooks import occasion_by_id
from attendance.events import occasion_closed, occasion_voided, standing_changed
from quizzes.events import attempt_handed_in


def closed(*, occasion_id: int, **kwargs: Any) -> None:
    occasion = occasion_by_id(occasion_id)
    if occasion is not None:
        report_closed(occasion=occasion, as_of=timezone.now())


def changed(*, occasion_id: int, member_ids: Sequence[int], **kwargs: Any) -> None:
    now = timezone.now()
    note_changes(occasion_id=occasion_id, member_ids=member_ids, as_of=now)
    note_standing(occasion_id=occasion_id, member_ids=member_ids, as_of=now)


def voided(*, occasion_id: int, **kwargs: Any) -> None:
    recall_occasion(occasion_id=occasion_id)


def handed_in(*, attempt_id: int, **kwargs: Any) -> None:
    note_attempt(attempt_id=attempt_id)


def connect() -> None:
    """Connect everything once (api/apps.py)."""
    occasion_closed.connect(closed, dispatch_uid="api.closed")
    standing_changed.connect(changed, dispatch_uid="api.changed")
    occasion_voided.connect(voided, dispatch_uid="api.voided")
    attempt_handed_in.connect(handed_in, dispatch_uid="api.handed_in")
