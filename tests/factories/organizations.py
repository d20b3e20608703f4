"""People and organisations for tests; ``make_county`` is the small world that the tests speak about."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import factory
from django.conf import settings

from organizations.core import phones
from organizations.models import Membership, Node, NodeKind, Role, RoleGrant, User

PASSWORD = "fingertip-demo"
JOINED = dt.date(2020, 1, 1)


class UserFactory(factory.django.DjangoModelFactory[User]):
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


class NodeFactory(factory.django.DjangoModelFactory[Node]):
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


class MembershipFactory(factory.django.DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    member = factory.SubFactory(UserFactory)
    node = factory.SubFactory(NodeFactory)
    active_from_date = JOINED


class RoleGrantFactory(factory.django.DjangoModelFactory[RoleGrant]):
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


def _with_role(name: str, role: str, node: Node) -> User:
    user = UserFactory(name=name)
    RoleGrantFactory(user=user, node=node, role=role)
    return user


def make_county(*, members: int = 3) -> County:
    """Build the small world: ``members`` people in each branch; the secretaries are members of their branch too."""
    county = NodeFactory(name="青溪县", code="QX", kind=NodeKind.COUNTY)
    township = NodeFactory(parent=county, name="永安镇", code="QX.01", kind=NodeKind.TOWNSHIP)
    branch = NodeFactory(parent=township, name="东风村第一支部", code="QX.01.01", kind=NodeKind.BRANCH)
    neighbour = NodeFactory(parent=township, name="东风村第二支部", code="QX.01.02", kind=NodeKind.BRANCH)
    world = County(
        county=county,
        township=township,
        branch=branch,
        neighbour=neighbour,
        members=[MembershipFactory(member__name=f"王一{n}", node=branch).member for n in range(members)],
        neighbours=[MembershipFactory(member__name=f"李二{n}", node=neighbour).member for n in range(members)],
        secretary=_with_role("赵书记", Role.SECRETARY, branch),
        neighbour_secretary=_with_role("钱书记", Role.SECRETARY, neighbour),
        organiser=_with_role("孙组织员", Role.ORGANISER, county),
        lecturer=_with_role("周讲师", Role.LECTURER, county),
        auditor=_with_role("吴监督员", Role.AUDITOR, county),
        operator=_with_role("郑管理员", Role.OPERATOR, county),
    )
    MembershipFactory(member=world.secretary, node=branch)
    MembershipFactory(member=world.neighbour_secretary, node=neighbour)
    return world
