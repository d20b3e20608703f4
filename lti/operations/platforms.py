"""Platforms as an operator keeps them: set up, changed, withdrawn, taken back, deleted."""

import datetime as dt
from typing import Any
from urllib.parse import urlsplit

import structlog
from auditlog.models import LogEntry
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from lti.core.claims import THIS_MACHINE
from lti.models import Platform
from lti.operations.keys import ensure_key
from lti.queries import people_linked
from organizations.models import User

log = structlog.get_logger(__name__)
FIELDS = ("name", "issuer", "client_id", "deployments", "authorize_url", "keyset_url", "trusts_phone")
WHO_IT_IS = ("issuer", "client_id")


class UnableToKeepPlatform(Exception):
    """The platform cannot be kept like this; the sentence says why and what to do."""


def make_platform(*, maker: User, as_of: dt.datetime, **values: Any) -> Platform:
    """Set up a platform; ``values`` are all of ``FIELDS``. Raises UnableToKeepPlatform."""
    site = urlsplit(settings.SITE_URL)
    if site.scheme != "https" and site.hostname not in THIS_MACHINE:
        raise UnableToKeepPlatform(_("本站还没有 https 网址，学习平台连不过来。请先设置 https 和 SITE_URL。"))
    try:
        with transaction.atomic():
            made = Platform.objects.create(made_by=maker, made_at=as_of, **{name: values[name] for name in FIELDS})
            ensure_key(as_of=as_of)
            _write_down(made, LogEntry.Action.CREATE, [*FIELDS], maker.pk)
    except IntegrityError as error:
        raise UnableToKeepPlatform(_taken()) from error
    return made


def change_platform(*, platform_id: int, actor_id: int, **values: Any) -> Platform:
    """Change what is known of a platform. Raises UnableToKeepPlatform.

    Issuer and client stay once people come in by it: accounts of one platform are nothing to another.
    """
    try:
        with transaction.atomic():
            one = Platform.objects.select_for_update().get(pk=platform_id)
            changed = [name for name in FIELDS if getattr(one, name) != values[name]]
            if any(name in changed for name in WHO_IT_IS) and people_linked(one):
                raise UnableToKeepPlatform(
                    _("已经有人用它登录，平台标识和客户端编号不能再改。换了平台的，请停用这个，另外登记一个。")
                )
            for name in changed:
                setattr(one, name, values[name])
            if changed:
                one.save(update_fields=changed)
                _write_down(one, LogEntry.Action.UPDATE, changed, actor_id)
    except IntegrityError as error:
        raise UnableToKeepPlatform(_taken()) from error
    return one


def _taken() -> str:
    return _("同样的平台标识和客户端编号已经登记过了。请到原来的那一个里修改。")


@transaction.atomic
def switch(*, platform_id: int, on: bool, actor_id: int, as_of: dt.datetime) -> bool:
    """Withdraw a platform, or take it back; return whether anything changed. Sessions that it opened go on."""
    found = Platform.objects.filter(pk=platform_id, off_at__isnull=not on)
    if not found.update(off_at=None if on else as_of):
        return False
    _write_down(Platform.objects.get(pk=platform_id), LogEntry.Action.UPDATE, ["off_at"], actor_id)
    return True


@transaction.atomic
def delete_platform(*, platform_id: int, actor_id: int) -> None:
    """Delete a platform that is withdrawn and whose accounts are nobody's. Raises UnableToKeepPlatform."""
    one = Platform.objects.select_for_update().get(pk=platform_id)
    if one.off_at is None:
        raise UnableToKeepPlatform(_("请先停用，再删除。"))
    if linked := people_linked(one):
        raise UnableToKeepPlatform(
            _("还有 %(count)s 个人绑定着它的账号，不能删除。停用以后谁也不能从它进来，留着就可以。") % {"count": linked}
        )
    _write_down(one, LogEntry.Action.DELETE, ["name"], actor_id)
    one.delete()


def _write_down(one: Platform, action: int, names: list[str], actor_id: int) -> None:
    """One row among the changes, one line in the log: which fields, by whom."""
    changes = {name: ["…", str(getattr(one, name))] for name in names}
    LogEntry.objects.log_create(one, action=action, changes=changes, actor_id=actor_id)
    log.info("lti_platform_changed", platform_id=one.pk, actor_id=actor_id, what=names)
