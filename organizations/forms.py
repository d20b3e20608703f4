"""Forms of sign-in and of the roster page."""

import unicodedata
from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.fields import PhoneField as AllauthPhoneField
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from organizations import limits
from organizations.core import phones
from organizations.hashing import UnableToHash
from organizations.models import Node
from organizations.operations import UnableToTry
from organizations.queries import user_by_phone
from organizations.unit_choice import MANAGE, UnitChoice

CODE_COUNTS_AS_PASSWORD_S = 15 * 60


class PhoneField(AllauthPhoneField):
    """A phone number as people type it; the cleaned value is E.164."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("手机号"))
        kwargs.setdefault("max_length", phones.MAX_LENGTH)
        kwargs.setdefault(
            "widget",
            forms.TextInput(
                attrs={"type": "tel", "inputmode": "tel", "autocomplete": "username", "placeholder": _("手机号")}
            ),
        )
        kwargs.setdefault("error_messages", {"required": _("请填写手机号。")})
        kwargs["validators"] = []
        super().__init__(*args, **kwargs)

    def clean(self, value: Any) -> str:
        text: str = forms.CharField.clean(self, value)
        if not text:
            return ""
        try:
            return phones.normalise(text)
        except phones.UnableToReadPhone as error:
            raise ValidationError(_("请填写 11 位手机号，例如 13800000001。"), code="invalid_phone") from error


class LoginForm(allauth_forms.LoginForm):
    """Phone and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        password = self.fields["password"]
        password.label = _("密码")
        password.help_text = ""
        password.widget.attrs["placeholder"] = _("密码")
        password.error_messages["required"] = _("请填写密码。")


class RequestLoginCodeForm(allauth_forms.RequestLoginCodeForm):
    """A number, and whether one more message may go to it. The same answers for a number that nobody has."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phone"].widget.attrs["autofocus"] = True

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        try:
            limits.try_code(context.request, phone)
        except UnableToTry as error:
            text = gettext("获取验证码太频繁，请在 %(when)s再试；也可以用密码登录。") % {
                "when": limits.when_again(error)
            }
            raise ValidationError(text, code="limited", params={"seconds": limits.seconds_left(error)}) from error
        self._user = user_by_phone(phone)
        return phone


class CodeInput(forms.TextInput):
    """Empty again after a wrong code: nobody types the right one behind it."""

    def format_value(self, value: Any) -> None:
        return None


class ConfirmLoginCodeForm(allauth_forms.ConfirmLoginCodeForm):
    """Six digits; the phone offers them from the text message."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code = self.fields["code"]
        code.label = _("验证码")
        code.widget = CodeInput(attrs=code.widget.attrs)
        code.error_messages["required"] = _("请填写验证码。")
        code.widget.attrs.update(
            {
                "placeholder": _("6 位数字"),
                "inputmode": "numeric",
                "autocomplete": "one-time-code",
                "maxlength": "12",
                "autofocus": True,
                "data-sends": "6",
            }
        )

    def clean_code(self) -> str:
        """Full-width digits, as many keyboards write them, are the same digits; pasted spaces are none."""
        self.cleaned_data["code"] = "".join(unicodedata.normalize("NFKC", self.cleaned_data["code"]).split())
        code: str = super().clean_code()
        return code


class ChangePasswordForm(allauth_forms.ChangePasswordForm):
    """Without the old password for a quarter of an hour after signing in by code or link: that is how one resets it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = _("现在的密码")
        self.fields["oldpassword"].help_text = ""
        name_new_passwords(self)
        if signed_in_by_code_lately(self.user):
            del self.fields["oldpassword"]

    def clean_oldpassword(self) -> str:
        """Ask the limit before the hash."""
        try:
            tried = limits.try_own_password(self.user)
        except UnableToTry as error:
            text = gettext("密码尝试次数过多，请在 %(when)s再试。") % {"when": limits.when_again(error)}
            raise ValidationError(text, code="limited", params={"seconds": limits.seconds_left(error)}) from error
        try:
            old: str = super().clean_oldpassword()
        except UnableToHash:
            tried.take_back()
            raise
        return old


class SetPasswordForm(allauth_forms.SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name_new_passwords(self)


def name_new_passwords(form: forms.Form) -> None:
    for field, label in (("password1", _("新密码")), ("password2", _("再输一次新密码"))):
        form.fields[field].label = label
        form.fields[field].widget.attrs["placeholder"] = label


def signed_in_by_code_lately(user: Any) -> bool:
    now_s = timezone.now().timestamp()
    return any(
        record["method"] in {"code", "link"} and now_s - record["at"] < CODE_COUNTS_AS_PASSWORD_S
        for record in get_authentication_records(context.request, user)
    )


class DisplayForm(forms.Form):
    """Language, elder mode and low-data mode; what is not sent stays as it is."""

    language = forms.CharField(required=False, max_length=10)
    elder = forms.ChoiceField(required=False, choices=[("0", "0"), ("1", "1")])
    lite = forms.ChoiceField(required=False, choices=[("0", "0"), ("1", "1")])
    next = forms.CharField(required=False, max_length=2000)


class RosterFileForm(forms.Form):
    """A roster file and the node that its paths begin below."""

    file = forms.FileField(
        label=_("名册文件"),
        help_text=_("xlsx、xls、ods 或 csv，要有一行是列名。"),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.xls,.ods,.csv"}),
        error_messages={"required": _("请选择文件。"), "empty": _("文件是空的。")},
    )
    under = UnitChoice(
        None,
        scope=MANAGE,
        label=_("导入到"),
        help_text=_("“组织”一列的路径从这里往下写。"),
        error_messages={"required": _("请选择导入到哪个组织。")},
    )

    def __init__(self, *args: Any, nodes: QuerySet[Node], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        under: Any = self.fields["under"]
        under.queryset = nodes
        under.initial = nodes.values_list("pk", flat=True).first()
