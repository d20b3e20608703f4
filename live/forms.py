"""The plan of a lecture as an organiser fills it in. The rules of a plan stand in live.operations, not here."""

import datetime as dt
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail.admin.widgets import AdminDateTimeInput

from attendance.asking import Asking
from attendance.forms import VoidForm
from attendance.models import Occasion, Rule, Training
from attendance.plan_forms import check_year
from attendance.queries.consequences import effects_of_rule
from attendance.queries.rules import offered_rules, why_not_at
from attendance.queries.sessions import session_number
from attendance.queries.windows import HELD
from attendance.rule_default import offer_default, say_choices, take_default
from attendance.sentences.records import session_title
from cms.models import CoursePage
from cms.permissions import editable_nodes
from cms.queries import courses_at
from live.core import lifecycle
from live.core.cutting import UnableToReadSpan, read_clock, read_spans
from live.models import Lecture
from live.operations import (
    LecturePlan,
    UnableToHoldAgain,
    UnableToScheduleLecture,
    UnableToVoidLecture,
    hold_again,
    repeat_lecture,
    reschedule_lecture,
    schedule_lecture,
    void_lecture,
)
from live.queries import lecturers_for
from live.sentences.cutting import cut_refusal
from live.sentences.plan import changes_of, in_words, unusual
from media.core.clock import clock
from media.core.cutting import MOST_CUTS
from media.models import Video
from media.operations import UnableToCut, plan_cut
from organizations.models import Node, Role, User
from organizations.permissions import visible_nodes
from organizations.unit_choice import ORGANISE, choose_unit

LOCAL_MINUTE = "%Y-%m-%dT%H:%M"


