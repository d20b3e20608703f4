"""The rule that a training gives to what is newly planned for it, in the forms of those who plan."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from attendance.models import Rule, Training
from attendance.queries.rules import label_of


def default_rule(training: Training, field: str) -> Rule | None:
    """Return the newest version of a training's rule for lectures or courses (``field``); None: it has none, or that
    rule was withdrawn."""
    rule: Rule | None = getattr(training, field)
    if rule is None:
        return None
    versions = Rule.objects.filter(name=rule.name, node=rule.node, withdrawn_at=None).select_related("node")
    return versions.order_by("-version").first()


def offer_default(form: forms.BaseForm) -> None:
    """Let the rule be left open where something new is planned: the training's own is taken then."""
    field: Any = form.fields["rule"]
    field.required, field.empty_label = False, _("用培训设好的规则（没有设的，请在这里选一条）")


def say_choices(field: Any) -> None:
    """Let the choices of a field be rules with what each asks, no wider than the page, on as many lines as it has."""
    field.label_from_instance = label_of
    field.widget.attrs["class"] = "w-w-full whole"


def take_default(form: Any, cleaned: dict[str, Any], field: str) -> None:
    """Fill in the training's rule where none was chosen; an error at the field where it has none."""
    if cleaned.get("rule") is not None or "rule" in form.errors:
        return
    training = cleaned.get("training")
    rule = default_rule(training, field) if training is not None else None
    if rule is None:
        form.add_error("rule", forms.ValidationError(form.fields["rule"].error_messages["required"], code="required"))
    else:
        cleaned["rule"] = rule
