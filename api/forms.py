"""Forms of the pages where the interface is opened; what may be opened, operations say."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from api.models import Event, Scope
from api.operations import LONGEST_DAYS, USUAL_DAYS, UnableToMakeWebhook, check_target
from api.permissions import nodes_to_open, nodes_to_report, scopes_anywhere
from organizations.models import Node, User
from organizations.unit_choice import OPEN, choose_unit


class TokenForm(forms.Form):
    """What for, of which unit, what it reads, for how long."""

    name = forms.CharField(
        label=_("用途"),
        max_length=60,
        help_text=_("例如：县里人事系统每月取学时。被读到的人会看到它。"),
        error_messages={"required": _("请写明用途。")},
    )
    node = forms.ModelChoiceField(
        Node.objects.none(),
        label=_("组织"),
        help_text=_("只能读这个组织和它的下级。写代码或名称，或者点“选择组织”。"),
        error_messages={"required": _("请选择组织。")},
    )
    scopes = forms.MultipleChoiceField(
        label=_("可以读取"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("只列出您自己能看的内容。"),
        error_messages={"required": _("请至少选一项可以读取的内容。")},
    )
    days = forms.IntegerField(
        label=_("有效期（天）"),
        initial=USUAL_DAYS,
        min_value=1,
        max_value=LONGEST_DAYS,
        help_text=_("最多 365 天。到期以后要重新生成。"),
        error_messages={
            "required": _("请写有效期，例如 90。"),
            "invalid": _("有效期要写整数天，例如 90。"),
            "min_value": _("有效期至少 1 天。"),
            "max_value": _("有效期最多 365 天。"),
        },
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose_unit(self, "node", nodes_to_open(user), scope=OPEN)
        self.fields["node"].error_messages["required"] = str(_("请选择组织。"))
        scopes: Any = self.fields["scopes"]
        scopes.choices = [(scope, Scope(scope).label) for scope in scopes_anywhere(user)]


class WebhookForm(forms.Form):
    """What for, of which unit, where to, and of what."""

    name = forms.CharField(
        label=_("用途"),
        max_length=60,
        help_text=_("例如：县里人事系统。"),
        error_messages={"required": _("请写明用途。")},
    )
    node = forms.ModelChoiceField(
        Node.objects.none(),
        label=_("组织"),
        help_text=_("只推送涉及这个组织和它的下级的事。写代码或名称，或者点“选择组织”。"),
        error_messages={"required": _("请选择组织。")},
    )
    url = forms.CharField(
        label=_("地址"),
        max_length=500,
        widget=forms.TextInput(attrs={"inputmode": "url"}),
        help_text=_("公网的 https 地址，例如 https://hr.example.cn/fingertip。"),
        error_messages={"required": _("请写要推送到的地址。")},
    )
    events = forms.MultipleChoiceField(
        label=_("推送什么"),
        widget=forms.CheckboxSelectMultiple,
        choices=Event.choices,
        help_text=_("只有编号、名称和人数，没有人名。要看是谁，用密钥来读。"),
        error_messages={"required": _("请至少选一件要推送的事。")},
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose_unit(self, "node", nodes_to_report(user), scope=OPEN)
        self.fields["node"].error_messages["required"] = str(_("请选择组织。"))

    def clean_url(self) -> str:
        """The address, told of with all the rest that is wrong."""
        url: str = self.cleaned_data["url"]
        try:
            check_target(url)
        except UnableToMakeWebhook as error:
            raise forms.ValidationError(str(error)) from error
        return url
