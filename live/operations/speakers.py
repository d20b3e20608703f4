"""The stage: a host asks a member up, the member comes with a microphone and goes again. Rows, so that all agree.

Whose picture is that of the lecture is said by such a row, too: it goes with its person, and the lecturer's is back.

A row is an invitation until it is taken up, and goes when the person leaves the stage. A line that is lost, or a
page that is loaded anew, keeps its place for ``KEPT``; a break and the end of the lecture clear the stage.
"""

import datetime as dt
from collections.abc import Collection
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q

from live import queries, room_events
from live.core.media.scrubber import SPEAKERS
from live.core.wire import protocol
from live.models import Lecture, MediaPeer, RaisedHand, Restriction, Speaker
from live.operations.hands import lower_hands

log = structlog.get_logger(__name__)
KEPT = dt.timedelta(seconds=20)
INVITED_FOR = dt.timedelta(seconds=90)
_SOUND_ALONE: dict[str, Any] = {"is_muted": False, "has_picture": False, "shown_at": None}


class UnableToInvite(Exception):
    """``code``: "state" (not live, or a break), "stage_full", "is_muted" (may not speak in the room)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnableToShow(Exception):
    """This person is not on the stage, or their camera is off."""

    code = "no_picture"


class UnableToStepUp(Exception):
    """Nobody asked this person up, or not any more."""

    code = "not_invited"


@transaction.atomic
def invite(*, occasion_id: int, member_id: int, actor_id: int, as_of: dt.datetime) -> None:
    """Ask a member on the stage; asked twice they are asked for as long again. The hand goes down.

    Raises UnableToInvite.
    """
    # Held until the commit: of two hosts who fill the last place one does, and nobody is removed or muted meanwhile.
    if not _hold(occasion_id):
        raise UnableToInvite("state")
    if Restriction.objects.filter(lecture_id=occasion_id, member_id=member_id, lifted_at=None).exists():
        raise UnableToInvite("is_muted")
    theirs = Speaker.objects.filter(lecture_id=occasion_id, member_id=member_id)
    if theirs.update(invited_at=as_of):
        return
    if Speaker.objects.filter(lecture_id=occasion_id).count() >= SPEAKERS:
        raise UnableToInvite("stage_full")
    Speaker.objects.create(
        lecture_id=occasion_id, member_id=member_id, invited_by_id=actor_id, invited_at=as_of, seen_at=as_of
    )
    if RaisedHand.objects.filter(lecture_id=occasion_id, member_id=member_id).exists():
        lower_hands(occasion_id=occasion_id, member_ids=[member_id])
    log.info("speaker_invited", occasion=occasion_id, member=member_id, by=actor_id)
    _announce(occasion_id)


@transaction.atomic
def step_up(*, occasion_id: int, member_id: int, device: str, as_of: dt.datetime) -> None:
    """Take the invitation up with this device; from another one later, the person speaks by that.

    Raises UnableToStepUp.
    """
    row = Speaker.objects.filter(lecture_id=occasion_id, member_id=member_id).first() if _hold(occasion_id) else None
    if row is None or (row.came_at is None and row.invited_at < as_of - INVITED_FOR):
        raise UnableToStepUp
    mine = Speaker.objects.filter(pk=row.pk)
    mine.update(device=device, seen_at=as_of, came_at=row.came_at or as_of, **_SOUND_ALONE)
    if row.came_at is None:
        log.info("speaker_came", occasion=occasion_id, member=member_id)
    if row.came_at is None or row.is_muted or row.has_picture:
        _announce(occasion_id)


@transaction.atomic
def note_sending(*, occasion_id: int, member_id: int, sound: bool, picture: bool) -> None:
    """Remember what somebody on the stage sends; without a camera theirs is the lecture's picture no more."""
    mine = Speaker.objects.filter(lecture_id=occasion_id, member_id=member_id, came_at__isnull=False)
    if not mine.exclude(is_muted=not sound, has_picture=picture).exists():
        return
    mine.update(is_muted=not sound, has_picture=picture, **({} if picture else {"shown_at": None}))
    _announce(occasion_id)


