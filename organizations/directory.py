"""People and units as an operator's pages show them. Nothing here writes."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditlog.models import LogEntry
from django.core.exceptions import ValidationError
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organizations.core.roster import number_key
from organizations.departing import is_taken_out
from organizations.models import Exemption, Membership, Node, NodeKind, Role, RoleGrant, User
from organizations.permissions import out_of_reach
from organizations.queries import ancestors_of, holders_of_numbers, not_over_on, subtree, user_by_phone, valid_on
from organizations.unit_uses import uses_of
from organizations.uses import Use

MOST_PEOPLE = 50
MOST_TEXT = 60
MOST_CHANGES = 20
MOST_NAMES = 5
CHANGED = {
    "name": gettext_lazy("姓名"),
    "number": gettext_lazy("编号"),
    "closed_date": gettext_lazy("撤销日期"),
    "merged_into": gettext_lazy("并入"),
}
# What is said without an old and a new value.
DONE = {
    "phone": gettext_lazy("改了手机号"),
    "sign_in_link": gettext_lazy("生成了登录链接"),
    "sign_in_link_used": gettext_lazy("用登录链接登录了"),
    "account_linked": gettext_lazy("绑定了一个账号"),
    "account_ended": gettext_lazy("解除了一个账号"),
    "account_allowed": gettext_lazy("重新允许按手机号绑定账号"),
    "factor_set": gettext_lazy("设置了登录验证"),
    "factor_ended": gettext_lazy("移除了一种登录验证"),
    "factor_codes": gettext_lazy("生成了新的恢复码"),
    "factors_taken": gettext_lazy("登录验证被移除"),
}


@dataclass(frozen=True)
class PersonLine:
    """One person of a search: where they belong (or belonged last), and whether the operator may change anything."""

    person: User
    place: str
    has_left: bool
    is_near: bool


@dataclass(frozen=True)
class Fact:
    """One thing that is known of a person; ``what``: the step that changes it (or none), ``action`` its word."""

    label: str
    value: str
    what: str = ""
    action: str = ""


@dataclass(frozen=True)
class Change:
    """One change that was made by hand or by a file: when, by whom (empty: a command), what."""

    at: dt.datetime
    actor: str
    text: str


@dataclass(frozen=True)
class Card:
    """All that the operator's page of a person shows."""

    person: User
    membership: Membership | None
    is_leaving: bool
    memberships: list[Membership]
    grants: list[RoleGrant]
    past_grants: list[RoleGrant]
    exemption: Exemption | None
    changes: list[Change]
    is_taken_out: bool = False


@dataclass(frozen=True)
class UnitLine:
    """One unit of the list: how deep below the first one shown, its own people and its secretaries."""

    node: Node
    indent: str
    members: int
    secretaries: str
    is_vacant: bool


@dataclass(frozen=True)
class Footprint:
    """Whom and what the end of a unit touches."""

    members: int
    named: list[tuple[int, str]]
    grants: list[RoleGrant]
    children: list[Node]
    uses: list[Use]

    @property
    def names(self) -> list[str]:
        """The first of them, by name."""
        return [name for _id, name in self.named]

    @property
    def is_blocked(self) -> bool:
        """Whether something has to be dealt with first."""
        return bool(self.children) or any(use.blocks for use in self.uses)


def find_people(*, operator: User, nodes: QuerySet[Node], text: str, on_date: dt.date) -> list[PersonLine]:
    """Return at most ``MOST_PEOPLE`` + 1 people of ``nodes`` by name, 编号, last four digits or whole number."""
    if not text or "\x00" in text:
        return []
    numbered = holders_of_numbers([number_key(text)])
    wanted = Q(name__icontains=text) | Q(pk__in=numbered.order_by().values("pk"))
    if text.isascii() and text.isdigit() and len(text) == 4:
        wanted |= Q(phone_last4=text)
    holder = user_by_phone(text)
    if holder is not None:
        wanted |= Q(pk=holder.pk)
    here = Membership.objects.filter(member_id=OuterRef("pk"), node__in=nodes.order_by())
    people = list(User.objects.filter(wanted).filter(Exists(here)).order_by("name_key", "pk")[: MOST_PEOPLE + 1])
    return lines_of(people, operator=operator, nodes=nodes, on_date=on_date)


def lines_of(people: Sequence[User], *, operator: User, nodes: QuerySet[Node], on_date: dt.date) -> list[PersonLine]:
    """Return a line for each of the people who belong to ``nodes`` now, or belonged there last. Five queries."""
    places = _places([person.pk for person in people])
    mine = set(
        nodes.filter(pk__in={place.node_id for place in places.values()}).order_by().values_list("pk", flat=True)
    )
    beyond = out_of_reach(operator=operator, person_ids=[person.pk for person in people], on_date=on_date)
    return [
        PersonLine(person, place.node.name, _has_ended(place, on_date), person.pk not in beyond)
        for person in people
        if (place := places.get(person.pk)) is not None and place.node_id in mine
    ]


