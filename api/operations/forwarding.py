"""Statements go to the record store, a hundred a request; what it refuses is set apart and blocks nothing (ADR 79)."""

import base64
import datetime as dt
import json
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import structlog
from django.conf import settings
from django.db.models import Q

from api.core.delivery import Answer, answer_of, lasting_pause_s
from api.core.statements import BATCH, VERSION
from api.models import Statement, Store
from api.operations.claims import BUSY, claim
from api.operations.stating import write_voidings
from api.queries.statements import bodies, is_told, waiting
from api.sending import WHOLE_S, Outcome, post_to_store

log = structlog.get_logger(__name__)
FEW = 5  # statements refused in a turn that took nothing: then it is the store or its settings, not they
ERROR_SIGNS = 200
KEPT = dt.timedelta(days=30)
PRUNE_AT_ONCE = 1000
S = Statement.State


@dataclass
class Turn:
    """What came of a turn so far. ``refused``: what the store said of each; ``later``: an answer that ends the turn."""

    taken: int = 0
    refused: dict[int, Outcome] = field(default_factory=dict)
    later: Outcome | None = None

    @property
    def is_over(self) -> bool:
        return self.later is not None or (not self.taken and len(self.refused) > FEW)


def forward(*, as_of: dt.datetime, clock: Callable[[], dt.datetime]) -> int:
    """Send what waits, the oldest first, for a minute at most; returns how many statements the store has now.

    A store that is away, or does not let us in, is asked again after growing pauses, two hours at most, for good. A
    request that it refuses is sent in halves, large parts first, until the statement is found that it does not take.
    """
    if not is_told():
        return 0
    write_voidings(as_of=as_of)
    first = waiting(after=0, most=1)
    if not first:
        return 0
    store, _made = Store.objects.get_or_create(pk=1)
    if not claim(Store.objects.filter(Q(next_at=None) | Q(next_at__lte=as_of), pk=store.pk), as_of=as_of):
        return 0
    ends_at = as_of + BUSY - dt.timedelta(seconds=2 * WHOLE_S)
    turn, after = Turn(), first[0] - 1
    while not turn.is_over and clock() < ends_at and (keys := waiting(after=after, most=BATCH)):
        _send(keys, turn, clock, ends_at)
        after = keys[-1]
    _close(turn, clock())
    return turn.taken


def _send(keys: list[int], turn: Turn, clock: Callable[[], dt.datetime], ends_at: dt.datetime) -> None:
    parts = deque([keys])
    while parts and not turn.is_over and clock() < ends_at:
        some = parts.popleft()
        outcome = _posted(some)
        answer = answer_of(outcome.status or 0)
        if answer is Answer.LATER:
            turn.later = outcome
        elif answer is Answer.TAKEN or (answer is Answer.HAS_IT and len(some) == 1):
            turn.taken += len(some)
            Statement.objects.filter(pk__in=some).update(state=S.SENT, sent_at=clock(), error="")
        elif len(some) == 1:
            turn.refused[some[0]] = outcome
        else:
            half = len(some) // 2
            parts += [some[:half], some[half:]]


def _posted(keys: Collection[int]) -> Outcome:
    body = json.dumps(bodies(keys), ensure_ascii=False).encode()
    return post_to_store(url=f"{settings.LRS.url}/statements", body=body, headers=_headers())


def _headers() -> Mapping[str, str]:
    lrs = settings.LRS
    basic = "Basic " + base64.b64encode(f"{lrs.user}:{lrs.password}".encode()).decode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "fingertip-classroom",
        "X-Experience-API-Version": VERSION,
        "Authorization": f"Bearer {lrs.token}" if lrs.token else basic,
    }


def _close(turn: Turn, as_of: dt.datetime) -> None:
    """Set apart what was refused, and keep how it went; a store that refuses everything has refused nothing."""
    if turn.later is None and turn.is_over:
        turn.later = next(iter(turn.refused.values()))
    elif turn.refused:
        for key, outcome in turn.refused.items():
            Statement.objects.filter(pk=key).update(state=S.REFUSED, error=_said(outcome))
        log.warning("statements_refused", count=len(turn.refused), statement=min(turn.refused))
    row = Store.objects.get(pk=1)
    row.busy_until = None
    if turn.taken:
        row.taken_at, row.failures, row.failing_since = as_of, 0, None
    if turn.later is None:
        row.failures, row.failing_since, row.next_at, row.status, row.error = 0, None, None, None, ""
    else:
        row.failures += 1
        row.failing_since = row.failing_since or as_of
        row.next_at = as_of + dt.timedelta(seconds=lasting_pause_s(row.failures))
        row.status, row.error = turn.later.status, _said(turn.later)
    row.save()
    log.info("statements_sent", taken=turn.taken, refused=len(turn.refused), status=row.status, error=row.error)


def _said(outcome: Outcome) -> str:
    """What is kept of an answer: a line of what it says, or the word for why there was none."""
    return (outcome.error or " ".join(outcome.told.replace("\0", "").split()))[:ERROR_SIGNS]


def prune_statements(*, as_of: dt.datetime) -> int:
    """Forget the words of what arrived a month ago, and all of what is never taken back; some at a time."""
    old = Statement.objects.filter(state=S.SENT, body__isnull=False, recalled=False, sent_at__lt=as_of - KEPT)
    rows = list(old.order_by("sent_at").values_list("pk", "stands")[:PRUNE_AT_ONCE])
    if not rows:
        return 0
    Statement.objects.filter(pk__in=[pk for pk, stands in rows if stands]).update(body=None)
    Statement.objects.filter(pk__in=[pk for pk, stands in rows if not stands]).delete()
    return len(rows)
