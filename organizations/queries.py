"""Questions about people and the tree. Nothing here writes.

Periods are half-open: whoever leaves on a day no longer belongs on that day.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Replace, Upper
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from organizations.core import phones
from organizations.models import (
    AccessEntry,
    AccountLink,
    Exemption,
    KeyFingerprint,
    Membership,
    Node,
    Role,
    RoleGrant,
    RosterImport,
    SignInLink,
    User,
)

PHONE_KEY_NAME = "PHONE_KEY"
SAMPLED_PHONES = 20
# Lists whose scope is who belonged to the unit that day.
MEMBER_LISTS = ("roster", "unit", "review", "restored", "hours_file")
LEFT_LATELY = dt.timedelta(days=100)


@dataclass(frozen=True)
class Grant:
    """A role held on a day, with the node whose subtree it covers."""

    role: str
    node: Node

    @property
    def node_id(self) -> int:
        return self.node.pk

    @property
    def path(self) -> str:
        return str(self.node.path)


# A unit's columns, read with the role: nearly every page that asks for one goes on with the other.
STEPS = ("totp", "webauthn")  # what somebody signs in by; recovery codes stand in for one of them
_OF_NODE = ("pk", "path", "depth", "numchild", "code", "name", "kind", "closed_date", "merged_into_id")


def valid_on(on_date: dt.date, *, at: str = "") -> Q:
    """Rows with ``[active_from_date, active_to_date)`` around ``on_date``.

    ``at``: where the dated row is, asked from another table ("memberships").
    """
    prefix = f"{at}__" if at else ""
    return Q(**{f"{prefix}active_from_date__lte": on_date}) & not_over_on(on_date, at=at)


def not_over_on(on_date: dt.date, *, at: str = "") -> Q:
    """Rows that hold on ``on_date`` or will begin to later."""
    prefix = f"{at}__" if at else ""
    return Q(**{f"{prefix}active_to_date": None}) | Q(**{f"{prefix}active_to_date__gt": on_date})


def members_at(*, node: Node, on_date: dt.date) -> QuerySet[Membership]:
    """Memberships valid that day in the subtree of ``node``, member and node joined, in the order of the tree."""
    return (
        Membership.objects.filter(valid_on(on_date), node__path__startswith=node.path)
        .select_related("member", "node")
        .order_by("node__path", "member_id")
    )


def members_named(part: str, *, nodes: QuerySet[Node], on_date: dt.date) -> QuerySet[Membership]:
    """Memberships valid that day at these very nodes, of people whose name has the text; joined, by name."""
    found = Membership.objects.filter(valid_on(on_date), node__in=nodes.order_by(), member__name__contains=part)
    return found.select_related("member", "node").order_by("member__name", "member_id")


def exempt_member_ids(*, on_date: dt.date) -> QuerySet[Exemption, int]:
    """Ids of the people who are not expected at trainings that day."""
    return Exemption.objects.filter(valid_on(on_date)).values_list("member_id", flat=True)


def membership_on(*, member_id: int, on_date: dt.date) -> Membership | None:
    return Membership.objects.filter(valid_on(on_date), member_id=member_id).select_related("member", "node").first()


def leaving_due(*, on_date: dt.date) -> QuerySet[Membership]:
    """The memberships by which somebody left up to that day who can still sign in and belongs nowhere else.

    No further back than ``LEFT_LATELY``: asked every ten minutes, it must not read everybody who ever left.
    """
    later = Membership.objects.filter(not_over_on(on_date))
    return (
        Membership.objects.filter(active_to_date__lte=on_date, active_to_date__gt=on_date - LEFT_LATELY)
        .filter(~Q(left_because=""), member__is_active=True)
        .exclude(Exists(later.filter(member_id=OuterRef("member_id"))))
        .order_by("member_id", "-active_to_date")
    )


def has_phone(user: User, phone: str) -> bool:
    """Whether this number is this person's, as it is stored now."""
    try:
        index = phones.blind_index(settings.PHONE_KEY, phones.normalise(phone))
    except phones.UnableToReadPhone:
        return False
    return User.objects.filter(pk=user.pk, phone_index=index).exists()


