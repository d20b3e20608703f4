"""The organisers' form of a check of understanding: how it is passed, and up to ten questions, without a script."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from attendance.core.check import MOST_ATTEMPTS, MOST_CHOICES, MOST_QUESTIONS, Draft, Kind
from attendance.models import Check, CheckQuestion
from attendance.operations.checks import LONGEST, CheckPlan

PLACES = range(MOST_CHOICES)
TRUTH = (("true", _("对")), ("false", _("错")))
DEFAULT_PAUSE_MIN = 5
FIRST_BLANKS = 3


class SettingsForm(forms.Form):
    """How many right answers pass, how often, with what pause; which version whoever saves has read."""

    seen_version = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)
    need = forms.IntegerField(
        label=_("答对几题算通过"), min_value=1, max_value=MOST_QUESTIONS,
        error_messages={"required": _("请写答对几题算通过。")},
    )  # fmt: skip
    most_attempts = forms.IntegerField(
        label=_("最多做几次"), min_value=1, max_value=MOST_ATTEMPTS, required=False, help_text=_("不填就是不限次数。")
    )
    pause_min = forms.IntegerField(
        label=_("没通过的，隔几分钟才能再做"), min_value=0, max_value=24 * 60, required=False,
        help_text=_("隔一会儿再做，靠猜就不划算；一般 5 分钟。"),
    )  # fmt: skip


class QuestionForm(forms.Form):
    """One question: empty ones are left out, so that nobody has to count before they write."""

    kind = forms.ChoiceField(label=_("题型"), choices=CheckQuestion.Kind.choices)
    text = forms.CharField(
        label=_("题目"), max_length=LONGEST["text"], required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    truth = forms.ChoiceField(
        label=_("判断题的正确答案"), choices=TRUTH, required=False, widget=forms.RadioSelect, initial="true"
    )
    explanation = forms.CharField(
        label=_("讲解"), max_length=LONGEST["explanation"], required=False,
        widget=forms.Textarea(attrs={"rows": 2}), help_text=_("做完以后本人会看到；可以不写。"),
    )  # fmt: skip
    left_out = forms.BooleanField(label=_("删去这一题"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for place in PLACES:
            label = _("选项 %(number)s") % {"number": place + 1}
            self.fields[f"choice_{place}"] = forms.CharField(label=label, max_length=LONGEST["choice"], required=False)
            right = _("选项 %(number)s 正确") % {"number": place + 1}
            self.fields[f"right_{place}"] = forms.BooleanField(label=right, required=False)

    @property
    def rows(self) -> list[tuple[Any, Any]]:
        """The choices with their ticks, as the page draws them."""
        return [(self[f"choice_{place}"], self[f"right_{place}"]) for place in PLACES]

    @property
    def is_blank(self) -> bool:
        """Whether nothing was written: of such a question only the kind is there."""
        values = self.cleaned_data
        written = [values.get("text"), *(values.get(f"choice_{place}") for place in PLACES)]
        return bool(values.get("left_out")) or not any((one or "").strip() for one in written)

    def draft(self) -> Draft:
        """Return the question as it was written; gaps between choices are closed."""
        values = self.cleaned_data
        kind = Kind(values["kind"])
        if kind is Kind.TRUE_FALSE:
            choices, right = ("true", "false"), frozenset({0 if values["truth"] != "false" else 1})
        else:
            places = [place for place in PLACES if values[f"choice_{place}"].strip() or values[f"right_{place}"]]
            choices = tuple(values[f"choice_{place}"] for place in places)
            right = frozenset(at for at, place in enumerate(places) if values[f"right_{place}"])
        return Draft(kind, values["text"], choices, right, values["explanation"])


QuestionSet = forms.formset_factory(
    QuestionForm, extra=0, max_num=MOST_QUESTIONS, absolute_max=MOST_QUESTIONS, validate_max=True
)


def initial_of(check: Check | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what the form begins with: the version that stands, or three empty questions."""
    if check is None:
        first = {"seen_version": 0, "need": 2, "pause_min": DEFAULT_PAUSE_MIN}
        return first, [{"kind": Kind.SINGLE.value} for _blank in range(FIRST_BLANKS)]
    settings: dict[str, Any] = {
        "seen_version": check.version, "need": check.need, "most_attempts": check.most_attempts,
        "pause_min": check.pause_s // 60,
    }  # fmt: skip
    return settings, [_initial(one) for one in check.questions.all()]


def _initial(question: CheckQuestion) -> dict[str, Any]:
    values: dict[str, Any] = {"kind": question.kind, "text": question.text, "explanation": question.explanation}
    if question.kind == CheckQuestion.Kind.TRUE_FALSE:
        return {**values, "truth": question.choices[question.right[0]]}
    for place, words in enumerate(question.choices):
        values |= {f"choice_{place}": words, f"right_{place}": place in question.right}
    return values


def plan_of(settings: SettingsForm, questions: Any) -> tuple[CheckPlan, list[QuestionForm]]:
    """Return the check of forms that are valid, and the form of each of its questions."""
    written = [one for one in questions if not one.is_blank]
    values = settings.cleaned_data
    return CheckPlan(
        questions=tuple(one.draft() for one in written), need=values["need"],
        most_attempts=values["most_attempts"], pause_s=(values["pause_min"] or 0) * 60,
    ), written  # fmt: skip
