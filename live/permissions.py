"""Who may do what around a lecture (docs/trust.md). Asked once, at the edge; "no" is answered with 404.

A host is the assigned lecturer for as long as they are one near the lecture's node (as when it was planned:
``live.queries.may_lecture``), or an organiser whose subtree holds that node. Everybody else needs to be on
the roster: the snapshot once the lecture was opened, before that a membership valid today in the node's subtree. To a
further session whoever was expected at the first may come, too; that is no evidence of anything.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Q
from django.utils import timezone

from attendance.models import Occasion, PresenceSpan, Training
from attendance.queries.listing import on_roster
from attendance.queries.naming import among_expected
from attendance.queries.sessions import is_on_first
from live.models import Lecture, Restriction, Seat
from organizations.models import Membership, Role, RoleGrant, User
from organizations.permissions import has_role
from organizations.queries import grants_of, valid_on, withheld_roles

BACK_WITHIN = dt.timedelta(minutes=2)


def may_host(user: User, lecture: Lecture) -> bool:
    """Whether ``user`` may go live, end, mute and remove: the lecturer assigned, or an organiser above.

    Each by the role that they hold today.

    A meeting: whoever is a secretary or an organiser of the unit, or above it, today; to have planned it is no right.
    """
    if not (user.is_authenticated and user.is_active):
        return False
    return _is_lecturer(user, lecture) or has_role(user, *_leaders(lecture), node=lecture.occasion.node)


def _is_lecturer(user: User, lecture: Lecture) -> bool:
    if lecture.lecturer_id != user.pk or lecture.is_meeting:
        return False
    held = [grant.path for grant in grants_of(user=user) if grant.role == Role.LECTURER]
    at = lecture.occasion.node.path
    return any(at.startswith(path) or path.startswith(at) for path in held)


def _leading(lecture: Lecture) -> Q:
    """Return the roles of those who lead a lecture, as ``may_host`` says it."""
    node = lecture.occasion.node
    above = Q(node__path__in=node.line_paths())
    leaders = Q(above, role__in=_leaders(lecture))
    if lecture.is_meeting:
        return leaders
    near = above | Q(node__path__startswith=node.path)
    return leaders | Q(near, role=Role.LECTURER, user_id=lecture.lecturer_id)


def _leaders(lecture: Lecture) -> tuple[Role, ...]:
    return (Role.ORGANISER, Role.SECRETARY) if lecture.is_meeting else (Role.ORGANISER,)


def is_withheld(user: User, lecture: Lecture) -> bool:
    """Whether ``user`` has a role of those who lead, which waits for the second step of this session (ADR 94)."""
    return bool(withheld_roles(user=user).intersection(_leaders(lecture)))


def may_void(user: User, lecture: Lecture) -> bool:
    """Whether ``user`` may declare it void: an organiser above, or its lecturer where nothing was held."""
    if has_role(user, *_leaders(lecture), node=lecture.occasion.node):
        return True
    return may_host(user, lecture) and lecture.occasion.state == Occasion.State.NOT_HELD


def may_cut(user: User, lecture: Lecture) -> bool:
    """Whether ``user`` may make a lesson of its recording: a host who writes courses."""
    return may_host(user, lecture) and has_role(user, Role.ORGANISER)


def may_join(user: User, lecture: Lecture) -> bool:
    """Whether ``user`` may enter the room: on the roster and not removed, or a host."""
    if not (user.is_authenticated and user.is_active):
        return False
    if may_host(user, lecture):
        return True
    return bool(_admitted(lecture.occasion, [user.pk])) and not _removed(lecture.pk, [user.pk])


def may_read_recording(user: User, lecture: Lecture) -> bool:
    """Whether ``user`` may watch the replay: whoever might join, and the secretary above the lecture's node.

    A removal is from the room alone: whoever missed the rest by it owes it like anybody, and makes it up by the replay.
    A meeting's is for those alone who were expected at it, and for secretaries as its names are.
    """
    if lecture.is_meeting:
        return may_read_meeting_recording(user, lecture)
    if may_join(user, lecture) or has_role(user, Role.SECRETARY, node=lecture.occasion.node):
        return True
    return lecture.is_over and is_removed(user, lecture)


def may_read_meeting_recording(user: User, lecture: Lecture) -> bool:
    """Whether ``user`` was expected at a meeting that was held, or is a secretary of its unit, or above."""
    if not (user.is_authenticated and user.is_active and lecture.is_meeting):
        return False
    return may_drop_meeting_recording(user, lecture) or expects(lecture.occasion, user.pk)


def may_drop_meeting_recording(user: User, lecture: Lecture) -> bool:
    """Whether ``user`` may delete what was recorded of a meeting: a secretary of its unit, or above."""
    return lecture.is_meeting and has_role(user, Role.SECRETARY, node=lecture.occasion.node)


def is_removed(user: User, lecture: Lecture) -> bool:
    """Whether a host removed this person, who might come otherwise, from the room."""
    if not (user.is_authenticated and user.is_active) or may_host(user, lecture):
        return False
    return bool(_removed(lecture.pk, [user.pk])) and bool(_admitted(lecture.occasion, [user.pk]))


def removed_from(*, member_id: int, occasion_ids: Collection[int]) -> set[int]:
    """Return from which of these lectures' rooms a person is removed now (``settings.KEPT_OUT``); one query."""
    rows = Restriction.objects.filter(
        lecture_id__in=occasion_ids, member_id=member_id, kind=Restriction.Kind.REMOVED, lifted_at=None
    )
    return set(rows.values_list("lecture_id", flat=True))


