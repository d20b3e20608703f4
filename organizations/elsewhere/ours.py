"""What all providers share: one address to come back to, and an answer that cannot be read is an answer of theirs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.urls import reverse

# What allauth's own reading of an answer raises where something is missing in it, or is of another kind.
# ImproperlyConfigured: a name of more than 191 characters; NotImplementedError: a key that PyJWT does not know.
UNREADABLE = (
    KeyError, TypeError, ValueError, AttributeError, ImproperlyConfigured, NotImplementedError, RecursionError,
)  # fmt: skip


@contextmanager
def their_answer() -> Iterator[None]:
    """Turn what reading a provider's answer raises into OAuth2Error, which says nothing of what stood in it."""
    try:
        yield
    except UNREADABLE as error:
        raise OAuth2Error(f"unreadable answer: {type(error).__name__}") from error


class TheirError(OAuth2Error):
    """A provider's own number of what went wrong, and what that means (a word of ``sentences.accounts``)."""

    def __init__(self, what: str, code: str) -> None:
        super().__init__(f"{what}: {code}")
        self.what = what
        self.code = code


def callback_of(provider_id: str) -> str:
    """Return the address that a provider sends people back to, as the operator entered it there."""
    return str(settings.SITE_URL) + reverse("account_callback", args=[provider_id])


class OurAdapter:
    """Before allauth's adapter of a provider."""

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        """From SITE_URL, whatever host the browser says it asked."""
        return callback_of(app.provider_id)

    def get_access_token_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        with their_answer():
            data: dict[str, Any] = super().get_access_token_data(*args, **kwargs)  # type: ignore[misc]
        return data

    def parse_token(self, data: dict[str, Any]) -> SocialToken:
        with their_answer():
            return super().parse_token(data)  # type: ignore[misc]

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any) -> SocialLogin:
        with their_answer():
            return super().complete_login(request, app, token, **kwargs)  # type: ignore[misc]
