"""The pages of a lecture's slides are drawn by the workers (``media.operations.drawing``)."""

import datetime as dt
from pathlib import Path
from typing import Any

from django.db.models import Q

from live.models import SlideDeck
from media import pdf, storage
from media.operations import Drawing


def _folder(deck: SlideDeck) -> Path:
    return storage.slides_folder(deck.lecture_id, deck.key)


def _source(deck: SlideDeck) -> Path:
    return _folder(deck) / "source.pdf"


def _lock(deck: SlideDeck) -> Any:
    from live.operations.slides import held  # noqa: PLC0415 - it hints, here it is called

    # The lecture first, as whoever takes a deck away: two of them never wait in a circle.
    return held(deck.lecture_id)


def _publish(deck: SlideDeck, work: Path, _drawn: pdf.Drawn, now: dt.datetime) -> None:
    from live.operations.slides import take_place  # noqa: PLC0415 - as above

    storage.place_pages(work, _folder(deck))
    take_place(deck, as_of=now)


def _drop(deck: SlideDeck) -> None:
    """Of what cannot be drawn the row stays, which says why; it is never drawn again."""
    storage.drop(_folder(deck))


SLIDES = Drawing(
    model=SlideDeck,
    task="live.tasks.draw_slides",
    wanted=Q(removed_at=None),
    source=_source,
    folder=_folder,
    lock=_lock,
    publish=_publish,
    drop=_drop,
    facts=lambda drawn: {"titles": drawn.titles},
)


def draw_slides(*, deck_id: int, as_of: dt.datetime) -> bool:
    """Claim a deck and draw it; False if it is not to be had."""
    return SLIDES.draw(job_id=deck_id, as_of=as_of)


def reconcile_slides(*, as_of: dt.datetime) -> int:
    """Hint once more what waits or whose worker fell silent, give up what fails again and again; return how many."""
    return SLIDES.reconcile(as_of=as_of)
