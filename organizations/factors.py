"""The second step of signing in: who has one, whether this session has shown it, and what is right (ADR 94)."""

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

import structlog
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from allauth.mfa.webauthn.internal import auth as webauthn
from django.db import DatabaseError, InterfaceError, transaction
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from organizations import limits
from organizations.core.phones import UnableToDecrypt
from organizations.models import User
from organizations.operations import UnableToTry
from organizations.operations.factors import note_codes, note_factor
from organizations.queries import has_factor

log = structlog.get_logger(__name__)
METHOD = "mfa"  # as allauth calls it among what a session was signed in by
FRESH_S = 10 * 60
# For an operator at work on others: a clerk who takes in new numbers all day is not asked each time.
OFFICE_FRESH_S = 60 * 60
SPARE = Authenticator.Type.RECOVERY_CODES


def takes_passkeys() -> bool:
    """Whether this site's address is one that browsers make passkeys for."""
    return Authenticator.Type.WEBAUTHN in app_settings.SUPPORTED_TYPES


def has_shown(request: HttpRequest, person: User) -> bool:
    """Whether this session has shown a second step, whenever it was. No query."""
    return any(record.get("method") == METHOD for record in get_authentication_records(request, person))


def is_fresh(request: HttpRequest, person: User, *, within_s: int = FRESH_S) -> bool:
    """Whether the person has just proved themselves: by their second step or, without one, by whatever they signed in.

    A session that somebody left open, on a phone that somebody else holds, changes nothing.
    """
    since = time.time() - within_s
    second = has_factor(person)
    return any(
        record["at"] > since and (record.get("method") == METHOD or not second)
        for record in get_authentication_records(request, person)
    )


def used_once(person: User, counter: int) -> bool:
    """Take the code of this thirty seconds; False: it was taken before. Of two at once one gets it.

    allauth keeps this in a cache, for a third of the time in which a code is right.
    """
    try:
        limits.count("factor_code", {"code": f"{person.pk} {counter}"})
    except UnableToTry:
        return False
    return True


def counter_of(secret: str, code: str) -> int | None:
    """Return of which thirty seconds this is the code, None: of none that is near."""
    for counter in totp.yield_hotp_counters_from_time():
        if constant_time_compare(totp.format_hotp_value(totp.hotp_value(secret, counter)), code):
            return counter
    return None


@transaction.atomic
def factor_of_code(person: User, code: str) -> Authenticator | None:
    """Return what this code is of and use it up: the authenticator's, else a recovery code. None: it is wrong."""
    # Two at once would both use one code; and a row that was taken away meanwhile would be written anew.
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    rows = {row.type: row for row in Authenticator.objects.filter(user=person)}
    app, spare = rows.get(Authenticator.Type.TOTP), rows.get(SPARE)
    try:
        if app is not None:
            counter = counter_of(decrypt(app.data["secret"]), code)
            if counter is not None:
                return app if used_once(person, counter) else None
        if spare is not None and spare.wrap().validate_code(code):
            return spare
    except UnableToDecrypt:  # PHONE_KEY is another one; the site says so where it starts
        log.error("factor_sealed_by_another_key", user_id=person.pk)
    return None


def factor_of_passkey(person: User, credential: Any) -> Authenticator | None:
    """Return which of the person's passkeys has signed this page's question. None: none of them."""
    try:
        webauthn.parse_authentication_response(credential)
        found: Authenticator = webauthn.complete_authentication(person, credential)
    except (DatabaseError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 - what stands in it is a stranger's, and its parsers raise of every kind
        log.info("passkey_refused", user_id=person.pk, error=type(error).__name__)
        return None
    return found


def new_passkey(person: User, credential: Any) -> bool:
    """Whether this is the answer of a device to this page's question."""
    try:
        webauthn.parse_registration_response(credential)
        webauthn.complete_registration(credential)
    except Exception as error:  # noqa: BLE001 - as above
        log.info("passkey_not_made", user_id=person.pk, error=type(error).__name__)
        return False
    return True


def spare_of(person: User) -> Authenticator | None:
    """Return the person's recovery codes."""
    found: Authenticator | None = Authenticator.objects.filter(user=person, type=SPARE).first()
    return found


def unused(spare: Authenticator | None) -> list[str]:
    """Return the recovery codes that are still worth something."""
    try:
        codes: list[str] = spare.wrap().get_unused_codes() if spare is not None else []
    except UnableToDecrypt:
        return []
    return codes


@transaction.atomic
def renew_spare(person: User, *, as_of: dt.datetime) -> None:
    """Make new recovery codes; the old ones are worth nothing."""
    User.objects.select_for_update(no_key=True).get(pk=person.pk)  # two at once would both make some
    Authenticator.objects.filter(user=person, type=SPARE).delete()
    RecoveryCodes.activate(person)
    note_codes(member=person, as_of=as_of)


@transaction.atomic
def keep_factor(
    person: User, add: Callable[[], Authenticator], *, as_of: dt.datetime, session_key: str
) -> tuple[Authenticator, bool]:
    """Keep a new second step; with the first one come recovery codes. Returns it, and whether these are new.

    The first one ends the person's sessions but this one. Raises IntegrityError where another request has just kept it.
    """
    User.objects.select_for_update(no_key=True).get(pk=person.pk)  # two at once would both make codes
    made = add()
    is_first = spare_of(person) is None
    note_factor(member=person, as_of=as_of, first_in=session_key if is_first else None)
    if is_first:
        RecoveryCodes.activate(person)
    return made, is_first