@transaction.atomic
def show_picture(*, occasion_id: int, member_id: int, actor_id: int, as_of: dt.datetime) -> None:
    """Make the picture of somebody on the stage the lecture's, in HLS and the recording, too; 0: the lecturer's.

    Raises UnableToShow.
    """
    # Of two hosts who choose at once one comes after the other.
    Lecture.objects.select_for_update(no_key=True).filter(pk=occasion_id).first()
    stage = Speaker.objects.filter(lecture_id=occasion_id)
    theirs = stage.filter(member_id=member_id, came_at__isnull=False, has_picture=True)
    if member_id and not theirs.exists():
        raise UnableToShow
    before = stage.exclude(shown_at=None).exclude(member_id=member_id).update(shown_at=None)
    if theirs.filter(shown_at=None).update(shown_at=as_of) or before:
        log.info("picture_chosen", occasion=occasion_id, member=member_id, by=actor_id)
        _announce(occasion_id)


@transaction.atomic
def step_down(*, occasion_id: int, member_ids: Collection[int]) -> None:
    """These leave the stage, or their invitation is taken back; who is not there is not told of."""
    deleted, _ = Speaker.objects.filter(lecture_id=occasion_id, member_id__in=member_ids).delete()
    if deleted:
        log.info("speaker_went", occasion=occasion_id, members=sorted(member_ids))
        _announce(occasion_id)


@transaction.atomic
def clear_stage(*, occasion_id: int) -> None:
    """Everybody leaves the stage: a host asks it, a break begins, or the lecture is over."""
    if Speaker.objects.filter(lecture_id=occasion_id).delete()[0]:
        log.info("stage_cleared", occasion=occasion_id)
        _announce(occasion_id)


def note_speakers(*, occasion_id: int, member_ids: Collection[int], as_of: dt.datetime) -> None:
    """Remember that the devices by which these speak are in the room."""
    Speaker.objects.filter(lecture_id=occasion_id, member_id__in=member_ids).update(seen_at=as_of)


def step_down_absent(*, occasion_id: int, as_of: dt.datetime) -> None:
    """Take down who has been gone for a while, and the invitations that nobody took up."""
    late = Q(came_at__isnull=False, seen_at__lt=as_of - KEPT) | Q(came_at=None, invited_at__lt=as_of - INVITED_FOR)
    gone = list(Speaker.objects.filter(late, lecture_id=occasion_id).values_list("member_id", flat=True))
    if gone:
        step_down(occasion_id=occasion_id, member_ids=gone)


@transaction.atomic
def cut_speakers(*, occasion_id: int) -> list[str]:
    """Forget the sound of those who are not on the stage, whosever it is; return what the engine must end."""
    Lecture.objects.select_for_update(no_key=True).filter(pk=occasion_id).first()
    speaking = Speaker.objects.filter(lecture_id=occasion_id, came_at__isnull=False)
    theirs = MediaPeer.objects.filter(lecture_id=occasion_id, kind=MediaPeer.Kind.TALK)
    over = theirs.exclude(member_id__in=speaking.values("member_id"))
    references = list(over.values_list("reference", flat=True))
    over.delete()
    return references


def _hold(occasion_id: int) -> bool:
    """Hold the lecture until the commit; False where nobody can be on its stage."""
    live = Lecture.objects.filter(pk=occasion_id, state=Lecture.State.LIVE, break_at=None)
    return live.select_for_update(no_key=True).first() is not None


def _announce(occasion_id: int) -> None:
    def tell() -> None:
        event = protocol.SpeakersEvent(speakers=queries.speakers(occasion_id))
        room_events.publish(occasion_id, protocol.as_data(event), flush=True)

    transaction.on_commit(tell)
