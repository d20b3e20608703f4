"""Telling those whom a further session was for that it moved, or is off: their pages had named it (ADR 44)."""

from datetime import datetime

from attendance.models import Notice, Occasion, Training
from attendance.operations.notices import tell
from attendance.queries.concerned import due_at_session

MOVED, OFF = "session_moved", "session_off"


def tell_of_change(*, before: Occasion, after: Occasion, as_of: datetime) -> None:
    """Tell that a further session begins at another time, and whom it is not for any more that theirs is off.

    ``before`` and ``after``: the same occasion by its two plans, with its training and unit. Nobody is told of what
    repeats nothing, or of a training that nobody sees. Call it in the operation's transaction.
    """
    if not _was_seen(before):
        return
    knew, stay = _whom(before, as_of), _whom(after, as_of)
    _tell(OFF, before, knew - stay, as_of)
    if before.starts_at != after.starts_at:
        _tell(MOVED, after, knew & stay, as_of)


def tell_of_end(*, session: Occasion, as_of: datetime) -> None:
    """Tell those whom a further session was for that it is off; as ``tell_of_change``, before it is deleted."""
    if _was_seen(session):
        _tell(OFF, session, _whom(session, as_of), as_of)


def _was_seen(session: Occasion) -> bool:
    return session.repeats_id is not None and session.training.state != Training.State.DRAFT


def _whom(session: Occasion, as_of: datetime) -> set[int]:
    found = due_at_session(session, path=session.node.path, as_of=as_of)
    return set(found.values_list("member_id", flat=True))


def _tell(kind: str, session: Occasion, member_ids: set[int], as_of: datetime) -> None:
    """Tell it about the first, which stays and says what is left; of what was not seen yet, only the newest stands."""
    old = Notice.objects.filter(kind=MOVED, occasion=session.repeats_id, data__session=session.pk, seen_at=None)
    if member_ids:
        old.filter(member_id__in=member_ids).delete()
    data = {"session": session.pk, "at": session.starts_at.isoformat()}
    tell(member_ids=member_ids, kind=kind, occasion_id=session.repeats_id, data=data, as_of=as_of)
