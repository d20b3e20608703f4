"""How allauth's socialaccount meets this house: whose account it is the roster says, and nobody is ever made (ADR 85).

Nothing of what a provider tells is stored but the account's own name: allauth's tables of accounts and tokens stay
empty, ``AccountLink`` holds whose it is.
"""

from functools import partial
from typing import Any

import structlog
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount import app_settings
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, _build_apps_from_settings
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from requests import RequestException, Response, Session, TooManyRedirects

from organizations.models import User
from organizations.operations.accounts import UnableToUseAccount, person_of_account
from organizations.sentences import accounts as sentences

log = structlog.get_logger(__name__)
SERVER_ERRORS = 500


class NoDetours(Session):
    """Asks a provider at its own address alone: a redirect would take the secret and the token along, and by http."""

    def get_redirect_target(self, resp: Response) -> str | None:
        """Return None. Raises TooManyRedirects, which says nothing of where it led."""
        if resp.is_redirect:
            raise TooManyRedirects("a provider leads elsewhere", response=resp)
        return None


class SocialAdapter(DefaultSocialAccountAdapter):
    def get_requests_session(self) -> Session:
        """As allauth's, within its time, but that no redirect is followed."""
        session = NoDetours()
        session.request = partial(session.request, timeout=app_settings.REQUESTS_TIMEOUT)  # type: ignore[method-assign]
        return session

    def list_apps(self, request: HttpRequest, provider: str | None = None, client_id: str | None = None) -> list[Any]:
        """From the settings alone: what stands in the database could be put there from a page."""
        apps: dict[str, list[SocialApp]] = _build_apps_from_settings(provider=provider, client_id=client_id)
        return [app for found in apps.values() for app in found]

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Never: accounts come from the roster."""
        return False

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User | None:
        """A name or number of there is not the roster's, and is not kept."""
        person: User | None = sociallogin.user
        return person

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find whose account it is, or say why it lets nobody in."""
        provider, external_id = sociallogin.account.provider, sociallogin.account.uid
        app = sociallogin.provider.app
        vouched = app.settings["trusts_phone"] and sociallogin.phone_verified
        phone = (sociallogin.phone or "") if vouched else ""
        try:
            person = person_of_account(provider=provider, external_id=external_id, phone=phone, as_of=timezone.now())
        except UnableToUseAccount as error:
            log.warning("account_refused", provider=provider, why=error.why.value)
            said = sentences.refused(error.why, name=app.name)
            raise ImmediateHttpResponse(tell(request, said, external_id=external_id)) from error
        sociallogin.user = person

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Say in words what allauth found; of an exception only its kind is logged: its text may hold a token."""
        if exception is not None:
            what = kind_of_failure(exception)
        elif error == AuthError.CANCELLED:
            what = sentences.CANCELLED
        else:
            what = sentences.OVER if "state" not in (extra_context or {}) else sentences.UNREADABLE
        raise ImmediateHttpResponse(tell_failure(request, provider.app, what, exception))


def kind_of_failure(exception: Exception) -> str:
    """Return whether a provider was away, or there and told nothing that says who it is."""
    if not isinstance(exception, RequestException):
        return sentences.UNREADABLE
    refused = exception.response is not None and exception.response.status_code < SERVER_ERRORS
    return sentences.UNREADABLE if refused else sentences.AWAY


def tell_failure(request: HttpRequest, app: SocialApp, what: str, exception: Exception | None = None) -> HttpResponse:
    """Return the page that says what went wrong at a provider."""
    log.warning("account_failed", provider=app.provider_id, why=what, error=type(exception).__name__)
    return tell(request, sentences.failed(what, name=app.name))


def tell(request: HttpRequest, said: sentences.Said, *, external_id: str = "") -> HttpResponse:
    """Return a page of plain sentences; ``external_id`` only where whoever is called can do something with it."""
    context = {"said": said, "external_id": external_id if said.shows_id else ""}
    response = render(request, "account/elsewhere_refused.html", context, status=said.status)
    response.headers["Cache-Control"] = "no-store"
    return response
