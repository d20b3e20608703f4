"""Writing down what was studied and decided; a change is a new version, signed and dated."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from attendance.models import Occasion
from meetings.models import Meeting, Minutes

log = structlog.get_logger(__name__)
BOOK = ("place", "chair", "recorder")
MOST_STUDIED, MOST_TITLE, MOST_TEXT, MOST_DECISIONS = 8000, 100, 2000, 30


class UnableToWriteMinutes(Exception):
    """The meeting has not begun or is void, somebody else wrote in between, or there is nothing to write down."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@transaction.atomic
def write_minutes(
    *,
    occasion_id: int,
    studied: str,
    decisions: Sequence[tuple[str, str]],
    place: str,
    chair: str,
    recorder: str,
    seen: int,
    seen_book: str,
    actor_id: int,
    as_of: datetime,
) -> Minutes:
    """Keep what was studied and decided at an occasion that has a form, as its newest version.

    ``seen``: the number of the version it was written on (0: none yet); a newer one is told and not overwritten.
    ``seen_book``: the ``book_mark`` of the meeting then, for place, chair and recorder; so are others of these.
    Raises UnableToWriteMinutes.
    """
    meeting = (
        Meeting.objects.select_for_update(of=("self",), no_key=True).select_related("occasion").get(pk=occasion_id)
    )
    if meeting.occasion.state == Occasion.State.VOID:
        raise UnableToWriteMinutes("", _("这一场已经作废，不再写会议记录。"))
    if meeting.occasion.starts_at > as_of and meeting.occasion.opened_at is None:
        raise UnableToWriteMinutes("", _("会议还没有开始，开始以后再写会议记录。"))
    last = meeting.minutes.order_by("-number").first()
    if (last.number if last else 0) != seen:
        raise UnableToWriteMinutes("", _("您打开这一页以后，别人写过会议记录，还没有保存您写的。请看过再保存一次。"))
    kept = _tidy(decisions)
    studied = studied.replace("\x00", "").strip()[:MOST_STUDIED]
    if not studied and not kept:
        raise UnableToWriteMinutes("studied", _("请写下学习和讨论了什么，或者作了什么决定。"))
    book = {"place": place, "chair": chair, "recorder": recorder}
    _change_book(meeting, {name: " ".join(said.split()) for name, said in book.items()}, seen=seen_book)
    if last is not None and (last.studied, last.decisions) == (studied, kept):
        return last
    log.info("minutes_written", occasion_id=occasion_id, number=seen + 1, actor_id=actor_id)
    return Minutes.objects.create(
        meeting=meeting, number=seen + 1, studied=studied, decisions=kept, written_by_id=actor_id, written_at=as_of
    )


def book_mark(meeting: Meeting) -> str:
    """Return what names the place, chair and recorder that stand: what a page was opened on."""
    stands = "\n".join(getattr(meeting, name) for name in BOOK)
    return hashlib.sha256(stands.encode()).hexdigest()[:16]


def _change_book(meeting: Meeting, book: dict[str, str], *, seen: str) -> None:
    """Put place, chair and recorder right, unless others stand there than the page was opened on."""
    if book == {name: getattr(meeting, name) for name in BOOK}:
        return
    if book_mark(meeting) != seen:
        stands = {name: getattr(meeting, name) or _("没有填") for name in BOOK}
        said = _(
            "您打开这一页以后，别人改过这一场的地点、主持人或记录人，还没有保存您写的。"
            "现在是：地点 %(place)s，主持人 %(chair)s，记录人 %(recorder)s。请核对再保存一次。"
        )
        raise UnableToWriteMinutes("place", said % stands)
    Meeting.objects.filter(pk=meeting.pk).update(**book)


def _tidy(decisions: Sequence[tuple[str, str]]) -> list[list[str]]:
    kept = []
    for title, text in decisions[:MOST_DECISIONS]:
        title, text = " ".join(title.replace("\x00", "").split()), text.replace("\x00", "").strip()
        if title or text:
            kept.append([title[:MOST_TITLE], text[:MOST_TEXT]])
    return kept