def _places(member_ids: Iterable[int]) -> dict[int, Membership]:
    """The membership of each that is open or ended last."""
    found: dict[int, Membership] = {}
    for row in Membership.objects.filter(member_id__in=member_ids).select_related("node"):
        known = found.get(row.member_id)
        if known is None or (row.active_to_date or dt.date.max) > (known.active_to_date or dt.date.max):
            found[row.member_id] = row
    return found


def _has_ended(row: Membership, on_date: dt.date) -> bool:
    return row.active_to_date is not None and row.active_to_date <= on_date


def members_of(*, node: Node, on_date: dt.date) -> QuerySet[User]:
    """The people who belong to exactly this unit that day."""
    here = Membership.objects.filter(valid_on(on_date), member_id=OuterRef("pk"), node=node)
    return User.objects.filter(Exists(here)).order_by("name_key", "pk")


def card_of(person: User, *, on_date: dt.date) -> Card:
    """Return what is known of a person's belonging and roles; a constant number of queries."""
    rows = list(Membership.objects.filter(member=person).select_related("node").order_by("-active_from_date", "-pk"))
    last = max(rows, key=lambda row: (row.active_to_date or dt.date.max, row.active_from_date), default=None)
    grants = list(RoleGrant.objects.filter(user=person).select_related("node").order_by("-active_from_date", "-pk"))
    held = [grant for grant in grants if grant.active_to_date is None or grant.active_to_date > on_date]
    return Card(
        person=person,
        membership=last if last is not None and not _has_ended(last, on_date) else None,
        is_leaving=bool(last is not None and last.left_because),
        memberships=rows,
        grants=held,
        past_grants=[grant for grant in grants if grant not in held],
        exemption=Exemption.objects.filter(valid_on(on_date), member=person).first(),
        changes=changes_of(person),
        is_taken_out=is_taken_out(person.pk),
    )


def facts_of(card: Card) -> list[Fact]:
    """Return what stands first on the page, each with the step that changes it."""
    person, edit = card.person, _("改")
    if card.is_taken_out:
        return [Fact(_("姓名"), person.name)]
    phone = person.phone_masked or _("没有手机号")
    found = [
        Fact(_("姓名"), person.name, "name", edit),
        Fact(_("手机号"), phone, *(("phone", edit) if person.is_active else ())),
        Fact(_("编号"), person.number or _("没有编号"), "number", edit),
    ]
    if card.membership is None:
        return found
    found.append(Fact(_("组织"), card.membership.node.name, *(() if card.is_leaving else ("move", _("转移")))))
    said = _("应学") if card.exemption is None else card.exemption.get_category_display()
    return [*found, Fact(_("是否应学"), said, "exempt", _("免学和长期外出"))]


def leaving_of(card: Card) -> tuple[str, str] | None:
    """Return that the person leaves or has left, and what that means; None where they stay."""
    row = max(card.memberships, key=lambda row: row.active_to_date or dt.date.max, default=None)
    if row is None or not card.is_leaving or row.active_to_date is None:
        return None
    said = {"day": row.active_to_date.isoformat(), "why": row.get_left_because_display()}
    if card.is_taken_out:
        return _("%(day)s 已离开：%(why)s") % said, _("个人信息已按规定清除，不能恢复。参训的数字还在。")
    if card.membership is not None:
        return _("%(day)s 离开：%(why)s") % said, _("到那天以前一切照常。")
    return _("%(day)s 已离开：%(why)s") % said, _("不再应到，不能登录。以前的记录都在。")


def changes_of(thing: User | Node) -> list[Change]:
    """Return the last changes of a person's or unit's own fields, newest first. Never a phone number."""
    entries = LogEntry.objects.get_for_object(thing).filter(action=LogEntry.Action.UPDATE).select_related("actor")
    found = []
    for entry in entries.order_by("-timestamp", "-pk")[:MOST_CHANGES]:
        actor = entry.actor.get_full_name() if entry.actor else ""
        for field, (old, new) in (entry.changes or {}).items():
            if field in CHANGED or field in DONE:
                label = _("名称") if field == "name" and isinstance(thing, Node) else str(CHANGED.get(field, ""))
                found.append(Change(entry.timestamp, actor, _change_text(field, label, old, new)))
    return found


