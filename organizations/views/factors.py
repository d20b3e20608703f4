"""The second step of signing in: asked for at the door, set up and ended by oneself, taken away by an operator."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.internal.decorators import login_stage_required
from allauth.account.internal.flows.login import record_authentication
from allauth.account.internal.stagekit import get_pending_stage
from allauth.account.utils import get_login_redirect_url
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.totp.internal.auth import TOTP, clear_totp_secret
from allauth.mfa.webauthn.internal import auth as webauthn
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from organizations import pressed_again
from organizations.account_ways import ways_here
from organizations.factor_forms import CodeForm, NewAppForm, NewPasskeyForm, PasskeyForm, digits
from organizations.factors import (
    FRESH_S,
    METHOD,
    OFFICE_FRESH_S,
    has_shown,
    is_fresh,
    keep_factor,
    renew_spare,
    spare_of,
    takes_passkeys,
    unused,
)
from organizations.models import Role, User
from organizations.operations.factors import UnableToEndFactor, end_factor, factors_of, take_factors
from organizations.operations.sessions import end_sessions
from organizations.permissions import role_required, signed_in
from organizations.queries import account_links_of, has_factor, roles_of, withheld_roles
from organizations.sms import can_tell_codes
from organizations.views.account import safe_next, with_status
from organizations.views.operator import log_people, person_or_404

TO_SHOW = "recovery_codes_to_show"  # in the session: the codes that were just made are shown once
AFTERWARDS = "factor_next"  # in the session: where somebody wanted to go who had to set one up first
MOST_PASSKEYS = 10
UNPROCESSABLE = 422
View = Callable[..., HttpResponseBase]


def fresh(view: View) -> View:
    """View decorator: whoever has not just proved themselves does so first, and comes back."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return to_prove(request) or view(request, *args, **kwargs)

    return guarded


def to_prove(request: HttpRequest, *, within_s: int = FRESH_S, back: str = "") -> HttpResponseRedirect | None:
    """Return the way to the page where somebody proves themselves and comes back; None: they just have.

    What was sent is not kept: it may be somebody's number. They are told so. ``back``: where to, if not here.
    """
    if is_fresh(request, signed_in(request), within_s=within_s):
        return None
    if request.method == "POST":
        messages.warning(request, _("刚才的没有保存：先确认是您本人，再办一次。"))
    return HttpResponseRedirect(f"{resolve_url('factor_confirm')}?{urlencode({'next': back or request.path})}")


def _answers(request: HttpRequest, person: User) -> tuple[CodeForm, PasskeyForm | None, Any]:
    """Return the forms of a page that asks for the second step, and the one of them that was sent (or None)."""
    given: dict[str, Any] = {"request": request, "person": person}
    keys = takes_passkeys() and factors_of(user_id=person.pk).filter(type=Authenticator.Type.WEBAUTHN).exists()
    sent = request.POST if request.method == "POST" else None
    by_key = sent is not None and keys and "credential" in sent
    code = CodeForm(None if by_key else sent, **given)
    key = PasskeyForm(sent if by_key else None, **given) if keys else None
    return code, key, None if sent is None else key if by_key else code


def _ask(request: HttpRequest, person: User, template: str, forms: Any, **more: Any) -> HttpResponse:
    code, key, sent = forms
    context = {"form": code, "key_form": key, "sent": sent, **more}
    if key is not None:
        context["js_data"] = {"request_options": webauthn.begin_authentication(person)}
    response = render(request, template, context)
    return with_status(response, sent) if sent is not None else response


@csrf_exempt  # asked by _authenticate
@require_http_methods(["GET", "HEAD", "POST"])
def authenticate(request: HttpRequest) -> HttpResponseBase:
    """The stage between a right code, password, link or account and the site, for whoever has a second step.

    Whoever is signed in already pressed twice, and their page has the token of before: they are led on.
    """
    if request.user.is_authenticated:
        return HttpResponseRedirect(get_login_redirect_url(request))
    return _authenticate(request)


@csrf_protect
def _authenticate(request: HttpRequest) -> HttpResponseBase:
    again = _pressed_again(request) if get_pending_stage(request) is None else None
    return again or _ask_at_sign_in(request)


def _pressed_again(request: HttpRequest) -> HttpResponseBase | None:
    """Sign in who sends the right code once more, as the answer to the first never came (``pressed_again``)."""
    code = digits(request.POST.get("code", ""))
    person = pressed_again.person_of(request, code=code, step=pressed_again.Step.SECOND) if code else None
    if person is None or not person.is_active or not has_factor(person):  # or it was taken away meanwhile
        return None
    record_authentication(request, person, method=METHOD)
    get_account_adapter().login(request, person)
    return HttpResponseRedirect(get_login_redirect_url(request))


