"""How allauth's second step meets this house: its secrets are sealed, its names come from SITE_URL (ADR 94)."""

import base64
from typing import Any

import segno
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa import app_settings
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from organizations.core import phones
from organizations.models import User


class FactorAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("验证没有通过，请再试一次。"),
    }

    def encrypt(self, text: str) -> str:
        """Sealed as sessions are: a copy of the database lets nobody in."""
        return base64.b64encode(phones.seal(settings.PHONE_KEY, text.encode())).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Reverse ``encrypt``. Raises UnableToDecrypt."""
        return phones.unseal(settings.PHONE_KEY, base64.b64decode(encrypted_text)).decode()

    def get_totp_label(self, user: User) -> str:
        """What the authenticator lists the code under, on the person's own phone."""
        return f"{app_settings.TOTP_ISSUER}:{user.name}"

    def build_totp_svg(self, url: str) -> str:
        return str(segno.make(url, error="m", micro=False).svg_inline(border=2, omitsize=True))

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """By SITE_URL, never by the Host header of whoever asks."""
        return {"id": app_settings.TOTP_ISSUER, "name": settings.WAGTAIL_SITE_NAME}

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, Any]:
        """The device shows the name when it asks; the identity is a number that says nothing."""
        return {"id": user_pk_to_url_str(user).encode(), "display_name": user.name, "name": user.name}