def may_watch_live(user_id: int, object_id: str) -> bool:
    """Media right (settings.MEDIA_RIGHTS): the live picture of the lecture with this occasion's id."""
    if not (object_id.isascii() and object_id.isdigit() and len(object_id) < 19):
        return False
    user, lecture = _user(user_id), _lecture(occasion_id=int(object_id))
    # What an agent writes of a meeting is for its recording alone.
    return user is not None and lecture is not None and not lecture.is_meeting and may_join(user, lecture)


def may_see_slides(user_id: int, object_id: str) -> bool:
    """Media right (settings.MEDIA_RIGHTS): the slides of a lecture, in its room, unless locked out, and its replay."""
    if not (object_id.isascii() and object_id.isdigit() and len(object_id) < 19):
        return False
    user, lecture = _user(user_id), _lecture(occasion_id=int(object_id))
    if user is None or lecture is None or not may_read_recording(user, lecture):
        return False
    return lecture.state != Lecture.State.LIVE or not is_locked_out(user, lecture, as_of=timezone.now())


def may_watch_recording(user_id: int, object_id: str) -> bool:
    """Media right (settings.MEDIA_RIGHTS): a video that is the recording of a lecture or meeting."""
    try:
        video_id = uuid.UUID(object_id)
    except ValueError:
        return False
    user, lecture = _user(user_id), _lecture(recording_id=video_id)
    return user is not None and lecture is not None and may_read_recording(user, lecture)


@dataclass(frozen=True)
class Rights:
    """Who of some people may be in a room, and who of them as a host."""

    allowed: frozenset[int]
    hosts: frozenset[int]


def rights_now(*, occasion_id: int, user_ids: Iterable[int], on_date: dt.date) -> Rights:
    """Ask for everybody in a room at once; a constant number of queries."""
    ids = list(user_ids)
    lecture = _lecture(occasion_id=occasion_id)
    if lecture is None or not ids:
        return Rights(frozenset(), frozenset())
    grants = RoleGrant.objects.filter(valid_on(on_date), _leading(lecture), user_id__in=ids)
    hosts = set(grants.values_list("user_id", flat=True))
    members = _admitted(lecture.occasion, ids, on_date) - _removed(occasion_id, ids)
    active = frozenset(User.objects.filter(pk__in=hosts | members, is_active=True).values_list("pk", flat=True))
    return Rights(allowed=active, hosts=active & hosts)


