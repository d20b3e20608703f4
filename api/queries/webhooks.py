"""Which addresses are told what, and what waits to be told."""

import datetime as dt
from collections.abc import Iterable

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.crypto import salted_hmac

from api.models import TRIAL, Change, Delivery, Webhook
from attendance.models import Occasion, Training
from organizations.models import Node, User

SALT = "api.webhooks"
NEWEST = 5_000  # trainings that are looked at for whether their time is over


def secret_of(webhook: Webhook) -> str:
    """Return what reports to this address are signed with."""
    return salted_hmac(SALT, webhook.salt, algorithm="sha256").hexdigest()


def listening(event: str) -> list[Webhook]:
    """Return the addresses that are told of ``event``: some dozens at most; one query."""
    return [one for one in Webhook.objects.filter(off_at=None).prefetch_related("node") if event in one.events]


def is_anybody_on() -> bool:
    """Whether any address is told anything."""
    return Webhook.objects.filter(off_at=None).exists()


def concern(webhook: Webhook, node: Node) -> bool:
    """Whether what happens for ``node`` concerns the part of the tree that is reported."""
    return node.path.startswith(webhook.node.path) or webhook.node.path.startswith(node.path)


def due(webhook: Webhook, *, as_of: dt.datetime, most: int) -> list[Delivery]:
    """Return what is to be sent to an address now, the oldest first."""
    waiting = Delivery.objects.filter(webhook=webhook, state=Delivery.State.WAITING, next_at__lte=as_of)
    return list(waiting.order_by("next_at", "pk")[:most])


def webhooks_due(*, as_of: dt.datetime, most: int) -> list[Webhook]:
    """Return the addresses for which something is due and nobody sends, whoever was not tried for longest first."""
    waiting = Delivery.objects.filter(webhook=OuterRef("pk"), state=Delivery.State.WAITING, next_at__lte=as_of)
    free = Webhook.objects.filter(Q(busy_until=None) | Q(busy_until__lte=as_of), Exists(waiting), off_at=None)
    order = F("tried_at").asc(nulls_first=True)
    return list(free.prefetch_related("node", "made_by").order_by(order, "pk")[:most])


def changes(*, most: int) -> list[Change]:
    """Return what has changed and was not told yet, the oldest first."""
    return list(Change.objects.prefetch_related("occasion", "node").order_by("pk")[:most])


def trainings_over(*, since: dt.datetime, as_of: dt.datetime) -> list[Training]:
    """Return the published trainings that were due in ``(since, as_of]``, among the newest; none of a unit's own."""
    newest = Training.objects.order_by("-pk").values_list("pk", "deadline_at")[:NEWEST]
    keys = [pk for pk, deadline_at in newest if since < deadline_at <= as_of]
    if not keys:
        return []
    found = Training.objects.filter(pk__in=keys, is_standing=False).exclude(state=Training.State.DRAFT)
    return list(found.select_related("node"))


def trials_of(maker: User, *, since: dt.datetime) -> int:
    """Return how many trials went to the addresses that somebody set up."""
    return Delivery.objects.filter(webhook__made_by=maker, event=TRIAL, made_at__gt=since).count()


def told_already(webhook_ids: Iterable[int], event: str) -> set[tuple[int, int]]:
    """Return of which things a report waits that would say the same: pairs of address and thing."""
    waiting = Delivery.objects.filter(webhook_id__in=list(webhook_ids), event=event, state=Delivery.State.WAITING)
    return set(waiting.values_list("webhook_id", "about"))


def deliveries_of(webhook: Webhook) -> QuerySet[Delivery]:
    """Return the log of an address, the newest first."""
    return Delivery.objects.filter(webhook=webhook).order_by("-pk")


def switched_off_for(user: User) -> QuerySet[Webhook]:
    """Return the addresses a person set up that were switched off because nothing arrived there."""
    return Webhook.objects.filter(made_by=user, off_because=Webhook.Off.FAILURES).order_by("-off_at")


def occasion_by_id(occasion_id: int) -> Occasion | None:
    """Return an occasion with its unit, or None where it is gone."""
    return Occasion.objects.select_related("node").filter(pk=occasion_id).first()
