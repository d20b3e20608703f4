"""The organisers' forms of trainings and rules; ``attendance.queries.consequences`` says what a change does."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import IntegrityError, transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm

from attendance.asking import NEWER, Asking
from attendance.models import Occasion, Rule, Training
from attendance.queries.consequences import (
    effects_of_asking_all,
    effects_of_new_version,
    effects_on_training,
    occasions_under,
    refusals_of,
    too_short_for,
)
from attendance.queries.rules import offered_rules, why_not_at
from attendance.rule_default import say_choices
from attendance.sentences.records import moment
from attendance.sentences.rules import rule_sentence
from organizations.models import Node, Role
from organizations.permissions import open_nodes, rules_the_whole_tree, visible_nodes
from organizations.unit_choice import ORGANISE, choose_unit
from organizations.uses import uses_of

# Beyond these years a date is a slip of the hand, and arithmetic with it may fail years later.
FIRST_YEAR, LAST_YEAR = 2000, 2099
DAY_S = 24 * 60 * 60
MOST = {
    "min_minutes": 100_000,
    "late_after_s": DAY_S,
    "leave_early_s": DAY_S,
    "bridge_s": DAY_S,
    "outbox_s": DAY_S,
    "make_up_days": 3660,
}


class UnableToSavePlan(ValidationError):
    """Somebody else saved in the same moment; the message says so."""


def overtaken() -> UnableToSavePlan:
    """Return what is raised when somebody else saved between our reading and our writing."""
    return UnableToSavePlan(_("别人刚刚改过它，还没有保存您的修改。请再保存一次。"), code=NEWER)


def check_year(value: dt.date | dt.datetime) -> None:
    """Raise ValidationError for a date or moment that is a slip of the hand."""
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValidationError(_("请检查年份，要在 2000 到 2099 之间。"))


class TrainingForm(Asking, WagtailAdminModelForm):
    """Offers only the organiser's own nodes; a training that is used asks before it changes for others."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A closed unit is offered no more, but what was made for it keeps it.
        chosen = Q(closed_date=None) | Q(pk=self.instance.node_id)
        choose_unit(self, "node", visible_nodes(self.for_user, Role.ORGANISER).filter(chosen), scope=ORGANISE)
        self.fields["hours_required"].validators.append(MinValueValidator(Decimal(0), _("学时不能小于 0。")))
        self._offer_rules()
        with_rules = Training.objects.select_related("node", "lecture_rule", "course_rule")
        self._before = with_rules.get(pk=self.instance.pk) if self.instance.pk else None
        self.stand_by(None if self._before is None else training_in_words(self._before))

    def _offer_rules(self) -> None:
        """The rules that what is newly planned for it may be given: of the training's unit or one above."""
        for name, basis in (("lecture_rule", Rule.Basis.WINDOW), ("course_rule", Rule.Basis.MEDIA)):
            field: Any = self.fields[name]
            field.queryset = offered_rules(self.for_user, basis=basis, kept=getattr(self.instance, f"{name}_id"))
            field.empty_label = _("不设，每次安排时再选")
            say_choices(field)

    def clean_starts_date(self) -> dt.date:
        starts: dt.date = self.cleaned_data["starts_date"]
        check_year(starts)
        return starts

    def clean_deadline_at(self) -> dt.datetime:
        deadline: dt.datetime = self.cleaned_data["deadline_at"]
        check_year(deadline)
        # The page shows minutes: whoever leaves the field alone does not move it by seconds.
        if self._before is not None and moment(self._before.deadline_at) == moment(deadline):
            return self._before.deadline_at
        return deadline

    def _is_too_late(self, deadline: dt.datetime) -> bool:
        """Whether people would be asked for something whose time is over: published with it, or moved to it."""
        before = self._before
        is_as_it_was = before is not None and before.state == Training.State.PUBLISHED
        is_moved = before is None or before.deadline_at != deadline
        return deadline <= timezone.now() and (is_moved or not is_as_it_was)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        starts, deadline = cleaned.get("starts_date"), cleaned.get("deadline_at")
        state = cleaned.get("state", self.instance.state)
        if starts and deadline and timezone.localdate(deadline) < starts:
            self.add_error("deadline_at", _("截止时间要晚于开始日期。"))
        elif deadline and state == Training.State.PUBLISHED and self._is_too_late(deadline):
            self.add_error("deadline_at", _("截止时间已经过去，谁也来不及学了。请改成以后的时间。"))
        for name in ("lecture_rule", "course_rule"):
            rule, node = cleaned.get(name), cleaned.get("node")
            if rule and node and name in self.changed_data and (refusal := why_not_at(rule=rule, node=node)):
                self.add_error(name, refusal)
        return cleaned

    def effects_of_saving(self) -> list[str]:
        if self._before is None:
            return []
        for field, words in refusals_of(before=self._before, after=self.instance):
            self.add_error(field, words)
        if self.instance.state == Training.State.DRAFT and self._before.state != Training.State.DRAFT:
            needed = uses_of(self.instance, user=self.for_user, as_of=timezone.now())
            for use in (one for one in needed if one.blocks):
                self.add_error("state", _("不能退回草稿：%(why)s") % {"why": use.text})
        effects = effects_on_training(before=self._before, after=self.instance, as_of=timezone.now())
        return [*effects, *self._going_back()]

    def _going_back(self) -> list[str]:
        """What was made of a training that was over, and stays as it is while it runs again."""
        if self._before is None or self._before.state != Training.State.CLOSED:
            return []
        if self.instance.state != Training.State.PUBLISHED:
            return []
        words = _("重新开始：%(why)s它们照旧有效；以后结果有变化、依据不再成立的，会列给组织员。")
        needed = uses_of(self.instance, user=self.for_user, as_of=timezone.now())
        return [words % {"why": use.text} for use in needed]

    def save(self, commit: bool = True) -> Training:
        """Save; raises ValidationError when somebody else saved between our reading and our writing."""
        with transaction.atomic():
            if self._before is not None:
                # The whole row: an occasion that is being planned for it waits, and is seen by whoever asks next.
                now = Training.objects.select_for_update(of=("self",)).select_related(
                    "node", "lecture_rule", "course_rule"
                )
                stored = now.filter(pk=self.instance.pk).first()
                if stored is None or training_in_words(stored) != training_in_words(self._before):
                    raise overtaken()
                if refusals_of(before=stored, after=self.instance):
                    raise overtaken()
            return super().save(commit=commit)


