"""What of an occasion can be watched: a lecture's replay, a course's pieces. Who was judged by less is judged again."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from attendance import events
from attendance.core.rules import Rule as CoreRule
from attendance.models import Occasion
from attendance.operations.earlier_items import keep_earlier_items
from attendance.operations.occasions import queue_settling
from attendance.queries.windows import HELD

log = structlog.get_logger(__name__)
State = Occasion.State
LATE_REPLAY = timedelta(days=1)  # after the end; so the rule's sentence says (``rule_words``)


class UnableToSetMedia(Exception):
    """A length of media is not positive."""


def set_replay(
    *,
    occasion_id: int,
    media_ms: int,
    media_offset_ms: int,
    media_cuts: Sequence[tuple[int, int]] = (),
    as_of: datetime,
) -> None:
    """Offer a replay of ``media_ms``; the window begins at ``media_offset_ms`` of it.

    ``media_cuts``: pauses that it leaves out, in order, as ``(media time, length)`` in ms. Who was judged by another
    replay, or by none, is judged again: what is asked of them depends on how much there is to watch. The days to make
    it up count from a first replay that comes more than a day after the end. Raises UnableToSetMedia.
    """
    if media_ms <= 0:
        raise UnableToSetMedia("a replay has a length")
    replay = {"media_ms": media_ms, "media_offset_ms": media_offset_ms, "media_cuts": [list(cut) for cut in media_cuts]}
    with transaction.atomic():
        occasion = Occasion.objects.select_for_update(no_key=True).get(pk=occasion_id)
        is_new = replay != {name: getattr(occasion, name) for name in replay}
        Occasion.objects.filter(pk=occasion_id).update(
            **replay, is_unrecorded=False, make_up_until_at=_make_up_from_replay(occasion, as_of)
        )
        log.info("replay_offered", occasion_id=occasion_id, media_ms=media_ms, at=as_of.isoformat())
        events.announce(events.replay_offered, occasion_id=occasion_id)
        if occasion.state in HELD and is_new:
            # Written down, for the task is only a hint: a media agent's may reach nobody. ``reconcile`` finds the row.
            Occasion.objects.filter(pk=occasion_id).update(state=State.CLOSED, settled_at=None)
            queue_settling(occasion_id)


def set_unrecorded(*, occasion_id: int) -> None:
    """Say that there is no replay and none is waited for; one that turns up all the same is offered as ever."""
    Occasion.objects.filter(pk=occasion_id, media_ms=None).update(is_unrecorded=True)


def _make_up_from_replay(occasion: Occasion, as_of: datetime) -> datetime | None:
    """Return until when it can be made up once there is a replay: the days of the rule from the first one on, where
    that came late. What people were promised is never shortened, and where a rule gives no days there are none."""
    until, end = occasion.make_up_until_at, occasion.window_end_at
    days = CoreRule.from_stamp(occasion.rule_stamp or {}).make_up_days
    if until is None or end is None or occasion.media_ms or not days or as_of - end <= LATE_REPLAY:
        return until
    return max(until, as_of + timedelta(days=days))


@transaction.atomic
def set_media_items(*, occasion_id: int, items: Mapping[str, int]) -> None:
    """Say which pieces of media an occasion has and how long each is (ms); their sum is what a share is taken of.

    Only these keys can be played and no piece earns more than its length; who had finished before stays finished.
    None at all: everything was taken out, nothing is asked of anybody who had not finished. Raises UnableToSetMedia.
    """
    if min(items.values(), default=1) <= 0:
        raise UnableToSetMedia("every piece of media has a length")
    keep_earlier_items(occasion_id=occasion_id, items=items)
    Occasion.objects.filter(pk=occasion_id).update(media_items=dict(items), media_ms=sum(items.values()))
