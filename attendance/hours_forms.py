"""The form of an hours table: what a year asks of whom, and what each form of taking part gives."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, HelpPanel, MultiFieldPanel

from attendance.asking import Asking
from attendance.core.hours import Form
from attendance.models import HoursTable
from attendance.models.hours import EVERYBODY, FORMS, OWING
from attendance.operations import Gives, HoursPlan, UnableToSaveHours, save_hours_table
from attendance.operations.rules import latest_version
from attendance.plan_forms import FIRST_YEAR, LAST_YEAR
from attendance.sentences.rules import table_sentence
from organizations.models import Node, Role
from organizations.permissions import open_nodes, rules_the_whole_tree
from organizations.queries import members_at
from organizations.unit_choice import WORK, choose_unit

MOST_HOURS, MOST_MINUTES = Decimal(999), 10_000
KEEPERS = (Role.ORGANISER, Role.OPERATOR)


def _hours(label: Any, *, required: bool = False) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, required=required, max_digits=5, decimal_places=2,
        validators=[
            MinValueValidator(Decimal(0), _("学时不能小于 0。")),
            MaxValueValidator(MOST_HOURS, _("不能大于 %(limit_value)s。")),
        ],
    )  # fmt: skip


def _minutes(label: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, required=False,
        validators=[
            MinValueValidator(1, _("分钟要大于 0；按场记的不用填。")),
            MaxValueValidator(MOST_MINUTES, _("不能大于 %(limit_value)s。")),
        ],
    )  # fmt: skip


def _rows() -> dict[str, forms.Field]:
    """Return the fields of a table's rows: one a role, three a form."""
    found: dict[str, forms.Field] = {}
    for role, label in OWING:
        found[f"owed_{role}"] = _hours(label, required=role == EVERYBODY)
    for form, label in FORMS:
        found[f"hours_{form}"] = _hours(label)
        found[f"minutes_{form}"] = _minutes(_("每多少分钟（空着：每场）"))
        found[f"cap_{form}"] = _hours(_("一年最多（空着：不限）"))
    return found


