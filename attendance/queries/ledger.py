"""Questions to the ledger. Nothing here writes."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any, TypeVar

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from attendance.core.evidence import (
    CheckAsked,
    Earlier,
    Ended,
    Gate,
    Outbox,
    Passed,
    Presence,
    Understood,
    Watched,
    Window,
)
from attendance.core.evidence import Evidence as CoreEvidence
from attendance.core.freshness import WORKER_BEATS_EVERY, is_fresh
from attendance.core.intervals import Span, Spans, ms_of
from attendance.core.rules import Rule as CoreRule
from attendance.core.verdict import Verdict, judge
from attendance.kinds import is_in_person
from attendance.models import (
    Correction,
    Dispute,
    Evidence,
    Occasion,
    PresenceSpan,
    Record,
    RosterEntry,
    Rule,
    Training,
    WatchSession,
)
from attendance.queries.halls import awaited_members
from attendance.queries.listing import on_roster
from attendance.queries.naming import concerning, expecting, may_be_expected
from attendance.queries.sessions import taken_part_again
from attendance.queries.windows import window_limit
from organizations.models import Membership, Node, User
from organizations.queries import exempt_member_ids, membership_on

# What was called off asks nothing of anybody: it stands in no report, no count and no hours.
CALLED_OFF = (Occasion.State.NOT_HELD.value, Occasion.State.VOID.value)
Row = TypeVar("Row")


def is_expected(*, occasion: Occasion, member_id: int) -> bool:
    """Whether a member belongs to an occasion: by its roster; before there is one, by where they belong today."""
    if occasion.state != Occasion.State.SCHEDULED:
        return member_id in on_roster(occasion_id=occasion.pk, member_ids=[member_id])
    if not may_be_expected(occasion, member_id=member_id):
        return False
    membership = membership_on(member_id=member_id, on_date=timezone.localdate(occasion.starts_at))
    return membership is not None and membership.node.path.startswith(occasion.node.path)


def occasion_for(user: User, occasion_id: int) -> Occasion | None:
    """Return an occasion at which ``user`` is expected, or None: they may not know that it exists."""
    found = Occasion.objects.select_related("training", "rule", "node").filter(pk=occasion_id)
    occasion = found.exclude(training__state=Training.State.DRAFT).first()
    if occasion is None or not is_expected(occasion=occasion, member_id=user.pk):
        return None
    return occasion


def credited(*, occasion_id: int, member_id: int, media: str) -> list[list[int]]:
    """Return which ranges (ms) of one piece of media count for a member, as of now: ``[[start, end], …]``."""
    sessions = WatchSession.objects.filter(occasion_id=occasion_id, member_id=member_id, media=media)
    ranges = sessions.values_list("ranges_ms", flat=True)
    return Spans.of((start, end) for pairs in ranges for start, end in pairs).as_lists()


def last_position_ms(*, occasion_id: int, member_id: int, media: str) -> int:
    """Return where a person left off in one piece of media, on whatever phone. One query."""
    sessions = WatchSession.objects.filter(occasion_id=occasion_id, member_id=member_id, media=media)
    return sessions.order_by("-last_at", "-id").values_list("position_ms", flat=True).first() or 0


def due_to_open(*, as_of: datetime) -> QuerySet[Occasion]:
    """Occasions counted by media time whose start has come: nobody else opens those.

    Not while their training is a draft: nobody can see what would be held against them.
    """
    due = Occasion.objects.filter(state=Occasion.State.SCHEDULED, rule__basis=Rule.Basis.MEDIA, starts_at__lte=as_of)
    return due.exclude(training__state=Training.State.DRAFT).order_by("starts_at", "id")


def open_past_end(*, media_by: datetime, window_by: datetime) -> QuerySet[Occasion]:
    """Open occasions whose planned end is past: counted by media since ``media_by``, others since ``window_by``."""
    by_media = Q(rule__basis=Rule.Basis.MEDIA, ends_at__lte=media_by)
    by_window = Q(rule__basis=Rule.Basis.WINDOW, ends_at__lte=window_by, window_start_at__lte=window_by)
    return Occasion.objects.filter(by_media | by_window, state=Occasion.State.OPEN).order_by("ends_at", "id")


def window_of(occasion: Occasion, *, as_of: datetime) -> Window:
    """Return the frame in which ``occasion`` is judged; while it is open, its window lasts as long as was planned."""
    stamp = occasion.rule_stamp or {}
    is_media = stamp.get("basis") == Rule.Basis.MEDIA
    deadline = datetime.fromisoformat(stamp["deadline_at"]) if is_media and "deadline_at" in stamp else None
    until = occasion.make_up_until_at
    paused = Spans.of((begin, end) for begin, end in occasion.paused_ms)
    items = occasion.media_items
    return Window(
        is_further=occasion.repeats_id is not None,
        start=ms_of(occasion.window_start_at or occasion.starts_at),
        end=ms_of(occasion.window_end_at or max(as_of, window_limit(occasion))),
        media_ms=occasion.media_ms or 0,
        items=None if items is None else tuple(sorted(items.items())),
        earlier=tuple(Earlier(last, tuple(sorted(had.items()))) for last, had in occasion.media_history),
        media_offset=occasion.media_offset_ms,
        media_cuts=tuple((at, missing) for at, missing in occasion.media_cuts),
        deadline=ms_of(deadline) if deadline else None,
        make_up_until=ms_of(until) if until else None,
        away=Spans() if is_media else Spans.of((begin, end) for begin, end in occasion.away_ms),
        paused=Spans() if is_media else paused,
        final=occasion.window_end_at is not None,
        is_in_person=is_in_person(occasion.kind),
        check=_check_of(occasion),
        gates=tuple(Gate(key, since) for key, since in sorted(occasion.gates.items())),
    )


def _check_of(occasion: Occasion) -> CheckAsked | None:
    held = occasion.check_asked
    if held is None:
        return None
    return CheckAsked(held["since"], held["version"], held["need"], held["of"], held["most"] or 0)


def rule_of(occasion: Occasion) -> CoreRule:
    """Return the rule stamped on an occasion that has opened."""
    return CoreRule.from_stamp(occasion.rule_stamp or {})


def judged(*, occasion: Occasion, member_id: int, as_of: datetime) -> Verdict:
    """Return the verdict on one member now, with the spans behind it. Reads, stores nothing."""
    entry = RosterEntry.objects.filter(occasion_id=occasion.pk, member_id=member_id).values_list("state", "why").first()
    exempt = {member_id: entry[1]} if entry and entry[0] == RosterEntry.State.EXEMPT else {}
    held = evidence_of(occasion=occasion, member_ids=[member_id], exempt=exempt, as_of=as_of)
    return judge(held[member_id], window_of(occasion, as_of=as_of), rule_of(occasion))


def evidence_of(
    *, occasion: Occasion, member_ids: Collection[int], exempt: dict[int, str], as_of: datetime
) -> dict[int, CoreEvidence]:
    """Return all evidence held on these members at ``occasion``, in three queries, and one more where it was held
    again; ``exempt`` says who is, and why.

    A row still open counts to the end of the window while its worker is alive, else to the worker's last beat.
    """
    presences, awaited = _presences(occasion, member_ids, as_of), awaited_members(occasion.pk, member_ids)
    repeated = taken_part_again(occasion, member_ids)
    facts: defaultdict[int, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    rows = Evidence.objects.filter(occasion_id=occasion.pk, member_id__in=member_ids, withdrawn_by=None)
    rows = rows.exclude(kind=Evidence.Kind.WITHDRAWN).order_by("recorded_at", "id")
    for row in rows.values_list(
        "member_id",
        "kind",
        "device",
        "started_at",
        "ended_at",
        "media",
        "ranges_ms",
        "category",
        "recorded_at",
        "score",
    ):
        _sort_in(facts[row[0]], *row[1:])
    return {
        member_id: CoreEvidence(
            presences=tuple(presences.get(member_id, ())),
            outboxes=tuple(facts[member_id]["outbox"]) if member_id in facts else (),
            halls=tuple(facts[member_id]["hall"]) if member_id in facts else (),
            watched=tuple(facts[member_id]["watched"]) if member_id in facts else (),
            leave=_last(facts, member_id, "leave"),
            declared=_last(facts, member_id, "declared"),
            declared_ms=_last(facts, member_id, "declared_ms") or 0,
            checked_in=_last(facts, member_id, "check_in"),
            awaited=member_id in awaited,
            repeated=repeated.get(member_id),
            exempt=exempt.get(member_id),
            understood=tuple(facts[member_id]["understood"]) if member_id in facts else (),
            passed=tuple(facts[member_id]["passed"]) if member_id in facts else (),
        )
        for member_id in member_ids
    }


def _last(facts: dict[int, dict[str, list[Any]]], member_id: int, kind: str) -> Any:
    found = facts[member_id][kind] if member_id in facts else []
    return found[-1] if found else None


def _sort_in(
    held: dict[str, list[Any]],
    kind: str,
    device: str,
    started_at: datetime | None,
    ended_at: datetime | None,
    media: str,
    ranges: Iterable[tuple[int, int]] | None,
    category: str,
    recorded_at: datetime,
    score: list[int] | None,
) -> None:
    if kind == Evidence.Kind.OUTBOX and started_at and ended_at:
        held["outbox"].append(Outbox(device, ms_of(started_at), ms_of(ended_at), ms_of(recorded_at)))
    elif kind == Evidence.Kind.HALL and started_at and ended_at:
        held["hall"].append(Span(ms_of(started_at), ms_of(ended_at)))
    elif kind == Evidence.Kind.WATCHED:
        held["watched"].append(Watched(media, tuple((a, b) for a, b in ranges or ()), ms_of(recorded_at)))
    elif kind in (Evidence.Kind.LEAVE, Evidence.Kind.DECLARED):
        held[kind].append(category)
        if kind == Evidence.Kind.DECLARED:
            held["declared_ms"].append(ms_of(ended_at) - ms_of(started_at) if started_at and ended_at else 0)
    elif kind == Evidence.Kind.CHECK_IN and started_at:
        held["check_in"].append(ms_of(started_at))
    elif kind == Evidence.Kind.UNDERSTOOD and score:
        right, of, need, version = score
        held["understood"].append(Understood(right, of, need, version, ms_of(recorded_at)))
    elif kind == Evidence.Kind.PASSED:
        held["passed"].append(Passed(media, ms_of(started_at or recorded_at)))


def _presences(occasion: Occasion, member_ids: Collection[int], as_of: datetime) -> dict[int, list[Presence]]:
    rows = PresenceSpan.objects.filter(occasion_id=occasion.pk, member_id__in=member_ids).order_by("started_at", "id")
    until = ms_of(occasion.window_end_at or as_of)
    found: dict[int, list[Presence]] = {}
    for member_id, device, started_at, ended_at, reason, beat_at in rows.values_list(
        "member_id", "device", "started_at", "ended_at", "end_reason", "lease__beat_at"
    ):
        start = ms_of(started_at)
        if ended_at is not None:
            end = ms_of(ended_at)
        else:
            beat = ms_of(beat_at)
            is_alive = beat >= until or is_fresh(beat_at, every=WORKER_BEATS_EVERY, as_of=as_of)
            end = max(start, until if is_alive else beat)
        found.setdefault(member_id, []).append(Presence(device, start, end, Ended(reason)))
    return found


# --- What pages show --------------------------------------------------------------------------------------------------


def occasions() -> QuerySet[Occasion]:
    """Occasions with what a page says of each: training, rule and node."""
    return Occasion.objects.select_related("training", "rule", "node")


def announced_occasions() -> QuerySet[Occasion]:
    """The occasions of trainings that are no drafts: of those somebody else than their maker may know."""
    return occasions().exclude(training__state=Training.State.DRAFT)


def occasions_naming(member: User) -> QuerySet[Occasion]:
    """The opened occasions whose roster names a member, whatever became of them; the newest first."""
    named = RosterEntry.objects.filter(member=member)
    return occasions().filter(roster__in=named).order_by("-starts_at", "-pk")


def occasions_expecting(member: User) -> QuerySet[Occasion]:
    """The opened occasions at which a member is expected and which are held; the oldest first."""
    expected = RosterEntry.objects.filter(member=member, state=RosterEntry.State.EXPECTED)
    mine = occasions().filter(roster__in=expected, training__state=Training.State.PUBLISHED)
    return mine.exclude(state__in=CALLED_OFF).order_by("starts_at", "pk")


def occasions_ahead(membership: Membership, *, since: datetime, on_date: date) -> QuerySet[Occasion]:
    """What is planned since then for whoever belongs to a node: there and above. Nothing for who is exempt that day."""
    found = occasions().filter(
        state=Occasion.State.SCHEDULED,
        training__state=Training.State.PUBLISHED,
        starts_at__gt=since,
        node__path__in=membership.node.line_paths(),
    )
    exempt = exempt_member_ids(on_date=on_date).filter(member_id=membership.member_id)
    found = found.filter(expecting(membership.member_id))
    return found.exclude(Exists(exempt)).order_by("starts_at", "id")


def trainings_touching(nodes: Iterable[Node]) -> QuerySet[Training]:
    """The trainings, no drafts, of these nodes, of what is below and above; with ``has_begun``,
    ``is_running`` and ``is_judging``.

    A unit's own standing ones (its meetings of a year) are listed there and below: a county has thousands.
    """
    inside = Q(pk__in=())
    for node in nodes:
        there = Q(node__path__in=node.line_paths()) | Q(node__path__startswith=node.path, is_standing=False)
        inside |= there & concerning(node)
    opened = Occasion.objects.filter(training_id=OuterRef("pk")).exclude(
        state__in=[Occasion.State.SCHEDULED, *CALLED_OFF]
    )
    timed = opened.filter(rule__basis=Rule.Basis.WINDOW)
    running = timed.filter(state=Occasion.State.OPEN)
    judging = timed.exclude(state__in=(Occasion.State.OPEN, Occasion.State.SETTLED))
    found = Training.objects.filter(inside).exclude(state=Training.State.DRAFT).select_related("node")
    states = {"has_begun": Exists(opened), "is_running": Exists(running), "is_judging": Exists(judging)}
    return found.annotate(**states).order_by("deadline_at", "id")


def entries_below(path: str) -> QuerySet[RosterEntry]:
    """Who stands on rosters under a part of the tree: everybody's entry for the empty path."""
    found = RosterEntry.objects.filter(node__path__startswith=path)
    return found.select_related("occasion__rule", "occasion__training", "node")


