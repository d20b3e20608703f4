"""Trying an address out: one signed request now, which is in the log like the others and is never sent again."""

import datetime as dt
from collections.abc import Callable
from typing import NamedTuple

import structlog
from django.utils.translation import gettext as _

from api.core.delivery import is_taken
from api.models import TRIAL, Delivery, Scope, Webhook
from api.operations.claims import claim
from api.operations.reporting import send_one
from api.permissions import may_give
from api.queries.webhooks import trials_of
from organizations.models import User

log = structlog.get_logger(__name__)
AN_HOUR = dt.timedelta(hours=1)
MOST_AN_HOUR = 10  # of all addresses that one person set up: a trial asks somebody else's machine


class UnableToTryOut(Exception):
    """The address is being sent to, or was tried too often, or whoever set it up has no right to it any more."""


class Tried(NamedTuple):
    """What came of it, and how long it took in seconds."""

    delivery: Delivery
    took_s: float


def try_out(*, webhook: Webhook, actor: User, clock: Callable[[], dt.datetime]) -> Tried:
    """Send a trial now, also to an address that is switched off; some seconds at most. Raises UnableToTryOut.

    It says nothing about the address's failures: those are counted of what has to arrive.
    """
    began = clock()
    if not may_give(webhook.made_by, Scope.TRAININGS, webhook.node):
        raise UnableToTryOut(_("设置的人不再有这里的职责，不能试发。请另外设置一个。"))
    if trials_of(webhook.made_by, since=began - AN_HOUR) >= MOST_AN_HOUR:
        raise UnableToTryOut(_("一小时最多试发 %(most)s 次，请过一会儿再试。") % {"most": MOST_AN_HOUR})
    # The same claim as the worker's: two who press at once, or a press while reports go out, are one request.
    if not claim(Webhook.objects.filter(pk=webhook.pk), as_of=began):
        raise UnableToTryOut(_("正在向这个地址推送，请过一会儿再试。"))
    try:
        tried = _sent(webhook, began, clock)
    finally:
        Webhook.objects.filter(pk=webhook.pk).update(busy_until=None)
    status, error = tried.delivery.status, tried.delivery.error
    log.info("webhook_tried_out", webhook_id=webhook.pk, actor_id=actor.pk, status=status, error=error)
    return tried


def _sent(webhook: Webhook, began: dt.datetime, clock: Callable[[], dt.datetime]) -> Tried:
    # Written down before it goes out, as one that did not arrive: a process that ends meanwhile leaves no other trace.
    delivery = Delivery.objects.create(
        webhook=webhook, event=TRIAL, about=0, key=f"{TRIAL}:{began.isoformat()}", made_at=began, next_at=began,
        body={"event": TRIAL, "unit_id": webhook.node_id, "at": began.isoformat()}, state=Delivery.State.GIVEN_UP,
    )  # fmt: skip
    outcome = send_one(webhook, delivery, clock())
    ended = clock()
    delivery.status, delivery.error, delivery.done_at = outcome.status, outcome.error, ended
    if is_taken(outcome.status or 0):
        delivery.state = Delivery.State.SENT
    delivery.save(update_fields=["status", "error", "done_at", "state"])
    return Tried(delivery, (ended - began).total_seconds())
