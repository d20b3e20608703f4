"""Signing in by an account of elsewhere."""

from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from requests import RequestException

from organizations import limits
from organizations.adapters_elsewhere import kind_of_failure, tell_failure
from organizations.operations import UnableToTry
from organizations.permissions import signed_in
from organizations.views.account import safe_next


def provider_or_404(request: HttpRequest, provider_id: str) -> Any:
    if all(way.id != provider_id for way in settings.ACCOUNT_WAYS):
        raise Http404  # allauth also finds one by the name of its kind, and of WeChat's there are two
    try:
        provider = get_adapter().get_provider(request, provider_id)
    except SocialApp.DoesNotExist as error:
        raise Http404 from error
    return provider


@never_cache
@require_POST
def start(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Lead to the provider, by a page: a form may lead nowhere else (CSP), and no script is needed.

    Only by a form of ours, so that no other site begins a sign-in here; only to sign in, whatever was asked for.
    """
    wanted = request.POST.get("next", "")
    return leave(request, provider_id, AuthProcess.LOGIN, safe_next(request, wanted) if wanted else None)


def leave_to_link(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Lead whoever is signed in, and has just proved themselves, to the provider whose account they want to link.

    Only where accounts are people's own: whose one of an organisation is, a number or an operator says (ADR 85).
    """
    if not provider_or_404(request, provider_id).app.settings["by_oneself"]:
        raise Http404
    return leave(request, provider_id, AuthProcess.CONNECT, data={"person": signed_in(request).pk})


def leave(
    request: HttpRequest, provider_id: str, process: str, following: str | None = None, data: Any = None
) -> HttpResponse:
    """Return the page that leads to the provider. ``data`` waits in the session, beside the state, for the answer."""
    provider = provider_or_404(request, provider_id)
    try:
        limits.try_account(request)
    except UnableToTry as error:
        messages.error(request, _("登录的人太多，请在 %(when)s再试。") % {"when": limits.when_again(error)})
        return redirect("account_login" if process == AuthProcess.LOGIN else "my_sign_in")
    try:
        leading = provider.redirect(request, process, following, data)
    except (RequestException, OAuth2Error) as error:
        return tell_failure(request, provider.app, kind_of_failure(error), error)
    if not isinstance(leading, HttpResponseRedirect):
        return leading  # it failed, and says so
    context = {"url": leading.url, "name": provider.app.name, "is_linking": process != AuthProcess.LOGIN}
    return render(request, "account/elsewhere_leaving.html", context)


@never_cache
@require_GET
def callback(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Back from the provider. What it says holds only with the state that this very browser was given, once."""
    provider = provider_or_404(request, provider_id)
    adapter = provider.get_oauth2_adapter(request)
    try:
        answer: HttpResponseBase = OAuth2CallbackView.adapter_view(adapter)(request)
    except (RequestException, OAuth2Error) as error:
        return tell_failure(request, provider.app, kind_of_failure(error), error)
    return answer