def user_by_phone(phone: str) -> User | None:
    """The person with that number, in whatever form it was typed; None if unreadable or unknown.

    Found by the blind index alone: the numbers themselves are never compared or decrypted.
    """
    try:
        normal = phones.normalise(phone)
    except phones.UnableToReadPhone:
        return None
    return User.objects.filter(phone_index=phones.blind_index(settings.PHONE_KEY, normal)).first()


def holders_of_numbers(keys: Iterable[str], people: QuerySet[User] | None = None) -> QuerySet[User]:
    """Whoever holds one of the 编号, compared as ``number_key`` does: 007 and 7, y1 and Y1 are one."""
    compared = Func(Replace(Upper(F("number")), Value(" "), Value("")), Value("0"), function="LTRIM")
    wanted = [key if key != "0" else "" for key in keys]  # nothing but zeros is trimmed to nothing
    held = User.objects.all() if people is None else people
    return held.annotate(number_compared=compared).filter(number_compared__in=wanted).order_by("pk")


def phone_key_fits() -> bool | None:
    """Whether PHONE_KEY is the key that this database's numbers were written with; None: nobody has said yet."""
    known = KeyFingerprint.objects.filter(name=PHONE_KEY_NAME).values_list("value", flat=True).first()
    return None if known is None else known == phones.fingerprint(settings.PHONE_KEY)


def phones_can_be_read() -> bool:
    """Whether some of the numbers stored (the oldest and the newest) open with PHONE_KEY; yes where there are none."""
    stored = User.objects.exclude(phone_cipher=None)
    for order in ("pk", "-pk"):
        for cipher in stored.order_by(order).values_list("phone_cipher", flat=True)[:SAMPLED_PHONES]:
            try:
                phones.decrypt(settings.PHONE_KEY, cipher)
            except phones.UnableToDecrypt:
                return False
    return True


def phone_of(user: User) -> str:
    """The full number, or an empty text. For the person themselves and for sending; else ``reveal_phone``."""
    return phones.decrypt(settings.PHONE_KEY, user.phone_cipher) if user.phone_cipher else ""


def grants_of(*, user: User, on_date: dt.date | None = None) -> tuple[Grant, ...]:
    """The roles held that day (today unless given). One query, remembered on this user object.

    Without those that ask for a second step which its session has not shown (``withheld_roles``). Whoever keeps a user
    object longer than a request reads it anew before asking again.
    """
    grants = _held_by(user, on_date)
    withheld = _withheld(user, grants)
    return tuple(grant for grant in grants if grant.role not in withheld) if withheld else grants


def withheld_roles(*, user: User) -> frozenset[str]:
    """The roles of today that ask for a second step (``SECOND_FACTOR_ROLES``) which the session has not shown."""
    return _withheld(user, _held_by(user, None))


def awaits_step(*, user: User) -> bool:
    """Whether the session has not shown a second step on a site where any role asks for one."""
    if user.has_shown_factor is None or not settings.SECOND_FACTOR_ROLES:
        return False
    # What was shown counts for nothing once it is gone: a role may come later than its end.
    return not (user.has_shown_factor and has_factor(user))


def _withheld(user: User, grants: tuple[Grant, ...]) -> frozenset[str]:
    asking = settings.SECOND_FACTOR_ROLES.intersection(grant.role for grant in grants)
    return asking if asking and awaits_step(user=user) else frozenset()


def has_factor(user: User) -> bool:
    """Whether the person has a second step: an authenticator or a passkey. One query, remembered on this object."""
    if user.remembered_factor is None:
        factors = apps.get_model("mfa", "Authenticator")._default_manager  # noqa: SLF001 - documented
        user.remembered_factor = factors.filter(user_id=user.pk, type__in=STEPS).exists()
    return user.remembered_factor


def _held_by(user: User, on_date: dt.date | None) -> tuple[Grant, ...]:
    day = on_date or timezone.localdate()
    if not user.is_authenticated or not user.is_active:
        return ()
    remembered = user.remembered_grants
    if remembered is None:
        remembered = {}
        user.remembered_grants = remembered
    if day not in remembered:
        held = RoleGrant.objects.filter(valid_on(day), user_id=user.pk)
        rows = held.values_list("role", *(f"node__{name}" for name in _OF_NODE)).union(_taken_over(held))
        remembered[day] = tuple(Grant(role, Node(**dict(zip(_OF_NODE, of, strict=True)))) for role, *of in rows)
    return remembered[day]