def unread_entries(*, training_id: int, below: str) -> QuerySet[RosterEntry]:
    """Who in a part of the tree has evidence that nobody has read.

    A lecture that was reopened is judged when it ends; while it runs nothing new is marked there.
    """
    unread = entries_below(below).filter(dirty_at__isnull=False, occasion__training_id=training_id)
    return unread.exclude(occasion__state=Occasion.State.OPEN, occasion__rule__basis=Rule.Basis.WINDOW)


def records_of(*, occasion_id: int, member_ids: Collection[int]) -> QuerySet[Record]:
    """What holds for these people at one occasion, in the order of their names."""
    found = Record.objects.filter(occasion_id=occasion_id, member_id__in=member_ids)
    return found.select_related("member").order_by("member__name_key", "member_id")


def disputes() -> QuerySet[Dispute]:
    """Disputes with what an answer needs: where, whose, and what was answered and corrected."""
    return Dispute.objects.select_related("occasion__training", "member", "answered_by", "correction__review")


def held_at(occasion_ids: Collection[int], *, member_id: int) -> dict[str, dict[int, list[Any]]]:
    """What is held about a member at each of some occasions, by kind and occasion. Five queries."""
    mine = {"member_id": member_id, "occasion_id__in": occasion_ids}
    corrections = Correction.objects.filter(record__member_id=member_id, record__occasion_id__in=occasion_ids)
    return {
        "records": _by_occasion(Record.objects.filter(**mine)),
        "spans": _by_occasion(PresenceSpan.objects.filter(**mine).order_by("started_at", "id")),
        "evidence": _by_occasion(
            Evidence.objects.filter(**mine)
            .exclude(kind=Evidence.Kind.WITHDRAWN)  # said beside what they take back
            .select_related("recorded_by", "withdrawn_by__recorded_by")
            .order_by("recorded_at", "id")
        ),
        "disputes": _by_occasion(
            Dispute.objects.filter(**mine)
            .select_related("answered_by", "correction__review")
            .order_by("-raised_at", "-id")
        ),
        "corrections": _grouped(
            (correction.record.occasion_id, correction)
            for correction in corrections.select_related("author", "record", "review__decided_by").order_by("at", "id")
        ),
    }


def _by_occasion(rows: QuerySet[Any, Any]) -> dict[int, list[Any]]:
    return _grouped((row.occasion_id, row) for row in rows)


def _grouped(pairs: Iterable[tuple[int, Row]]) -> dict[int, list[Row]]:
    groups: defaultdict[int, list[Row]] = defaultdict(list)
    for key, row in pairs:
        groups[key].append(row)
    return groups
