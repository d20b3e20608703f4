"""Evidence in the order of time, each piece with what came of it, for the person concerned and their secretary.

It explains; it never judges. Minutes and states come from the record alone.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from django.utils.formats import date_format
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext as _

from attendance.charts import Chart, strip
from attendance.charts import Piece as StripPiece
from attendance.core.intervals import Span, Spans, moment_of, ms_of
from attendance.core.verdict import Verdict
from attendance.kinds import is_in_person, is_meeting
from attendance.models import Evidence, Occasion, PresenceSpan, Rule
from attendance.queries import rule_of, window_of
from attendance.sentences.records import category, hour, length
from attendance.sentences.records import day as day_words

NOTICED = timedelta(seconds=1)


@dataclass(frozen=True)
class Item:
    """One thing on the timeline; ``counts`` says whether it earned anything."""

    started_at: datetime
    ended_at: datetime | None
    title: str
    notes: tuple[str, ...]
    counts: bool

    def when(self, *, before: "Item | None") -> str:
        """Return from when to when; the day only where it is another than that of the item ``before``."""
        said = hour(self.started_at)
        if before is None or localdate(before.started_at) != localdate(self.started_at):
            said = f"{day_words(self.started_at)} {said}"
        if self.ended_at is None:
            return said
        is_one_day = localdate(self.started_at) == localdate(self.ended_at)
        until = "" if is_one_day else f"{day_words(self.ended_at)} "
        return f"{said} – {until}{hour(self.ended_at)}"


@dataclass(frozen=True)
class Entry:
    """One item as the page writes it."""

    when: str
    text: str
    aside: str  # for whoever does not see the colour: that it does not count
    counts: bool


@dataclass(frozen=True)
class _Piece:
    start: datetime
    end: datetime
    device: str
    title: str
    reason: str
    is_open: bool
    pages: int = 1  # how many pages of one browser were open at once


def items_of(
    occasion: Occasion,
    spans: Sequence[PresenceSpan],
    evidence: Sequence[Evidence],
    verdict: Verdict | None,
    as_of: datetime,
) -> list[Item]:
    """Return everything held about one person at ``occasion``, oldest first, gaps between live spans included.

    ``verdict``: the one on this evidence, for an occasion of a window: what a replay adds to what one was there for.
    """
    items = [
        *_live_items(occasion, spans, [one for one in evidence if one.kind == Evidence.Kind.OUTBOX], as_of),
        *_watched_items(occasion, [one for one in evidence if one.kind == Evidence.Kind.WATCHED], verdict, as_of),
        *(_said(occasion, one) for one in evidence if one.kind not in (Evidence.Kind.OUTBOX, Evidence.Kind.WATCHED)),
    ]
    return sorted(items, key=lambda item: (item.started_at, item.ended_at or item.started_at))


def entries_of(items: Sequence[Item]) -> list[Entry]:
    """Return the items in words, each day named once."""
    before = [None, *items]
    return [
        Entry(
            when=one.when(before=earlier),
            text=_("，").join([one.title, *one.notes]),
            aside="" if one.counts else _("（不计入）"),
            counts=one.counts,
        )
        for earlier, one in zip(before, items, strict=False)
    ]


def _live_items(
    occasion: Occasion, spans: Sequence[PresenceSpan], resent: Sequence[Evidence], as_of: datetime
) -> list[Item]:
    pieces = [
        _Piece(
            span.started_at, span.ended_at or max(as_of, span.started_at), span.device,
            _("手机在线观看"), span.end_reason, span.ended_at is None,
        )
        for span in spans
    ]  # fmt: skip
    for one in resent:
        if one.started_at and one.ended_at:
            title = _("断网时手机继续播放，联网后补传")
            pieces.append(_Piece(one.started_at, one.ended_at, one.device, title, "", False))
    pieces = _one_each(sorted(pieces, key=lambda piece: (piece.start, piece.end)))
    return [*(_piece_item(occasion, piece, pieces) for piece in pieces), *_gap_items(occasion, pieces)]


def _one_each(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Return the pieces, in order, with several pages of one browser at a time made into one.

    Nobody sits in front of two of them: as lines of their own they would read like time that is lost.
    """
    found: list[_Piece] = []
    for piece in pieces:
        at = next((n for n, one in enumerate(found) if _is_page_beside(piece, one)), None)
        if at is None:
            found.append(piece)
        else:
            one = found[at]
            last = max(one, piece, key=lambda each: (each.is_open, each.end))
            found[at] = replace(one, end=last.end, reason=last.reason, is_open=last.is_open, pages=one.pages + 1)
    return found


