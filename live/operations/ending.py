"""After the end of a lecture: undo it, or declare it void.

Undoing works from every state that the media agent has brought the lecture to meanwhile. The agent keeps what was
recorded until nothing can be undone any more, carries the same folder on, and packs all parts into one recording at the
next end; media time 0 stays where it was, so what anybody has watched of an earlier replay stays watched.
"""

import datetime as dt

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from attendance import operations as ledger
from attendance.models import Occasion
from live.models import Lecture
from live.operations.stage import announce_stage
from organizations.models import User

log = structlog.get_logger(__name__)
State = Lecture.State


class UnableToResumeLecture(Exception):
    """``code``: "undo_over" (ten minutes have passed) or "state"; the message is for the person who asks."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class UnableToVoidLecture(Exception):
    """The message, for the person who asks, says why it is not voided."""


def resume_lecture(*, occasion_id: int, as_of: dt.datetime) -> None:
    """Undo the ending of a lecture within ten minutes: on air again, and what lay between is nobody's time.

    Raises UnableToResumeLecture.
    """
    over = [State.ENDED, State.RECORDED, State.UNRECORDED]
    with transaction.atomic():
        # The lecture before the occasion, as everywhere: the agent's handing over holds the first and asks for both.
        if Lecture.objects.filter(pk=occasion_id, state__in=over).update(state=State.LIVE, ended_at=None) != 1:
            raise UnableToResumeLecture("state", _("这场直播没有结束。"))
        try:
            ledger.reopen_occasion(occasion_id=occasion_id, as_of=as_of)
        except ledger.UnableToReopenOccasion as error:
            raise UnableToResumeLecture("undo_over", str(error)) from error
        transaction.on_commit(lambda: announce_stage(occasion_id))
    log.info("lecture_resumed", occasion=occasion_id)


def void_lecture(*, occasion_id: int, reason: str, actor_id: int, as_of: dt.datetime) -> None:
    """Declare a lecture that has ended void, with a reason that members read; signed, and in the back office's log.

    Raises UnableToVoidLecture.
    """
    # Here, because the media agent runs without Wagtail.
    from wagtail.log_actions import log as log_action  # noqa: PLC0415

    with transaction.atomic():
        try:
            ledger.void_occasion(occasion_id=occasion_id, reason=reason, voided_by_id=actor_id, as_of=as_of)
        except ledger.UnableToVoidOccasion as error:
            raise UnableToVoidLecture(str(error)) from error
        occasion = Occasion.objects.get(pk=occasion_id)
        actor = User.objects.get(pk=actor_id)
        log_action(instance=occasion, action="live.void", user=actor, data={"reason": occasion.void_reason})
        transaction.on_commit(lambda: announce_stage(occasion_id))
