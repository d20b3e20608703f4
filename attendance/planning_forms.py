"""Forms of the flow in which a training is planned: what stands in Wagtail's admin too, as the product's own pages."""

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from attendance.forms import LOCAL_MINUTE
from attendance.models import Occasion, Training
from attendance.operations.narrowing import UnableToNarrowTraining, narrow_training
from attendance.plan_forms import TrainingForm, check_year, training_in_words
from attendance.planning import contents_of
from attendance.queries.consequences import named
from attendance.queries.naming import leaves_nobody
from attendance.queries.planning import named_units
from organizations.models import Node, Role
from organizations.permissions import visible_nodes
from organizations.unit_choice import ORGANISE, UnitChoice

# By how a field's name begins: the units that a training is for, where any are named, and those that are left out.
PARTS = {"chosen_": _("只给其中的组织 %(number)s"), "out_": _("不包括的组织 %(number)s")}
HELP = {
    "chosen_": _("只给上面“对象”下面的几个组织时在这里选。都不选，就是全部。保存以后可以再加。"),
    "out_": _("这个组织和它下面的人不参加。保存以后可以再加。"),
}
SPARE, MOST_PARTS = 2, 40


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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stored = named_units(self.instance) if self.instance.pk else []
        offered = visible_nodes(self.for_user, Role.ORGANISER)
        for is_left_out, name in enumerate(PARTS):
            kept = [one for one, is_out in self._stored if is_out == bool(is_left_out)]
            nodes = offered.filter(Q(closed_date=None) | Q(pk__in=[one.pk for one in kept]))
            sent = [1 for key in self.data if key.startswith(name) and key.endswith("_text")]
            for number in range(min(max(len(kept) + SPARE, len(sent)), MOST_PARTS)):
                initial = kept[number].pk if number < len(kept) else None
                self.fields[f"{name}{number}"] = UnitChoice(
                    nodes, scope=ORGANISE, required=False, initial=initial, empty=_("可以不选"),
                    label=PARTS[name] % {"number": number + 1}, help_text="" if number else HELP[name],
                )  # fmt: skip
        self.stand_by(None if self._before is None else self._words_of_stored(self._before))

    def _words_of_stored(self, before: Training) -> dict[Any, Any]:
        stored = self._stored
        words = {
            label: gettext("、").join(one.name for one, is_out in stored if is_out == is_left_out) or gettext("没有")
            for label, is_left_out in ((_("只给其中"), False), (_("不包括"), True))
        }
        return {**training_in_words(before), **words}

    @property
    def basics(self) -> list[forms.BoundField]:
        """The fields that every training has."""
        return [field for field in self.visible_fields() if not field.name.startswith(tuple(PARTS))]

    @property
    def parts(self) -> list[forms.BoundField]:
        """Those of single units, which a page may fold away while ``has_parts`` is not so."""
        return [field for field in self.visible_fields() if field.name.startswith(tuple(PARTS))]

    @property
    def has_parts(self) -> bool:
        # What was sent is a pair, of the choice and of what was typed.
        values = [(field.value(), field.errors) for field in self.parts]
        return any(errors or (any(value) if isinstance(value, tuple) else value) for value, errors in values)

    def units_of(self, name: str) -> list[Node]:
        """Return the units that were chosen under one of ``PARTS``, each once."""
        found = {
            one.pk: one for key, one in self.cleaned_data.items() if key.startswith(name) and isinstance(one, Node)
        }
        return list(found.values())

    @property
    def units(self) -> list[tuple[Node, bool]]:
        """What was chosen, as ``attendance.queries.planning.named_units`` gives what is stored."""
        both = [(one, False) for one in self.units_of("chosen_")] + [(one, True) for one in self.units_of("out_")]
        return sorted(both, key=lambda one: one[0].path)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        node = cleaned.get("node")
        chosen = self.units_of("chosen_")
        for key, one in list(cleaned.items()):
            if node is None or not isinstance(one, Node) or key == "node":
                continue
            if one.pk == node.pk or not one.path.startswith(node.path):
                self.add_error(key, gettext("要选“%(node)s”下面的组织。") % {"node": node.name})
            elif key.startswith("out_") and chosen:
                self._check_left_out(key, one, chosen)
        return cleaned

    def _check_left_out(self, key: str, one: Node, chosen: list[Node]) -> None:
        if any(other.path.startswith(one.path) for other in chosen):
            self.add_error(key, gettext("“%(unit)s”选了要给，又选了不包括，请去掉一个。") % {"unit": one.name})
        elif not any(one.path.startswith(other.path) for other in chosen):
            words = gettext("“%(unit)s”本来就不在选中的组织里，不用写在这里。")
            self.add_error(key, words % {"unit": one.name})

    @property
    def is_narrowed_anew(self) -> bool:
        return {(one.pk, is_out) for one, is_out in self.units} != {(one.pk, is_out) for one, is_out in self._stored}

    def effects_of_saving(self) -> list[str]:
        found = super().effects_of_saving()
        if self._before is not None and self._before.state != Training.State.DRAFT and self.is_narrowed_anew:
            found.append(gettext("给哪些组织改了：已经开始的场次名单不变，还没有开始的按新的范围。"))
            paths = [(one.path, is_out) for one, is_out in self.units]
            ahead = [one for one in contents_of(self._before) if one.state == Occasion.State.SCHEDULED]
            if nobody := [one for one in ahead if leaves_nobody(paths, one.node.path)]:
                found.append(gettext("这些的对象不在选的组织里，没有人应到：%(list)s。") % {"list": named(nobody)})
        return found

    def save(self, commit: bool = True) -> Training:
        """Save with the units. Raises ValidationError as ``TrainingForm``, and where a roster is being written."""
        with transaction.atomic():
            saved = super().save(commit=commit)
            if self.is_narrowed_anew:
                ids = {name: [one.pk for one in self.units_of(name)] for name in PARTS}
                try:
                    narrow_training(training_id=saved.pk, chosen=ids["chosen_"], left_out=ids["out_"])
                except UnableToNarrowTraining as error:
                    raise ValidationError(str(error)) from error
        return saved


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

    past = forms.CharField(required=False, widget=forms.HiddenInput)  # the day that is over, once it was asked about

    def clean_starts_date(self) -> dt.date:
        day: dt.date = self.cleaned_data["starts_date"]
        check_year(day)
        if day < timezone.localdate() and self.data.get("past") != day.isoformat():
            self.data = {**self.data, "past": day.isoformat()}
            words = gettext(
                "这一天已经过去，里面的场次也会落在过去。要办新的，请改成以后的日期；确定用这一天，请再点一次。"
            )
            raise forms.ValidationError(words)
        return day

    @property
    def dates(self) -> dict[str, Any]:
        """What is asked for, once it is valid."""
        return {name: self.cleaned_data[name] for name in ("title", "starts_date")}

    @classmethod
    def of(cls, data: Any, training: Training) -> "CopyForm":
        """Return the form, filled in from the training."""
        return cls(data, initial={"title": training.title, "starts_date": ""})
