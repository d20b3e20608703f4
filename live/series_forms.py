"""A series in the office: planned in the form of a lecture, each date to be left out; changed from one of them on."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from wagtail.admin.widgets import AdminDateInput

from attendance.asking import agreement_to
from attendance.queries.concerned import people_at
from attendance.queries.consequences import effects_of_rule
from attendance.sentences.records import moment
from live.core.plan import LecturePlan, followed
from live.core.series import MOST, Starts, starts_of
from live.forms import LectureForm
from live.models import Lecture, LectureSeries
from live.operations import reschedule_following, schedule_lectures
from live.queries.series import following, plan_of
from live.sentences.plan import refusal_words, unusual_each
from organizations.models import User

ONE, FOLLOWING = "one", "following"
EVENING = dt.time(19, 30)


@dataclass(frozen=True)
class SeriesDate:
    """A date of a series as it is shown before it is planned: ``refused`` says why it cannot be."""

    at: dt.datetime
    notes: tuple[str, ...]
    refused: str
    is_kept: bool

    @property
    def value(self) -> str:
        return self.at.strftime("%Y-%m-%dT%H:%M")

    @property
    def words(self) -> str:
        return f"{moment(self.at)} {WEEKDAYS[timezone.localtime(self.at).weekday()]}"


class SeriesForm(LectureForm):
    """A new lecture, or a series of them. All dates are shown with what is unusual about each before any is planned."""

    repeats = forms.ChoiceField(
        label=gettext_lazy("重复"),
        choices=[("", gettext_lazy("不重复，只有一场")), *LectureSeries.Every.choices],
        required=False,
        help_text=gettext_lazy("从上面的开始时间排起，保存以前会列出每一个日期，可以去掉不办的。节假日请自己去掉。"),
    )
    times = forms.IntegerField(
        label=gettext_lazy("一共几场"),
        min_value=2,
        max_value=MOST,
        required=False,
        help_text=gettext_lazy("重复的才填，最多 52 场。"),
    )
    until = forms.DateField(
        label=gettext_lazy("或者排到哪一天"),
        required=False,
        widget=AdminDateInput,
        help_text=gettext_lazy("场数和这一天只填一个。"),
    )
    dates: list[SeriesDate]
    made: int
    _starts: Starts | None

    def __init__(
        self, data: Any = None, *, user: User, again: Lecture | None = None, day: dt.date | None = None
    ) -> None:
        super().__init__(data, user=user, again=again)
        if day is not None:
            self.initial["starts_at"] = usual_start(day, as_of=timezone.now())
        self.dates, self.made, self._starts = [], 0, None
        if again is not None:  # in the place of one: that is one
            for name in ("repeats", "times", "until"):
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("repeats") and not {"times", "until"} & set(self.errors):
            self._clean_series(cleaned)
        elif not {"repeats", "times", "until"} & set(self.errors) and (cleaned.get("times") or cleaned.get("until")):
            words = _("填了场数或者排到哪一天，请在这里选怎样重复；只办一场的，请把那两项清空。")
            self.add_error("repeats", words)
        return cleaned

    def _clean_series(self, cleaned: dict[str, Any]) -> None:
        times, until, first = cleaned.get("times"), cleaned.get("until"), cleaned.get("starts_at")
        if (times is None) == (until is None):
            both = _("场数和结束的一天只填一个，请去掉一个。")
            self.add_error("times", both if times is not None else _("请填写一共几场，或者排到哪一天。"))
            return
        if first is None:
            return
        local = timezone.localtime(first).replace(tzinfo=None)
        self._starts = starts_of(local, every=cleaned["repeats"], times=times, until=until)
        if self._starts.is_cut:
            words = _("到这一天超过 %(most)s 场，一次最多安排 %(most)s 场，请把这一天提前。")
            self.add_error("until", words % {"most": MOST})
        elif len(self._starts.at) < 2:
            self.add_error("until", _("到这一天只有一场或者没有。请改晚一些，或者选“不重复”。"))

    def _sent(self, name: str) -> list[str]:
        assert isinstance(self.data, MultiValueDict)  # noqa: S101 - what a browser sends, or nothing
        return self.data.getlist(name)

    @property
    def kept_before(self) -> list[tuple[str, str]]:
        """What was left out and ticked on the page before, where this one cannot show the dates for another mistake."""
        if not self.is_bound or self.dates or "repeats" not in self.fields:
            return []
        return [(name, one[:16]) for name in ("listed", "dates") for one in self._sent(name)[:MOST]]

    @property
    def agreement(self) -> str:
        """What the box for agreeing is worth: all dates with what was said about each."""
        said = [f"{one.value} {one.refused} {' '.join(one.notes)}" for one in self.dates]
        return agreement_to([*self.effects, *said])

    def effects_of_saving(self) -> list[str]:
        if self._starts is None:
            return super().effects_of_saving()
        now, data = timezone.now(), self.cleaned_data
        length = dt.timedelta(minutes=data["minutes"])
        spans = [(at, at + length) for at in map(timezone.make_aware, self._starts.at)]
        notes = unusual_each(
            data["training"], data["lecturer"], spans, but=(), asked_by=self._user, as_of=now,
            from_plan=data["training"] == self.from_plan,
        )  # fmt: skip
        common = [one for one in notes[0] if all(one in each for each in notes)]
        self.dates = [
            self._date(span, [one for one in each if one not in common], now)
            for span, each in zip(spans, notes, strict=True)
        ]
        if not any(one.is_kept for one in self.dates):
            words = _("一个日期也没有留下。请至少勾选一个，或者改开始时间。")
            self.add_error(None, words)  # the dates stand above, far from the field
            self.add_error("repeats", words)
            return []
        return [
            self._summary(self._starts, spans), *common, *effects_of_rule(rule=data["rule"], length=length)
        ]  # fmt: skip

    def _date(self, span: tuple[dt.datetime, dt.datetime], notes: list[str], now: dt.datetime) -> SeriesDate:
        refused = refusal_words(*span, as_of=now)
        one = SeriesDate(span[0], tuple(notes), refused, is_kept=not refused)
        left_out = one.value in self._sent("listed") and one.value not in self._sent("dates")
        return SeriesDate(one.at, () if refused else one.notes, refused, is_kept=one.is_kept and not left_out)

    def _summary(self, starts: Starts, spans: list[tuple[dt.datetime, dt.datetime]]) -> str:
        count = len(spans)
        words = ngettext(
            "上面列出的 %(count)s 个日期，勾选的各安排一场，从 %(first)s 到 %(last)s。",
            "上面列出的 %(count)s 个日期，勾选的各安排一场，从 %(first)s 到 %(last)s。",
            count,
        )
        said = words % {"count": count, "first": moment(spans[0][0]), "last": moment(spans[-1][0])}
        if starts.lacking:
            months = _("、").join(f"{month:%Y-%m}" for month in starts.lacking)
            said += _("这些月份没有这一天，不安排：%(months)s。") % {"months": months}
        return said

    def carry_out(self, plan: LecturePlan, *, as_of: dt.datetime) -> None:
        """Plan one lecture, or the series; ``made`` says how many were planned as one."""
        if self._starts is None:
            super().carry_out(plan, as_of=as_of)
            return
        length = plan.ends_at - plan.starts_at
        plans = [moved_to(plan, one.at, length) for one in self.dates if one.is_kept]
        every = self.cleaned_data["repeats"]
        lectures = schedule_lectures(plans=plans, every=every, as_of=as_of, actor_id=self._user.pk)
        self.lecture, self.made = lectures[0], len(lectures)


def moved_to(plan: LecturePlan, at: dt.datetime, length: dt.timedelta) -> LecturePlan:
    """Return the plan at another time."""
    return LecturePlan(**{**vars(plan), "starts_at": at, "ends_at": at + length})


def usual_start(day: dt.date, *, as_of: dt.datetime) -> dt.datetime:
    """Return what is proposed for a day: the evening; the next full hour where that is over today."""
    evening = timezone.make_aware(dt.datetime.combine(day, EVENING))
    if as_of < evening:
        return evening
    return timezone.localtime(as_of).replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1)


def reach_choices(later: int) -> list[tuple[str, str]]:
    """Return how far a change reaches, in words."""
    many = ngettext("这一场和后面的 %(count)s 场", "这一场和后面的 %(count)s 场", later) % {"count": later}
    return [(ONE, _("只有这一场")), (FOLLOWING, many)]


class ReachForm(forms.Form):
    """How far a step reaches: this lecture, or those that follow it in its series too."""

    reach = forms.ChoiceField(label=gettext_lazy("哪几场"), widget=forms.RadioSelect, initial=ONE)

    def __init__(self, data: Any = None, *, later: int) -> None:
        super().__init__(data)
        field = self.fields["reach"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = reach_choices(later)


class PlannedForm(LectureForm):
    """A lecture that is planned; one of a series is changed alone, or with all that follow it in the same way."""

    reach = forms.ChoiceField(
        label=gettext_lazy("改哪几场"),
        widget=forms.RadioSelect,
        initial=ONE,
        help_text=gettext_lazy("后面的只跟着改您改动的项目；时间按同样的天数和钟点移动。"),
    )
    changed: int

    def __init__(self, data: Any = None, *, user: User, lecture: Lecture) -> None:
        super().__init__(data, user=user, lecture=lecture)
        self.changed = 1
        self._before, self.later = plan_of(lecture), list(following(lecture, user=user))
        field = self.fields["reach"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = reach_choices(len(self.later))
        if not self.later:
            del self.fields["reach"]

    @property
    def reaches_further(self) -> bool:
        return bool(self.later) and self.cleaned_data["reach"] == FOLLOWING

    def moved(self) -> set[int]:
        found = super().moved()
        return found | {one.pk for one in self.later} if self.reaches_further else found

    def effects_of_saving(self) -> list[str]:
        if self.changed_data == ["reach"]:
            return []
        found = super().effects_of_saving()
        if not self.reaches_further:
            return found
        now, data, plan = timezone.now(), self.cleaned_data, self.plan()
        plans = [followed(plan_of(one), before=self._before, after=plan) for one in self.later]
        spans = [(one.starts_at, one.ends_at) for one in plans]
        words = ngettext(
            "后面的 %(count)s 场也这样改，改完的时间是：%(times)s。涉及 %(people)s 人。",
            "后面的 %(count)s 场也这样改，改完的时间是：%(times)s。涉及 %(people)s 人。",
            len(plans),
        )
        times = _("、").join(moment(start) for start, _end in spans)
        people = people_at([one.occasion for one in self.later], as_of=now)
        found.append(words % {"count": len(plans), "times": times, "people": people})
        notes = unusual_each(
            data["training"], data["lecturer"], spans, but=self.moved(), asked_by=self._user, as_of=now
        )
        common = [one for one in notes[0] if all(one in each for each in notes)]
        for (start, _end), each in zip(spans, notes, strict=True):
            found += [f"{moment(start)}：{one}" for one in each if one not in common]
        return found + [one for one in common if one not in found]

    def carry_out(self, plan: LecturePlan, *, as_of: dt.datetime) -> None:
        """Change this one, or it and all that follow; ``changed`` says how many."""
        if not self.reaches_further or self.lecture is None:
            super().carry_out(plan, as_of=as_of)
        elif set(self.changed_data) - {"reach"}:
            self.changed = reschedule_following(
                occasion_id=self.lecture.pk, plan=plan, as_of=as_of, actor_id=self._user.pk
            )
