"""Learning platforms, visits and keys as pages ask for them. Nothing here writes."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet

from lti.models import Platform, SigningKey, Visit
from organizations.models import AccountLink


@dataclass(frozen=True)
class Way:
    """A platform as a provider of accounts: what ``organizations.queries.account_ways`` asks for."""

    id: str
    name: str
    is_on: bool


def ways() -> list[Way]:
    """Return every platform as a provider of accounts; one query."""
    return [Way(one.way, one.name, one.off_at is None) for one in platforms()]


def platforms() -> QuerySet[Platform]:
    """Every platform, those that are on first, the newest first."""
    return Platform.objects.select_related("made_by").order_by(F("off_at").asc(nulls_first=True), "-pk")


def platform_by_id(platform_id: int) -> Platform | None:
    return platforms().filter(pk=platform_id).first()


def platform_of(*, issuer: str, client_id: str) -> Platform | None:
    """Return the platform that a first request names; without a client only where one alone has that issuer."""
    if not (issuer + client_id).isprintable():  # NUL, half a pair: no database takes them all
        return None
    found = Platform.objects.filter(issuer=issuer)
    rows = list(found.filter(client_id=client_id)[:1] if client_id else found.order_by("pk")[:2])
    return rows[0] if len(rows) == 1 else None


def people_linked(platform: Platform) -> int:
    """How many people come in by an account of it."""
    return AccountLink.objects.filter(provider=platform.way).count()


def visit_by_state(state: str) -> Visit | None:
    if not state.isprintable():
        return None
    return Visit.objects.select_related("platform").filter(state=state).first()


def visit_by_id(visit_id: int) -> Visit | None:
    return Visit.objects.select_related("platform").filter(pk=visit_id).first()


def newest_key() -> SigningKey | None:
    return SigningKey.objects.order_by("-made_at", "-pk").first()


def public_keys(*, since: dt.datetime) -> list[dict[str, Any]]:
    """Return the public halves of this site's keys, the newest first."""
    keys = SigningKey.objects.filter(made_at__gte=since).order_by("-made_at", "-pk")
    return list(keys.values_list("public", flat=True))
