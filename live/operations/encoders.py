"""A device outside (OBS) that sends a lecture's picture: its key, made by a host, and its connection (ADR 56)."""

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from live.models import AirTurn, EncoderKey, Lecture, MediaPeer
from live.operations.air import leave_air

log = structlog.get_logger(__name__)
KEPT = dt.timedelta(minutes=30)  # after the end: longer than it can be undone


class UnableToMakeKey(Exception):
    """The lecture is over; the message is for the host."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A connection that is to be ended at the engine at ``url``, None where the lecture has none."""

    url: str | None
    reference: str


def digest_of(key: str) -> str:
    """Return what is kept of a key. It has 256 random bits: nothing slow is needed to keep it from being guessed."""
    return hashlib.sha256(key.encode()).hexdigest()


@transaction.atomic
def make_encoder_key(*, occasion_id: int, actor_id: int, as_of: dt.datetime) -> str:
    """Return a lecture's new key. The older one opens nothing any more, and what it opened ends within seconds.

    Raises UnableToMakeKey.
    """
    lecture = Lecture.objects.select_for_update(no_key=True).get(pk=occasion_id)
    if lecture.state not in (Lecture.State.SCHEDULED, Lecture.State.LIVE):
        raise UnableToMakeKey(_("直播已经结束，不再需要推流密钥。"))
    key = secrets.token_urlsafe(32)
    values = {"digest": digest_of(key), "made_by_id": actor_id, "made_at": as_of}
    EncoderKey.objects.update_or_create(lecture_id=occasion_id, defaults=values)
    log.info("encoder_key_made", occasion=occasion_id, by=actor_id)
    return key


def withdraw_encoder_key(*, occasion_id: int, actor_id: int) -> None:
    """Forget a lecture's key; what it opened ends within seconds. Without one nothing happens."""
    EncoderKey.objects.filter(lecture_id=occasion_id).delete()
    log.info("encoder_key_withdrawn", occasion=occasion_id, by=actor_id)


@transaction.atomic
def bind_encoder(*, occasion_id: int, key: str, digest: str) -> bool:
    """Tie a device's connection to the lecture's key by which it was let in; False: there is another one by now.

    Whoever makes another key waits for us or we for them: from here on it is newer than the connection.
    """
    Lecture.objects.select_for_update(no_key=True).get(pk=occasion_id)
    made_at = EncoderKey.objects.filter(lecture_id=occasion_id, digest=digest).values_list("made_at", flat=True).first()
    if made_at is None:
        return False
    return MediaPeer.objects.filter(lecture_id=occasion_id, key=key).update(made_at=made_at) == 1


@transaction.atomic
def cut_encoder(*, occasion_id: int, key: str, as_of: dt.datetime) -> Cut | None:
    """The device ends its connection, by the name that it was told, whichever process owns it; None: there is none."""
    own = MediaPeer.objects.filter(lecture_id=occasion_id, kind=MediaPeer.Kind.PUB, device=AirTurn.ENCODER, key=key)
    row = own.select_related("lecture__media_node").first()
    if row is None:
        return None
    row.delete()
    leave_air(occasion_id=occasion_id, socket=key, as_of=as_of)
    node = row.lecture.media_node
    return Cut(node.url if node else None, row.reference)


def forget_old_encoder_keys(*, as_of: dt.datetime) -> None:
    """Forget the keys of lectures whose end can be undone no more."""
    EncoderKey.objects.filter(lecture__ended_at__lt=as_of - KEPT).delete()
