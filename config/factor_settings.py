"""The second step of signing in (ADR 94), from the environment: whose roles need one. Bad values stop the start."""

from typing import Any
from urllib.parse import SplitResult

from django.core.exceptions import ImproperlyConfigured

from config.env import words

# As organizations.models.Role has them, which no setting may import.
ROLES = ("secretary", "organiser", "lecturer", "auditor", "operator")
CODE_S = 120  # longer than a code is taken for: three times thirty seconds

# As settings.SIGN_IN_LIMITS. Three codes of a million fit at a time, and a recovery code has eight digits.
LIMITS: dict[str, dict[str, list[tuple[int, int]]]] = {
    "factor": {
        "person_and_address": [(5, 300), (30, 86_400)],
        "person": [(20, 600), (100, 86_400)],
        "browser": [(5, 300), (30, 86_400)],
        "known_browsers": [(20, 600), (60, 86_400)],
    },
    "factor_code": {"code": [(1, CODE_S)]},  # what was taken once is not taken again
}


def roles() -> frozenset[str]:
    """Return the roles whose holders need a second step; none by default. Raises ImproperlyConfigured."""
    found = words("SECOND_FACTOR_ROLES", default=[])
    if unknown := sorted(set(found) - set(ROLES)):
        raise ImproperlyConfigured(
            f"SECOND_FACTOR_ROLES 里的 {unknown[0]!r} 不认识，只能写 {'、'.join(ROLES)}，用逗号分开"
            f" / SECOND_FACTOR_ROLES may name {', '.join(ROLES)}, with commas between"
        )
    return frozenset(found)


def of_allauth(site: SplitResult) -> dict[str, Any]:
    """Return allauth's settings. Passkeys need https and a name (WebAuthn, 5.1.2); browsers let ``localhost`` pass."""
    host = site.hostname or ""
    named = not host.replace(".", "").isdigit() and ":" not in host
    possible = (site.scheme == "https" and named) or host == "localhost"
    return {
        "MFA_ADAPTER": "organizations.adapters_factor.FactorAdapter",
        "MFA_SUPPORTED_TYPES": ["totp", "recovery_codes", *(["webauthn"] if possible else [])],
        "MFA_TOTP_ISSUER": host,
        # The clocks of phones differ: the code before and the one after are taken, too (RFC 6238, 5.2).
        "MFA_TOTP_TOLERANCE": 1,
        # The device asks for a finger, a face or its PIN: whoever finds it has not the second step.
        "MFA_WEBAUTHN_USER_VERIFICATION": "required",
    }
