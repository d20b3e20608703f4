"""People and organisations for tests; ``make_county`` is the small world that the tests speak about."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import factory
from auditlog.context import disable_auditlog
from django.conf import settings

from organizations.core import phones
from organizations.models import Membership, Node, NodeKind, Role, RoleGrant, User

PASSWORD = "fingertip-demo"
UNUSABLE = "!"  # no password has this hash
JOINED = dt.date(2020, 1, 1)


class Unlogged(factory.django.DjangoModelFactory[Any]):
    """Who a test's people are is no change that the audit log keeps, and writing it takes as long as making them."""

    class Meta:
        abstract = True

    @classmethod
    def create(cls, **kwargs: Any) -> Any:
        with disable_auditlog():
            return super().create(**kwargs)


class UserFactory(Unlogged):
    """A person with a phone number (``phone=""``: none); the password is ``PASSWORD`` only when asked for.

    ``UserFactory(password=PASSWORD)`` hashes, which costs time; most tests use ``client.force_login``.
    """

    class Meta:
        model = User
        exclude = ("phone",)
        skip_postgeneration_save = True

    phone = factory.Sequence(lambda n: f"+86155{n:08d}")  # 155: no test writes one of these out
    username = factory.Sequence(lambda n: f"person-{n}")
    name = factory.Sequence(lambda n: f"党员{n}")
    phone_cipher = factory.LazyAttribute(lambda o: phones.encrypt(settings.PHONE_KEY, o.phone) if o.phone else None)
    phone_index = factory.LazyAttribute(lambda o: phones.blind_index(settings.PHONE_KEY, o.phone) if o.phone else None)
    phone_last4 = factory.LazyAttribute(lambda o: o.phone[-4:])

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        password = kwargs.pop("password", None)
        return User.objects.create_user(password=password, **kwargs)  # type: ignore[no-any-return]


class NodeFactory(Unlogged):
    """A node below ``parent``, or a root. ``NodeFactory(parent=township, kind=NodeKind.BRANCH)``."""

    class Meta:
        model = Node

    name = factory.Sequence(lambda n: f"组织{n}")
    code = factory.Sequence(lambda n: f"N{n}")
    kind = NodeKind.BRANCH

    @classmethod
    def _create(cls, model_class: type[Node], *args: Any, **kwargs: Any) -> Node:
        parent: Node | None = kwargs.pop("parent", None)
        if parent is None:
            return Node.add_root(**kwargs)  # type: ignore[no-any-return]
        # Read again: treebeard writes the number of children from the object it is given.
        return Node.objects.get(pk=parent.pk).add_child(**kwargs)  # type: ignore[no-any-return]


class MembershipFactory(Unlogged):
    class Meta:
        model = Membership

    member = factory.SubFactory(UserFactory)
    node = factory.SubFactory(NodeFactory)
    active_from_date = JOINED


class RoleGrantFactory(Unlogged):
    class Meta:
        model = RoleGrant

    user = factory.SubFactory(UserFactory)
    node = factory.SubFactory(NodeFactory)
    role = Role.SECRETARY
    active_from_date = JOINED


@dataclass
class County:
    """One county > one township > two neighbouring branches, and the people in their roles."""

    county: Node
    township: Node
    branch: Node
    neighbour: Node
    members: list[User]
    neighbours: list[User]
    secretary: User
    neighbour_secretary: User
    organiser: User
    lecturer: User
    auditor: User
    operator: User
    member: User = field(init=False)
    neighbour_member: User = field(init=False)

    def __post_init__(self) -> None:
        self.member = self.members[0]
        self.neighbour_member = self.neighbours[0]


def make_county(*, members: int = 3) -> County:
    """Build the small world: ``members`` people in each branch; the secretaries are members of their branch too.

    Most tests begin with it: each kind of row is one statement, and what else hangs on a saving (the audit log, the
    index of references) is left out.
    """
    county = NodeFactory(name="青溪县", code="QX", kind=NodeKind.COUNTY)
    township = _below(county, 1, name="永安镇", code="QX.01", kind=NodeKind.TOWNSHIP, numchild=2)
    branch = _below(township, 1, name="东风村第一支部", code="QX.01.01", kind=NodeKind.BRANCH)
    neighbour = _below(township, 2, name="东风村第二支部", code="QX.01.02", kind=NodeKind.BRANCH)
    Node.objects.bulk_create([township, branch, neighbour])
    county.numchild = 1
    Node.objects.filter(pk=county.pk).update(numchild=1)
    roles = {
        "secretary": ("赵书记", branch),
        "neighbour_secretary": ("钱书记", neighbour),
        "organiser": ("孙组织员", county),
        "lecturer": ("周讲师", county),
        "auditor": ("吴监督员", county),
        "operator": ("郑管理员", county),
    }
    names = [f"王一{n}" for n in range(members)] + [f"李二{n}" for n in range(members)]
    names += [name for name, _node in roles.values()]
    people = [UserFactory.build(name=name, password=UNUSABLE) for name in names]
    User.objects.bulk_create(people)
    inside, beside, officers = people[:members], people[members : 2 * members], people[2 * members :]
    by_role = dict(zip(roles, officers, strict=True))
    grants = zip(roles.items(), officers, strict=True)
    RoleGrant.objects.bulk_create(
        [
            RoleGrant(user=user, node=node, role=role.rpartition("_")[2], active_from_date=JOINED)
            for (role, (_name, node)), user in grants
        ]
    )
    belongs = [*((one, branch) for one in inside), *((one, neighbour) for one in beside)]
    belongs += [(by_role["secretary"], branch), (by_role["neighbour_secretary"], neighbour)]
    Membership.objects.bulk_create(
        [Membership(member=member, node=node, active_from_date=JOINED) for member, node in belongs]
    )
    return County(
        county=county, township=township, branch=branch, neighbour=neighbour,
        members=inside, neighbours=beside, **by_role,
    )  # fmt: skip


def _below(parent: Node, number: int, **fields: Any) -> Node:
    """A child that is not stored yet, with its place in the tree."""
    return Node(path=Node._get_path(parent.path, parent.depth + 1, number), depth=parent.depth + 1, **fields)
