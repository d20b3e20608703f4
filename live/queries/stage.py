"""Who is on the air of a lecture, whose hands are up. Nothing here writes."""

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from live.core.wire import protocol
from live.models import AirTurn, Lecture, RaisedHand
from organizations.models import Membership, RoleGrant, User
from organizations.queries import valid_on

LOGGED = 20
Air = tuple[int, bool, bool, bool]
NOBODY: Air = (0, False, False, False)
NOBODY_ON_AIR = protocol.OnAirEvent(
    turn=0, host=0, name="", unit="", source="", at=0, here=False, offered=False, before="", before_name=""
)


@dataclass(frozen=True)
class AirNote:
    """Somebody took the air, of whom: what hosts read of a takeover. "" as a name: the device outside."""

    at: dt.datetime
    name: str
    before_name: str


def hands_of(occasion_ids: Collection[int]) -> dict[int, dict[int, dt.datetime]]:
    """Return whose hands are up and since when, by lecture; one query."""
    found: dict[int, dict[int, dt.datetime]] = defaultdict(dict)
    rows = RaisedHand.objects.filter(lecture_id__in=occasion_ids).order_by("raised_at", "pk")
    for lecture_id, member_id, raised_at in rows.values_list("lecture_id", "member_id", "raised_at"):
        found[lecture_id][member_id] = raised_at
    return found


def air_of(occasion_ids: Collection[int]) -> dict[int, Air]:
    """Return which turn is on the air, whether its page is there, is offered back, and waits for an encoder.

    One query.
    """
    rows = AirTurn.objects.filter(lecture_id__in=occasion_ids, ended_at=None)
    fields = ("lecture_id", "pk", "left_at", "offered_at", "awaits_encoder_at")
    return {
        lecture_id: (pk, left_at is None, offered_at is not None, awaits_at is not None)
        for lecture_id, pk, left_at, offered_at, awaits_at in rows.values_list(*fields)
    }


def pages_on_air(*, occasion_ids: Collection[int]) -> dict[int, tuple[int, str]]:
    """Return whose page sends the picture, as (host, the page's name), by lecture; none in a break. One query."""
    rows = AirTurn.objects.filter(lecture_id__in=occasion_ids, ended_at=None).exclude(source=AirTurn.ENCODER)
    live = rows.filter(lecture__state=Lecture.State.LIVE, lecture__break_at=None)
    return {pk: (host_id, source) for pk, host_id, source in live.values_list("lecture_id", "host_id", "source")}


def on_air(occasion_id: int) -> protocol.OnAirEvent:
    """Return what hosts are told of who is on the air; two queries, one more for a host who belongs to no unit."""
    turn = AirTurn.objects.select_related("host", "before__host").filter(lecture_id=occasion_id, ended_at=None).first()
    if turn is None:
        return NOBODY_ON_AIR
    return protocol.OnAirEvent(
        turn=turn.pk,
        host=turn.host_id,
        name=turn.host.name,
        unit=units({turn.host_id}).get(turn.host_id, "") or _serves(turn.host_id),
        source=turn.source,
        at=_ms(turn.began_at),
        here=turn.left_at is None,
        offered=turn.offered_at is not None,
        before=turn.before.source if turn.before else "",
        before_name=turn.before.host.name if turn.before and turn.before.host_id != turn.host_id else "",
        awaits=turn.awaits_encoder_at is not None,
    )


def air_log(occasion_id: int) -> list[AirNote]:
    """Return who took the air from whom, the newest first; another page of the same host is no takeover.

    One query.
    """
    turns = AirTurn.objects.filter(lecture_id=occasion_id).select_related("host").order_by("-pk")[: LOGGED + 1]
    rows = list(turns)
    pairs = itertools.pairwise(rows)
    return [
        AirNote(turn.began_at, _sender(turn), _sender(earlier))
        for turn, earlier in pairs
        if turn.host_id != earlier.host_id or _sender(turn) != _sender(earlier)
    ]


def _sender(turn: AirTurn) -> str:
    return "" if turn.source == AirTurn.ENCODER else turn.host.name


def hand_events(raised: Mapping[int, dt.datetime]) -> list[protocol.HandEvent]:
    """Return what hosts are told of these hands, in their order; two queries at any number."""
    if not raised:
        return []
    names = dict(User.objects.filter(pk__in=raised).values_list("pk", "name"))
    theirs = units(raised.keys())
    return [
        protocol.HandEvent(
            member=member_id, name=names.get(member_id, ""), unit=theirs.get(member_id, ""), up=True, at=_ms(at)
        )
        for member_id, at in sorted(raised.items(), key=lambda item: item[1])
    ]


def units(member_ids: Collection[int]) -> dict[int, str]:
    """Return the names of the nodes that people belong to today; one query."""
    today = Q(valid_on(timezone.localdate()), member_id__in=member_ids)
    return dict(Membership.objects.filter(today).values_list("member_id", "node__name"))


def _serves(user_id: int) -> str:
    """Return where somebody who belongs to no unit of the tree holds their first role, or ""."""
    held = RoleGrant.objects.filter(valid_on(timezone.localdate()), user_id=user_id).order_by("node__depth", "pk")
    return held.values_list("node__name", flat=True).first() or ""


def _ms(at: dt.datetime) -> int:
    return round(at.timestamp() * 1000)
