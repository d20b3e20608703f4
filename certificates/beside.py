"""What the ledger's pages say of certificates (``settings.BESIDE``)."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attendance.beside import Beside
from attendance.reports.base import Scope
from certificates.queries import count_of, number_to_take, setting_and_count
from organizations.models import Role, User
from organizations.permissions import has_role


def _certificates(count: int) -> str:
    return ngettext("%(count)s 张证书", "%(count)s 张证书", count) % {"count": count}


def of_member(*, member: User) -> list[Beside]:
    """The way to one's own certificates, with how many there are, or that one can be taken."""
    count = count_of(member.pk)
    text = _certificates(count) if count else _("完成培训以后，证书在这里领")
    if number_to_take(member.pk):
        text = _("有证书可以领取")
    return [Beside(_("我的证书"), text, reverse("certificates"))]


def of_training(*, user: User, scope: Scope) -> list[Beside]:
    """How many people of the unit have one; for the organiser who may switch it on, the way there."""
    training = scope.training
    known = setting_and_count(training_id=training.pk, node=scope.node)
    address = f"{reverse('certificates_training', args=[training.pk])}?node={scope.node.pk}"
    if known is not None:
        is_on, count = known
        if is_on or count:
            words = ngettext("%(count)s 位已经有证书", "%(count)s 位已经有证书", count) % {"count": count}
            return [Beside(_("证书"), words, address)]
    if not has_role(user, Role.ORGANISER, node=training.node):
        return []
    return [Beside(_("证书"), _("没有开启，可以在这里设置"), reverse("certificates_setting", args=[training.pk]))]


def of_person(*, user: User, member_id: int, paths: Sequence[str]) -> list[Beside]:
    """How many certificates somebody got in the reader's units."""
    count = count_of(member_id, paths=paths)
    return [Beside(_("证书"), _certificates(count))] if count else []
