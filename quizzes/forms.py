"""The organisers' forms of questions and quizzes, without a script; a question's is the check's with more kinds."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from attendance.check_forms import PLACES, TRUTH
from attendance.check_forms import QuestionForm as CheckQuestionForm
from attendance.core.check import MOST_ATTEMPTS, UnfitQuestion
from organizations.models import Node
from organizations.unit_choice import UnitChoice, own_unit
from quizzes.core.drawing import MOST_DRAWN, MOST_PARTS, Part
from quizzes.core.questions import Draft, Kind, normalised
from quizzes.core.tags import LONGEST_TAG, tags_of
from quizzes.models import QuestionVersion, Quiz
from quizzes.operations import QuestionPlan, QuizPlan, UnableToSaveQuestion, check_question

LARGEST = 2**31 - 1
SAME = {Kind.ORDER: _("有两项一样，请改一个。"), Kind.FILL: _("有两个答案一样，请改一个。")}
"""What is said of two equal lines where they are no choices."""


def node_field(nodes: QuerySet[Node]) -> UnitChoice:
    """Return the choice of the unit whose bank or quiz it becomes."""
    return own_unit(nodes, help_text=_("那里和上级的组织员都能用、能改；练习只从自己组织的题库里抽题。以后不能改。"))


class QuestionForm(CheckQuestionForm):
    """One question of the bank; ``nodes``: where a new one may belong, None for one that is there already."""

    seen_version = forms.IntegerField(min_value=0, max_value=LARGEST, widget=forms.HiddenInput, initial=0)
    tags = forms.CharField(
        label=_("标签"), max_length=300, required=False,
        help_text=_("用空格或顿号隔开，例如：防汛 急救。练习按标签抽题。"),
    )  # fmt: skip

    def __init__(self, *args: Any, nodes: QuerySet[Node] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["left_out"]
        self.fields["kind"] = forms.ChoiceField(label=_("题型"), choices=QuestionVersion.Kind.choices)
        self.fields["text"].required = True
        self.fields["text"].error_messages["required"] = _("请写题目。")
        self.fields["explanation"].help_text = _("可以不写；练习里写明什么时候给本人看。")
        if nodes is not None:
            self.fields["node"] = node_field(nodes)

    def clean(self) -> Any:
        """Say what is wrong with the choices and the tags where they stand."""
        values = super().clean()
        if self.errors:
            return values
        plan = self.plan()
        try:
            check_question(QuestionPlan(plan.draft))
        except UnableToSaveQuestion as error:
            self._refuse(plan.draft, str(error))
            return values
        try:
            check_question(plan)
        except UnableToSaveQuestion as error:
            self.add_error("tags", str(error))
        return values

    def _refuse(self, draft: Draft, said: str) -> None:
        try:
            draft.check()
        except UnfitQuestion as error:
            place = self._second_of_two(draft) if error.code == "same" else self._first_blank()
            if error.code == "same":
                said = str(SAME.get(draft.kind, said))
            self.add_error(f"choice_{place}", said)
        else:
            self.add_error(None, said)

    def _first_blank(self) -> int:
        """Return where a choice was ticked but not written, else the first place."""
        values = self.cleaned_data
        return next((at for at in PLACES if values[f"right_{at}"] and not values[f"choice_{at}"].strip()), 0)

    def _second_of_two(self, draft: Draft) -> int:
        """Return where something was written a second time."""
        key = normalised if draft.kind is Kind.FILL else str.strip
        keys = {
            at: key(self.cleaned_data[f"choice_{at}"]) for at in PLACES if self.cleaned_data[f"choice_{at}"].strip()
        }
        return next((at for at in keys if keys[at] in [keys[one] for one in keys if one < at]), 0)

    def plan(self) -> QuestionPlan:
        """Return the question as it was written, with its tags; gaps between choices are closed."""
        values = self.cleaned_data
        kind = Kind(values["kind"])
        return QuestionPlan(self._written(kind), tags_of(values["tags"]))

    def _written(self, kind: Kind) -> Draft:
        values = self.cleaned_data
        if kind in (Kind.ORDER, Kind.FILL):
            written = tuple(values[f"choice_{place}"] for place in PLACES if values[f"choice_{place}"].strip())
            return Draft(kind, values["text"], written, (), values["explanation"])
        asked = self.draft()
        return Draft(kind, asked.text, asked.choices, tuple(sorted(asked.right)), asked.explanation)


def question_initial(version: QuestionVersion, tags: str) -> dict[str, Any]:
    """Return what the form of a question begins with."""
    values: dict[str, Any] = {
        "kind": version.kind, "text": version.text, "explanation": version.explanation, "tags": tags,
        "seen_version": version.number,
    }  # fmt: skip
    if version.kind == QuestionVersion.Kind.TRUE_FALSE:
        return {**values, "truth": TRUTH[version.right[0]][0]}
    for place, words in enumerate(version.choices):
        values |= {f"choice_{place}": words, f"right_{place}": place in version.right}
    return values


class QuizForm(forms.Form):
    """How a quiz asks: what it draws from the bank, and the rules."""

    seen_revision = forms.IntegerField(min_value=0, max_value=LARGEST, widget=forms.HiddenInput, initial=0)
    title = forms.CharField(
        label=_("名称"), max_length=60, help_text=_("大家在课里看到的名称。"),
        error_messages={"required": _("请写名称。")},
    )  # fmt: skip
    pass_percent = forms.IntegerField(
        label=_("及格线（%）"), min_value=1, max_value=100, initial=60,
        help_text=_("答对的题占多少算通过；不是整数的往上取，例如 5 题的 50% 要答对 3 题。"),
        error_messages={"required": _("请写及格线。")},
    )  # fmt: skip
    most_attempts = forms.IntegerField(
        label=_("最多做几次"), min_value=1, max_value=MOST_ATTEMPTS, required=False,
        help_text=_("不填就是不限次数。每次重新抽题。"),
    )  # fmt: skip
    shows = forms.ChoiceField(
        label=_("什么时候显示正确答案和讲解"), choices=Quiz.Shows.choices, initial=Quiz.Shows.FINAL,
        help_text=_("每一题答得对不对，交卷以后总是能看到。"),
    )  # fmt: skip

    def __init__(self, *args: Any, nodes: QuerySet[Node] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if nodes is not None:
            self.fields["node"] = node_field(nodes)
        for row in range(MOST_PARTS):
            tag = _("第 %(number)s 行的标签") % {"number": row + 1}
            self.fields[f"tag_{row}"] = forms.CharField(label=tag, max_length=LONGEST_TAG, required=False)
            self.fields[f"tag_{row}"].widget.attrs["list"] = "tags"
            count = _("第 %(number)s 行抽几题") % {"number": row + 1}
            self.fields[f"count_{row}"] = forms.IntegerField(
                label=count, min_value=1, max_value=MOST_DRAWN, required=False
            )

    @property
    def rows(self) -> list[tuple[Any, Any]]:
        """The parts, as the page draws them."""
        return [(self[f"tag_{row}"], self[f"count_{row}"]) for row in range(MOST_PARTS)]

    @property
    def plain(self) -> list[Any]:
        """The other fields that one sees."""
        return [one for one in self.visible_fields() if not one.name.startswith(("tag_", "count_"))]

    def clean(self) -> Any:
        values = super().clean() or {}
        for row in range(MOST_PARTS):
            tag = values.get(f"tag_{row}", "")
            if f"count_{row}" not in self.errors and tag and not values.get(f"count_{row}"):
                self.add_error(f"count_{row}", ValidationError(_("请写这个标签抽几题。")))
            if len(tags_of(tag)) > 1:
                self.add_error(f"tag_{row}", ValidationError(_("一行写一个标签，不要有空格和顿号。")))
        return values

    def plan(self) -> QuizPlan:
        """Return the quiz as it was written; empty rows are left out."""
        values = self.cleaned_data
        parts = tuple(
            Part("".join(tags_of(values[f"tag_{row}"])), values[f"count_{row}"])
            for row in range(MOST_PARTS)
            if values[f"count_{row}"]
        )
        return QuizPlan(
            title=values["title"], parts=parts, pass_percent=values["pass_percent"],
            most_attempts=values["most_attempts"], shows=values["shows"],
        )  # fmt: skip


def quiz_initial(quiz: Quiz) -> dict[str, Any]:
    """Return what the form of a quiz begins with."""
    values: dict[str, Any] = {
        "seen_revision": quiz.revision, "title": quiz.title, "pass_percent": quiz.pass_percent,
        "most_attempts": quiz.most_attempts, "shows": quiz.shows,
    }  # fmt: skip
    for row, part in enumerate(quiz.parts):
        values |= {f"tag_{row}": part.tag, f"count_{row}": part.count}
    return values
