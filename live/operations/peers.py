"""Browsers' connections with the media engine: which web process owns one, and how another takes it over."""

import datetime as dt

from django.db import IntegrityError, transaction

from live.models import Lecture, MediaPeer


def keep_peer(
    *,
    occasion_id: int,
    member_id: int,
    device: str,
    kind: str,
    key: str,
    reference: str,
    owner: str,
    as_of: dt.datetime,
) -> bool:
    """Note a new connection; False where its lecture or its person is gone.

    There is one on the air, and one by which a speaker speaks or somebody in a meeting sends: a new one has replaced
    whatever was, which can be taken over no more.
    """
    try:
        with transaction.atomic():
            if kind == MediaPeer.Kind.PUB:
                MediaPeer.objects.filter(lecture_id=occasion_id, kind=kind).delete()
            elif kind in (MediaPeer.Kind.TALK, MediaPeer.Kind.MEET):
                MediaPeer.objects.filter(lecture_id=occasion_id, kind=kind, member_id=member_id).delete()
            MediaPeer.objects.create(
                lecture_id=occasion_id,
                member_id=member_id,
                device=device,
                kind=kind,
                key=key,
                reference=reference,
                owner=owner,
                made_at=as_of,
            )
    except IntegrityError:
        return False
    return True


def claim_peer(*, occasion_id: int, member_id: int, device: str, kind: str, key: str, owner: str) -> str | None:
    """Make ``owner`` the one that keeps this connection; return the engine's reference, None where it is not theirs.

    Everything must fit: a key alone, copied from another browser, opens nothing.
    """
    own = MediaPeer.objects.filter(lecture_id=occasion_id, member_id=member_id, device=device, kind=kind, key=key)
    found = own.exclude(owner=owner).values_list("owner", "reference").first()
    if found is None:
        return None
    # Of two that claim at once, one finds the owner as both have read it.
    return found[1] if own.filter(owner=found[0]).update(owner=owner) else None


def drop_peer(*, key: str, owner: str) -> bool:
    """Forget a connection; False where it is another process's by now, which goes on with it."""
    deleted, _ = MediaPeer.objects.filter(key=key, owner=owner).delete()
    return bool(deleted)


def cut_peers(*, occasion_id: int, member_id: int, kind: str = "") -> list[str]:
    """Forget all that this person has in a lecture, of a ``kind`` only where one is given, whoever owns it.

    Return what is to be ended at the engine.
    """
    with transaction.atomic():
        theirs = MediaPeer.objects.filter(lecture_id=occasion_id, member_id=member_id)
        if kind:
            theirs = theirs.filter(kind=kind)
        found = list(theirs.select_for_update().values_list("pk", "reference"))
        MediaPeer.objects.filter(pk__in=[pk for pk, _reference in found]).delete()
    return [reference for _pk, reference in found]


def cut_publisher(*, occasion_id: int) -> list[tuple[str, str]]:
    """Forget who is on the air of a lecture by WebRTC, whoever owns it.

    Return what is to be ended, and at which engine.
    """
    with transaction.atomic():
        rows = MediaPeer.objects.filter(lecture_id=occasion_id, kind=MediaPeer.Kind.PUB).select_for_update(of=("self",))
        found = [
            (pk, url, reference)
            for pk, url, reference in rows.values_list("pk", "lecture__media_node__url", "reference")
        ]
        MediaPeer.objects.filter(pk__in=[pk for pk, _url, _reference in found]).delete()
    return [(url, reference) for _pk, url, reference in found if url]


def forget_old_peers() -> None:
    """Forget connections of lectures that are not live: where no media agent was left to close the room."""
    MediaPeer.objects.exclude(lecture__state=Lecture.State.LIVE).delete()


def forget_peers(*, occasion_id: int) -> None:
    """The lecture's room at the engine is closed, and all connections with it; unless it goes on, in a new one."""
    MediaPeer.objects.filter(lecture_id=occasion_id).exclude(lecture__state=Lecture.State.LIVE).delete()