def _taken_over(held: QuerySet[RoleGrant]) -> QuerySet[RoleGrant, Any]:
    """The units merged into one where the secretary's role is held: their unfinished matters are the secretary's."""
    merged = held.filter(role=Role.SECRETARY, node__merged__isnull=False)
    return merged.values_list("role", *(f"node__merged__{name}" for name in _OF_NODE))


def roles_of(*, user: User, on_date: dt.date | None = None) -> frozenset[str]:
    return frozenset(grant.role for grant in grants_of(user=user, on_date=on_date))


def ancestors_of(*, node: Node) -> list[Node]:
    """The nodes above, from the root down; the node itself is not among them. One query."""
    return list(node.get_ancestors()) if node.depth > 1 else []


def subtree(paths: Iterable[str], *, at: str = "") -> Q:
    """Nodes in the subtree of any of these paths; none for no path.

    ``at``: where the node is, asked from another table ("node").
    """
    prefix, condition = f"{at}__" if at else "", Q(pk__in=())
    for path in paths:
        condition |= Q(**{f"{prefix}path__startswith": path})
    return condition


def outermost(paths: Iterable[str]) -> list[str]:
    """Of these paths those that lie below none of the others: what is counted there has the others in it."""
    tops: list[str] = []
    for path in sorted(set(paths)):
        if not tops or not path.startswith(tops[-1]):
            tops.append(path)
    return tops


def link_hash(token: str) -> str:
    """What is stored of a sign-in link. The token has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def link_basis(member: User) -> str:
    """A hash over what a sign-in link rests on: the number, the password, whether and where the person belongs."""
    last = Membership.objects.filter(member=member).order_by("pk").values_list("pk", "node_id", "active_to_date")
    held = [member.phone_index or "", member.password, member.is_active, *last]
    return salted_hmac("organizations.sign_in_link", repr(held), algorithm="sha256").hexdigest()


def has_left(member: User, *, on_date: dt.date) -> bool:
    """Whether the person is signed off, or belongs nowhere any more after having belonged somewhere."""
    rows = Membership.objects.filter(member=member)
    later = not_over_on(on_date)
    return not member.is_active or (rows.exists() and not rows.filter(later).exists())


def open_link(token: str, *, as_of: dt.datetime) -> SignInLink | None:
    """The link that this token still opens at ``as_of``; nothing is used up by asking."""
    link = (
        SignInLink.objects.filter(
            token_hash=link_hash(token), used_at=None, ended_at=None, made_at__lte=as_of, expires_at__gt=as_of
        )
        .select_related("member")
        .first()
    )
    if link is None or has_left(link.member, on_date=timezone.localdate(as_of)):
        return None
    return link if constant_time_compare(link.standing, link_basis(link.member)) else None


def above(paths: Iterable[str]) -> Q:
    """Nodes at any of these paths or above one of them; none for no path."""
    return Q(path__in={at for path in paths for at in Node.line_to(path)})


def access_entries(*, subject_id: int | None = None) -> QuerySet[AccessEntry]:
    """Who read what, newest first: about one person, lists that had them among others too; or everything (auditors)."""
    entries = AccessEntry.objects.select_related("reader", "subject", "node").order_by("-at", "-pk")
    return entries if subject_id is None else entries.filter(pk__in=_reads_of(subject_id))


def _reads_of(member_id: int) -> QuerySet[AccessEntry, Any]:
    """The keys of the entries that cover somebody. Each part has an index of its own, so that none reads the whole log.

    A list that names its people covers those; a longer one whoever was in its scope at that moment, which the dated
    memberships say of a roster and the apps above (``settings.ACCESS_SCOPES``) of theirs.
    """
    rows = list(Membership.objects.filter(member_id=member_id).select_related("node"))
    scopes = [import_module(name) for name in settings.ACCESS_SCOPES]
    paths = {row.node.path for row in rows}.union(*(scope.places_of(member_id=member_id) for scope in scopes))
    nodes = dict(Node.objects.filter(above(paths)).values_list("path", "pk"))
    lists = AccessEntry.objects.filter(subject=None, node_id__in=nodes.values()).exclude(reader_id=member_id)
    wide = Q(pk__in=())
    for row in rows:
        wide |= _belonging(row, nodes)
    for scope in scopes:
        wide |= scope.covering(member_id=member_id)
    named = lists.filter(members__contains=f",{member_id},")
    own = AccessEntry.objects.filter(subject_id=member_id)
    found = (part.order_by().values("pk") for part in (named, lists.filter(wide, members="")))
    return own.order_by().values("pk").union(*found)


def _belonging(row: Membership, nodes: dict[str, int]) -> Q:
    """The lists of a unit's people, or a roster, made while this membership held at the unit or below it."""
    here = [pk for path, pk in nodes.items() if row.node.path.startswith(path)]
    found = Q(what__in=MEMBER_LISTS, node_id__in=here, at__gte=_midnight(row.active_from_date))
    return found if row.active_to_date is None else found & Q(at__lt=_midnight(row.active_to_date))


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def account_links_of(member: User) -> QuerySet[AccountLink]:
    """The accounts of elsewhere that let the person in, the oldest first."""
    return AccountLink.objects.filter(member=member).select_related("made_by").order_by("pk")


