"""What of certificates hangs on a unit (``settings.UNIT_USES``, ``settings.UNIT_MOVES``)."""

import datetime as dt

from django.utils.translation import ngettext

from certificates.models import CertificateSetting
from certificates.queries import standing
from organizations.models import Node
from organizations.uses import Use


def uses_of(*, node: Node, on_date: dt.date) -> list[Use]:
    """What was issued to people of exactly this unit, and the trainings whose certificates it issues."""
    found = []
    if count := standing().filter(node=node).count():
        text = ngettext(
            "这里的人有 %(count)s 张证书：上面的单位名称不变，合并后新单位的书记也能查到。",
            "这里的人有 %(count)s 张证书：上面的单位名称不变，合并后新单位的书记也能查到。",
            count,
        )
        found.append(Use(text % {"count": count}))
    if count := CertificateSetting.objects.filter(issuer=node).count():
        text = ngettext(
            "%(count)s 个培训的证书由这里颁发：合并后发的改由新的单位颁发，已经发出的不变。",
            "%(count)s 个培训的证书由这里颁发：合并后发的改由新的单位颁发，已经发出的不变。",
            count,
        )
        found.append(Use(text % {"count": count}))
    return found


def move(*, node: Node, into: Node) -> None:
    """Let what is issued from now on be issued by the unit that took this one over; what was issued never changes."""
    CertificateSetting.objects.filter(issuer=node).update(issuer=into)
