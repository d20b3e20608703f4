"""Sign-in beside allauth's own views, and how a person wants pages shown."""

from typing import Any
from urllib.parse import urlencode

from allauth.account.forms import RequestLoginCodeForm
from allauth.account.internal.constants import LoginStageKey
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.internal.stagekit import clear_login, get_pending_stage, redirect_to_pending_stage
from allauth.account.models import Login
from allauth.account.stages import LoginByCodeStage, LoginStage
from allauth.account.utils import get_login_redirect_url
from allauth.account.views import ConfirmLoginCodeView as AllauthConfirmLoginCodeView
from allauth.account.views import LoginView as AllauthLoginView
from allauth.account.views import PasswordChangeView as AllauthPasswordChangeView
from allauth.account.views import PasswordSetView as AllauthPasswordSetView
from allauth.account.views import ReauthenticateView as AllauthReauthenticateView
from allauth.account.views import RequestLoginCodeView as AllauthRequestLoginCodeView
from django.contrib import messages
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST

from organizations import limits, pressed_again, sms
from organizations.display import choose_before_signing_in, known_language, set_display_cookies
from organizations.forms import DisplayForm
from organizations.hashing import RETRY_AFTER_S, UnableToHash
from organizations.models import User
from organizations.operations import UnableToTry, set_display_of
from organizations.operations.roster_said import phone_said
from organizations.queries import has_phone, phone_of

REFUSALS = {"limited": 429, "busy": 503}


class StartAgain:
    """Coming back to the start means another number or way; allauth would hold people at the code page."""

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: LoginStage) -> None:
        clear_login(request)


class RefusalHasAStatus:
    """A form that was refused by a limit (429) or for want of a free core (503) says so to programs, too."""

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]
        return with_status(response, form)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            answer: HttpResponseBase = super().post(request, *args, **kwargs)  # type: ignore[misc]
        except UnableToHash:
            messages.error(request, _("现在的人很多，请等几秒再试一次。"))
            empty = {**self.get_form_kwargs(), "data": None, "files": None}  # type: ignore[attr-defined]
            form = self.get_form_class()(**empty)  # type: ignore[attr-defined]  # not cleaned again: that may hash
            answer = self.render_to_response(self.get_context_data(form=form))  # type: ignore[attr-defined]
            answer.status_code = REFUSALS["busy"]
            answer.headers["Retry-After"] = str(RETRY_AFTER_S)
        return answer


def with_status(response: HttpResponse, form: BaseForm) -> HttpResponse:
    """Give the answer the status of what refused the form, a limit or a busy machine."""
    errors = [error for field in form.errors.as_data().values() for error in field if error.code in REFUSALS]
    if errors:
        response.status_code = REFUSALS[errors[0].code or ""]
        response.headers["Retry-After"] = str((errors[0].params or {}).get("seconds", RETRY_AFTER_S))
    return response


class LoginView(RefusalHasAStatus, StartAgain, AllauthLoginView):
    """Phone and password."""


class RequestLoginCodeView(RefusalHasAStatus, AllauthRequestLoginCodeView):
    """Ask for a code; a site that can send none says so and takes no number. One that was sent before still holds, and
    the page leads to it: whoever may have no other has it in hand. Whoever got as far as the second step begins anew.
    """

    has_code = False

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: LoginStage) -> None:
        self.has_code = stage.key == LoginStageKey.LOGIN_BY_CODE
        if not self.has_code:
            clear_login(request)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"has_code": self.has_code}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        answer = super().post if sms.can_tell_codes() else self.get
        return answer(request, *args, **kwargs)


class PasswordChangeView(RefusalHasAStatus, AllauthPasswordChangeView):
    """Another password, against the present one."""


class PasswordSetView(RefusalHasAStatus, AllauthPasswordSetView):
    """The first password."""


class ReauthenticateView(RefusalHasAStatus, AllauthReauthenticateView):
    """The password once more."""


