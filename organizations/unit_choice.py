"""The one way to choose a unit: typed by code or name, found by a search, or opened level by level (ADR 65).

The field stands as two inputs: ``<name>_text`` shows the unit as people read it, ``<name>`` holds its key, which the
page's script writes beside it. Without a script the text alone is sent, and a code or a whole name means the unit.
"""

from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from organizations.directory import unit_of
from organizations.models import Node

LONGEST = 200
MANAGE, ORGANISE, WORK, OPEN = "manage", "organise", "work", "open"


class Chosen(NamedTuple):
    """What a page sent: the key that was chosen, and what stands in the text."""

    key: str
    text: str


def text_of(node: Node) -> str:
    """Return a unit as the input shows it, which ``directory.unit_of`` reads again."""
    return f"{node.code} {node.name}"


class UnitInput(forms.Widget):
    """The two inputs. ``scope``: whose units the list beside it opens (``organizations.views.picking``)."""

    template_name = "organizations/widgets/unit.html"
    is_keyed = True  # without it the text alone is sent, as the field's own name
    choices: Any = ()  # the field's, of which only the queryset is asked
    scope = ""
    empty: Any = ""

    class Media:
        css = {"all": ["css/units.css"]}
        js = ["js/units.js"]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        key, text = data.get(name), data.get(f"{name}_text")
        return key if text is None or not self.is_keyed else Chosen(str(key or ""), str(text)[:LONGEST])

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data and f"{name}_text" not in data

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Show what was typed as it was typed, and what is stored by its code and name."""
        context: dict[str, Any] = super().get_context(name, value, attrs)
        chosen = value if isinstance(value, Chosen) else self._stored(value)
        if not self.is_keyed:
            chosen = Chosen("", str(value or ""))
        words = {
            "open": gettext("选择组织"), "close": gettext("收起"), "search": gettext("按名称或代码找"),
            "none": gettext("没有找到。"), "more": gettext("还有更多，请写得再全一些。"), "up": gettext("上一级"),
            "below": gettext("看下级"), "recent": gettext("最近选过"), "failed": gettext("没有连上，请再试一次。"),
        }  # fmt: skip
        context["widget"] |= {
            "is_keyed": self.is_keyed, "key": chosen.key, "text": chosen.text, "words": words,
            "empty": self.empty or gettext("写代码或名称"), "url": f"{reverse('units_to_choose')}?for={self.scope}",
        }  # fmt: skip
        return context

    def _stored(self, value: Any) -> Chosen:
        nodes: QuerySet[Node] | None = getattr(self.choices, "queryset", None)
        if value in (None, "") or nodes is None or not str(value).isdecimal():
            return Chosen("", "")
        node = nodes.filter(pk=int(str(value)[:18])).first()
        return Chosen("", "") if node is None else Chosen(str(node.pk), text_of(node))


class UnitChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # Django's takes none while it runs
    """A unit of a queryset; what is asked of it is asked in the database, so it never lists thousands of units."""

    widget = UnitInput

    def __init__(self, queryset: QuerySet[Node] | None, *, scope: str, empty: Any = "", **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("写代码或名称，或者点“选择组织”。"))
        super().__init__(queryset, **kwargs)
        self.widget.scope, self.widget.empty = scope, empty
        self.error_messages["invalid_choice"] = _("没有这个组织，或者不在您的范围内。请另选一个。")

    def to_python(self, value: Any) -> Any:
        """Return the unit. Raises ValidationError as ``directory.unit_of``."""
        if not isinstance(value, Chosen):
            try:
                return super().to_python(value)
            except OverflowError as error:
                raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice") from error
        text = " ".join(value.text.split())
        if not text:
            return None
        nodes: Any = self.queryset
        node = nodes.filter(pk=int(value.key[:18])).first() if value.key.isdecimal() else None
        if node is not None and text_of(node) == text:
            return node
        return unit_of(nodes, text)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether another unit is meant than before, however it is written."""
        if self.disabled:
            return False
        try:
            node = self.to_python(data)
        except ValidationError:
            return True
        return str(getattr(initial, "pk", initial) or "") != str(node.pk if node is not None else "")


def own_unit(nodes: QuerySet[Node], **said: Any) -> UnitChoice:
    """Return the choice of the unit to which a new thing of an organiser will belong: at first the topmost of them."""
    first = nodes.values_list("pk", flat=True).first()
    wrong = {"required": gettext("请选所属组织。")}
    return UnitChoice(nodes, scope=ORGANISE, label=gettext("所属组织"), initial=first, error_messages=wrong, **said)


def choose_unit(form: forms.BaseForm, name: str, nodes: QuerySet[Node], *, scope: str, empty: Any = "") -> UnitChoice:
    """Make a form's field the choice of one of these units, in its own words, and return it."""
    old = form.fields[name]
    said = {"help_text": old.help_text} if old.help_text else {}
    field = UnitChoice(
        nodes, scope=scope, empty=empty, label=old.label, required=old.required, initial=old.initial, **said
    )
    form.fields[name] = field
    return field
