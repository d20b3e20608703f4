"""Signed, expiring addresses of media: ``/m/<token>/<path>``.

The token stands in the path, so that relative addresses inside a playlist carry it without rewriting. It names the
root, the object, the viewer and the expiry; whoever changes a byte gets 404. It is no ticket by itself: each file is
for the browser in which that viewer is signed in, and only while they may see it (``media.rights``, ADR 29).

``/_media/stored/<token>/<root>/<object>/<path>`` is what the web server in front is told to ask for where the file lies
in a bucket: no viewer stands in it, for it keeps the answer for all of them. No browser ever sees such an address.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core import signing
from django.utils.crypto import constant_time_compare
from django.utils.http import base36_to_int, int_to_base36

ROOTS = {"videos": "v", "live": "l", "slides": "s"}
LETTERS = {letter: root for root, letter in ROOTS.items()}
OBJECT_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
# Addresses made within the same slice of time are equal, so that a phone's cache keeps what it has loaded.
SLICE_S = 3600
# From the site's answer to the web server's question; it may wait for another that asks for the same.
STORED_S = 120


class UnableToVerify(Exception):
    """The token is forged, malformed or expired."""


@dataclass(frozen=True)
class Claim:
    """What a token allows: this viewer may fetch files of this object until ``expires`` (Unix seconds)."""

    root: str
    object_id: str
    viewer_id: int
    expires: int


def _signer() -> signing.Signer:
    return signing.Signer(sep="~", salt="media.signing")


def token(*, root: str, object_id: str, viewer_id: int, as_of: datetime) -> str:
    """Return a token that lives at least ``settings.MEDIA_URL_TTL_S`` seconds, at most an hour more."""
    if OBJECT_ID.fullmatch(object_id) is None:
        raise ValueError(f"not an object's id: {object_id!r}")
    expires = (int(as_of.timestamp()) // SLICE_S + 1) * SLICE_S + settings.MEDIA_URL_TTL_S
    return _signer().sign(f"{ROOTS[root]}.{object_id}.{int_to_base36(viewer_id)}.{int_to_base36(expires)}")


def signed_url(*, root: str, object_id: str, viewer_id: int, path: str, as_of: datetime) -> str:
    """Return ``/m/<token>/<path>``; ``root`` is one of ``ROOTS``."""
    return f"/m/{token(root=root, object_id=str(object_id), viewer_id=viewer_id, as_of=as_of)}/{path}"


def verify(value: str, *, as_of: datetime) -> Claim:
    """Return the token's claim, or raise UnableToVerify."""
    try:
        letter, object_id, viewer, expires = _signer().unsign(value).split(".")
        claim = Claim(LETTERS[letter], object_id, base36_to_int(viewer), base36_to_int(expires))
    except (signing.BadSignature, ValueError, KeyError) as error:
        raise UnableToVerify from error
    if claim.expires <= as_of.timestamp():
        raise UnableToVerify
    return claim


def stored_address(*, root: str, object_id: str, path: str, as_of: datetime) -> str:
    """Return where the web server in front gets a file of a bucket within the next two minutes."""
    expires = int_to_base36(int(as_of.timestamp()) + STORED_S)
    return f"/_media/stored/{expires}~{_stored(root, object_id, path, expires)}/{root}/{object_id}/{path}"


def verify_stored(value: str, *, root: str, object_id: str, path: str, as_of: datetime) -> None:
    """Raises UnableToVerify unless the token is of this file, and of late."""
    expires, _sep, signature = value.partition("~")
    try:
        is_over = base36_to_int(expires) <= as_of.timestamp()
    except ValueError as error:
        raise UnableToVerify from error
    if is_over or not constant_time_compare(signature, _stored(root, object_id, path, expires)):
        raise UnableToVerify


def _stored(*named: str) -> str:
    return signing.Signer(salt="media.stored").signature("\n".join(named))
