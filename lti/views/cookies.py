"""What a browser keeps of a visit. The platform sends it here from its own pages, also within a frame, so the cookie is
for all sites (``SameSite=None``), but of this pair of sites alone (``Partitioned``, CHIPS), of these pages, and short.
"""

import hashlib
from http.cookies import Morsel
from typing import Any

from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from lti.models import Visit

SALT = "lti.visit"
LASTS_S = 3600


class PartitionedMorsel(Morsel[str]):
    """Python writes the attribute from 3.14 on."""

    _reserved = {**Morsel._reserved, "partitioned": "Partitioned"}  # type: ignore[attr-defined]  # noqa: SLF001
    _flags = {*Morsel._flags, "partitioned"}  # type: ignore[attr-defined]  # noqa: SLF001


def name_of(state: str) -> str:
    """Each visit has its own: two may be under way."""
    return f"lti-{hashlib.sha256(state.encode()).hexdigest()[:12]}"


def keep(response: HttpResponseBase, state: str, value: str) -> None:
    """Have the browser keep a value for a visit, in place of the one before."""
    _put(response, state, value, lasts_s=LASTS_S)


def drop(response: HttpResponseBase, state: str) -> None:
    """Have it forget a visit that is over: cookies would pile up, one for each lesson that is opened."""
    _put(response, state, "", lasts_s=0)


def _put(response: HttpResponseBase, state: str, value: str, *, lasts_s: int) -> None:
    morsel = PartitionedMorsel()
    name = name_of(state)
    morsel.set(name, value, value)
    attributes: dict[str, Any] = {"path": "/lti/", "max-age": lasts_s, "samesite": "None"}
    morsel.update({**attributes, "secure": True, "httponly": True, "partitioned": True})
    response.cookies[name] = morsel


def keep_person(response: HttpResponseBase, visit: Visit, *, member_id: int, to: str) -> None:
    """Have it keep who the platform says it is, signed, and where they want to."""
    ticket = {"visit": visit.pk, "member": member_id, "to": to}
    keep(response, visit.state, signing.dumps(ticket, salt=SALT))


def kept(request: HttpRequest, state: str) -> str:
    return request.COOKIES.get(name_of(state), "")


def person_kept(request: HttpRequest, visit: Visit) -> dict[str, Any] | None:
    """Return ``member`` and ``to`` as they were kept; None where nothing of ours is."""
    try:
        ticket: dict[str, Any] = signing.loads(kept(request, visit.state), salt=SALT, max_age=LASTS_S)
    except signing.BadSignature:
        return None
    return ticket if ticket["visit"] == visit.pk else None


def form_key(request: HttpRequest, visit: Visit) -> str:
    """What a form of the visit has to send: the cookie goes along with other sites' requests, this is on our page."""
    return signing.Signer(salt=f"{SALT}.form").signature(kept(request, visit.state))
