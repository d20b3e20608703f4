"""Forms of the operator's pages of people and units. They read what is typed; operations decide, pages keep it."""

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from organizations.account_ways import account_ways
from organizations.core.units import MAX_NAME
from organizations.directory import MOST_TEXT, unit_of
from organizations.models import Left, Node, NodeKind, Role
from organizations.unit_choice import MANAGE, UnitInput

AHEAD = dt.timedelta(days=366)


class UnitField(forms.CharField):
    """A unit by its code or its whole name; the page's script opens the tree beside it. Cleans to a Node."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("写代码，或者写名称。代码在“组织”里。"))
        widget = UnitInput()
        widget.is_keyed, widget.scope = False, MANAGE
        super().__init__(max_length=200, widget=widget, **kwargs)
        self.nodes: QuerySet[Node] = Node.objects.none()

    def clean(self, value: Any) -> Node:
        text: str = super().clean(value)
        return unit_of(self.nodes, text)


class DayField(forms.DateField):
    """A day, at most a year ahead; offered as today."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(widget=widget, input_formats=["%Y-%m-%d"], **kwargs)
        self.error_messages["invalid"] = _("请选择日期。")


def _asked_for(field: forms.Field) -> str:
    """What to do about a required field that came empty, in its own words."""
    chosen = isinstance(field, forms.ChoiceField | DayField)
    sentence = gettext("请选择“%(label)s”。") if chosen else gettext("请填写“%(label)s”。")
    return sentence % {"label": field.label or ""}


class OperatorForm(forms.Form):
    """``nodes``: the open units that the operator may choose; ``today``: the day that is offered."""

    def __init__(self, *args: Any, nodes: QuerySet[Node], today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        for field in self.fields.values():
            field.error_messages["required"] = _asked_for(field)
            if isinstance(field, UnitField):
                field.nodes = nodes
            if isinstance(field, DayField) and field.initial is None:
                field.initial = today

    def clean_on_date(self) -> dt.date:
        day: dt.date = self.cleaned_data["on_date"]
        if day > self.today + AHEAD:
            raise ValidationError(gettext("日期太远了，请核对年份。"))
        return day


class SearchForm(forms.Form):
    q = forms.CharField(
        label=_("找人"),
        required=False,
        max_length=MOST_TEXT,
        help_text=_("姓名、编号，或者手机号的后 4 位。"),
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )


class NameForm(OperatorForm):
    name = forms.CharField(
        label=_("姓名"), max_length=60, help_text=_("同一个人改名。换了人，请办理离开，再导入新人。")
    )


class PhoneForm(OperatorForm):
    phone = forms.CharField(
        label=_("新手机号"),
        required=False,
        max_length=40,
        help_text=_("空着就是没有手机号。改了以后，原来登录着的手机要重新登录。"),
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
    )


class NumberForm(OperatorForm):
    number = forms.CharField(label=_("编号"), required=False, max_length=40)


class MoveForm(OperatorForm):
    unit = UnitField(label=_("转到"))
    on_date = DayField(label=_("从哪天起"), help_text=_("原单位的书记职责从这天结束。"))


class LeaveForm(OperatorForm):
    because = forms.ChoiceField(label=_("原因"), choices=Left.choices)
    on_date = DayField(
        label=_("从哪天起"),
        help_text=_("从这天起不再应到，职责结束，手机号可以给别人用，登录失效。以前的记录都保留。"),
    )


class ReturnForm(OperatorForm):
    unit = UnitField(label=_("回到"))
    on_date = DayField(label=_("从哪天起"))
    phone = forms.CharField(
        label=_("手机号"),
        required=False,
        max_length=40,
        help_text=_("用来登录。职责不会自动恢复。"),
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
    )


class RoleForm(OperatorForm):
    role = forms.ChoiceField(label=_("职责"), choices=Role.choices)
    unit = UnitField(label=_("在哪个组织"))


class AccountForm(OperatorForm):
    """An account of elsewhere; of the providers those that are set up."""

    provider = forms.ChoiceField(label=_("哪里的账号"))
    external_id = forms.CharField(
        label=_("账号编号"),
        max_length=191,
        help_text=_("这个人用它登录不成时，页面上会显示；企业微信的在通讯录里，叫“账号”。"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        provider = self.fields["provider"]
        assert isinstance(provider, forms.ChoiceField)  # noqa: S101  # declared above
        provider.choices = account_ways()


class ConfirmForm(OperatorForm):
    """Nothing but a yes."""


class UnitNameForm(OperatorForm):
    name = forms.CharField(label=_("名称"), max_length=MAX_NAME, strip=False)


class NewUnitForm(UnitNameForm):
    kind = forms.ChoiceField(label=_("层级"), choices=NodeKind.choices, initial=NodeKind.BRANCH)


class MergeForm(OperatorForm):
    """``grants``: the roles held in the unit that ends; those ticked go on in the other one."""

    unit = UnitField(label=_("合并到"))
    kept = forms.TypedMultipleChoiceField(
        label=_("哪些职责到合并后的组织里继续"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    sure = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, grants: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = self.fields["kept"]
        assert isinstance(kept, forms.TypedMultipleChoiceField)  # noqa: S101  # declared above
        kept.choices = grants
        if not grants:
            del self.fields["kept"]