def _is_page_beside(piece: _Piece, earlier: _Piece) -> bool:
    return (earlier.device, earlier.title) == (piece.device, piece.title) and piece.start < earlier.end


def _outside_words(occasion: Occasion) -> str:
    if is_meeting(occasion.kind):
        return _("不在会议的时间里，只保留，不计入")
    return _("不在直播的时间里，只保留，不计入")


def _piece_item(occasion: Occasion, piece: _Piece, pieces: Sequence[_Piece]) -> Item:
    start, end = _window(occasion)
    outside = bool(start and piece.end <= start) or bool(end and piece.start >= end)
    notes = []
    if outside:
        notes.append(_outside_words(occasion))
    else:
        if start and piece.start < start:
            notes.append(_("开始以前的时间不计入"))
        if end and piece.end > end:
            notes.append(_("结束以后的时间不计入"))
        if any(_is_beside(piece, other) for other in pieces):
            notes.append(_("两部设备同时在线，只算一次"))
        if piece.pages > 1:
            notes.append(_("同一部设备开了几个页面，只算一次"))
    if piece.is_open:
        notes.append(_("正在观看"))
    elif piece.reason in (PresenceSpan.End.SILENT, PresenceSpan.End.HIDDEN, PresenceSpan.End.WORKER_LOST):
        notes.append(_("结束原因：%(reason)s") % {"reason": PresenceSpan.End(piece.reason).label})
    return Item(piece.start, piece.end, piece.title, tuple(notes), counts=not outside and piece.end > piece.start)


def _is_beside(piece: _Piece, other: _Piece) -> bool:
    return other.device != piece.device and other.start < piece.end and piece.start < other.end


def _nobodys_time(occasion: Occasion, start: datetime, end: datetime) -> str:
    """Return what a gap is called that is no gap of the person's: the lecture was ended, or the site away; else ""."""
    begin, until = ms_of(start), ms_of(end)
    for pairs, said in (
        (occasion.paused_ms, _("中间休息或暂停，这段时间不算")),
        (occasion.away_ms, _("系统中断，这段时间不影响认定")),
    ):
        inside = Spans.of((one, two) for one, two in pairs).clip(begin, until).total
        if inside * 2 > until - begin:
            return said
    return ""


def _gap_items(occasion: Occasion, pieces: Sequence[_Piece]) -> list[Item]:
    """Return the gaps between live spans inside the window: short ones were bridged, long ones earned nothing."""
    window_start, window_end = _window(occasion)
    bridge = timedelta(seconds=rule_of(occasion).bridge_s)
    items = []
    reached: datetime | None = None
    for before, after in pairwise(pieces):
        reached = max(reached or before.end, before.end)
        start, end = max(reached, window_start or reached), min(after.start, window_end or after.start)
        if end <= start:
            continue
        if nobodys := _nobodys_time(occasion, start, end):
            items.append(Item(start, end, nobodys, (), counts=False))
        elif end - start <= bridge:
            # It counts, so nothing is said of its length; what nobody could notice is no break at all.
            if end - start >= NOTICED:
                items.append(Item(start, end, _("短暂断开，已按连续计算"), (), counts=True))
        else:
            items.append(Item(start, end, _("这段时间没有连接，不计入"), (), counts=False))
    return items


