"""Which limits a sign-in meets: ``settings.SIGN_IN_LIMITS``, asked before anything dear is done (ADR 26)."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from organizations.address import client_address
from organizations.browsers import known_browser
from organizations.core.limits import Counter, counter, network_of
from organizations.models import User
from organizations.operations import UnableToTry, give_back, take
from organizations.queries import user_by_phone

SALT = "organizations.limits"
LONGEST_IN_MINUTES = 60


@dataclass(frozen=True)
class Try:
    """A try that was counted; ``take_back`` where it turned out to be none."""

    counters: tuple[Counter, ...]

    def take_back(self) -> None:
        give_back(counters=self.counters, as_of=timezone.now())


def try_password(request: HttpRequest, phone: str) -> Try:
    """Count a password that is about to be checked, by number and address, or by the browser where it is known.

    Raises UnableToTry. Whoever is signed in and proves themselves once more is counted by person.
    """
    if isinstance(request.user, User):
        return count("own_password", {"person": str(request.user.pk)})
    return count("password", _scopes(request, phone, user_by_phone(phone)))


def try_code(request: HttpRequest, phone: str) -> Try:
    """Count a code that is about to be sent: each costs money, and rings somebody's phone. Raises UnableToTry."""
    return count("code", _scopes(request, phone, user_by_phone(phone)))


def try_own_password(person: User) -> Try:
    """Count a person's own password, asked for once more. Raises UnableToTry."""
    return count("own_password", {"person": str(person.pk)})


def try_factor(request: HttpRequest, person: User) -> Try:
    """Count a second step that is about to be checked, by person and address, or by a browser where they signed in
    before: who got hold of a password spends no try of whom it belongs to. Raises UnableToTry.
    """
    browser = known_browser(request, person)
    if browser:
        return count("factor", {"browser": f"{browser} {person.pk}", "known_browsers": str(person.pk)})
    address = network_of(client_address(request))
    return count("factor", {"person_and_address": f"{person.pk} {address}", "person": str(person.pk)})


def try_encoder_key(request: HttpRequest) -> Try:
    """Count a wrong key of a device outside, by address. Raises UnableToTry."""
    return count("encoder_key", {"address": network_of(client_address(request))})


def try_receipt_secret(request: HttpRequest) -> Try:
    """Count a secret of receipts that nobody has, by address. Raises UnableToTry."""
    return count("receipt_secret", {"address": network_of(client_address(request))})


def try_account(request: HttpRequest) -> Try:
    """Count a visit to a provider of accounts that begins here, by address. Raises UnableToTry."""
    return count("account", {"address": network_of(client_address(request))})


def try_platform(request: HttpRequest) -> Try:
    """Count a visit that begins at a learning platform, by address. Raises UnableToTry.

    Apart from ``try_account``: a foreign page can begin these, and must not stop whoever signs in by an account.
    """
    return count("lti", {"address": network_of(client_address(request))})


def try_code_entry(request: HttpRequest) -> Try:
    """Count a code that is typed in. The session's own count cannot: many at once would all read the same one."""
    return count("code_entry", {"session": request.session.session_key or ""})


def count(action: str, scopes: Mapping[str, str]) -> Try:
    """Count one try of an action by all that is in ``scopes``. Raises UnableToTry."""
    counters = tuple(
        counter(
            secret=f"{SALT}{settings.SECRET_KEY}", action=action, scope=scope, who=who, amount=amount, window_s=window_s
        )
        for scope, who in scopes.items()
        for amount, window_s in settings.SIGN_IN_LIMITS[action][scope]
    )
    take(counters=counters, as_of=timezone.now())
    return Try(counters)


def _scopes(request: HttpRequest, phone: str, person: User | None) -> dict[str, str]:
    browser = known_browser(request, person)
    if browser and person is not None:
        # Only whoever shows a mark made for this person spends the second: no stranger can.
        return {"browser": f"{browser} {phone}", "known_browsers": str(person.pk)}
    address = network_of(client_address(request))
    return {"number_and_address": f"{phone} {address}", "number": phone, "address": address}


def seconds_left(error: UnableToTry) -> int:
    """How long until the next try is free, at least one second."""
    return max(1, round((error.free_at - timezone.now()).total_seconds() + 0.5))


def minutes_left(error: UnableToTry) -> int:
    """How long until the next try is free, in whole minutes, as it is said to people."""
    return -(-seconds_left(error) // 60)


def when_again(error: UnableToTry) -> str:
    """When the next try is free, in words that stand after 请在."""
    minutes = minutes_left(error)
    if minutes <= LONGEST_IN_MINUTES:
        return ngettext("%(minutes)d 分钟后", "%(minutes)d 分钟后", minutes) % {"minutes": minutes}
    moment = timezone.localtime(error.free_at)
    if moment.date() == timezone.localdate():
        return _("今天 %(time)s 后") % {"time": date_format(moment, "H:i")}
    return _("%(date)s %(time)s 后") % {
        "date": date_format(moment, "MONTH_DAY_FORMAT"),
        "time": date_format(moment, "H:i"),
    }
