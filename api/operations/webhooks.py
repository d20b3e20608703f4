"""Addresses that are told: made, switched off and on."""

import datetime as dt
import secrets
from collections.abc import Collection

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from api.core.targets import UnableToUseTarget, is_public, split
from api.models import TRIAL, Delivery, Event, Scope, Webhook
from api.permissions import may_give
from api.queries.webhooks import secret_of
from organizations.models import Node, User

log = structlog.get_logger(__name__)
MOST_ON = 10  # of one person
WHY = {
    "long": lambda: _("地址太长，最多 500 个字符。"),
    "written": lambda: _("地址写得不对。请写完整的网址，例如 https://hr.example.cn/fingertip。"),
    "https": lambda: _("地址要用 https:// 开头。"),
    "name": lambda: _("地址里要有主机名，不能有用户名和密码。例如 https://hr.example.cn/fingertip。"),
    "private": lambda: _("不能推送到内网或者本机的地址。请写公网的 https 地址。"),
}


class UnableToMakeWebhook(Exception):
    """The address is none that may be told, it is not the person's to set up, or there are too many."""


class UnableToSendAgain(Exception):
    """The report is waiting already, or its address is switched off."""


@transaction.atomic
def make_webhook(
    *, maker: User, name: str, node: Node, url: str, events: Collection[str], as_of: dt.datetime
) -> tuple[Webhook, str]:
    """Tell an address of what happens for ``node`` and below; return it with its secret. Raises UnableToMakeWebhook."""
    asked = [event for event in Event.values if event in events]
    if not asked:
        raise UnableToMakeWebhook(_("请至少选一件要推送的事。"))
    if not may_give(maker, Scope.TRAININGS, node):
        raise UnableToMakeWebhook(_("您在这个组织不能看培训。请另选组织。"))
    check_target(url)
    User.objects.select_for_update(no_key=True).get(pk=maker.pk)
    if Webhook.objects.filter(made_by=maker, off_at=None).count() >= MOST_ON:
        raise UnableToMakeWebhook(_("您已经有 %(most)s 个推送。请先停用不再用的。") % {"most": MOST_ON})
    webhook = Webhook.objects.create(
        name=name, node=node, url=url, events=asked, salt=secrets.token_hex(16), made_by=maker, made_at=as_of
    )
    log.info("webhook_made", webhook_id=webhook.pk, node_id=node.pk, actor_id=maker.pk, events=asked)
    return webhook, secret_of(webhook)


def check_target(url: str) -> None:
    """Refuse early what would never be sent; where a name leads is asked each time something is sent.

    Raises UnableToMakeWebhook.
    """
    try:
        host = str(split(url).hostname)
    except UnableToUseTarget as error:
        raise UnableToMakeWebhook(WHY[error.why]()) from error
    is_number = host.replace(".", "").isdecimal() or ":" in host
    if (is_number or host == "localhost") and not is_public(host) and not settings.WEBHOOK_PRIVATE_TARGETS:
        raise UnableToMakeWebhook(WHY["private"]())


def switch_off(*, webhook_id: int, because: str, as_of: dt.datetime, actor_id: int | None = None) -> bool:
    """Tell an address no more; what waits is kept. False where it was off already."""
    if not Webhook.objects.filter(pk=webhook_id, off_at=None).update(off_at=as_of, off_because=because):
        return False
    log.info("webhook_off", webhook_id=webhook_id, because=because, actor_id=actor_id)
    return True


def switch_on(*, webhook_id: int, actor: User) -> bool:
    """Tell an address again that was switched off; False where the maker has no right to it any more."""
    webhook = Webhook.objects.select_related("made_by", "node").get(pk=webhook_id)
    if not may_give(webhook.made_by, Scope.TRAININGS, webhook.node):
        return False
    Webhook.objects.filter(pk=webhook_id).update(off_at=None, off_because="", failing_since=None)
    log.info("webhook_on", webhook_id=webhook_id, actor_id=actor.pk)
    return True


def send_again(*, delivery: Delivery, as_of: dt.datetime) -> None:
    """Let a report be sent once more, word for word: one that is over, or one that failed and waits for its next try.

    Raises UnableToSendAgain.
    """
    if delivery.event == TRIAL:
        raise UnableToSendAgain(_("试发的不会重发。要再试，请点“试发一次”。"))
    if delivery.webhook.off_at is not None:
        raise UnableToSendAgain(_("这个推送已经停用。请先重新启用。"))
    # What is due is being sent, or will be within a minute: once is enough.
    waits = Q(state=Delivery.State.WAITING)
    found = Delivery.objects.filter(~waits | Q(failures__gt=0, next_at__gt=as_of), pk=delivery.pk)
    if not found.update(state=Delivery.State.WAITING, next_at=as_of, failures=0, done_at=None):
        raise UnableToSendAgain(_("这一条正等着发送，不用再点。"))
    log.info("delivery_again", delivery_id=delivery.pk)