def _watched_items(
    occasion: Occasion, reports: Sequence[Evidence], verdict: Verdict | None, as_of: datetime
) -> list[Item]:
    """Return one item a day: what was newly counted that day; what was seen before earns nothing again."""
    by_day: defaultdict[object, list[Evidence]] = defaultdict(list)
    for one in sorted(reports, key=lambda one: one.recorded_at):
        by_day[localdate(one.recorded_at)].append(one)
    seen: dict[str, Spans] = {}
    items = []
    counted = _counter(occasion, verdict, as_of)
    for day in by_day.values():
        before = counted(seen)
        played = 0
        for one in day:
            ranges = [(int(start), int(end)) for start, end in one.ranges_ms or []]
            played += sum(end - start for start, end in ranges)
            seen[one.media] = seen.get(one.media, Spans()) | Spans.of(ranges)
        items.append(_watched_item(occasion, day, counted(seen) - before, played))
    return items


def _counter(occasion: Occasion, verdict: Verdict | None, as_of: datetime) -> Callable[[dict[str, Spans]], int]:
    """Return what tells how much counts once this has been seen, as judging counts it: what a course has today, each
    piece to its length; of a replay what one was not there for anyway."""
    if occasion.rule.basis == Rule.Basis.MEDIA or verdict is None:
        lengths = occasion.media_items
        return lambda seen: sum(
            spans.total if lengths is None else spans.clip(0, int(lengths.get(media, 0))).total
            for media, spans in seen.items()
        )
    window, there = window_of(occasion, as_of=as_of), verdict.live | verdict.hall

    def counted(seen: dict[str, Spans]) -> int:
        union = there
        for spans in seen.values():
            union |= window.lay(spans)
        return union.total

    return counted


def _watched_item(occasion: Occasion, day: Sequence[Evidence], fresh: int, played: int) -> Item:
    until = occasion.make_up_until_at
    is_late = until is not None and day[0].recorded_at > until
    notes = [_("新计入 %(minutes)s") % {"minutes": length(fresh)}] if fresh and not is_late else []
    gone = occasion.media_items is not None and any(one.media not in occasion.media_items for one in day)
    if is_late:
        notes.append(_("已过补学期限，不计入"))
    elif played > fresh and not gone:
        notes.append(_("看过的再看不重复计算"))
    if gone:
        notes.append(_gone(occasion, day))
    title = _("学习课程") if occasion.rule.basis == Rule.Basis.MEDIA else _("看回放")
    ended_at = day[-1].recorded_at if len(day) > 1 else None
    return Item(day[0].recorded_at, ended_at, title, tuple(notes), counts=fresh > 0 and not is_late)


def _gone(occasion: Occasion, day: Sequence[Evidence]) -> str:
    """Return what became of what was watched and is no part of the course any more."""
    if any(one.media in had for one in day for _until, had in occasion.media_history):
        return _("其中有视频后来从课程里撤下：学过的都保存着，撤下以前已经学完的仍然有效，没学完的不再要求")
    return _("其中有视频后来从课程里撤下：学过的都保存着，不再要求学")


def _said(occasion: Occasion, one: Evidence) -> Item:
    """Return what a person said or recorded: the hall, a leave, study elsewhere, an answered prompt."""
    kind = Evidence.Kind(one.kind)
    notes = []
    if one.category:
        notes.append(category(one.category))
    if kind == Evidence.Kind.LEAVE and _is_after(occasion, one):
        notes.append(_("开始以后才请的"))
    if kind == Evidence.Kind.DECLARED and one.media:
        notes.append(one.media)
    if kind == Evidence.Kind.UNDERSTOOD and one.score:
        notes.append(_scored(one.score))
    if kind == Evidence.Kind.PASSED and one.score:
        right, of = one.score
        notes.append(_("答对 %(of)s 题中的 %(right)s 题，通过") % {"right": right, "of": of})
    if kind == Evidence.Kind.CHECK_IN:
        notes.append(_("现场负责人登记后才计入"))
    if one.recorded_by is not None:
        notes.append(_("%(name)s %(moment)s 登记") % _by(one))
    back = getattr(one, "withdrawn_by", None)
    if back is not None:
        notes.append(_("已撤回：%(name)s %(moment)s") % _by(back))
    start, end = _window(occasion)
    outside = kind == Evidence.Kind.HALL and bool(
        (start and one.ended_at and one.ended_at <= start) or (end and one.started_at and one.started_at >= end)
    )
    if outside and back is None:
        notes.append(_outside_words(occasion))
    if kind == Evidence.Kind.UNDERSTOOD:
        return Item(one.recorded_at, None, str(kind.label), tuple(notes), counts=_is_passed(occasion, one))
    if kind == Evidence.Kind.PASSED:
        is_asked = one.media in occasion.gates
        notes += [] if is_asked else [_("这份练习现在不要求")]
        return Item(one.started_at or one.recorded_at, None, str(kind.label), tuple(notes), counts=is_asked)
    counts = not outside and back is None and kind != Evidence.Kind.CHECK_IN
    title = kind_words(occasion, kind)
    return Item(one.started_at or one.recorded_at, one.ended_at, title, tuple(notes), counts=counts)