@login_stage_required(stage=AuthenticateStage.key, redirect_urlname="account_login")
def _ask_at_sign_in(request: HttpRequest) -> HttpResponseBase:
    stage = request._login_stage  # type: ignore[attr-defined]  # noqa: SLF001 - as allauth's own views read it
    person: User = stage.login.user
    if not has_factor(person):  # taken away meanwhile
        return HttpResponseRedirect(resolve_url("account_login"))
    forms = _answers(request, person)
    if forms[2] is not None and forms[2].is_valid():
        post_authentication(request, forms[2].factor)
        if code := digits(request.POST.get("code", "")):
            pressed_again.remember(request, code=code, person=person, step=pressed_again.Step.SECOND)
        answer: HttpResponseBase = stage.exit()
        return answer
    return _ask(request, person, "account/factor.html", forms)


@never_cache
@role_required()
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponseBase:
    """The second step once more, or for the first time in this session; without one, the password or a new sign-in."""
    person = signed_in(request)
    wanted = safe_next(request, request.POST.get("next") or request.GET.get("next") or resolve_url("mfa_index"))
    second = has_factor(person)
    if is_fresh(request, person) and (has_shown(request, person) or not second):
        return HttpResponseRedirect(wanted)
    if not second:
        return _sign_in_again(request, person, wanted)
    forms = _answers(request, person)
    if forms[2] is not None and forms[2].is_valid():
        post_authentication(request, forms[2].factor, reauthenticated=True)
        return HttpResponseRedirect(wanted)
    return _ask(request, person, "account/factor_confirm.html", forms, next=wanted)


def _sign_in_again(request: HttpRequest, person: User, wanted: str) -> HttpResponse:
    """The password, or the usual way in; whoever came by a link and has none is not led out of the only way."""
    comes_back = _comes_back(request, person)
    if request.method == "POST" and comes_back:
        logout(request)
        return HttpResponseRedirect(wanted)  # which asks to sign in, and brings them back
    by_password = f"{resolve_url('account_reauthenticate')}?{urlencode({'next': wanted})}"
    ways = {"next": wanted, "by_password": by_password if person.has_usable_password() else ""}
    return render(request, "account/factor_sign_in_again.html", ways | {"comes_back": comes_back})


def _comes_back(request: HttpRequest, person: User) -> bool:
    """Whether the person has a way to sign in that needs nobody else: codes and passwords go with a number."""
    if person.phone_index and (can_tell_codes() or person.has_usable_password()):
        return True
    return account_links_of(person).filter(provider__in=[way.accounts for way in ways_here(request)]).exists()


@never_cache
@role_required()
@require_safe
def factors(request: HttpRequest) -> HttpResponse:
    """One's own second steps, and whether a role asks for one."""
    person = signed_in(request)
    if "next" in request.GET:
        request.session[AFTERWARDS] = safe_next(request, request.GET["next"])
    found = list(factors_of(user_id=person.pk))
    context = {
        "tab": "me",
        "found": found,
        "takes_app": not any(one.type == Authenticator.Type.TOTP for one in found),
        "spare": len(unused(spare_of(person))),
        "is_needed": _is_needed(person),
        "takes_passkeys": takes_passkeys(),
        "afterwards": request.session.get(AFTERWARDS, "") if has_factor(person) else "",
    }
    return render(request, "account/factors.html", context)


def _is_needed(person: User) -> bool:
    held = roles_of(user=person) | withheld_roles(user=person)
    return bool(held & settings.SECOND_FACTOR_ROLES)


@never_cache
@role_required()
@require_http_methods(["GET", "HEAD", "POST"])
@fresh
def add_app(request: HttpRequest) -> HttpResponse:
    """An authenticator: its secret as a picture, as a link and as text, and its first code."""
    person = signed_in(request)
    if factors_of(user_id=person.pk).filter(type=Authenticator.Type.TOTP).exists():
        return _kept(request)
    form = NewAppForm(request.POST if request.method == "POST" else None, request=request, person=person)
    if form.is_bound and form.is_valid():
        answer = _added(request, person, lambda: TOTP.activate(person, form.secret).instance)
        clear_totp_secret(request)
        return answer
    adapter = get_adapter()
    url = adapter.build_totp_url(person, form.secret)
    secret = form.secret.rstrip("=")
    context = {
        "tab": "me",
        "form": form,
        "url": url,
        "picture": adapter.build_totp_svg(url),
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
    }
    return with_status(render(request, "account/factor_app.html", context), form)


@never_cache
@role_required()
@require_http_methods(["GET", "HEAD", "POST"])
def add_passkey(request: HttpRequest) -> HttpResponseBase:
    """A passkey of this phone, this computer or a stick, where the site's address is one that can have any."""
    if not takes_passkeys():
        raise Http404
    return _add_passkey(request)


