"""Drawing the pages of slides: long work that survives its worker, as ``media.operations.jobs`` (trust.md, Jobs).

The deck's row is the job: claimed by a conditional update, its lease renewed while pages come, published by one
conditional update. Whoever lost the lease publishes nothing.
"""

import datetime as dt
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from celery import current_app
from django.db import DatabaseError, transaction
from django.db.models import F, Q
from kombu.exceptions import OperationalError as BrokerError

from live.models import SlideDeck
from media import pdf, storage
from media.ffmpeg import UnableToConfine

log = structlog.get_logger(__name__)
State = SlideDeck.State
TASK = "live.tasks.draw_slides"
LEASE = dt.timedelta(seconds=40)
RENEW_EVERY_S = 2.0
MAX_ATTEMPTS = 3
HINTS_AT_ONCE = 20


class LeaseLost(Exception):
    """Another worker draws it, or it was taken away."""


def hint(deck_id: int) -> None:
    """Tell the workers about a deck; what gets lost ``reconcile_slides`` finds within a minute."""
    try:
        current_app.send_task(TASK, args=[deck_id], retry=False)
    except (BrokerError, OSError) as error:
        log.warning("slides_hint_lost", deck_id=deck_id, error=type(error).__name__)


@dataclass
class _Lease:
    deck: SlideDeck
    as_of: dt.datetime
    started: float = field(default_factory=time.monotonic)
    renewed: float = 0.0
    done: int = 0
    pages: int = 0

    def now(self) -> dt.datetime:
        """By the monotonic clock since ``as_of``: a stepping wall clock does no harm."""
        return self.as_of + dt.timedelta(seconds=time.monotonic() - self.started)

    def mine(self) -> Q:
        return Q(pk=self.deck.pk, lease=self.deck.lease, state=State.RUNNING, removed_at=None)

    def page(self, done: int, pages: int) -> None:
        self.done, self.pages = done, pages
        self.beat()

    def beat(self) -> None:
        """Renew the lease and show how far it is, each only so often. Raises LeaseLost."""
        now = time.monotonic()
        if now - self.renewed < RENEW_EVERY_S:
            return
        self.renewed = now
        facts = {"leased_until": self.now() + LEASE, "done": self.done, "pages": self.pages}
        try:
            if SlideDeck.objects.filter(self.mine()).update(**facts) != 1:
                raise LeaseLost
        except DatabaseError as error:
            # It may be away for a moment; the conditional update at the end decides.
            log.warning("slides_lease_not_renewed", deck_id=self.deck.pk, error=type(error).__name__)


def draw_slides(*, deck_id: int, as_of: dt.datetime) -> bool:
    """Claim a deck and draw it; False if it is not to be had. Safe to call any number of times, anywhere.

    What is wrong with the file ends in ``error_code``. Where the sandbox is required and does not start, it waits.
    """
    lease = _claim(deck_id=deck_id, as_of=as_of)
    if lease is None:
        return False
    work = storage.make_work_folder(lease.deck.lease)
    try:
        storage.require_space()
        source = storage.slides_folder(lease.deck.lecture_id, lease.deck.key) / "source.pdf"
        drawn = pdf.draw(source, work, on_page=lease.page, on_beat=lease.beat)
        _publish(lease, work, drawn)
    except pdf.UnableToDraw as error:
        log.info("slides_not_drawn", deck_id=deck_id, code=error.code, detail=error.detail[-400:])
        _give_up(lease, error.code)
    except storage.UnableToStore:
        _give_up(lease, "no_space")
    except UnableToConfine as error:
        log.error("slides_wait_for_sandbox", deck_id=deck_id, reason=str(error))
        SlideDeck.objects.filter(lease.mine()).update(state=State.QUEUED, attempts=F("attempts") - 1)
    except LeaseLost:
        log.warning("slides_lease_lost", deck_id=deck_id)
    finally:
        storage.drop(work)
    return True


def reconcile_slides(*, as_of: dt.datetime) -> int:
    """Hint once more what waits or whose worker fell silent, give up what fails again and again; return how many."""
    tried = list(SlideDeck.objects.filter(_due(as_of), attempts__gte=MAX_ATTEMPTS)[:HINTS_AT_ONCE])
    over = {"state": State.FAILED, "error_code": "unreadable"}
    # Each by its own condition: the worker that fell silent may be back, and done.
    for deck in [one for one in tried if SlideDeck.objects.filter(_due(as_of), pk=one.pk).update(**over)]:
        _drop_files(deck)
    waiting = list(SlideDeck.objects.filter(_due(as_of)).order_by("pk").values_list("pk", flat=True)[:HINTS_AT_ONCE])
    for deck_id in waiting:
        hint(deck_id)
    return len(waiting)


def _due(as_of: dt.datetime) -> Q:
    # Named by both states, as the index is that holds what waits.
    waiting = Q(removed_at=None, state__in=[State.QUEUED, State.RUNNING])
    return waiting & (Q(state=State.QUEUED) | Q(leased_until__lt=as_of))


def _claim(*, deck_id: int, as_of: dt.datetime) -> _Lease | None:
    # The condition is the lock: of two workers with the same hint one changes the row.
    token = secrets.token_hex(16)
    claimed = SlideDeck.objects.filter(_due(as_of), pk=deck_id, attempts__lt=MAX_ATTEMPTS).update(
        state=State.RUNNING, lease=token, leased_until=as_of + LEASE, attempts=F("attempts") + 1, done=0
    )
    if claimed != 1:
        return None
    return _Lease(SlideDeck.objects.get(pk=deck_id), as_of)


def _publish(lease: _Lease, work: Path, drawn: pdf.Drawn) -> None:
    from live.operations.slides import held, take_place  # noqa: PLC0415 - it hints, here it is called

    # Before anything is locked: on a slow disk hundreds of pages take seconds.
    storage.sync_slides(work, on_file=lease.beat)
    with transaction.atomic():
        # The lecture first, as whoever takes a deck away: two of them never wait in a circle.
        held(lease.deck.lecture_id)
        won = SlideDeck.objects.filter(lease.mine()).update(
            state=State.READY, error_code="", pages=drawn.pages, done=drawn.pages, titles=drawn.titles
        )
        if won != 1:
            raise LeaseLost
        # Inside: a row that says ready has its pictures. An earlier attempt's, which placed and died, are the same.
        storage.place_slides(work, lecture_id=lease.deck.lecture_id, key=lease.deck.key)
        lease.deck.refresh_from_db()
        take_place(lease.deck, as_of=lease.now())
    log.info("slides_drawn", deck_id=lease.deck.pk, pages=drawn.pages, seconds=round(time.monotonic() - lease.started))


def _give_up(lease: _Lease, code: str) -> None:
    if SlideDeck.objects.filter(lease.mine()).update(state=State.FAILED, error_code=code) == 1:
        _drop_files(lease.deck)


def _drop_files(deck: SlideDeck) -> None:
    """Of what cannot be drawn the row stays, which says why; it is never drawn again."""
    storage.drop(storage.slides_folder(deck.lecture_id, deck.key))
