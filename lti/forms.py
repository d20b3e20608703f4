"""The form by which an operator sets a platform up, each mistake said in words."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lti.core.claims import is_safe

MOST_DEPLOYMENTS, MAX_DEPLOYMENT = 20, 255
PLAIN = {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
URL = forms.TextInput(attrs={**PLAIN, "inputmode": "url"})


def _required(text: Any, most: int) -> dict[str, Any]:
    return {"required": text, "max_length": gettext_lazy("最多 %(limit_value)d 个字，现在有 %(show_value)d 个。")}


class PlatformForm(forms.Form):
    """What a platform's administrator reads off there, in the words of Moodle's page."""

    name = forms.CharField(
        label=gettext_lazy("名称"),
        max_length=20,
        help_text=gettext_lazy("大家看到的名称，例如：县党校学习平台。"),
        error_messages=_required(gettext_lazy("请写学习平台的名称。"), 20),
    )
    issuer = forms.CharField(
        label=gettext_lazy("平台标识（issuer，Platform ID）"),
        max_length=255,
        widget=URL,
        help_text=gettext_lazy("和那边显示的一字不差，例如 https://moodle.example.cn"),
        error_messages=_required(gettext_lazy("请写平台标识，在学习平台的工具详情里。"), 255),
    )
    client_id = forms.CharField(
        label=gettext_lazy("客户端编号（Client ID）"),
        max_length=255,
        widget=forms.TextInput(attrs=PLAIN),
        error_messages=_required(gettext_lazy("请写客户端编号，在学习平台的工具详情里。"), 255),
    )
    deployments = forms.CharField(
        label=gettext_lazy("部署编号（Deployment ID）"),
        widget=forms.Textarea(attrs={**PLAIN, "rows": 2}),
        help_text=gettext_lazy("一行一个，最多 20 个。Moodle 一般只有一个。"),
        error_messages={"required": gettext_lazy("请写部署编号，在学习平台的工具详情里。")},
    )
    authorize_url = forms.CharField(
        label=gettext_lazy("登录认证地址（Authentication request URL）"),
        max_length=500,
        widget=URL,
        help_text=gettext_lazy("Moodle 的是 …/mod/lti/auth.php"),
        error_messages=_required(gettext_lazy("请写登录认证地址。"), 500),
    )
    keyset_url = forms.CharField(
        label=gettext_lazy("公钥地址（Public keyset URL）"),
        max_length=500,
        widget=URL,
        help_text=gettext_lazy("Moodle 的是 …/mod/lti/certs.php"),
        error_messages=_required(gettext_lazy("请写公钥地址。"), 500),
    )
    trusts_phone = forms.BooleanField(
        label=gettext_lazy("相信它核实过的手机号，按手机号认人"),
        required=False,
        help_text=gettext_lazy(
            "只在那边的手机号由单位核实、本人和教师都改不了时才勾。不勾的，由管理员在个人页上绑定账号。"
        ),
    )

    def clean_issuer(self) -> str:
        value: str = self.cleaned_data["issuer"]
        if not value.isascii() or not value.isprintable() or " " in value:
            raise forms.ValidationError(_("平台标识里有空格或者中文，请从学习平台的页面上复制。"))
        return value

    def clean_client_id(self) -> str:
        value: str = self.cleaned_data["client_id"]
        if not value.isascii() or not value.isprintable() or " " in value:
            raise forms.ValidationError(_("客户端编号里有空格或者中文，请从学习平台的页面上复制。"))
        return value

    def clean_deployments(self) -> list[str]:
        """The numbers, each once, in the order in which they were written."""
        found = list(dict.fromkeys(one.strip() for one in self.cleaned_data["deployments"].splitlines() if one.strip()))
        if len(found) > MOST_DEPLOYMENTS:
            raise forms.ValidationError(_("部署编号最多 20 个，现在有 %(count)s 个。") % {"count": len(found)})
        for one in found:
            if len(one) > MAX_DEPLOYMENT or not one.isascii() or not one.isprintable():
                raise forms.ValidationError(
                    _("部署编号“%(value)s”太长，或者有不认识的字。请从学习平台的页面上复制。") % {"value": one[:40]}
                )
        return found

    def clean_authorize_url(self) -> str:
        return _address(self.cleaned_data["authorize_url"])

    def clean_keyset_url(self) -> str:
        return _address(self.cleaned_data["keyset_url"])


def _address(value: str) -> str:
    if not is_safe(value) or not value.isascii():
        raise forms.ValidationError(_("请写 https:// 开头的完整网址，里面没有空格、中文和密码。"))
    if urlsplit(value).fragment:
        raise forms.ValidationError(_("网址里不要有“#”和它后面的内容。"))
    return value