# --- What pages show --------------------------------------------------------------------------------------------------


def user_by_id(user_id: int) -> User | None:
    return User.objects.filter(pk=user_id).first()


def people_named(part: str, *, among: Q) -> QuerySet[User]:
    """The people of a condition whose name has the text, in the order of their names."""
    return User.objects.filter(among, name__contains=part).order_by("name_key", "pk")


def keys_of_names(member_ids: Iterable[int]) -> dict[int, str]:
    """What people are listed by (``core.pinyin``), by their ids; one query."""
    return dict(User.objects.filter(pk__in=list(member_ids)).values_list("pk", "name_key"))


def namesakes(name: str) -> QuerySet[User]:
    """Everybody of exactly this name, whoever came first in front."""
    return User.objects.filter(name=name).order_by("pk")


def node_ids(paths: Iterable[str]) -> dict[str, int]:
    """The keys of nodes by their paths; a path that is nobody's is left out."""
    return dict(Node.objects.filter(path__in=list(paths)).values_list("path", "id"))


def node_names(paths: Iterable[str], *, below: Node) -> dict[str, str]:
    """The names of those nodes, of some paths, that are ``below`` or in its subtree, by path; one query."""
    inside = Node.objects.filter(path__startswith=below.path, path__in=set(paths))
    return dict(inside.values_list("path", "name"))


def nodes_where(condition: Q) -> QuerySet[Node]:
    """The nodes of a condition, in the order of the tree."""
    return Node.objects.filter(condition).order_by("path")


def grants_above(node: Node, *, role: str, on_date: dt.date) -> QuerySet[RoleGrant]:
    """Who holds a role at a node or above it on a day, the nearest first."""
    found = RoleGrant.objects.filter(valid_on(on_date), node__in=Node.objects.filter(above([node.path])), role=role)
    return found.select_related("user").order_by("-node__depth", "id")


def keepers_of_the_whole(*, on_date: dt.date) -> set[int]:
    """Who operates a whole tree on a day; where nobody does, the superusers (as ``rules_the_whole_tree`` asks it)."""
    here = RoleGrant.objects.filter(valid_on(on_date), role=Role.OPERATOR, node__depth=1, user__is_active=True)
    found = set(here.values_list("user_id", flat=True))
    return found or set(User.objects.filter(is_superuser=True, is_active=True).values_list("pk", flat=True))


def grants_at(nodes: QuerySet[Node]) -> QuerySet[RoleGrant]:
    """Every role that was given, is or will be held at one of these nodes."""
    return RoleGrant.objects.filter(node__in=nodes.order_by()).select_related("user", "node")


def imports_under(nodes: QuerySet[Node]) -> QuerySet[RosterImport]:
    """The rosters that were imported below these nodes, the newest first."""
    return RosterImport.objects.filter(under__in=nodes).select_related("actor", "under").order_by("-at")