def _change_text(field: str, label: str, old: str, new: str) -> str:
    if field in DONE:
        return str(DONE[field])
    none = _("无")
    said = {"field": label, "old": none if old == "None" else old, "new": none if new == "None" else new}
    return _("%(field)s：%(old)s → %(new)s") % said


def needing_secretary(nodes: QuerySet[Node], *, on_date: dt.date) -> QuerySet[Node]:
    """Those open units that have no secretary of their own that day: branches, and others with people of their own."""
    held = RoleGrant.objects.filter(valid_on(on_date), node_id=OuterRef("pk"), role=Role.SECRETARY)
    people = Membership.objects.filter(valid_on(on_date), node_id=OuterRef("pk"))
    needed = Q(kind=NodeKind.BRANCH) | Q(Exists(people))
    return nodes.filter(needed, closed_date=None).exclude(Exists(held))


def unit_lines(nodes: Sequence[Node], *, on_date: dt.date) -> list[UnitLine]:
    """Return a line for each of the nodes. Two queries, however many."""
    ids = [node.pk for node in nodes]
    counted = Membership.objects.filter(valid_on(on_date), node_id__in=ids).order_by().values("node_id")
    members = dict(counted.annotate(people=Count("pk")).values_list("node_id", "people"))
    secretaries: dict[int, list[str]] = {}
    held = RoleGrant.objects.filter(valid_on(on_date), role=Role.SECRETARY, node_id__in=ids)
    for node_id, name in held.order_by("user__name_key").values_list("node_id", "user__name"):
        secretaries.setdefault(node_id, []).append(name)
    top = min((node.depth for node in nodes), default=0)
    return [
        UnitLine(
            node=node,
            indent="　" * (node.depth - top),
            members=members.get(node.pk, 0),
            secretaries=_("、").join(secretaries.get(node.pk, ())),
            is_vacant=node.pk not in secretaries and (node.kind == NodeKind.BRANCH or bool(members.get(node.pk))),
        )
        for node in nodes
    ]


def footprint_of(node: Node, *, on_date: dt.date) -> Footprint:
    """Return whom and what it touches if the unit ends that day."""
    later = not_over_on(on_date)
    people = Membership.objects.filter(later, node=node).order_by("member__name_key", "member_id")
    return Footprint(
        members=people.values("member_id").order_by().distinct().count(),
        named=list(people.values_list("member_id", "member__name")[:MOST_NAMES]),
        grants=list(
            RoleGrant.objects.filter(later, node=node).select_related("user").order_by("role", "user__name_key")
        ),
        children=list(node.get_children().filter(closed_date=None)),
        uses=uses_of(node, on_date=on_date),
    )


def find_unit(nodes: QuerySet[Node], text: str) -> list[Node]:
    """Return the units of ``nodes`` that a typed code or name means, in large or small letters: one, several of that
    name, or none."""
    if "\x00" in text:
        return []
    words = text.split()
    for lookup in ("code", "code__iexact") if words else ():
        if (coded := nodes.filter(**{lookup: words[0]}).first()) is not None:
            return [coded]
    return list(nodes.filter(name__iexact=" ".join(words))[: MOST_NAMES + 1])


def unit_of(nodes: QuerySet[Node], text: str) -> Node:
    """Return the unit of ``nodes`` that was typed. Raises ValidationError for a name of none, with those that have it
    as a part of theirs, and for one of several, which it lists by their codes: a unit is never guessed."""
    found = find_unit(nodes, text)
    if len(found) == 1:
        return found[0]
    if found:
        said = _("有几个组织叫这个名称，请写代码：%(named)s") % {"named": _named(found)}
        raise ValidationError(said, code="several")
    part = " ".join(text.split())
    if "\x00" not in part and (like := list(nodes.filter(name__icontains=part)[: MOST_NAMES + 1])):
        said = _("没有正好叫这个名称的组织。是下面的哪一个，请写代码：%(named)s") % {"named": _named(like)}
        raise ValidationError(said, code="part")
    raise ValidationError(_("没有这个组织。请写它的代码或完整的名称。"), code="unknown")


def _named(nodes: list[Node]) -> str:
    more = _("…") if len(nodes) > MOST_NAMES else ""
    return _("；").join(f"{node.code} {path_of(node)}" for node in nodes[:MOST_NAMES]) + more


def path_of(node: Node) -> str:
    """The unit's name with those above it, without the root: what tells two 第一支部 apart."""
    return " / ".join([above.name for above in ancestors_of(node=node)[1:]] + [node.name])


def subtree_of(nodes: QuerySet[Node], root: Node) -> QuerySet[Node]:
    return nodes.filter(subtree([root.path]))
