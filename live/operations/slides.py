"""Slides in a room: which page is shown, and the PDFs they come from. Each turn is a row, the last one holds.

The lecture's row is locked by whoever turns a page, takes a deck away or puts one in its place: of two hosts one is
first, and the row ``Lecture.slide`` names is always the newest turn.
"""

import datetime as dt
import secrets
from collections.abc import Iterable
from functools import partial
from pathlib import Path, PurePath

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from live import room_events
from live.models import Lecture, SlideDeck, SlideTurn
from live.operations.drawing import SLIDES
from media import storage

log = structlog.get_logger(__name__)
State = SlideDeck.State
MOST_DECKS = 10
NAME_LETTERS = 120
KEPT = dt.timedelta(days=180)
ASK_AGAIN = dt.timedelta(days=30)
DROPPED_AT_ONCE = 50
OPEN = (Lecture.State.SCHEDULED, Lecture.State.LIVE)


class UnableToShowSlide(Exception):
    """``code``: "state" (the lecture is over), "slides_gone" or "slide_page" (the deck has no such page)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnableToAddSlides(Exception):
    """The message is for the host."""


def add_deck(
    *,
    occasion_id: int,
    actor_id: int,
    name: str,
    chunks: Iterable[bytes],
    as_of: dt.datetime,
    replaces: str = "",
) -> SlideDeck:
    """Keep a PDF for a lecture and have it drawn. ``replaces``: the deck whose place it takes once it is ready.

    Raises UnableToAddSlides.
    """
    key = secrets.token_hex(8)
    folder = storage.slides_folder(occasion_id, key)
    try:
        _store(folder, chunks)
        with transaction.atomic():
            lecture = held(occasion_id)
            if lecture is None or lecture.state not in OPEN:
                raise UnableToAddSlides(_("直播已经结束，不能再加课件。"))
            there = SlideDeck.objects.filter(lecture=lecture, removed_at=None)
            if there.exclude(state=State.FAILED).count() >= MOST_DECKS:
                raise UnableToAddSlides(_("一场最多放 10 份课件，请先移除不用的。"))
            deck = SlideDeck.objects.create(
                lecture=lecture,
                key=key,
                name=PurePath(name).stem[:NAME_LETTERS] or _("课件"),
                made_by_id=actor_id,
                made_at=as_of,
                ask_at=as_of + KEPT,
                replaces=there.filter(key=replaces).first() if replaces else None,
            )
            transaction.on_commit(partial(SLIDES.hint, deck.pk))
    except BaseException:
        storage.drop(folder)
        raise
    log.info("slides_added", occasion=occasion_id, deck=key, actor_id=actor_id)
    return deck


def _store(folder: Path, chunks: Iterable[bytes]) -> None:
    size = 0
    try:
        storage.require_space(settings.SLIDES_MAX_BYTES)
        folder.mkdir(parents=True)
        with (folder / "source.pdf").open("wb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > settings.SLIDES_MAX_BYTES:
                    raise UnableToAddSlides(_("文件太大：课件最大 50 MB。请在电脑上压缩图片，或分成几份再上传。"))
                file.write(chunk)
        storage.keep(folder / "source.pdf")
    except storage.UnableToReach as error:
        log.warning("slides_not_stored", error=str(error))
        raise UnableToAddSlides(_("存储服务暂时连不上，课件没有存下来。请过几分钟再上传。")) from error
    except (storage.UnableToStore, OSError) as error:
        log.warning("slides_not_stored", error=type(error).__name__)
        raise UnableToAddSlides(_("服务器存储空间不足，请联系管理员后再上传。")) from error


def show_slide(*, occasion_id: int, deck: str, page: int, as_of: dt.datetime) -> None:
    """Turn everybody's page. The page that is shown already is no turn. Raises UnableToShowSlide."""
    with transaction.atomic():
        lecture = _open(occasion_id)
        found = SlideDeck.objects.filter(lecture=lecture, key=deck, state=State.READY, removed_at=None).first()
        if found is None:
            raise UnableToShowSlide("slides_gone")
        if not 1 <= page <= found.pages:
            raise UnableToShowSlide("slide_page")
        _turn(lecture, found, page, as_of=as_of)


