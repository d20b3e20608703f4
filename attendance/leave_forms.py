"""Forms of leaves, exemptions and the second person of a correction; what may be done, operations say."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from attendance.forms import refuse_slip
from attendance.models import Leave
from attendance.operations import Wish
from organizations.models import Exemption

ONE_DAY = timedelta(days=1)


def day_field(label: Any, **kwargs: Any) -> forms.DateField:
    """Return a field for one day, chosen by the browser."""
    return forms.DateField(
        validators=[refuse_slip],
        label=label,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        error_messages={"required": _("请选择日期。"), "invalid": _("请选择日期，例如 2026-09-01。")},
        **kwargs,
    )


class LeaveWishForm(forms.Form):
    """What a leave is for: a category, and some occasions or a time. No detail is asked, and none is kept."""

    category = forms.ChoiceField(
        label=_("请假类别"),
        choices=Leave.Category.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("请选请假的类别。")},
    )
    occasions = forms.TypedMultipleChoiceField(
        label=_("哪几场"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("有的场次不能请假了，请重新勾选。")},
    )  # fmt: skip
    from_date = day_field(_("或者从哪天"), required=False)
    until_date = day_field(_("到哪天（这一天也算）"), required=False)

    def __init__(self, *args: Any, offered: Sequence[tuple[int, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["occasions"]
        if not offered:
            del self.fields["occasions"]
        elif isinstance(field, forms.TypedMultipleChoiceField):
            field.choices = list(offered)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("occasions") and (cleaned.get("from_date") or cleaned.get("until_date")):
            self.add_error("from_date", _now("场次和日期请只选一种：勾选场次，或者填写从哪天到哪天。"))
        return cleaned

    def wish(self) -> Wish:
        """Return what was asked, for the operation."""
        until = self.cleaned_data.get("until_date")
        return Wish(
            category=self.cleaned_data["category"],
            occasion_ids=tuple(self.cleaned_data.get("occasions") or ()),
            from_date=self.cleaned_data.get("from_date"),
            to_date=until + ONE_DAY if until else None,
        )

    def blame(self, message: str, field: str | None) -> None:
        """Say what an operation refused, at its field where that is shown."""
        self.add_error(field if field in self.fields else None, message)


class PartForm(forms.Form):
    """Which of a leave's occasions, or of its days, are approved."""

    occasions = forms.TypedMultipleChoiceField(
        label=_("批准哪几场"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    from_date = day_field(_("从哪天"))
    until_date = day_field(_("到哪天（这一天也算）"))

    def __init__(self, *args: Any, leave: Leave, offered: Sequence[tuple[int, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if leave.from_date is None or leave.to_date is None:
            del self.fields["from_date"], self.fields["until_date"]
            field = self.fields["occasions"]
            if isinstance(field, forms.TypedMultipleChoiceField):
                field.choices = list(offered)
                field.initial = [pk for pk, _words in offered]
        else:
            del self.fields["occasions"]
            self.fields["from_date"].initial = leave.from_date
            self.fields["until_date"].initial = leave.to_date - ONE_DAY

    def part(self) -> dict[str, Any]:
        """Return what is approved, for the operation."""
        if "occasions" in self.fields:
            return {"occasion_ids": self.cleaned_data["occasions"]}
        return {
            "from_date": self.cleaned_data["from_date"],
            "to_date": self.cleaned_data["until_date"] + ONE_DAY,
        }


class ReasonForm(forms.Form):
    """Why something is refused or taken back: the member reads it."""

    reason = forms.CharField(
        label=_("理由"),
        max_length=200,
        help_text=_("本人会看到。"),
        error_messages={"required": _("请写明理由，本人会看到。")},
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class TakeBackForm(ReasonForm):
    """Why an approval is taken back, and of a period from which day on."""

    from_date = day_field(_("从哪天起不再请假"), required=False, help_text=_("空着：整个请假都撤销。"))

    def __init__(self, *args: Any, is_period: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_period:
            del self.fields["from_date"]


class ExemptionForm(forms.Form):
    """A long absence or an exemption: a category, from when until when, and a document if there is one."""

    category = forms.ChoiceField(
        label=_("原因"),
        choices=[(one.value, one.label) for one in Exemption.Category if one is not Exemption.Category.ROSTER],
        help_text=_("只记类别，不写病情。"),
        error_messages={"required": _("请选原因。")},
    )
    from_date = day_field(_("从哪天起"))
    until_date = day_field(_("到哪天（这一天也算）"), required=False, help_text=_("空着：没有期限，以后再结束。"))
    document = forms.CharField(
        label=_("文号"), required=False, max_length=60, help_text=_("有文件的写文号，例如 永组〔2026〕3号。")
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("from_date"), cleaned.get("until_date")
        if first and last and last < first:
            self.add_error("until_date", _now("结束日期不能早于开始日期。"))
        return cleaned

    @property
    def to_date(self) -> date | None:
        """The first day that it does not cover."""
        until = self.cleaned_data.get("until_date")
        return until + ONE_DAY if until else None


class EndExemptionForm(forms.Form):
    """From which day on somebody is expected again."""

    on_date = day_field(_("从哪天起恢复应学"))


class ReviewForm(forms.Form):
    """What the second person says to a correction; a refusal has a reason."""

    reason = forms.CharField(
        label=_("复核意见"),
        required=False,
        max_length=400,
        help_text=_("不同意的要写明理由。提出更正的人和本人会看到。"),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
