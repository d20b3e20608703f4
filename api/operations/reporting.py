"""What is reported, and the sending: one turn at a time, many addresses at once, each for some seconds at most."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor, wait

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Count, F

from api.core.delivery import is_taken, pause_s, signature
from api.models import Change, Delivery, Event, Scope, Webhook
from api.operations.claims import BUSY, claim
from api.operations.webhooks import switch_off
from api.permissions import may_give
from api.queries.webhooks import (
    changes,
    concern,
    due,
    is_anybody_on,
    listening,
    secret_of,
    told_already,
    trainings_over,
    webhooks_due,
)
from api.sending import WHOLE_S, Outcome, post
from attendance.models import Occasion, RosterEntry
from organizations import replica
from organizations.models import Node

log = structlog.get_logger(__name__)
AT_ONCE = 16  # addresses a turn
IN_A_ROW = 10  # reports to one address a turn, as long as it takes them
A_FOLD = 20_000  # changes that one fold reads
LOOK_BACK = dt.timedelta(days=2)
KEPT = dt.timedelta(days=30)
PRUNE_AT_ONCE = 1000


# --- what is reported -------------------------------------------------------------------------------------------------


def note_changes(*, occasion_id: int, member_ids: Collection[int], as_of: dt.datetime) -> None:
    """Write down in how many units how many records changed, in the transaction of the change.

    A row a unit and step of settling; nothing, and one query, where nobody is told anything.
    """
    if not is_anybody_on():
        return
    entries = RosterEntry.objects.filter(occasion_id=occasion_id, member_id__in=member_ids).order_by()
    rows = entries.values_list("node_id").annotate(people=Count("pk"))
    Change.objects.bulk_create(
        [Change(occasion_id=occasion_id, node_id=node_id, people=people, at=as_of) for node_id, people in rows]
    )


@transaction.atomic
def fold_changes(*, as_of: dt.datetime) -> int:
    """Make of all changes one report an occasion and address, and take them away; returns how many reports.

    100,000 records that are judged within a minute are one request to each address. Where one about the same occasion
    still waits, and nobody is sending it, it says so already.
    """
    found = changes(most=A_FOLD)
    if not found:
        return 0
    hooks = listening(Event.RECORDS)
    held = Webhook.objects.select_for_update().filter(pk__in=[hook.pk for hook in hooks]).order_by("pk")
    busy = {pk for pk, until in held.values_list("pk", "busy_until") if until is not None and until > as_of}
    waiting = told_already({hook.pk for hook in hooks} - busy, Event.RECORDS)
    people: defaultdict[Occasion, list[tuple[Node, int]]] = defaultdict(list)
    for one in found:
        people[one.occasion].append((one.node, one.people))
    made = []
    for hook in hooks:
        for occasion, rows in people.items():
            count = sum(number for node, number in rows if node.path.startswith(hook.node.path))
            if count and (hook.pk, occasion.pk) not in waiting:
                body = {**_of_occasion(occasion), "records": count}
                made.append(_delivery(hook, Event.RECORDS, occasion.pk, as_of.isoformat(), body, as_of))
    Delivery.objects.bulk_create(made, ignore_conflicts=True)
    Change.objects.filter(pk__in=[one.pk for one in found]).delete()
    return len(made)


def report_closed(*, occasion: Occasion, as_of: dt.datetime) -> None:
    """Report that an occasion has ended; one that was opened again by mistake and ends anew is reported anew."""
    moment = (occasion.closed_at or as_of).isoformat()
    made = [
        _delivery(hook, Event.CLOSED, occasion.pk, moment, _of_occasion(occasion), as_of)
        for hook in listening(Event.CLOSED)
        if concern(hook, occasion.node)
    ]
    Delivery.objects.bulk_create(made, ignore_conflicts=True)


def report_finished(*, as_of: dt.datetime) -> None:
    """Report the trainings whose time is over, each once a deadline; asked every ten minutes."""
    hooks = listening(Event.FINISHED)
    if not hooks:
        return
    made = [
        _delivery(hook, Event.FINISHED, one.pk, one.deadline_at.isoformat(), body, as_of)
        for one in trainings_over(since=as_of - LOOK_BACK, as_of=as_of)
        for hook in hooks
        for body in [{"training_id": one.pk, "title": one.title, "deadline_at": one.deadline_at.isoformat()}]
        if concern(hook, one.node) and one.deadline_at > hook.made_at
    ]
    Delivery.objects.bulk_create(made, ignore_conflicts=True)


def _of_occasion(occasion: Occasion) -> dict[str, object]:
    return {"occasion_id": occasion.pk, "training_id": occasion.training_id, "title": occasion.title}


def _delivery(
    hook: Webhook, event: str, about: int, moment: str, body: dict[str, object], as_of: dt.datetime
) -> Delivery:
    said = {"event": event, "unit_id": hook.node_id, "at": as_of.isoformat(), **body}
    key = f"{event}:{about}:{moment}"
    return Delivery(webhook=hook, event=event, about=about, key=key, body=said, made_at=as_of, next_at=as_of)


# --- sending ----------------------------------------------------------------------------------------------------------


def send_due(*, as_of: dt.datetime, clock: Callable[[], dt.datetime]) -> int:
    """Send what is due, to many addresses at once; returns how many reports were tried.

    One that hangs takes its own thread for some seconds, and its own reports wait for it; nobody else's do.
    """
    work: list[tuple[Webhook, list[Delivery]]] = []
    for hook in webhooks_due(as_of=as_of, most=AT_ONCE):
        if not may_give(hook.made_by, Scope.TRAININGS, hook.node):
            switch_off(webhook_id=hook.pk, because=Webhook.Off.RIGHT, as_of=as_of)
            continue
        if claim(Webhook.objects.filter(pk=hook.pk), as_of=as_of):
            replica.note_write(hook.made_by_id)  # who is told of something asks for it next
            work.append((hook, due(hook, as_of=as_of, most=IN_A_ROW)))
    if not work:
        return 0
    pool = ThreadPoolExecutor(max_workers=len(work), thread_name_prefix="webhook")
    sending = {pool.submit(_send_some, hook, some, clock): (hook, some) for hook, some in work}
    wait(sending, timeout=BUSY.total_seconds() - WHOLE_S)
    pool.shutdown(wait=False, cancel_futures=True)
    tried = 0
    for future, (hook, some) in sending.items():
        outcomes = future.result() if future.done() else [Outcome(error="slow")]
        tried += len(outcomes)
        for delivery, outcome in zip(some, outcomes, strict=False):
            _note(hook, delivery, outcome, clock())
        Webhook.objects.filter(pk=hook.pk).update(busy_until=None)
    return tried


def _send_some(hook: Webhook, some: Iterable[Delivery], clock: Callable[[], dt.datetime]) -> list[Outcome]:
    """Send reports to one address, in their order, up to the first it does not take, for as long as one may last.

    Runs in a thread of its own and asks the database for nothing.
    """
    outcomes: list[Outcome] = []
    ends_at = clock() + dt.timedelta(seconds=WHOLE_S)
    for delivery in some:
        if outcomes and clock() >= ends_at:
            break
        outcomes.append(send_one(hook, delivery, clock()))
        if not is_taken(outcomes[-1].status or 0):
            break
    return outcomes


def send_one(hook: Webhook, delivery: Delivery, as_of: dt.datetime) -> Outcome:
    """Send one report, signed; asks the database for nothing."""
    body = json.dumps({"id": delivery.pk, **delivery.body}, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "fingertip-classroom",
        "X-Fingertip-Event": delivery.event,
        "X-Fingertip-Delivery": str(delivery.pk),
        "X-Fingertip-Signature": signature(secret=secret_of(hook), sent_s=int(as_of.timestamp()), body=body),
    }
    return post(url=hook.url, body=body, headers=headers)


@transaction.atomic
def _note(hook: Webhook, delivery: Delivery, outcome: Outcome, as_of: dt.datetime) -> None:
    """Keep what came of one try; after days without a single success the address is switched off."""
    values: dict[str, object] = {"status": outcome.status, "error": outcome.error}
    if is_taken(outcome.status or 0):
        values |= {"state": Delivery.State.SENT, "done_at": as_of}
        Webhook.objects.filter(pk=hook.pk).update(failing_since=None)
    else:
        values |= {"failures": F("failures") + 1}
        pause = pause_s(delivery.failures + 1)
        if pause is None:
            values |= {"state": Delivery.State.GIVEN_UP, "done_at": as_of}
        else:
            values |= {"next_at": as_of + dt.timedelta(seconds=pause)}
        Webhook.objects.filter(pk=hook.pk, failing_since=None).update(failing_since=as_of)
    Delivery.objects.filter(pk=delivery.pk).update(**values)
    log.info("delivery_tried", delivery_id=delivery.pk, webhook_id=hook.pk, status=outcome.status, error=outcome.error)
    too_long = as_of - dt.timedelta(days=settings.WEBHOOK_FAILING_DAYS)
    if Webhook.objects.filter(pk=hook.pk, failing_since__lte=too_long).exists():
        switch_off(webhook_id=hook.pk, because=Webhook.Off.FAILURES, as_of=as_of)


def prune_deliveries(*, as_of: dt.datetime) -> int:
    """Forget the reports of more than a month ago, some at a time."""
    # By their numbers, which grow with time: no index by time is kept for it.
    first = Delivery.objects.order_by("pk").values_list("pk", "made_at")[:PRUNE_AT_ONCE]
    over = [pk for pk, made_at in first if made_at < as_of - KEPT]
    return Delivery.objects.filter(pk__in=over).delete()[0] if over else 0
