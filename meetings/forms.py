"""Forms of the meetings' pages. What may stand is said by the operations; here it is read and put beside its field."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from attendance.asking import Asking
from attendance.forms import LOCAL_MINUTE, VoidForm
from attendance.models import Occasion
from attendance.plan_forms import check_year
from attendance.queries.rules import label_of
from attendance.sentences.records import moment
from meetings.catalogue import Form
from meetings.models import Audience, Meeting, MeetingForm, Minutes
from meetings.operations import GatheringPlan, UnableToChangeForm, book_mark, change_form
from meetings.operations.minutes import MOST_DECISIONS, MOST_STUDIED, MOST_TEXT, MOST_TITLE
from meetings.operations.planning import MOST_AGENDA
from meetings.queries import rules_at
from organizations.models import Membership, Node
from organizations.namesakes import told_apart

ALL, NAMED = "all", "named"
MORE_DECISIONS = 2

__all__ = ["AttendanceForm", "CatalogueForm", "Decisions", "GatheringForm", "LabelForm", "MinutesForm", "VoidForm"]


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL_MINUTE)
    return forms.DateTimeField(
        validators=[check_year],
        label=label,
        widget=widget,
        input_formats=[LOCAL_MINUTE, "%Y-%m-%dT%H:%M:%S"],
        error_messages={
            "required": _("请选日期和时间。"),
            "invalid": _("请选日期和时间，例如 2026-09-01 19:30。"),
        },
    )


def _text(label: Any, most: int, **more: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=most, required=False, **more)


class GatheringForm(Asking, forms.Form):
    """A meeting in person of one form at one unit; a past one asks whether it is entered after the fact."""

    # What stands for no rule of its own.
    standing_rule = _("现场会议规则")
    title = _text(_("会议名称"), 120)
    unit = forms.TypedChoiceField(label=_("哪个组织开会"), coerce=int)
    starts_at = _moment(_("开始时间"))
    ends_at = _moment(_("结束时间"))
    place = _text(_("地点"), 80)
    chair = _text(_("主持人"), 60)
    recorder = _text(_("记录人"), 60)
    agenda = _text(_("议程"), MOST_AGENDA, widget=forms.Textarea(attrs={"rows": 4}), help_text=_("每行一项。"))
    who = forms.ChoiceField(
        label=_("应到的人"),
        widget=forms.RadioSelect,
        choices=[(ALL, _("这个组织的全体党员")), (NAMED, _("只有下面勾选的人"))],
        initial=ALL,
    )
    members = forms.TypedMultipleChoiceField(
        label=_("勾选应到的人"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    rule = forms.TypedChoiceField(label=_("认定规则"), coerce=int, empty_value=None, required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        node: Node,
        units: Sequence[Node],
        form: Form,
        people: Sequence[Membership],
        meeting: Meeting | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        self.meeting, self._form, self._node = meeting, form, node
        super().__init__(data, initial=initial)
        self.fields["title"].widget.attrs["placeholder"] = form.label
        self._choose("unit", [(one.pk, one.name) for one in units])
        names = told_apart(
            (one.member_id, one.member.name, one.member.phone_last4, one.member.number) for one in people
        )
        self._choose("members", [(one.member_id, names[one.member_id]) for one in people])
        if not people:  # who plans without reading names leaves those named as they are
            del self.fields["who"], self.fields["members"]
        self._choose("rule", [("", self.standing_rule), *((one.pk, label_of(one)) for one in rules_at(node))])
        self.stand_by(None if meeting is None else in_words(meeting))

    def _choose(self, name: str, choices: list[Any]) -> None:
        field: Any = self.fields[name]
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        start, end = cleaned.get("starts_at"), cleaned.get("ends_at")
        if start and end and end <= start:  # before anybody is asked about a time that is past
            self.add_error("ends_at", _("结束时间要晚于开始时间。"))
        return cleaned

    def effects_of_saving(self) -> list[str]:
        if self.meeting is None and self.cleaned_data["ends_at"] <= timezone.now():
            return [str(_("这个时间已经过去：会作为补登保存，台账上会写明是什么时候登记的。"))]
        return []

    def plan(self) -> GatheringPlan:
        """Return what was filled in."""
        data = self.cleaned_data
        return GatheringPlan(
            node_id=data["unit"],
            form_code=self._form.code,
            member_ids=self._members(),
            rule_id=data["rule"],
            **{name: data[name] for name in ("title", "starts_at", "ends_at", "place", "chair", "recorder", "agenda")},
        )

    def _members(self) -> list[int] | None:
        """Return who is expected by name; None: everybody."""
        said = self.cleaned_data if "who" in self.fields else self.initial
        return list(said.get("members", ())) if said.get("who") == NAMED else None


def in_words(meeting: Meeting) -> dict[Any, Any]:
    """Return what is planned, in words by label: what a form was opened on."""
    occasion: Occasion = meeting.occasion
    return {
        _("会议名称"): occasion.title,
        _("开始时间"): moment(occasion.starts_at),
        _("结束时间"): moment(occasion.ends_at),
        _("地点"): meeting.place,
        _("主持人"): meeting.chair,
        _("记录人"): meeting.recorder,
        _("议程"): meeting.agenda,
    }


class AttendanceForm(forms.Form):
    """From when to when people met; who came stands in fields of its own, a row a person. ``seen``: what
    these times were when the page was opened."""

    seen: tuple[dt.datetime, dt.datetime] | None = None

    started_at = _moment(_("实际开始"))
    ended_at = _moment(_("实际结束"))


class MinutesForm(forms.Form):
    """What was studied, and what of the book is put right."""

    place = _text(_("地点"), 80)
    chair = _text(_("主持人"), 60)
    recorder = _text(_("记录人"), 60)
    studied = _text(_("学习和讨论的内容"), MOST_STUDIED, widget=forms.Textarea(attrs={"rows": 6}))
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=32_000)
    seen_book = forms.CharField(widget=forms.HiddenInput, max_length=16, required=False)

    @classmethod
    def of(cls, meeting: Meeting, minutes: Minutes | None, data: Any = None) -> "MinutesForm":
        known = {"place": meeting.place, "chair": meeting.chair, "recorder": meeting.recorder}
        studied = minutes.studied if minutes else meeting.agenda
        seen = {"seen": minutes.number if minutes else 0, "seen_book": book_mark(meeting)}
        return cls(data, initial={**known, "studied": studied, **seen})


class DecisionForm(forms.Form):
    """One decision; an empty one is left out."""

    title = _text(_("决定事项"), MOST_TITLE)
    text = _text(_("决定内容"), MOST_TEXT, widget=forms.Textarea(attrs={"rows": 3}))


_Decisions = forms.formset_factory(DecisionForm, extra=MORE_DECISIONS, max_num=MOST_DECISIONS)


class Decisions(_Decisions):  # type: ignore[misc, valid-type]
    """The decisions of a meeting, with some empty ones to fill in."""

    @classmethod
    def of(cls, minutes: Minutes | None, data: Any = None) -> "Decisions":
        known = [{"title": title, "text": text} for title, text in (minutes.decisions if minutes else ())]
        # What was sent stands alone: a row equal to what is stored would be taken for an untouched one, and lost.
        return cls(data, prefix="d") if data is not None else cls(initial=known, prefix="d")

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return [(one.cleaned_data.get("title", ""), one.cleaned_data.get("text", "")) for one in self.forms]


class LabelForm(forms.Form):
    """Which form an occasion has; none at all where it is no meeting in person."""

    form = forms.ChoiceField(label=_("会议形式"), required=False)
    seen = forms.CharField(widget=forms.HiddenInput, max_length=20, required=False)

    def __init__(self, data: Any = None, *, choices: Sequence[Form], may_be_none: bool, initial: str = "") -> None:
        super().__init__(data, initial={"form": initial, "seen": initial})
        field: Any = self.fields["form"]
        field.choices = [("", _("不作为组织生活"))] * may_be_none + [(one.code, one.label) for one in choices]


class CatalogueForm(Asking, forms.Form):
    """What a unit says of one form."""

    name = forms.CharField(label=_("名称"), max_length=30, error_messages={"required": _("请填写名称。")})
    audience = forms.ChoiceField(label=_("应到的人"), choices=Audience.choices)
    per = forms.ChoiceField(label=_("多久"), choices=MeetingForm.Every.choices)
    times = forms.IntegerField(label=_("几次"), min_value=0, max_value=31, help_text=_("0 表示不定次数，不提醒。"))
    is_used = forms.BooleanField(label=_("使用这种形式"), required=False)

    def __init__(self, data: Any = None, *, form: Form, node: Node | None) -> None:
        self._form, self._node = form, node
        names = ("name", "audience", "times", "is_used")
        super().__init__(data, initial={**{name: getattr(form, name) for name in names}, "per": form.per.value})
        self.stand_by({name: getattr(form, name) for name in (*names, "per")})

    def give_code(self, code: str) -> None:
        """Let what is saved be a new form of this code."""
        self._form = replace(self._form, code=code)

    def save(self, *, actor_id: int, as_of: dt.datetime) -> bool:
        """Say so; False when that was refused, with the reason at its field."""
        said = {name: self.cleaned_data[name] for name in ("name", "audience", "per", "times", "is_used")}
        try:
            change_form(node=self._node, code=self._form.code, **said, actor_id=actor_id, as_of=as_of)
        except UnableToChangeForm as error:
            self.add_error(error.field, str(error))
            return False
        return True
