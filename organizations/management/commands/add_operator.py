"""``manage.py add_operator PHONE --name NAME``: the first person of a new house."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from organizations.core.roster import guess_kind
from organizations.models import Node, Role, User
from organizations.operations import (
    UnableToCreateMember,
    UnableToMakeLink,
    UnableToUseKey,
    create_member,
    ensure_phone_key,
    grant_role,
    make_link,
)
from organizations.queries import user_by_phone
from organizations.sentences.sign_in import tell_link


class Command(BaseCommand):
    help = (
        "Make a person operator, who then imports the roster. Prints a link to sign in by. Makes the person if unknown."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("phone", metavar="PHONE")
        parser.add_argument("--name", help="needed for a person who is not there yet")
        parser.add_argument("--under", metavar="CODE", help="operator for this part of the tree (default: all)")
        parser.add_argument("--organisation", metavar="NAME", help="name of the root, where there is no tree yet")

    @transaction.atomic
    def handle(self, *args: Any, phone: str, name: str | None, under: str | None, **options: Any) -> None:
        try:
            ensure_phone_key(as_of=timezone.now())
        except UnableToUseKey as error:
            raise CommandError(str(error)) from error
        node = self.node(under, options["organisation"])
        user = user_by_phone(phone) or self.person(phone, name)
        grant_role(user_id=user.pk, node_id=node.pk, role=Role.OPERATOR, on_date=timezone.localdate())
        self.stdout.write(_("%(name)s 已是 %(node)s 的管理员") % {"name": user.name, "node": node.name})
        try:
            link = make_link(member_id=user.pk, as_of=timezone.now())
        except UnableToMakeLink as error:
            self.stdout.write(str(error))
        else:
            tell_link(self.stdout, link)

    def node(self, under: str | None, organisation: str | None) -> Node:
        root = Node.get_first_root_node()
        if organisation and (under or (root is not None and root.name != organisation)):
            raise CommandError(
                _("已经有组织了，--organisation 只在还没有组织时用。只管其中一部分，请用 --under 写明那个组织的代码")
            )
        node = Node.objects.filter(code=under).first() if under else root
        if node is None and organisation:
            return Node.add_root(name=organisation, code="1", kind=guess_kind(organisation, parent=None, leaf=False))
        if node is None:
            raise CommandError(_("没有这个组织；还没有组织时请用 --organisation 写明最高层组织的名称"))
        return node

    def person(self, phone: str, name: str | None) -> User:
        if not name:
            raise CommandError(_("没有这个人，请用 --name 写明姓名"))
        try:
            return create_member(name=name, phone=phone, as_of=timezone.now())
        except UnableToCreateMember as error:
            raise CommandError(_("不是有效的手机号")) from error
