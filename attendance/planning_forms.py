"""Forms of the flow in which a training is planned: what stands in Wagtail's admin too, as the product's own pages."""

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from attendance.forms import LOCAL_MINUTE
from attendance.models import Training
from attendance.plan_forms import TrainingForm, check_year


class PlanForm(TrainingForm):
    """For whom, from when until when, and what counts as done; its state changes by steps of their own."""

    class Meta:
        model = Training
        fields = (
            "title", "node", "starts_date", "deadline_at", "lecture_rule", "course_rule", "hours_required", "summary",
        )  # fmt: skip
        labels = {"lecture_rule": _("直播：怎样算完成"), "course_rule": _("课程：怎样算完成")}
        help_texts = {
            "node": _("这个组织和它下面的人。里面的每一场还可以只给其中一个组织。"),
            "hours_required": _("不要求学时的写 0。"),
        }
        widgets = {
            "starts_date": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "deadline_at": forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL_MINUTE),
            "summary": forms.Textarea(attrs={"rows": 3}),
        }


class CopyForm(forms.Form):
    """A new name and a new beginning for the same training."""

    title = forms.CharField(label=_("名称"), max_length=120)
    starts_date = forms.DateField(
        label=_("开始日期"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("截止时间和里面的每一场都跟着移动同样的天数，钟点不变。"),
    )

    def clean_title(self) -> str:
        return " ".join(self.cleaned_data["title"].split())

    def clean_starts_date(self) -> dt.date:
        day: dt.date = self.cleaned_data["starts_date"]
        check_year(day)
        return day

    @classmethod
    def of(cls, data: Any, training: Training) -> "CopyForm":
        """Return the form, filled in from the training."""
        return cls(data, initial={"title": training.title, "starts_date": ""})
