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
from allauth.socialaccount.providers.base.constants import AuthProcess
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from requests import RequestException, Response, Session, TooManyRedirects

from organizations.elsewhere.ours import TheirError
from organizations.models import User
from organizations.operations.accounts import UnableToUseAccount, link_own_account, person_of_account
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
        """Find whose account it is, or say why it lets nobody in; or link it to whoever is signed in and asked so."""
        app, external_id = sociallogin.provider.app, sociallogin.account.uid
        provider = app.settings["accounts"]
        sociallogin.token = None  # of no more use; a session that waits for a second step would keep it
        named = {"provider": provider, "external_id": external_id, "known_as": getattr(sociallogin, "known_as", "")}
        if sociallogin.state.get("process") == AuthProcess.CONNECT:
            raise ImmediateHttpResponse(_linked(request, sociallogin, **named))
        vouched = app.settings["trusts_phone"] and sociallogin.phone_verified
        phone = (sociallogin.phone or "") if vouched else ""
        try:
            person = person_of_account(**named, phone=phone, as_of=timezone.now())
        except UnableToUseAccount as error:
            log.warning("account_refused", provider=provider, why=error.why.value)
            said = sentences.refused(error.why, name=app.name, by_oneself=app.settings.get("by_oneself", False))
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
        state = (extra_context or {}).get("state")
        says_nothing = "code" not in request.GET and "error" not in request.GET
        if exception is not None:
            what = kind_of_failure(exception)
        elif state is None:
            what = sentences.OVER
        elif error == AuthError.CANCELLED or (says_nothing and getattr(provider, "refuses_silently", False)):
            what = sentences.CANCELLED
        else:
            what = sentences.UNREADABLE
        is_linking = state is not None and state.get("process") == AuthProcess.CONNECT
        raise ImmediateHttpResponse(tell_failure(request, provider.app, what, exception, is_linking=is_linking))


def _linked(
    request: HttpRequest, sociallogin: SocialLogin, *, provider: str, external_id: str, known_as: str
) -> HttpResponse:
    """Link the account to whoever began this, and lead back to their page, which says so or why not."""
    name, person = sociallogin.provider.app.name, request.user
    if not isinstance(person, User) or sociallogin.state.get("data") != {"person": person.pk}:
        return tell_failure(request, sociallogin.provider.app, sentences.OVER)
    named = {"provider": provider, "external_id": external_id, "known_as": known_as}
    try:
        link_own_account(member_id=person.pk, **named, as_of=timezone.now())
    except UnableToUseAccount as error:
        log.warning("account_not_linked", provider=provider, why=error.why.value)
        messages.error(request, sentences.not_linked(error.why, name=name))
    else:
        messages.success(request, sentences.linked(name=name))
    return redirect("my_sign_in")


def kind_of_failure(exception: Exception) -> str:
    """Return what a provider's own number means; else whether it was away, or there and told nothing that says who it
    is."""
    if isinstance(exception, TheirError):
        return exception.what
    if not isinstance(exception, RequestException):
        return sentences.UNREADABLE
    refused = exception.response is not None and exception.response.status_code < SERVER_ERRORS
    return sentences.UNREADABLE if refused else sentences.AWAY


def tell_failure(
    request: HttpRequest, app: SocialApp, what: str, exception: Exception | None = None, *, is_linking: bool = False
) -> HttpResponse:
    """Return the page that says what went wrong at a provider; whoever was linking an account, on their own page."""
    code = exception.code if isinstance(exception, TheirError) else ""
    log.warning("account_failed", provider=app.provider_id, why=what, error=type(exception).__name__, code=code)
    if not is_linking:
        return tell(request, sentences.failed(what, name=app.name, code=code))
    messages.error(request, sentences.failed_to_link(what, name=app.name, code=code))
    return redirect("my_sign_in")


def tell(request: HttpRequest, said: sentences.Said, *, external_id: str = "") -> HttpResponse:
    """Return a page of plain sentences; ``external_id`` only where whoever is called can do something with it."""
    context = {"said": said, "external_id": external_id if said.shows_id else ""}
    response = render(request, "account/elsewhere_refused.html", context, status=said.status)
    response.headers["Cache-Control"] = "no-store"
    return response
