"""How allauth meets this house: people sign in by phone, accounts come from the roster, there is no e-mail."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from organizations import limits, sms
from organizations.address import UNKNOWN, client_address
from organizations.context import DEMO_CODE_SESSION_KEY
from organizations.forms import PhoneField
from organizations.hashing import RETRY_AFTER_S, UnableToHash
from organizations.models import User
from organizations.operations import UnableToTry, set_phone
from organizations.queries import has_factor, has_phone, phone_of, roles_of, user_by_phone
from organizations.sentences.sign_in import code_text, wrong_password

NO_ADDRESS = "0.0.0.0"  # noqa: S104 - nothing listens there
PHONE_STAGE = "allauth.account.stages.PhoneVerificationStage"
# The pages themselves say these things; as messages they would put the phone number into a cookie.
UNSPOKEN = {
    "account/messages/login_code_sent.txt",
    "account/messages/logged_in.txt",
    "account/messages/logged_out.txt",
}


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": _("这个账号已停用，请与支部联系。"),
        "phone_password_mismatch": wrong_password(),
        "unknown_phone": wrong_password(),
        "incorrect_code": _("验证码不对，请核对短信。"),
        "incorrect_password": _("密码不对。"),
        "enter_current_password": _("现在的密码不对。"),
        "too_many_login_attempts": _("验证码输错次数过多，请重新获取验证码。"),
    }

    # --- who may have an account ---
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: accounts come from the roster."""
        return False

    # --- the phone number ---
    def phone_form_field(self, **kwargs: Any) -> PhoneField:
        return PhoneField(**kwargs)

    def get_user_by_phone(self, phone: str) -> User | None:
        return user_by_phone(phone)

    def get_phone(self, user: User) -> tuple[str, bool] | None:
        return (phone_of(user), user.phone_verified) if user.phone_index else None

    def set_phone(self, user: User, phone: str, verified: bool) -> None:
        set_phone(member_id=user.pk, phone=phone, verified=verified)
        user.refresh_from_db()

    def set_phone_verified(self, user: User, phone: str) -> None:
        """Only this number, and only while it is still theirs (``ConfirmLoginCodeView`` says so in words)."""
        if has_phone(user, phone):
            User.objects.filter(pk=user.pk, phone_index=user.phone_index).update(phone_verified=True)
            user.phone_verified = True

    def get_login_stages(self) -> list[str]:
        """Whoever has no number may sign in, too, by a link or an account: allauth's stage would turn them away."""
        return [path for path in super().get_login_stages() if path != PHONE_STAGE]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not by allauth for the second step: ``views.factors`` asks by a rule of its own (``factors.is_fresh``)."""
        return app != "allauth.mfa" and super().is_reauthentication_required(app=app, **kwargs)

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, Any]]:
        """The password, but not of whoever has a second step: theirs is asked for on ``factor_confirm``."""
        if isinstance(user, User) and has_factor(user):
            url = resolve_url("factor_confirm")
            return [{"id": "mfa_reauthenticate", "description": gettext("用登录验证确认"), "url": url}]
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return methods

    # --- codes ---
    def send_verification_code_sms(self, user: User, phone: str, code: str, **kwargs: Any) -> None:
        with override(user.language):
            text = code_text(code)
        sms.send_code(phone=phone, code=code, text=text)
        if sms.shows_codes():
            self.request.session[DEMO_CODE_SESSION_KEY] = code

    def send_unknown_account_sms(self, phone: str, **kwargs: Any) -> None:
        """Nothing is sent: a stranger's phone would ring, and the page looks the same as for a known number."""
        self.request.session.pop(DEMO_CODE_SESSION_KEY, None)

    def send_account_already_exists_sms(self, phone: str) -> None:
        """There is no sign-up, so nobody can meet this."""

    # --- limits: ours, in the database (organizations/limits.py); allauth's own lie in a cache and are switched off ---
    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Ask the limits before a password is hashed; it counts as wrong until it was right."""
        try:
            self._try = limits.try_password(request, credentials.get("phone", ""))
        except UnableToTry as error:
            text = gettext("密码尝试次数过多，请在 %(when)s再试；也可以用短信验证码登录。")
            raise refusal("limited", text % {"when": limits.when_again(error)}, limits.seconds_left(error)) from error

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        try:
            person: User | None = super().authenticate(request, **credentials)
        except UnableToHash as error:
            self._try.take_back()
            text = gettext("现在登录的人很多，请等几秒再点一次“登录”。")
            raise refusal("busy", text, RETRY_AFTER_S) from error
        return person

    def _rollback_login_failed_rl_usage(self) -> None:
        """The password was right."""
        self._try.take_back()

    def get_client_ip(self, request: HttpRequest) -> str:
        """What the list of sessions keeps; its column takes an address and nothing else."""
        found = client_address(request)
        return NO_ADDRESS if found == UNKNOWN else found

    # --- talk ---
    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        if message_template not in UNSPOKEN:
            super().add_message(request, level, message_template, message_context, extra_tags, message)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Return where somebody begins who asked for no other page: by their roles (``settings.START_PAGES``)."""
        roles = roles_of(user=request.user) if isinstance(request.user, User) else frozenset()
        page = next((name for name, held in settings.START_PAGES if roles.intersection(held)), None)
        return resolve_url(page or settings.LOGIN_REDIRECT_URL)

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        request.session.pop(DEMO_CODE_SESSION_KEY, None)


def refusal(code: str, text: str, seconds: int) -> ValidationError:
    """A form's error that says to come back; ``RefusalHasAStatus`` makes status and Retry-After of it."""
    return ValidationError(text, code=code, params={"seconds": seconds})