class _HoursForm(Asking, WagtailAdminModelForm):
    """Every saving is a version of its own; what it does to whom is said before it is saved."""

    instance: HoursTable

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._old = HoursTable.objects.select_related("node").get(pk=self.instance.pk) if self.instance.pk else None
        self._offer_nodes()
        if self._old is None:
            self.fields["year"].initial = timezone.localdate().year
            self.stand_by(None)
            return
        self._fill(self._old)
        self.fields["year"].disabled = True
        newest = latest_version(node_id=self._old.node_id, year=self._old.year)
        self.stand_by({_("学时表"): table_sentence(self._old), _("最新版本"): newest})

    def _offer_nodes(self) -> None:
        field: Any = self.fields["node"]
        field.empty_label = _("全站通用")
        if self._old is not None:
            field.queryset, field.disabled = Node.objects.filter(pk=self._old.node_id), True
            return
        chosen = choose_unit(self, "node", open_nodes(self.for_user, *KEEPERS), scope=WORK)
        chosen.widget.empty = _("不填就是全站通用")
        if not rules_the_whole_tree(self.for_user):
            chosen.required, chosen.widget.empty = True, ""

    def _fill(self, table: HoursTable) -> None:
        for row in table.owed.all():
            self.initial[f"owed_{row.role}"] = row.hours
        for one in table.conversions.all():
            for name, value in (("hours", one.hours), ("minutes", one.minutes), ("cap", one.cap)):
                self.initial[f"{name}_{one.form}"] = value

    def clean_year(self) -> int:
        year: int = self.cleaned_data["year"]
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise ValidationError(_("请检查年份，要在 2000 到 2099 之间。"))
        return year

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for form, _label in FORMS:
            rest = cleaned.get(f"minutes_{form}") is not None or cleaned.get(f"cap_{form}") is not None
            if rest and cleaned.get(f"hours_{form}") is None and f"hours_{form}" not in self.errors:
                self.add_error(f"hours_{form}", _("请填记多少学时。"))
        node, year = cleaned.get("node"), cleaned.get("year")
        is_new = self._old is None and "node" not in self.errors
        if is_new and year is not None and (version := latest_version(node_id=node.pk if node else None, year=year)):
            words = _("这里已经有 %(year)s 年的学时表（最新是第 %(version)s 版），请打开它修改。")
            self.add_error("year", words % {"year": year, "version": version})
        return cleaned

    def effects_of_saving(self) -> list[str]:
        node, year = self.cleaned_data.get("node"), self.cleaned_data["year"]
        if self.is_unchanged and self._old is not None:
            return []
        where = node if node is not None else _("全站")
        roots = [node] if node is not None else list(Node.objects.filter(depth=1))
        people = sum(members_at(node=root, on_date=timezone.localdate()).count() for root in roots)
        if not people:
            return []
        words = _("“%(where)s”的 %(people)s 人，从 %(year)s 年起应学多少、最多计多少按这张表算；下级另有的除外。")
        kept = _("已经开始或认定的场次，每场记多少学时不变；以后开始的场次，规则写明“按学时表”的才按这张表记。")
        return [words % {"where": where, "people": people, "year": year}, str(kept)]

    def _plan(self) -> HoursPlan:
        data = self.cleaned_data
        owed = {role: data[f"owed_{role}"] for role, _label in OWING if data.get(f"owed_{role}") is not None}
        gives = {
            str(form): Gives(data[f"hours_{form}"], data.get(f"minutes_{form}"), data.get(f"cap_{form}"))
            for form in Form
            if data.get(f"hours_{form}") is not None
        }
        node = self._old.node if self._old is not None else data.get("node")
        return HoursPlan(
            node_id=node.pk if node else None, year=data["year"], owed=owed, gives=gives, by_month=data["by_month"],
            leaves_out_exempt=data["leaves_out_exempt"], note=data["note"],
        )  # fmt: skip

    def save(self, commit: bool = True) -> HoursTable:
        """Save the next version; raises ValidationError when somebody was quicker."""
        plan = self._plan()
        seen = latest_version(node_id=plan.node_id, year=plan.year) if self._old is not None else 0
        try:
            self.instance = save_hours_table(
                plan=plan, seen_version=seen, made_by_id=self.for_user.pk, as_of=timezone.now()
            )
        except UnableToSaveHours as error:
            raise ValidationError(str(error)) from error
        return self.instance

    @property
    def said(self) -> str:
        """The table as it is stored, in one sentence; "" for a new one."""
        return table_sentence(self._old) if self._old is not None else ""


_metaclass: Any = type(_HoursForm)
HoursForm: Any = _metaclass("HoursForm", (_HoursForm,), {"__module__": __name__, **_rows()})


def panels() -> list[Any]:
    """Return the form in its order: whose, what a year asks, what each form gives."""
    asked = [FieldPanel(f"owed_{role}") for role, _label in OWING]
    given = [
        FieldRowPanel([FieldPanel(f"hours_{form}"), FieldPanel(f"minutes_{form}"), FieldPanel(f"cap_{form}")])
        for form, _label in FORMS
    ]
    return [
        HelpPanel(_("每次保存都是一个新版本，旧版本一直查得到。一个人按离他最近的组织的学时表算；没有的，按上级的。")),
        FieldRowPanel([FieldPanel("node"), FieldPanel("year")]),
        MultiFieldPanel(
            [
                HelpPanel(_("一年应学多少学时。空着的身份和党员一样；一个人有几种身份的，按最高的算。")),
                *(FieldRowPanel(asked[at : at + 3]) for at in range(0, len(asked), 3)),
            ],
            heading=_("应学学时"),
        ),
        MultiFieldPanel(
            [
                HelpPanel(_("怎么参加记多少学时。空着的，按场次的认定规则记。按分钟的，看场次或课程有多长，不看在线多久。")),
                *given,
            ],
            heading=_("怎么记学时"),
        ),
        FieldPanel("by_month", help_text=_("每月 1 日在的，算那个月的十二分之一，尾数舍到 0.5；不勾选按全年最高的。")),
        FieldPanel("leaves_out_exempt"),
        FieldPanel("note"),
    ]  # fmt: skip
