"""Forms of the ledger's pages. They read what people type; whether it may be done, the views ask permissions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from attendance.models import Dispute, Leave, RecordState

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# What a leave or a study elsewhere is called; categories alone, never a health detail.
LEAVE_CATEGORIES = Leave.Category.choices
DECLARED_CATEGORIES = [
    ("visit", _("送学上门")),
    ("platform", _("学习强国")),
    ("elsewhere", _("在其他平台学过")),
    ("makeup_class", _("参加了补课")),
    ("other", _("其他")),
]
CORRECTABLE = (
    RecordState.ATTENDED,
    RecordState.MADE_UP,
    RecordState.EXCUSED,
    RecordState.EXEMPT,
    RecordState.MISSING,
)
EARLIEST_YEAR, LATEST_YEAR = 2000, 2999
LOCAL_MINUTE = "%Y-%m-%dT%H:%M"


def refuse_slip(at: date) -> None:
    """Refuse what can only be a slip: what is far away may leave the calendar as soon as anything is added."""
    if not EARLIEST_YEAR <= at.year <= LATEST_YEAR:
        raise forms.ValidationError(_("日期太远了，请核对年份。"))


def _moment(label: Any, missing: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL_MINUTE)
    return forms.DateTimeField(
        validators=[refuse_slip],
        label=label,
        widget=widget,
        input_formats=[LOCAL_MINUTE, "%Y-%m-%dT%H:%M:%S"],
        error_messages={"required": missing, "invalid": _("请选日期和时间，例如 2026-09-01 19:30。")},
    )


class DisputeForm(forms.Form):
    """What the person says is wrong: a ready reason, sent by its own button, with words where they like."""

    reason = forms.ChoiceField(
        choices=Dispute.Reason.choices,
        required=False,
        error_messages={"invalid_choice": _("请选一个理由。")},
    )
    text = forms.CharField(
        label=_("想补充的话"),
        max_length=1000,
        required=False,
        help_text=_("例如：那天我在现场，没有用手机。"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["reason"] = cleaned.get("reason") or Dispute.Reason.OTHER.value
        says_nothing = cleaned["reason"] == Dispute.Reason.OTHER and not (cleaned.get("text") or "").strip()
        if says_nothing and not self.errors:
            self.add_error("text", _("请写下哪里不对，或者点上面的一个理由。"))
        return cleaned


class AnswerForm(forms.Form):
    """What the secretary answers, and what becomes of the result: said either way, never left open."""

    STAYS = "stays"

    answer = forms.CharField(
        label=_("答复"),
        max_length=1000,
        help_text=_("本人会看到。更正结果时，答复就是更正的理由。"),
        error_messages={"required": _("请写下答复。")},
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    outcome = forms.ChoiceField(
        label=_("结果怎么办"),
        widget=forms.RadioSelect,
        error_messages={"required": _("请选一项：更正结果，还是结果不变。")},
    )

    def __init__(self, *args: Any, stands: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = [state for state in CORRECTABLE if state != stands]
        outcome = self.fields["outcome"]
        if isinstance(outcome, forms.ChoiceField):
            outcome.choices = [
                *((state.value, _("更正为“%(state)s”") % {"state": state.label}) for state in others),
                (self.STAYS, _("结果不变")),
            ]


class LeaveForm(forms.Form):
    """A leave has a category and nothing else; one absence may cover several occasions."""

    category = forms.ChoiceField(
        label=_("请假类别"),
        choices=[("", _("请选一种")), *LEAVE_CATEGORIES],
        error_messages={"required": _("请选请假类别。")},
    )
    also = forms.TypedMultipleChoiceField(
        label=_("这次请假还包括"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, others: Sequence[tuple[int, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        also = self.fields["also"]
        if not others:
            del self.fields["also"]
        elif isinstance(also, forms.TypedMultipleChoiceField):
            also.choices = list(others)


class DeclarationForm(forms.Form):
    """What somebody studied elsewhere: how, where, when and how long."""

    category = forms.ChoiceField(
        label=_("学习方式"),
        choices=[("", _("请选一种")), *DECLARED_CATEGORIES],
        error_messages={"required": _("请选学习方式。")},
    )
    source = forms.CharField(
        label=_("在哪里学的"),
        max_length=60,
        help_text=_("平台、班次或来家里的人，例如：学习强国“防汛”专题；李书记送学上门。"),
        error_messages={"required": _("请写明在哪里学的，最多 60 个字。")},
    )
    studied_at = _moment(_("什么时候开始学的"), _("请填写什么时候开始学的。"))
    minutes = forms.IntegerField(
        label=_("学了多少分钟"),
        min_value=1,
        max_value=24 * 60,
        error_messages={"required": _("请填写学了多少分钟。"), "invalid": _("请填一个整数，例如 45。")},
    )


class DeclareForm(DeclarationForm):
    """The same, written down by the secretary, who may not know the rest: only how is a must."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("source", "studied_at", "minutes"):
            self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        known = [name for name in ("source", "studied_at", "minutes") if cleaned.get(name)]
        if known and len(known) < 3 and not self.errors:
            self.add_error(None, _("在哪里学、什么时候、学了多久，请三样都写，或者都不写。"))
        return cleaned