def training_in_words(training: Training) -> dict[Any, Any]:
    """Return what a training is, in words, by its label."""
    return {
        _("名称"): training.title,
        _("说明"): training.summary,
        _("对象"): training.node.name,
        _("开始日期"): training.starts_date,
        _("截止时间"): moment(training.deadline_at),
        _("要求学时"): training.hours_required,
        _("状态"): training.get_state_display(),
        _("新场次的认定规则"): training.lecture_rule or _("不设"),
        _("新课程的认定规则"): training.course_rule or _("不设"),
    }


class RuleForm(Asking, WagtailAdminModelForm):
    """Saving a rule that an occasion uses makes its next version; the old one stays as it was printed.

    A new rule is made for one of the organiser's own units; a next version belongs where the others do.
    """

    move = forms.BooleanField(label=_("还没有开始的场次也改用新版"), required=False)
    asked_fields = ("move",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, most in MOST.items():
            self.fields[name].validators.append(MaxValueValidator(most, _("不能大于 %(limit_value)s。")))
        self.fields["hours"].validators.append(MinValueValidator(Decimal(0), _("学时不能小于 0。")))
        self._old = Rule.objects.select_related("node").get(pk=self.instance.pk) if self.instance.pk else None
        self._version, self._is_used = 1, False
        self._offer_nodes()
        if self._old is not None:
            self._version = _latest(self._old.name, self._old.node)
            self._is_used = occasions_under(self._old).exists()
        self.stand_by(None if self._old is None else self._in_words(self._old))

    def _offer_nodes(self) -> None:
        field: Any = self.fields["node"]
        field.empty_label = _("全站通用")
        if self._old is None or self._old.node_id is not None:
            field.help_text = _("这里和下级组织安排场次时可以选它；只有这里和上级的组织员可以改它。")
        if self._old is not None:
            field.queryset, field.disabled = Node.objects.filter(pk=self._old.node_id), True
            return
        chosen = choose_unit(self, "node", open_nodes(self.for_user, Role.ORGANISER), scope=ORGANISE)
        chosen.widget.empty = _("不填就是全站通用")
        if not rules_the_whole_tree(self.for_user):
            chosen.required, chosen.widget.empty = True, ""

    def _in_words(self, rule: Rule) -> dict[Any, Any]:
        values = {
            self.fields[name].label: getattr(rule, name)
            for name in self.fields
            if name not in ("basis", "hours_by", *self.asked_fields)
        }
        return {
            **values,
            _("计算方式"): rule.get_basis_display(),
            _("学时怎么记"): rule.get_hours_by_display(),
            _("最新版本"): self._version,
        }

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        name, node = cleaned.get("name"), cleaned.get("node")
        if not name or "node" in self.errors or (self._old is not None and name == self._old.name):
            return cleaned
        if version := _latest(name, node):
            words = _("这里已经有叫“%(name)s”的规则（最新是第 %(version)s 版）。请打开它修改，或者换一个名称。")
            self.add_error("name", words % {"name": name, "version": version})
        return cleaned

    def clean_min_share(self) -> float:
        share: float = self.cleaned_data["min_share"]
        if not 0 < share <= 1:
            raise ValidationError(_("最低比例要大于 0，不超过 1；例如 0.8 表示八成。"))
        return share

    def effects_of_saving(self) -> list[str]:
        hard = effects_of_asking_all(self.instance) if {"min_share", "basis"} & set(self.changed_data) else []
        if self._old is None or not self._is_used or not self._is_changed:
            return hard
        nodes = visible_nodes(self.for_user, Role.ORGANISER)
        return [
            *effects_of_new_version(rule=self._old, version=self._next(), nodes=nodes, as_of=timezone.now()),
            _("新版：%(sentence)s。") % {"sentence": rule_sentence(self.instance)},
            *too_short_for(rule=self._old, nodes=nodes, minutes=self.instance.min_minutes),
            *hard,
        ]

    @property
    def said(self) -> str:
        """The rule as it is stored, in one sentence; "" for a new one."""
        return rule_sentence(self._old) if self._old is not None else ""

    @property
    def _is_changed(self) -> bool:
        return bool(set(self.changed_data) - set(self.asked_fields))

    def _next(self) -> int:
        return _latest(self.cleaned_data["name"], self.instance.node) + 1

    def save(self, commit: bool = True) -> Rule:
        """Save, as the next version where the rule is used; raises ValidationError when somebody was quicker."""
        try:
            with transaction.atomic():
                return self._save_version(commit) if self._needs_version() else super().save(commit=commit)
        except IntegrityError as error:  # the same name and version, made by somebody else in this moment
            if self._old is not None:
                self.instance.pk, self.instance.version = self._old.pk, self._old.version
            raise overtaken() from error

    def _needs_version(self) -> bool:
        if self._old is None:
            self.instance.version = self._next()
            return False
        # The whole row: an occasion that is being planned with this rule waits, or is seen here.
        stored = Rule.objects.select_for_update().filter(pk=self._old.pk).first()
        is_used = occasions_under(self._old).exists()
        if stored is None or is_used != self._is_used or self._in_words(stored) != self._in_words(self._old):
            raise overtaken()
        return is_used and self._is_changed

    def _save_version(self, commit: bool) -> Rule:
        self.instance.pk, self.instance.version, self.instance.withdrawn_at = None, self._next(), None
        saved: Rule = super().save(commit=commit)
        if self._old is not None and self.cleaned_data["move"]:
            self._move_planned(self._old, saved)
        return saved

    def _move_planned(self, old: Rule, new: Rule) -> None:
        planned = Occasion.objects.filter(rule_id=old.pk, state=Occasion.State.SCHEDULED)
        planned.filter(node__in=visible_nodes(self.for_user, Role.ORGANISER).order_by()).update(rule_id=new.pk)


def _latest(name: str, node: Node | None) -> int:
    return Rule.objects.filter(name=name, node=node).aggregate(version=Max("version"))["version"] or 0
