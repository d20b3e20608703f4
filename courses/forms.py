"""The form 安排课程: which course, for whom, from when until when, under which rule, in which training."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.widgets import AdminDateTimeInput

from attendance.models import Occasion, Rule, Training
from attendance.operations import UnableToPlanOccasion
from cms.models import CoursePage
from cms.permissions import editable_nodes
from courses.models import CourseRun
from courses.operations import UnableToScheduleCourse, reschedule_course, schedule_course
from organizations.models import Node

WHY = {
    "unpublished": _("这门课还没有发布，请先发布。"),
    "no_video": _("这门课里没有已发布的视频，无法计算学习时间。"),
    "failed_video": _("这门课里有处理失败的视频，请先重试或换掉。"),
    "rule": _("请选择“按课程时长”的认定规则。"),
    "times": _("结束时间要晚于开始时间，也要晚于现在。"),
}


# The highest nodes tell what lies above; deeper ones have the same ancestors.
LARGEST_ROOTS = 200


class CourseRunForm(WagtailAdminModelForm):
    """Offers only what lies in the editor's part of the tree; saving goes through the operations."""

    training = forms.ModelChoiceField(Training.objects.none(), label=_("培训"))
    node = forms.ModelChoiceField(
        Node.objects.none(), label=_("给哪个组织"), help_text=_("这个组织及其下级的党员都应学习。")
    )
    starts_at = forms.DateTimeField(label=_("开始时间"), widget=AdminDateTimeInput)
    ends_at = forms.DateTimeField(label=_("截止时间"), widget=AdminDateTimeInput)
    rule = forms.ModelChoiceField(Rule.objects.none(), label=_("认定规则"))

    class Meta:
        model = CourseRun
        fields = ("page",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        nodes = editable_nodes(self.for_user)
        self.fields["page"].queryset = (
            CoursePage.objects.live().filter(node__in=nodes.order_by()).order_by("title", "pk")
        )
        chosen = Q(closed_date=None) | Q(pk=self.instance.occasion.node_id if self.instance.pk else None)
        self.fields["node"].queryset = nodes.filter(chosen)
        self.fields["training"].queryset = _trainings_for(nodes)
        self.fields["rule"].queryset = Rule.objects.filter(basis=Rule.Basis.MEDIA).order_by("name", "-version")
        if self.instance.pk:
            self._fill_from(self.instance.occasion)

    def _fill_from(self, occasion: Occasion) -> None:
        for name in ("training", "node", "starts_at", "ends_at", "rule"):
            self.fields[name].initial = getattr(occasion, name)
            self.fields[name].disabled = occasion.state != Occasion.State.SCHEDULED
        self.fields["page"].disabled = True

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        starts_at, ends_at = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts_at and ends_at and ends_at <= max(starts_at, timezone.now()):
            self.add_error("ends_at", WHY["times"])
        training, node = cleaned.get("training"), cleaned.get("node")
        if (
            training
            and node
            and not (node.path.startswith(training.node.path) or training.node.path.startswith(node.path))
        ):
            self.add_error("node", _("这个组织不在所选培训的范围内。"))
        return cleaned

    def save(self, commit: bool = True) -> CourseRun:
        """Schedule, or change the plan. Raises ValidationError with the reason when an operation refuses."""
        values = {f"{name}_id": self.cleaned_data[name].pk for name in ("training", "node", "rule")}
        values |= {name: self.cleaned_data[name] for name in ("starts_at", "ends_at")}
        try:
            if self.instance.pk:
                reschedule_course(occasion_id=self.instance.pk, **values)
                return self.instance
            return schedule_course(page_id=self.cleaned_data["page"].pk, as_of=timezone.now(), **values)
        except UnableToScheduleCourse as error:
            raise ValidationError(WHY[error.code]) from error
        except UnableToPlanOccasion as error:
            raise ValidationError(_("这个场次已经开始，不能再改安排。")) from error


def _trainings_for(nodes: Any) -> Any:
    """Trainings of the editor's organisations and of those above them, that are not over."""
    tops = set(nodes.order_by("depth").values_list("path", flat=True)[:LARGEST_ROOTS])
    above = {path[:end] for path in tops for end in range(Node.steplen, len(path), Node.steplen)}
    mine = Q(node__in=nodes.order_by()) | Q(node__path__in=above)
    return Training.objects.exclude(state=Training.State.CLOSED).filter(mine).order_by("-starts_date", "title")