class AnswerDeclarationForm(forms.Form):
    """Whether what somebody declared counts."""

    CONFIRM, REFUSE = "confirm", "refuse"

    outcome = forms.ChoiceField(
        label=_("是否确认"),
        choices=[(CONFIRM, _("确认，算作已补学")), (REFUSE, _("不通过"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("请选一项：确认，还是不通过。")},
    )
    reason = forms.CharField(
        label=_("不通过的理由"), max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("本人会看到，例如：和这一场的内容无关，请看回放。"),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("outcome") == self.REFUSE and not cleaned.get("reason", "").strip() and not self.errors:
            self.add_error("reason", _("请写明没有通过的理由，最多 200 个字，本人会看到。"))
        return cleaned


class CorrectForm(forms.Form):
    """A signed change of a record."""

    state = forms.ChoiceField(label=_("更正为"), choices=[(state.value, state.label) for state in CORRECTABLE])
    reason = forms.CharField(
        label=_("理由"),
        max_length=400,
        help_text=_("理由会写在记录上，本人可以看到。"),
        error_messages={"required": _("请写明更正的理由。")},
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class WithdrawForm(forms.Form):
    """Which ticks of a hall are taken back."""

    ticks = forms.TypedMultipleChoiceField(
        label=_("登记有误的人"),
        coerce=int,
        error_messages={"required": _("请先勾选登记有误的人。"), "invalid_choice": _("这一条已经撤回，或不在这里。")},
    )

    def __init__(self, *args: Any, ticks: Sequence[int] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["ticks"]
        if isinstance(field, forms.TypedMultipleChoiceField):
            field.choices = [(pk, "") for pk in ticks]


class HallForm(forms.Form):
    """Who watched together, and from when to when."""

    started_at = _moment(_("开始"), _("请填写他们从几点开始看。"))
    ended_at = _moment(_("结束"), _("请填写他们看到几点。"))
    from_scan = forms.BooleanField(label=_("扫过码的，从扫码的时间算起"), required=False, initial=True)
    members = forms.TypedMultipleChoiceField(
        label=_("在场的人"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("请至少勾选一位在场的人。"),
            "invalid_choice": _("有人不在这场的应到名单里。"),
            "invalid_list": _("有人不在这场的应到名单里。"),
        },
    )

    def __init__(self, *args: Any, people: Sequence[tuple[int, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["members"]
        if isinstance(field, forms.TypedMultipleChoiceField):
            field.choices = list(people)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        start, end = cleaned.get("started_at"), cleaned.get("ended_at")
        if start and end and end <= start:
            self.add_error("ended_at", _("结束时间要晚于开始时间。"))
        return cleaned


class GuestForm(forms.Form):
    """Somebody who came and is on no list here."""

    name = forms.CharField(label=_("姓名"), max_length=60, error_messages={"required": _("请写来宾的姓名。")})
    unit = forms.CharField(label=_("单位"), max_length=60, required=False, help_text=_("例如：西沟村第二支部。"))
    last4 = forms.RegexField(
        r"^[0-9]{4}$", label=_("手机尾号"), required=False, help_text=_("四位，单位和尾号至少写一样。"),
        error_messages={"invalid": _("手机尾号是 4 位数字，也可以不写。")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "maxlength": "4"}),
    )  # fmt: skip


class VoidForm(forms.Form):
    """Why an occasion counts nowhere."""

    reason = forms.CharField(
        label=_("作废原因"), max_length=200, help_text=_("例如：误点了开始，已另外安排。大家会看到这句话。")
    )


class EmailForm(forms.Form):
    """The address to which a code is sent."""

    address = forms.CharField(
        label=_("邮箱地址"),
        max_length=120,
        error_messages={"required": _("请填写邮箱地址。")},
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )


class EmailCodeForm(forms.Form):
    """The code from the e-mail."""

    code = forms.CharField(
        label=_("邮件里的 6 位验证码"),
        max_length=12,
        error_messages={"required": _("请填写邮件里的验证码。")},
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


_TIMES = (_("不提醒"), _("1 次"), _("2 次"), _("3 次"), _("4 次"), _("5 次"))


def _yes_or_above(label: StrOrPromise, help_text: StrOrPromise = "") -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label,
        help_text=help_text,
        required=False,
        choices=[("", _("和上级一样")), ("True", _("是")), ("False", _("否"))],
        coerce=lambda chosen: chosen == "True",
        empty_value=None,
    )


class ReminderSettingForm(forms.Form):
    """How a unit's members are reminded; what is left open is as in the unit above."""

    text = forms.CharField(
        label=_("提醒的话"),
        max_length=200,
        required=False,
        help_text=_("可以写 {姓名}、{支部}、{培训}、{截止}、{网址}，发出时换成每个人的。清空就用上级的。"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    a_week = forms.TypedChoiceField(
        label=_("每人 7 天内最多提醒"),
        required=False,
        choices=[("", _("和上级一样")), *((str(times), _TIMES[times]) for times in range(6))],
        coerce=int,
        empty_value=None,
    )
    before_start = _yes_or_above(_("开始前自动提醒"), _("前一天和开始前 30 分钟，站内消息。"))
    before_deadline = _yes_or_above(_("截止前自动提醒"), _("还没学完的人，截止前 3 天，站内消息。"))
    outside = _yes_or_above(_("自动提醒也发短信"), _("要花短信费，也算在每人 7 天的次数里。"))
