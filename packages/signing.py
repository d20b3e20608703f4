"""Addresses of a package's files: ``/packages/<token>/<path>``, for the sandboxed frame in which it plays (ADR 82).

No cookie goes with a request of a frame that is nobody's origin, so the address is the ticket: it names the files, for
whom it was made and until when. Whoever changes a sign of it gets 404.
"""

import re
from datetime import datetime

from django.core import signing
from django.utils.http import base36_to_int, int_to_base36

# A sitting; opening the page again gives a new one. Within a slice they are equal: files stay in the cache.
LASTS_S = 4 * 3600
SLICE_S = 3600
_KEY = re.compile(r"[0-9a-f]{32}")


class UnableToVerify(Exception):
    """The token is forged, malformed or expired."""


def _signer() -> signing.Signer:
    return signing.Signer(sep="~", salt="packages.signing")


def token(*, key: str, viewer_id: int, as_of: datetime) -> str:
    """Return a token that lives four hours, at most five."""
    expires = (int(as_of.timestamp()) // SLICE_S + 1) * SLICE_S + LASTS_S
    return _signer().sign(f"{key}.{int_to_base36(viewer_id)}.{int_to_base36(expires)}")


def verified(value: str, *, as_of: datetime) -> str:
    """Return the key of the files that a token opens. Raises UnableToVerify."""
    try:
        key, _viewer, expires = _signer().unsign(value).split(".")
        is_over = base36_to_int(expires) <= as_of.timestamp()
    except (signing.BadSignature, ValueError) as error:
        raise UnableToVerify from error
    if is_over or not _KEY.fullmatch(key):
        raise UnableToVerify
    return key