def kind_words(occasion: Occasion, kind: str) -> str:
    """Return what a piece of evidence is called: whoever sat in a meeting came to it, and watched nothing together."""
    if kind == Evidence.Kind.HALL and is_in_person(occasion.kind):
        return _("到会")
    return str(Evidence.Kind(kind).label)


def _scored(score: Sequence[int]) -> str:
    right, of, need, version = score
    said = {"right": right, "of": of, "version": version}
    if right >= need:
        return _("答对 %(of)s 题中的 %(right)s 题，通过（题目第 %(version)s 版）") % said
    return _("答对 %(of)s 题中的 %(right)s 题，没有通过（题目第 %(version)s 版）") % said


def _is_passed(occasion: Occasion, one: Evidence) -> bool:
    """Whether an attempt counts: it was passed, before the make-up ended."""
    right, _of, need, _version = one.score or [0, 0, 1, 0]
    until = occasion.make_up_until_at
    return bool(right >= need) and (until is None or one.recorded_at <= until)


def _is_after(occasion: Occasion, leave: Evidence) -> bool:
    """Whether a leave was asked only once its occasion had begun; of a course, once it was over."""
    asked_at = leave.started_at or leave.recorded_at
    if occasion.rule.basis == Rule.Basis.MEDIA:
        return asked_at >= occasion.ends_at
    return asked_at >= (occasion.window_start_at or occasion.starts_at)


def _by(one: Evidence) -> dict[str, str]:
    name = one.recorded_by.name if one.recorded_by else ""
    return {"name": name, "moment": date_format(localtime(one.recorded_at), "SHORT_DATETIME_FORMAT")}


def _window(occasion: Occasion) -> tuple[datetime | None, datetime | None]:
    return occasion.window_start_at, occasion.window_end_at


def strip_of(occasion: Occasion, verdict: Verdict, as_of: datetime) -> Chart | None:
    """Return the occasion's time as a strip: what counts as judged, by how one was there, and what lies between.

    None for a course, which has no time of its own, and for an occasion without any.
    """
    if occasion.rule.basis == Rule.Basis.MEDIA:
        return None
    window = window_of(occasion, as_of=as_of)
    if window.end <= window.start:
        return None
    replay = Spans()
    for spans in verdict.replay.values():
        replay |= window.lay(spans)
    pieces, left = [], Spans.of([(window.start, window.end)])
    for spans, words, look in (
        (verdict.live, _("在线"), "live"),
        (verdict.hall, _("到会") if window.is_in_person else _("集中收看"), "hall"),
        (replay, _("看回放"), "replay"),
        (window.away | window.paused, _("系统中断或暂停，不影响认定"), "away"),
        (left, _("没有参加"), "gap"),
    ):
        pieces += [_piece(span, window.start, words, look) for span in spans & left]
        left -= spans
    pieces.sort(key=lambda piece: piece.start_ms)
    title = _("%(title)s的时间，哪些计入") % {"title": occasion.title}
    return strip(pieces, length_ms=window.end - window.start, key=f"strip{occasion.pk}", title=title)


def _piece(span: Span, beginning: int, words: str, look: str) -> StripPiece:
    when = f"{hour(moment_of(span.start))} – {hour(moment_of(span.end))}"
    said = words + _("，%(length)s") % {"length": length(span.end - span.start)}
    return StripPiece(span.start - beginning, span.end - beginning, said, when, look)
