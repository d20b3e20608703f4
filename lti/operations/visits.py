"""Somebody on the way here from a platform: begun, said who it is, let in once."""

import datetime as dt
import secrets
from typing import Any

import structlog
from django.core.cache import cache
from django.utils import timezone

from lti.core.claims import Asked, Refusal, UnableToLaunch, derived
from lti.models import Platform, Visit
from organizations.models import AccountLink, Role, User
from organizations.operations.accounts import person_of_account
from organizations.queries import has_left, roles_of

log = structlog.get_logger(__name__)
GOOD_FOR = dt.timedelta(minutes=10)  # from the first request to the platform's word, and from there to the page
CHOOSING = dt.timedelta(minutes=60)
KEPT = dt.timedelta(days=1)
MOST_DELETED = 500
MOST_TRIES = 10  # messages of one visit whose signature is checked; the platform sends one


def begin(*, platform: Platform, as_of: dt.datetime) -> tuple[Visit, str]:
    """Return a new visit and the secret that the browser keeps: state and nonce follow from it.

    Visits of yesterday go at the same time: whoever makes them takes them away.
    """
    old = Visit.objects.filter(made_at__lt=as_of - KEPT).order_by("made_at").values("pk")[:MOST_DELETED]
    Visit.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()
    secret = secrets.token_urlsafe(32)
    visit = Visit.objects.create(platform=platform, state=derived("state", secret), made_at=as_of)
    return visit, secret


def check_open(visit: Visit | None, *, as_of: dt.datetime) -> Visit:
    """Return a visit whose answer is still waited for. Raises UnableToLaunch."""
    if visit is None or visit.launched_at is not None or visit.made_at < as_of - GOOD_FOR:
        raise UnableToLaunch(Refusal.OVER)
    if visit.platform.off_at is not None:
        raise UnableToLaunch(Refusal.OFF)
    return visit


def count_try(visit: Visit) -> None:
    """Count a message whose signature is about to be checked. Raises UnableToLaunch.

    Each number is taken once, so that many at once are counted, too.
    """
    seconds = int(GOOD_FOR.total_seconds())
    if not any(cache.add(f"lti-try-{visit.pk}-{number}", 1, seconds) for number in range(MOST_TRIES)):
        raise UnableToLaunch(Refusal.OVER, "too many tries")


def arrive(*, visit: Visit, asked: Asked, as_of: dt.datetime) -> User:
    """The platform has said who it is: return whom it lets in. What it said holds once, also where it is refused.

    Raises UnableToLaunch; UnableToUseAccount where the roster does not know whose account it is (ADR 85, 96). Nobody
    who manages the site comes in by a platform, for an operator could set one up who says that they are another one.
    """
    taken = Visit.objects.filter(pk=visit.pk, launched_at=None)
    if taken.update(launched_at=as_of, wants=asked.wants or {}) != 1:
        raise UnableToLaunch(Refusal.OVER)
    phone = asked.phone if visit.platform.trusts_phone else ""
    person = person_of_account(provider=visit.platform.way, external_id=asked.sub, phone=phone, as_of=as_of)
    if _manages(person, as_of):
        raise UnableToLaunch(Refusal.MANAGES)
    Platform.objects.filter(pk=visit.platform_id).update(used_at=as_of)
    log.info("lti_arrived", member_id=person.pk, platform_id=visit.platform_id, chooses=asked.wants is not None)
    return person


def person_inside(*, visit: Visit, member_id: Any, as_of: dt.datetime) -> User:
    """Return the person of a visit that has arrived, as they stand now. Raises UnableToLaunch."""
    limit = CHOOSING if visit.wants else GOOD_FOR
    if visit.launched_at is None or visit.launched_at < as_of - limit:
        raise UnableToLaunch(Refusal.OVER)
    if visit.platform.off_at is not None:
        raise UnableToLaunch(Refusal.OFF)
    person = User.objects.filter(pk=member_id, is_active=True).first()
    if person is None or has_left(person, on_date=timezone.localdate(as_of)):
        raise UnableToLaunch(Refusal.OVER)
    if not AccountLink.objects.filter(member=person, provider=visit.platform.way).exists():  # ended meanwhile
        raise UnableToLaunch(Refusal.OVER)
    if _manages(person, as_of):
        raise UnableToLaunch(Refusal.MANAGES)
    return person


def _manages(person: User, as_of: dt.datetime) -> bool:
    return person.is_superuser or Role.OPERATOR in roles_of(user=person, on_date=timezone.localdate(as_of))


def finish(*, visit: Visit, as_of: dt.datetime) -> None:
    """Take the visit, once: signed in, or chosen. Raises UnableToLaunch."""
    if not close(visit=visit, as_of=as_of):
        raise UnableToLaunch(Refusal.OVER)


def close(*, visit: Visit, as_of: dt.datetime) -> bool:
    """End the visit: nobody is signed in by it from now on; whether it was open."""
    return Visit.objects.filter(pk=visit.pk, done_at=None).update(done_at=as_of) == 1