def may_host_now(*, occasion_id: int, user_id: int, on_date: dt.date) -> bool:
    """``may_host`` by ids, for a socket's command: asked anew each time."""
    return user_id in rights_now(occasion_id=occasion_id, user_ids=[user_id], on_date=on_date).hosts


def expects(occasion: Occasion, member_id: int) -> bool:
    """Whether presence of this person is evidence: on the roster (or, before it is made, would be today)."""
    return bool(_expected(occasion, [member_id]))


def _expected(occasion: Occasion, ids: list[int], on_date: dt.date | None = None) -> set[int]:
    if occasion.training.state == Training.State.DRAFT:
        return set()
    if occasion.opened_at is not None:
        return on_roster(occasion_id=occasion.pk, member_ids=ids)
    day = on_date or timezone.localdate()
    members = Membership.objects.filter(valid_on(day), member_id__in=ids, node__path__startswith=occasion.node.path)
    return set(members.filter(among_expected(occasion)).values_list("member_id", flat=True))


def _admitted(occasion: Occasion, ids: list[int], on_date: dt.date | None = None) -> set[int]:
    """Return who may come: whoever is expected, and to a further session whoever was expected at the first."""
    expected = _expected(occasion, ids, on_date)
    if occasion.repeats_id is None or occasion.training.state == Training.State.DRAFT:
        return expected
    return expected | is_on_first(occasion, ids)


def _removed(occasion_id: int, ids: list[int]) -> set[int]:
    rows = Restriction.objects.filter(
        lecture_id=occasion_id, member_id__in=ids, kind=Restriction.Kind.REMOVED, lifted_at=None
    )
    return set(rows.values_list("member_id", flat=True))


def _user(user_id: int) -> User | None:
    return User.objects.filter(pk=user_id, is_active=True).first()


def lecture_for_rights(occasion_id: int) -> Lecture | None:
    """Return a lecture with what these rights look at, and no more; one query."""
    return _lecture(occasion_id=occasion_id)


def _lecture(**where: int | uuid.UUID) -> Lecture | None:
    return Lecture.objects.select_related("occasion__node", "occasion__training").filter(**where).first()


def was_inside(*, occasion_id: int, member_id: int, as_of: dt.datetime) -> bool:
    """Whether presence says that somebody is in the room, was within two minutes, or has its page in the background.

    Of sockets that count for nobody there is no presence: for them the rooms' note speaks (``live.room.uncounted``).
    """
    lately = Q(ended_at=None) | Q(ended_at__gt=as_of - BACK_WITHIN) | Q(end_reason=PresenceSpan.End.HIDDEN)
    if PresenceSpan.objects.filter(lately, occasion_id=occasion_id, member_id=member_id).exists():
        return True
    return bool(cache.get(inside_key(occasion_id, member_id)))


def inside_key(occasion_id: int, member_id: int) -> str:
    """Return under which name the cache remembers that an uncounted socket of this person was let in."""
    return f"live.inside:{occasion_id}:{member_id}"


def is_locked_out(user: User, lecture: Lecture, *, as_of: dt.datetime) -> bool:
    """Whether a page of a locked room, or of one with a lobby, tells this person nothing: they are not in.

    No evidence is touched, nor the replay: who stays outside makes it up as anybody who missed it.
    """
    if lecture.is_over or may_host(user, lecture):
        return False
    if lecture.is_meeting and (lecture.has_lobby or lecture.locked_at is not None):
        # What is said inside is for those who were let in: a seat is given to nobody else.
        if Seat.objects.filter(lecture=lecture, member=user, waits=False).exists():
            return False
        if lecture.has_lobby:
            return True
    if lecture.locked_at is None:
        return False
    return not was_inside(occasion_id=lecture.pk, member_id=user.pk, as_of=as_of)
