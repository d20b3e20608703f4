"""Forms of the second step of signing in. Each try is counted before it is looked at (organizations/limits.py)."""

import json
import time
import unicodedata
from typing import Any

from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import get_totp_secret
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from organizations import factors, limits
from organizations.models import User
from organizations.operations import UnableToTry
from organizations.sentences.sessions import device_said

MOST_NAME = 40
MADE_AT, SECRET_FOR_S = "factor_secret_at", 1800  # in the session: when the secret of a new authenticator was made
# What a device sends is a few kilobytes, its certificates among it.
MOST_CREDENTIAL = 32 * 2**10


class StepForm(forms.Form):
    """One try at a second step."""

    def __init__(self, *args: Any, request: HttpRequest, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request, self.person = request, person

    def counted(self) -> limits.Try:
        try:
            return limits.try_factor(self.request, self.person)
        except UnableToTry as error:
            text = gettext("试得太多了，请在 %(when)s再试。") % {"when": limits.when_again(error)}
            raise ValidationError(text, code="limited", params={"seconds": limits.seconds_left(error)}) from error


class OnceInput(forms.TextInput):
    """A wrong code leaves the field, or the next one would be typed in front of it."""

    def format_value(self, value: Any) -> str | None:
        return None


def code_field(**attrs: Any) -> forms.CharField:
    return forms.CharField(
        label=_("验证码"),
        max_length=40,
        error_messages={"required": _("请填写验证码。")},
        widget=OnceInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", **attrs}),
    )


def digits(text: str) -> str:
    """What was meant: full-width digits are digits, spaces and dashes are how people write them."""
    return "".join(unicodedata.normalize("NFKC", text).replace("-", " ").split())


class CodeForm(StepForm):
    """The authenticator's six digits, or one of the recovery codes: ``factor`` is what it was."""

    code = code_field(autofocus=True)
    factor: Authenticator

    def clean_code(self) -> str:
        tried = self.counted()
        given = digits(self.cleaned_data["code"])
        found = factors.factor_of_code(self.person, given)
        if found is None and len(given) == mfa_settings.RECOVERY_CODE_DIGITS:
            raise ValidationError(gettext("这个恢复码不对，或者已经用过。请换一个恢复码，或者填验证器上的 6 位数字。"))
        if found is None:
            raise ValidationError(gettext("验证码不对。请看验证器上现在的 6 位数字；一个验证码只能用一次。"))
        tried.take_back()
        self.factor = found
        return ""


class NewAppForm(StepForm):
    """The first code of a new authenticator shows that it was set up rightly."""

    code = code_field(placeholder=_("6 位数字"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The same while it is set up: whoever goes to the authenticator may find the page loaded anew when they return.
        made_at = self.request.session.get(MADE_AT, 0)
        is_old = not self.is_bound and time.time() - made_at > SECRET_FOR_S
        self.secret = get_totp_secret(regenerate=is_old)
        if is_old:
            self.request.session[MADE_AT] = time.time()

    def clean_code(self) -> str:
        tried = self.counted()
        counter = factors.counter_of(self.secret, digits(self.cleaned_data["code"]))
        if counter is None:
            text = gettext("验证码不对。请看验证器里这一项现在的 6 位数字，并看看手机的时间准不准。")
            raise ValidationError(text)
        tried.take_back()
        factors.used_once(self.person, counter)
        return ""


class CredentialForm(StepForm):
    """What a device answered, as JSON that the page's script wrote."""

    credential = forms.CharField(
        max_length=MOST_CREDENTIAL,
        widget=forms.HiddenInput,
        error_messages={"required": _("没有收到设备的回答，请再试一次。")},
    )

    def read(self) -> Any:
        """Return what the device answered. Raises ValidationError."""
        try:
            return json.loads(self.cleaned_data["credential"])
        except (ValueError, RecursionError) as error:
            raise ValidationError(gettext("没有看懂设备的回答，请再试一次。")) from error


class PasskeyForm(CredentialForm):
    factor: Authenticator

    def clean_credential(self) -> str:
        tried = self.counted()
        found = factors.factor_of_passkey(self.person, self.read())
        if found is None:
            raise ValidationError(gettext("这把通行密钥没有认出来，请再试一次，或者换一种办法。"))
        tried.take_back()
        self.factor = found
        return ""


class NewPasskeyForm(CredentialForm):
    name = forms.CharField(
        label=_("名称"), max_length=MOST_NAME, required=False, help_text=_("好分清是哪台手机或电脑上的。")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].initial = device_said(self.request.headers.get("User-Agent", ""))[:MOST_NAME]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"] or str(self.fields["name"].initial)
        return name

    def clean_credential(self) -> Any:
        credential = self.read()
        if not factors.new_passkey(self.person, credential):
            raise ValidationError(gettext("这台设备没有建成通行密钥，请再试一次。"))
        return credential