@fresh
def _add_passkey(request: HttpRequest) -> HttpResponse:
    person = signed_in(request)
    if factors_of(user_id=person.pk).count() > MOST_PASSKEYS:
        messages.error(request, _("最多可以有 %(most)s 把通行密钥，请先移除不用的。") % {"most": MOST_PASSKEYS})
        return redirect("mfa_index")
    form = NewPasskeyForm(request.POST if request.method == "POST" else None, request=request, person=person)
    if form.is_bound and form.is_valid():
        name, credential = form.cleaned_data["name"], form.cleaned_data["credential"]
        return _added(request, person, lambda: webauthn.WebAuthn.add(person, name, credential).instance)
    options = webauthn.begin_registration(person, passwordless=False)
    context = {"tab": "me", "form": form, "js_data": {"creation_options": options}}
    return render(request, "account/factor_passkey.html", context)


def _added(request: HttpRequest, person: User, add: Callable[[], Authenticator]) -> HttpResponse:
    """Keep a new second step. This session has shown it."""
    try:
        key = request.session.session_key or ""
        made, has_new_codes = keep_factor(person, add, as_of=timezone.now(), session_key=key)
    except IntegrityError:  # sent twice at once: the other one has kept it
        return _kept(request)
    post_authentication(request, made, reauthenticated=True)
    if not has_new_codes:
        messages.success(request, _("已添加。下次登录要多这一步。"))
        return redirect("mfa_index")
    messages.success(request, _("已添加，别处的登录已退出。下次登录要多这一步。"))
    request.session[TO_SHOW] = True
    return redirect("factor_codes")


def _kept(request: HttpRequest) -> HttpResponse:
    """It is there already. Whoever pressed twice has not seen their recovery codes."""
    return redirect("factor_codes" if request.session.get(TO_SHOW) else "mfa_index")


@never_cache
@role_required()
@require_http_methods(["GET", "HEAD", "POST"])
@fresh
def codes(request: HttpRequest) -> HttpResponse:
    """Recovery codes: shown once, when they are made. POST makes new ones, and the old are worth nothing."""
    person = signed_in(request)
    if not has_factor(person):
        return redirect("mfa_index")
    if request.method == "POST":
        renew_spare(person, as_of=timezone.now())
        request.session[TO_SHOW] = True
        return redirect("factor_codes")
    shown: list[str] = []
    if request.method == "GET" and request.session.pop(TO_SHOW, False):
        shown = unused(spare_of(person))
    context = {"tab": "me", "codes": shown, "text": "\n".join(shown), "afterwards": request.session.get(AFTERWARDS, "")}
    return render(request, "account/factor_codes.html", context)


@never_cache
@role_required()
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, factor_id: int) -> HttpResponseBase:
    """End one of one's own; asked once more before."""
    mine = factors_of(user_id=signed_in(request).pk)
    found = mine.filter(pk=factor_id).first() if factor_id < 2**63 else None
    if found is None:
        raise Http404
    return _end(request, found)


@fresh
def _end(request: HttpRequest, found: Authenticator) -> HttpResponse:
    person = signed_in(request)
    if request.method == "POST":
        needed = _is_needed(person)
        try:
            end_factor(member_id=person.pk, factor_id=found.pk, as_of=timezone.now(), is_needed=needed)
        except UnableToEndFactor as error:
            messages.error(request, str(error))
        else:
            # Where it was shown it counts no more: what is removed may be lost, and somebody signed in with it.
            end_sessions(user_id=person.pk, as_of=timezone.now(), but=request.session.session_key or "")
            messages.success(request, _("已移除，别处的登录也已退出。"))
        return redirect("mfa_index")
    is_last = factors_of(user_id=person.pk).count() == 1
    return render(request, "account/factor_end.html", {"tab": "me", "factor": found, "is_last": is_last})


@never_cache
@role_required(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest, person_id: int) -> HttpResponseBase:
    """An operator takes them from somebody who has lost them; never from themselves: that is what theirs is for."""
    person = person_or_404(request, person_id)
    if person.pk == signed_in(request).pk or not has_factor(person):
        raise Http404
    return to_prove(request, within_s=OFFICE_FRESH_S) or _take(request, person)


def _take(request: HttpRequest, person: User) -> HttpResponse:
    if request.method == "POST":
        take_factors(member_id=person.pk, as_of=timezone.now(), actor_id=signed_in(request).pk)
        messages.success(request, _("已移除%(name)s的登录验证，各处的登录也已退出。") % {"name": person.name})
        return redirect("person", person.pk)
    log_people(request, [person.pk], what="person")
    return render(request, "organizations/factors_take.html", {"tab": "people", "person": person})