def hide_slides(*, occasion_id: int, as_of: dt.datetime) -> None:
    """Show no slides. Raises UnableToShowSlide."""
    with transaction.atomic():
        _turn(_open(occasion_id), None, 0, as_of=as_of)


def remove_deck(*, occasion_id: int, deck: str, actor_id: int, as_of: dt.datetime) -> None:
    """Take a deck away: nobody sees it any more. What was shown of it stays for the replay, else its files go too."""
    with transaction.atomic():
        lecture = held(occasion_id)
        found = SlideDeck.objects.filter(lecture=lecture, key=deck, removed_at=None).first()
        if lecture is None or found is None:
            return
        if lecture.slide is not None and lecture.slide.deck_id == found.pk:
            _turn(lecture, None, 0, as_of=as_of)
        _put_away(found, as_of=as_of)
    log.info("slides_removed", occasion=occasion_id, deck=deck, actor_id=actor_id)


def take_place(deck: SlideDeck, *, as_of: dt.datetime) -> None:
    """A deck is ready: the one that it replaces goes, and where that was shown the same page of the new one is.

    Inside a transaction.
    """
    lecture, old = held(deck.lecture_id), deck.replaces
    if lecture is None or old is None or old.removed_at is not None or deck.removed_at is not None:
        return
    if lecture.slide is not None and lecture.slide.deck_id == old.pk and lecture.state in OPEN:
        _turn(lecture, deck, min(lecture.slide.page, deck.pages), as_of=as_of)
    _put_away(old, as_of=as_of)


def delete_old_slides(*, as_of: dt.datetime) -> int:
    """Delete the slides of lectures that are over for 180 days and have no replay; return how many decks went.

    With a replay they are kept as long as it is: each deck is asked about after 180 days, then every 30. A bounded
    number a call, the longest due first.
    """
    due = SlideDeck.objects.filter(ask_at__lte=as_of).order_by("ask_at")[:DROPPED_AT_ONCE]
    rows = list(due.values_list("pk", "lecture_id", "lecture__ended_at", "lecture__recording_id"))
    decks = {pk: lecture for pk, lecture, ended, replay in rows if ended and ended < as_of - KEPT and replay is None}
    if decks:
        SlideDeck.objects.filter(pk__in=decks).delete()  # their files: live.receivers
        SlideTurn.objects.filter(lecture_id__in=set(decks.values()), deck=None).delete()
    if rows:
        SlideDeck.objects.filter(pk__in=[row[0] for row in rows]).update(ask_at=as_of + ASK_AGAIN)
    return len(decks)


def held(occasion_id: int) -> Lecture | None:
    """The lecture, whose row is held, with what it shows."""
    lectures = Lecture.objects.select_for_update(of=("self",), no_key=True)
    return lectures.select_related("slide").filter(pk=occasion_id).first()


def _open(occasion_id: int) -> Lecture:
    lecture = held(occasion_id)
    if lecture is None or lecture.state not in OPEN:
        raise UnableToShowSlide("state")
    return lecture


def _turn(lecture: Lecture, deck: SlideDeck | None, page: int, *, as_of: dt.datetime) -> None:
    now = lecture.slide
    if (now.deck_id, now.page) == (deck and deck.pk, page) if now else deck is None:
        return
    lecture.slide = SlideTurn.objects.create(lecture=lecture, deck=deck, page=page, at=as_of)
    lecture.save(update_fields=["slide"])
    event = {"t": "slide", "deck": deck.key, "page": page, "pages": deck.pages} if deck else {"t": "slide"}
    transaction.on_commit(partial(room_events.publish, lecture.pk, event))


def _put_away(deck: SlideDeck, *, as_of: dt.datetime) -> None:
    if deck.turns.exists():
        SlideDeck.objects.filter(pk=deck.pk).update(removed_at=as_of)
    else:
        deck.delete()