class LectureForm(Asking, forms.Form):
    """Offers only what lies in the organiser's subtrees; ``save`` calls the one operation and shows what it says.

    What is unusual, and what a change does to others, is asked once. ``again``: a lecture that was not held, in whose
    place this one is planned, or one that was held, of which this is a further session.
    """

    from_plan: Training | None = None  # from whose plan somebody comes

    training = forms.ModelChoiceField(Training.objects.none(), label=_("培训"), empty_label=_("请选择"))
    title = forms.CharField(label=_("名称"), max_length=120)
    node = forms.ModelChoiceField(
        Node.objects.none(), label=_("对象"), empty_label=_("请选择"), help_text=_("这个组织和它下面的所有人都应参加。")
    )
    starts_at = forms.DateTimeField(label=_("开始时间"), widget=AdminDateTimeInput)
    minutes = forms.IntegerField(
        label=_("时长（分钟）"), min_value=1, max_value=720, initial=60, help_text=_("到时间不会自动断开，由讲师结束。")
    )
    lecturer = forms.ModelChoiceField(
        User.objects.none(), label=_("讲师"), empty_label=_("请选择"), help_text=_("有讲师职责的人。")
    )
    rule = forms.ModelChoiceField(Rule.objects.none(), label=_("认定规则"), empty_label=_("请选择"))
    record = forms.BooleanField(
        label=_("保存回放"), required=False, initial=True, help_text=_("结束后自动提供给没有参加的人补学。")
    )
    webrtc_cap = forms.IntegerField(
        label=_("实时观看上限"),
        min_value=0,
        max_value=5000,
        help_text=_("这么多人以最低延迟观看，其余的人晚几秒，内容相同。"),
    )

    def __init__(
        self, data: Any = None, *, user: User, lecture: Lecture | None = None, again: Lecture | None = None
    ) -> None:
        self.lecture = lecture
        self._again, self._user = again, user
        initial = _initial(lecture or again)
        if again is not None and again.occasion.state in HELD:
            del initial["starts_at"]  # another time, which only they know
            initial["title"] = _title_of_session(again)
        super().__init__(data, initial=initial)
        nodes = visible_nodes(user, Role.ORGANISER)
        self._offer(
            "training",
            Training.objects.filter(node__in=nodes, is_standing=False).exclude(state="closed").order_by("-pk"),
        )
        choose_unit(self, "node", nodes.filter(closed_date=None), scope=ORGANISE)
        self._offer("lecturer", lecturers_for(user, on_date=timezone.localdate()))
        kept = lecture.occasion.rule_id if lecture else None  # another unit's, where it was planned with it
        self._offer("rule", offered_rules(user, basis=Rule.Basis.WINDOW, kept=kept))
        say_choices(self.fields["rule"])
        if lecture is None:
            offer_default(self)
        self.stand_by(None if lecture is None else in_words(lecture.occasion, lecture.lecturer))

    def _offer(self, name: str, queryset: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = queryset

    def clean_starts_at(self) -> dt.datetime:
        at: dt.datetime = self.cleaned_data["starts_at"]
        check_year(at)
        return at

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        take_default(self, cleaned, "lecture_rule")
        rule, node = cleaned.get("rule"), cleaned.get("node")
        stored = self.lecture.occasion if self.lecture is not None else None
        if rule and node and (refusal := why_not_at(rule=rule, node=node, stored=stored)):
            self.add_error("rule", refusal)
        return cleaned

    def effects_of_saving(self) -> list[str]:
        now, data = timezone.now(), self.cleaned_data
        ends_at = data["starts_at"] + dt.timedelta(minutes=data["minutes"])
        if lifecycle.plan_refusal(starts_at=data["starts_at"], ends_at=ends_at, as_of=now):
            return []  # saving says so, at the field
        after = Occasion(
            title=data["title"],
            training=data["training"],
            node=data["node"],
            starts_at=data["starts_at"],
            ends_at=ends_at,
            rule=data["rule"],
        )
        found = [] if self.lecture is None else changes_of(self.lecture, after, data["lecturer"], as_of=now)
        found += effects_of_rule(rule=data["rule"], length=ends_at - data["starts_at"])
        if self.lecture is not None and not self.changed_data:
            return found
        return found + unusual(
            data["training"], data["lecturer"], data["starts_at"], ends_at, but=self.moved(), asked_by=self._user,
            as_of=now, from_plan=data["training"] == self.from_plan,
        )  # fmt: skip

    def moved(self) -> set[int]:
        """Return which lectures this plan is about: nobody clashes with oneself."""
        return set() if self.lecture is None else {self.lecture.pk}

    def plan(self) -> LecturePlan:
        """Return what was filled in, once it is clean."""
        data = self.cleaned_data
        return LecturePlan(
            training_id=data["training"].pk,
            title=data["title"],
            node_id=data["node"].pk,
            starts_at=data["starts_at"],
            ends_at=data["starts_at"] + dt.timedelta(minutes=data["minutes"]),
            lecturer_id=data["lecturer"].pk,
            rule_id=data["rule"].pk,
            record=data["record"],
            webrtc_cap=data["webrtc_cap"],
        )

    def save(self, *, as_of: dt.datetime) -> bool:
        """Schedule or reschedule; False when the plan was refused, with the reason at its field."""
        try:
            self.carry_out(self.plan(), as_of=as_of)
        except (UnableToScheduleLecture, UnableToVoidLecture, UnableToHoldAgain) as error:
            _refuse(self, error)
            return False
        return True

    def carry_out(self, plan: LecturePlan, *, as_of: dt.datetime) -> None:
        """Do what the form is for. Raises what the operations raise."""
        if self._again is not None:
            anew = repeat_lecture if self._again.occasion.state in HELD else hold_again
            self.lecture = anew(occasion_id=self._again.pk, plan=plan, actor_id=self._user.pk, as_of=as_of)
        elif self.lecture is None:
            self.lecture = schedule_lecture(plan=plan, as_of=as_of, actor_id=self._user.pk)
        elif self.changed_data:  # whoever saves what stands there has changed nothing
            reschedule_lecture(occasion_id=self.lecture.pk, plan=plan, as_of=as_of, actor_id=self._user.pk)


def _refuse(form: forms.Form, error: UnableToScheduleLecture | UnableToVoidLecture | UnableToHoldAgain) -> None:
    """Put what an operation says beside the input that it is about."""
    field = getattr(error, "field", "")
    name = {"ends_at": "minutes"}.get(field, field)
    form.add_error(name if name in form.fields else None, str(error))


class AgainForm(Asking, forms.Form):
    """Another time for a lecture that was not held, or a further session of one that was; people, rule and lecturer
    stay. Asks as the office's form does."""

    title = forms.CharField(label=_("名称"), max_length=120)
    starts_at = forms.DateTimeField(
        label=_("开始时间"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL_MINUTE),
        input_formats=[LOCAL_MINUTE, "%Y-%m-%dT%H:%M:%S"],
    )
    minutes = forms.IntegerField(label=_("时长（分钟）"), min_value=1, max_value=720)

    def clean_starts_at(self) -> dt.datetime:
        at: dt.datetime = self.cleaned_data["starts_at"]
        check_year(at)
        return at

    def __init__(self, data: Any = None, *, lecture: Lecture, user: User) -> None:
        self._lecture, self._user = lecture, user
        initial = _initial(lecture)
        if lecture.occasion.state in HELD:
            initial["title"] = _title_of_session(lecture)
        super().__init__(data, initial={name: initial[name] for name in ("title", "minutes")})
        self.stand_by(None)

    def effects_of_saving(self) -> list[str]:
        old, starts_at = self._lecture, self.cleaned_data["starts_at"]
        sessions = Lecture.objects.filter(occasion__repeats_id=old.occasion.repeats_id or old.pk)
        if Lecture.objects.filter(in_place_of=old).exists() or sessions.filter(occasion__starts_at=starts_at).exists():
            return []  # a second click: saving says what the first has planned
        ends_at = starts_at + dt.timedelta(minutes=self.cleaned_data["minutes"])
        training = old.occasion.training
        return unusual(training, old.lecturer, starts_at, ends_at, but=(), asked_by=self._user, as_of=timezone.now())

    def save(self, *, as_of: dt.datetime) -> Lecture | None:
        """Schedule it and void the other; None when the plan was refused, with the reason at its field."""
        old, data = self._lecture, self.cleaned_data
        plan = LecturePlan(
            training_id=old.occasion.training_id,
            title=data["title"],
            node_id=old.occasion.node_id,
            starts_at=data["starts_at"],
            ends_at=data["starts_at"] + dt.timedelta(minutes=data["minutes"]),
            lecturer_id=old.lecturer_id,
            rule_id=old.occasion.rule_id,
            record=old.record,
            webrtc_cap=old.webrtc_cap,
        )
        try:
            anew = repeat_lecture if old.occasion.state in HELD else hold_again
            return anew(occasion_id=old.pk, plan=plan, actor_id=self._user.pk, as_of=as_of)
        except (UnableToScheduleLecture, UnableToVoidLecture, UnableToHoldAgain) as error:
            _refuse(self, error)
            return None


class VoidLectureForm(VoidForm):
    """Why a lecture counts nowhere."""

    def save(self, lecture: Lecture, *, actor_id: int, as_of: dt.datetime) -> bool:
        """Void it; False when that was refused, with the reason."""
        reason = self.cleaned_data["reason"]
        try:
            void_lecture(occasion_id=lecture.pk, reason=reason, actor_id=actor_id, as_of=as_of)
        except UnableToVoidLecture as error:
            self.add_error("reason", str(error))
            return False
        return True


def _title_of_session(lecture: Lecture) -> str:
    """Return a title that tells a further session from the first, and from the ones between."""
    first = lecture.occasion.repeats or lecture.occasion
    return session_title(first.title, session_number(first))


def _initial(lecture: Lecture | None) -> dict[str, Any]:
    if lecture is None:
        return {"webrtc_cap": settings.LIVE_WEBRTC_CAP}
    plan = lecture.occasion
    return {
        "training": plan.training_id,
        "title": plan.title,
        "node": plan.node_id,
        "starts_at": plan.starts_at,
        "minutes": round((plan.ends_at - plan.starts_at) / dt.timedelta(minutes=1)),
        "lecturer": lecture.lecturer_id,
        "rule": plan.rule_id,
        "record": lecture.record,
        "webrtc_cap": lecture.webrtc_cap,
    }


class CutForm(forms.Form):
    """Which part of a recording becomes which lesson. ``spans``: what is left, in ms, once it is valid.

    ``seen``: those that somebody was shown before, so that nothing is made of times that nobody has seen.
    """

    start = forms.CharField(label=_("从"), max_length=12, help_text=_("分:秒，或时:分:秒，如 12:30"))
    end = forms.CharField(label=_("到"), max_length=12)
    without = forms.CharField(
        label=_("中间要去掉的段落"),
        required=False,
        max_length=600,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("一行一段，如 12:30-15:00，最多 10 段。"),
    )
    title = forms.CharField(label=_("课的名称"), max_length=120)
    course = forms.ModelChoiceField(
        CoursePage.objects.none(),
        label=_("放进哪门课程"),
        empty_label=_("请选择"),
        help_text=_("放在最后，先是草稿，您在后台检查后再发布。没有合适的课程，请先在后台新建。"),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput, max_length=600)

    def __init__(self, *args: Any, video: Video, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.video = video
        self.spans: list[tuple[int, int]] = []
        self.bounds: dict[str, Any] = {}
        field: Any = self.fields["course"]
        field.queryset = courses_at(editable_nodes(user))
        # Courses of several organisations may have one name.
        field.label_from_instance = lambda course: f"{course.title}（{course.node.name}）"

    def clean_start(self) -> int:
        return self._moment("start")

    def clean_end(self) -> int:
        return self._moment("end")

    def _moment(self, name: str) -> int:
        at = read_clock(self.cleaned_data[name])
        if at is None:
            raise forms.ValidationError(_("请写成 分:秒 或 时:分:秒，如 12:30；后面的分和秒不超过 59。"))
        return at

    def clean_without(self) -> list[tuple[int, int]]:
        try:
            spans = read_spans(self.cleaned_data["without"])
        except UnableToReadSpan as error:
            words = _("第 %(n)s 行看不懂，请写成 12:30-15:00，一行一段；秒不超过 59。")
            if error.code == "backwards":
                words = _("第 %(n)s 行的结尾要晚于开头。")
            raise forms.ValidationError(words, params={"n": error.line}) from error
        if len(spans) > MOST_CUTS:
            raise forms.ValidationError(_("最多去掉 10 段，请合并相邻的段落。"))
        return spans

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not {"start", "end", "without"} <= data.keys():
            return data
        if data["end"] <= data["start"]:
            self.add_error("end", _("要晚于“从”的时间。"))
            return data
        if self._is_beyond(data["end"]):
            words = _("回放只有 %(length)s，请写这个时间或者更早的。")
            self.add_error("end", forms.ValidationError(words, params={"length": clock(self.video.duration_ms or 0)}))
            return data
        self.bounds = {"start_ms": data["start"], "end_ms": data["end"], "without": data["without"]}
        try:
            self.spans = plan_cut(video=self.video, **self.bounds)
        except UnableToCut as error:
            self.add_error(None, cut_refusal(error.code))
        return data

    def _is_beyond(self, at_ms: int) -> bool:
        """Whether a moment lies after the end, to the second: moments are written in whole ones."""
        return self.video.duration_ms is not None and at_ms >= self.video.duration_ms + 1000

    @property
    def plan(self) -> str:
        """The spans as ``seen`` carries them."""
        return " ".join(f"{start}-{end}" for start, end in self.spans)

    @property
    def is_seen(self) -> bool:
        """Whether somebody was shown just these spans."""
        return bool(self.plan) and self.cleaned_data.get("seen") == self.plan