class ConfirmLoginCodeView(AllauthConfirmLoginCodeView):
    """As allauth's, but another code is limited per phone, and asking for one for an unknown number looks the same.

    A code proves who holds the phone it went to: once that number is not the person's any more, it proves nothing.
    Whoever sends the right one twice is signed in all the same; where no code is waited for, that is said.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        stage = get_pending_stage(request)
        if stage is None:
            return self._pressed_again(request) or self._over(request)
        if stage.key != LoginByCodeStage.key:
            answer: HttpResponseBase = redirect_to_pending_stage(request, stage)  # the code was right: it goes on there
            return answer
        answer = super().dispatch(request, *args, **kwargs)
        return answer if self._process else self._over(request)

    def _pressed_again(self, request: HttpRequest) -> HttpResponseBase | None:
        code = request.POST.get("code", "") if request.method == "POST" else ""
        person = pressed_again.person_of(request, code=code) if code else None
        if person is None:
            return None
        record_authentication(request, person, method="code", phone=phone_of(person))
        answer: HttpResponseBase = perform_login(request, Login(user=person, redirect_url=self.get_next_url()))
        return answer

    def _over(self, request: HttpRequest) -> HttpResponseBase:
        messages.error(request, _("这条验证码已经失效或者用过了，没有登录成功。请重新获取验证码。"))
        return HttpResponseRedirect(self.passthrough_next_url(resolve_url("account_request_login_code")))

    def _verify_form_valid(self, form: BaseForm) -> HttpResponse:
        pressed_again.remember(self.request, code=self._process.code, person=self._process.user)
        answer: HttpResponse = super()._verify_form_valid(form)
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        sent_to = phone_said(self._process.state.get("phone") or "")
        return super().get_context_data(**kwargs) | {"sms_trouble": sms.in_trouble(), "sent_to": sent_to}

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        """A wrong code leaves the field, or the next one would be typed in front of it."""
        answer: HttpResponse = super().form_invalid(form)
        left = self._process.max_attempts - self._process.state["failed_attempts"]
        if left > 0 and "code" in form.errors:
            form.data = {**form.data.dict(), "code": ""}  # type: ignore[attr-defined]  # a QueryDict: it was sent
            tries = ngettext("还可以试 %(count)s 次。", "还可以试 %(count)s 次。", left) % {"count": left}
            form.add_error("code", tries)
        return answer

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        person = self._process.user
        if person is not None and not has_phone(person, self._process.state.get("phone", "")):
            self._process.abort()
            messages.error(request, _("这个手机号刚刚换过，这条验证码不能用了。请用现在的手机号重新获取验证码。"))
            return HttpResponseRedirect(resolve_url("account_request_login_code"))
        try:
            limits.try_code_entry(request)
        except UnableToTry as error:
            self._process.abort()
            text = _("验证码输错次数过多，请在 %(when)s重新获取。") % {"when": limits.when_again(error)}
            messages.error(request, text)
            return HttpResponseRedirect(resolve_url("account_request_login_code"))
        return super().post(request, *args, **kwargs)

    def _resend_form_valid(self, form: RequestLoginCodeForm) -> HttpResponse:
        again = HttpResponseRedirect(self.request.get_full_path())
        try:
            limits.try_code(self.request, self._process.state.get("phone", ""))
        except UnableToTry as error:
            text = _("获取验证码太频繁，请在 %(when)s再试。已经收到的验证码 5 分钟内仍然有效。")
            messages.error(self.request, text % {"when": limits.when_again(error)})
            return again
        if self._process.user is not None:
            return super()._resend_form_valid(form)
        self._process.record_resend()  # allauth's resend() asserts a user: an error page would tell strangers
        self._process.persist()
        return again


login = LoginView.as_view()
request_login_code = RequestLoginCodeView.as_view()
_confirm_login_code = csrf_protect(ConfirmLoginCodeView.as_view())
reauthenticate = ReauthenticateView.as_view()
password_change = PasswordChangeView.as_view()
password_set = PasswordSetView.as_view()


@csrf_exempt  # asked by _confirm_login_code
def confirm_login_code(request: HttpRequest) -> HttpResponseBase:
    """Take a code. Whoever is signed in already pressed twice: their page still has the token of before, for which they
    would be told to load it again. Nothing is done but to lead them on."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(get_login_redirect_url(request))
    return _confirm_login_code(request)


def admin_login(request: HttpRequest) -> HttpResponse:
    """Wagtail's own sign-in page would walk round everything here: send visitors to ours, and others away."""
    if request.user.is_authenticated:
        raise Http404
    following = urlencode({"next": request.GET.get("next") or resolve_url("wagtailadmin_home")})
    return HttpResponseRedirect(f"{resolve_url('account_login')}?{following}")


@require_POST
def set_display(request: HttpRequest) -> HttpResponse:
    """Switch language or elder mode, for this phone and (signed in) for the person, or low-data mode, for this phone
    alone; then back to the page."""
    form = DisplayForm(request.POST)
    form.is_valid()  # an unreadable choice is no choice
    language = known_language(form.cleaned_data.get("language") or "")
    chosen = {"1": True, "0": False}
    elder = chosen.get(form.cleaned_data.get("elder") or "")
    lite = chosen.get(form.cleaned_data.get("lite") or "")
    if isinstance(request.user, User):
        set_display_of(user_id=request.user.pk, language=language, elder_mode=elder)
    else:
        choose_before_signing_in(request, language=language, elder=elder)
    response = HttpResponseRedirect(safe_next(request, form.cleaned_data.get("next") or ""))
    set_display_cookies(response, language=language, elder=elder, lite=lite)
    return response


def safe_next(request: HttpRequest, target: str) -> str:
    """The wanted address if it is one of ours, else the first page."""
    ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if ours and target else "/"
