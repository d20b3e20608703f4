"""Reports to other programs: what is told, to whom, how often it is tried, and when no more."""

import datetime as dt
import json
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api import operations as do
from api.core.delivery import PAUSES_S, signature
from api.models import Change, Delivery, Event, Webhook
from api.operations import reporting
from api.sending import Outcome
from api.tasks import prune_deliveries, report
from attendance import events
from attendance.models import Training
from organizations.models import Node, RoleGrant, User
from tests.api.conftest import World
from tests.attendance.people import make_training
from tests.organizations.authenticator import prove

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
URL = "https://hr.example.cn/in"
MINUTE = dt.timedelta(minutes=1)


def hook(world: World, *told: str, node: Node | None = None, maker: User | None = None, url: str = URL) -> Webhook:
    return do.make_webhook(
        maker=maker or world.county.organiser, name="人事系统", node=node or world.county.county, url=url,
        events=told or Event.values, as_of=timezone.now(),
    )[0]  # fmt: skip


class Wire:
    """What would have been sent, and what each address answers."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes, dict[str, str]]] = []
        self.answers: dict[str, Outcome] = {}

    def post(self, *, url: str, body: bytes, headers: dict[str, str]) -> Outcome:
        self.sent.append((url, body, headers))
        return self.answers.get(url, Outcome(status=200))


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    found = Wire()
    monkeypatch.setattr(reporting, "post", found.post)
    return found


def send(as_of: dt.datetime | None = None) -> int:
    now = as_of or timezone.now()
    return do.send_due(as_of=now, clock=lambda: now)


def changed(world: World, *members: User) -> None:
    events.tell(events.standing_changed, occasion_id=world.occasion.pk, member_ids=[one.pk for one in members])


# --- what is told -------------------------------------------------------------------------------------------------


def test_nothing_is_written_where_nobody_is_told(world: World) -> None:
    with CaptureQueriesContext(connection) as sql:
        changed(world, *world.county.members)
    assert len([one for one in sql if '"api_' in one["sql"]]) == 1
    assert not Change.objects.exists()


def test_many_changes_are_one_report(world: World, wire: Wire) -> None:
    """As 100,000 records that are judged in steps: a row a step and unit, one request an address."""
    county = world.county
    whole, branch = hook(world, Event.RECORDS), hook(world, Event.RECORDS, node=county.branch, url=f"{URL}/2")
    neighbour = hook(world, Event.RECORDS, node=county.neighbour, url=f"{URL}/3")
    hook(world, Event.CLOSED)
    changed(world, *county.members)
    changed(world, county.members[0])
    assert Change.objects.count() == 2
    assert do.fold_changes(as_of=timezone.now()) == 2
    assert not Change.objects.exists()
    told = {one.webhook_id: one.body["records"] for one in Delivery.objects.all()}
    assert told == {whole.pk: 4, branch.pk: 4}
    assert neighbour.pk not in told
    assert do.fold_changes(as_of=timezone.now()) == 0
    assert send() == 2
    said = json.loads(wire.sent[0][1])
    assert (said["event"], said["occasion_id"], said["title"]) == ("records.changed", world.occasion.pk, "防汛直播")
    assert not {one.name for one in county.members} & {value for value in said.values() if isinstance(value, str)}


def test_what_waits_says_it_already_unless_it_is_being_sent(world: World) -> None:
    one, now = hook(world, Event.RECORDS), timezone.now()
    changed(world, world.county.member)
    do.fold_changes(as_of=now)
    changed(world, world.county.member)
    assert do.fold_changes(as_of=now + MINUTE) == 0
    Webhook.objects.filter(pk=one.pk).update(busy_until=now + 5 * MINUTE)
    changed(world, world.county.member)
    assert do.fold_changes(as_of=now + 2 * MINUTE) == 1


def test_an_end_is_told_once(world: World, django_capture_on_commit_callbacks: Any) -> None:
    one, neighbour = hook(world), hook(world, node=world.county.neighbour, url=f"{URL}/2")
    world.occasion.node = world.county.branch
    world.occasion.closed_at = timezone.now()
    world.occasion.save()
    for _time in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            events.announce(events.occasion_closed, occasion_id=world.occasion.pk)
    with django_capture_on_commit_callbacks(execute=True):
        events.announce(events.occasion_closed, occasion_id=999_999)
    assert [row.webhook_id for row in Delivery.objects.all()] == [one.pk]
    assert neighbour.deliveries.count() == 0


def test_a_training_whose_time_is_over_is_told_once(world: World) -> None:
    now = timezone.now()
    do.report_finished(as_of=now)
    one, late = hook(world, Event.FINISHED), hook(world, Event.FINISHED, url=f"{URL}/2")
    do.report_finished(as_of=now)
    assert not Delivery.objects.exists()
    Training.objects.filter(pk=world.training.pk).update(deadline_at=now + MINUTE)
    Webhook.objects.filter(pk=late.pk).update(made_at=now + 2 * MINUTE)
    make_training(world.county.county, "草稿", state="draft")
    Training.objects.filter(title="草稿").update(deadline_at=now + MINUTE)
    for _time in range(2):
        do.report_finished(as_of=now + 3 * MINUTE)
    assert [(row.webhook_id, row.about) for row in Delivery.objects.all()] == [(one.pk, world.training.pk)]


# --- sending ------------------------------------------------------------------------------------------------------


def waiting(world: World, number: int = 1, **fields: Any) -> tuple[Webhook, list[Delivery]]:
    one, now = hook(world, **fields), timezone.now()
    rows = [
        Delivery(
            webhook=one, event=Event.CLOSED, about=n, key=str(n), body={"event": "occasion.closed", "title": "一场"},
            made_at=now, next_at=now,
        )
        for n in range(number)
    ]  # fmt: skip
    return one, Delivery.objects.bulk_create(rows)


def test_signed_and_sent_in_order(world: World, wire: Wire) -> None:
    one, rows = waiting(world, 3)
    assert send() == 3
    assert [json.loads(body)["id"] for _url, body, _headers in wire.sent] == [row.pk for row in rows]
    _url, body, headers = wire.sent[0]
    sent_s = int(headers["X-Fingertip-Signature"].split(",")[0].removeprefix("t="))
    secret = reporting.secret_of(one)
    assert headers["X-Fingertip-Signature"] == signature(secret=secret, sent_s=sent_s, body=body)
    assert {row.state for row in Delivery.objects.all()} == {Delivery.State.SENT}
    assert send() == 0


def test_what_fails_waits_longer_each_time_and_is_given_up(world: World, wire: Wire) -> None:
    one, rows = waiting(world, 2)
    wire.answers[URL] = Outcome(status=500)
    now = timezone.now()
    for pause in PAUSES_S:
        assert send(now) == 1  # the second is not tried where the first was not taken
        rows[0].refresh_from_db()
        assert (rows[0].next_at - now).total_seconds() == pause
        Delivery.objects.filter(pk=rows[1].pk).update(next_at=now + dt.timedelta(days=9))
        now = rows[0].next_at
    assert send(now) == 1
    rows[0].refresh_from_db()
    assert (rows[0].state, rows[0].failures, rows[0].status) == (Delivery.State.GIVEN_UP, 7, 500)
    one.refresh_from_db()
    assert one.failing_since is not None
    assert one.off_at is None


def test_a_success_forgets_the_failures(world: World, wire: Wire) -> None:
    one, _rows = waiting(world)
    wire.answers[URL] = Outcome(error="slow")
    now = timezone.now()
    send(now)
    wire.answers.clear()
    assert send(now + MINUTE) == 1
    one.refresh_from_db()
    assert (one.failing_since, one.off_at) == (None, None)


def test_after_days_of_failures_it_is_switched_off_and_the_desk_says_so(world: World, wire: Wire) -> None:
    one, rows = waiting(world)
    wire.answers[URL] = Outcome(error="connection")
    now = timezone.now()
    send(now)
    Delivery.objects.update(next_at=now)
    send(now + dt.timedelta(days=5))
    one.refresh_from_db()
    assert one.off_because == Webhook.Off.FAILURES
    Delivery.objects.update(next_at=now)
    assert send(now + dt.timedelta(days=6)) == 0
    browser = Client()
    browser.force_login(world.county.organiser)
    assert "推送“人事系统”已自动停用" in browser.get("/desk/").content.decode()
    assert do.switch_on(webhook_id=one.pk, actor=world.county.organiser) is True
    assert "已自动停用" not in browser.get("/desk/").content.decode()
    assert rows[0].pk == Delivery.objects.get().pk


def test_it_ends_with_the_right_of_whoever_set_it_up(world: World, wire: Wire) -> None:
    one, _rows = waiting(world)
    RoleGrant.objects.filter(user=world.county.organiser).update(active_to_date=timezone.localdate())
    assert send() == 0
    one.refresh_from_db()
    assert one.off_because == Webhook.Off.RIGHT
    assert do.switch_on(webhook_id=one.pk, actor=world.county.organiser) is False


def test_nobody_sends_what_somebody_sends(world: World, wire: Wire) -> None:
    one, _rows = waiting(world)
    now = timezone.now()
    Webhook.objects.filter(pk=one.pk).update(busy_until=now + MINUTE)
    assert send(now) == 0
    assert send(now + MINUTE) == 1


def test_two_that_find_the_same_address_send_once(world: World, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    one, _rows = waiting(world)
    monkeypatch.setattr(reporting, "webhooks_due", lambda **kwargs: [one])
    Webhook.objects.filter(pk=one.pk).update(busy_until=timezone.now() + MINUTE)
    assert send() == 0
    assert wire.sent == []


def test_an_address_that_hangs_holds_nobody_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hung, _rows = waiting(world)
    other, _rows = waiting(world, url=f"{URL}/2")
    over, arrived = threading.Event(), threading.Event()

    def post(*, url: str, **kwargs: Any) -> Outcome:
        if url == URL:
            over.wait(30)
        arrived.set()
        return Outcome(status=200)

    monkeypatch.setattr(reporting, "post", post)
    monkeypatch.setattr(reporting, "BUSY", dt.timedelta(seconds=reporting.WHOLE_S + 5))
    try:
        assert send() == 2
    finally:
        over.set()
    assert [row.state for row in other.deliveries.all()] == [Delivery.State.SENT]
    assert [(row.state, row.error) for row in hung.deliveries.all()] == [(Delivery.State.WAITING, "slow")]


def test_a_turn_sends_for_so_long_only(world: World, wire: Wire) -> None:
    waiting(world, 3)
    times = iter(timezone.now() + dt.timedelta(seconds=20 * number) for number in range(20))
    assert do.send_due(as_of=timezone.now(), clock=lambda: next(times)) == 1


def test_the_clock_does_all_of_it_and_forgets_after_a_month(world: World, wire: Wire) -> None:
    _one, rows = waiting(world, 2)
    changed(world, world.county.member)
    report()
    assert len(wire.sent) == 3
    prune_deliveries()
    assert Delivery.objects.count() == 3
    Delivery.objects.filter(pk=rows[0].pk).update(made_at=timezone.now() - dt.timedelta(days=31))
    prune_deliveries()
    assert Delivery.objects.count() == 2
    assert do.prune_deliveries(as_of=timezone.now()) == 0


# --- set up, by each role, on pages -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"url": "http://a.example/"}, "https://"), ({"url": "https://u:p@a.example/"}, "主机名"),
        ({"url": "https://a.example/ b"}, "写得不对"), ({"url": "https://127.0.0.1/"}, "内网"),
        ({"url": "https://localhost/"}, "内网"), ({"url": "https://[::1]/"}, "内网"), ({"url": ""}, "请写要推送到"),
        ({"url": "https://a.example/" + "x" * 490}, "500"), ({"events": []}, "至少选一件"),
        ({"name": ""}, "请写明用途"),
        ({"node_text": "ZZ"}, "没有这个组织"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_and_nothing_is_lost(world: World, changed: dict[str, Any], said: str) -> None:
    browser = Client()
    browser.force_login(world.county.organiser)
    prove(browser)
    sent = {"name": "人事", "node": "", "node_text": "QX", "url": URL, "events": ["occasion.closed"], **changed}
    answer = browser.post("/api/webhooks/new/", sent)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert set(changed) & set(answer.context["form"].errors) or "node_text" in changed  # said at its field
    assert not Webhook.objects.exists()


def test_all_mistakes_are_told_at_once(world: World) -> None:
    browser = Client()
    browser.force_login(world.county.organiser)
    prove(browser)
    answer = browser.post("/api/webhooks/new/", {"name": "", "url": "http://10.0.0.1/", "node_text": "QX"})
    assert set(answer.context["form"].errors) == {"name", "url", "events"}


def test_what_operations_refuse(world: World, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    county = world.county
    for changed in ({"maker": county.operator}, {"maker": county.secretary}, {"told": "nothing"}):
        with pytest.raises(do.UnableToMakeWebhook):
            hook(world, *([changed.pop("told")] if "told" in changed else []), **changed)
    with pytest.raises(do.UnableToMakeWebhook):
        hook(world, url="https://" + "x" * 500)
    settings.WEBHOOK_PRIVATE_TARGETS = True
    hook(world, url="https://127.0.0.1/")
    monkeypatch.setattr("api.operations.webhooks.MOST_ON", 1)
    with pytest.raises(do.UnableToMakeWebhook):
        hook(world)


def test_the_whole_life_on_the_page(world: World, wire: Wire) -> None:
    browser = Client()
    browser.force_login(world.county.organiser)
    prove(browser)
    sent = {"name": "人事", "node": "", "node_text": "QX", "url": URL, "events": ["occasion.closed"]}
    made = browser.post("/api/webhooks/new/", sent, follow=True)
    one = Webhook.objects.get()
    url = f"/api/webhooks/{one.pk}/"
    assert made.context["secret"] == reporting.secret_of(one)
    assert made.context["secret"] not in browser.get(url).content.decode()
    assert "开着，有事就推送" in browser.get("/api/").content.decode()
    assert "还没有推送过" in made.content.decode()
    now = timezone.now()
    row = Delivery.objects.create(
        webhook=one, event=Event.CLOSED, about=1, key="1", body={"title": "一场"}, made_at=now, next_at=now
    )
    again = {"again": row.pk}
    assert "不用再点" in browser.post(url, again, follow=True).content.decode()
    wire.answers[URL] = Outcome(error="private")
    send(now)
    assert "地址指向内网" in browser.get(url).content.decode()
    page = browser.get(url).content.decode()
    assert "还在重试" in page
    assert f'name="again" value="{row.pk}"' in page  # whoever mended the receiver does not wait for the pause
    assert "再发</span>" in page
    assert "一分钟内会再发一次" in browser.post(url, again, follow=True).content.decode()
    row.refresh_from_db()
    assert (row.failures, row.next_at <= timezone.now()) == (0, True)
    assert "不用再点" in browser.post(url, again, follow=True).content.decode()
    Delivery.objects.update(state=Delivery.State.GIVEN_UP, status=500)
    assert "回答 500" in browser.get(url).content.decode()
    assert "一分钟内会再发一次" in browser.post(url, again, follow=True).content.decode()
    assert "回答 500" not in browser.get(url).content.decode()  # of the last time, not of this
    wire.answers.clear()
    assert send(timezone.now()) == 1
    assert "已停用" in browser.post(url, {"do": "off"}, follow=True).content.decode()
    assert do.switch_off(webhook_id=one.pk, because=Webhook.Off.WITHDRAWN, as_of=now) is False
    assert "重新启用" in browser.post(url, again, follow=True).content.decode()
    assert "已重新启用" in browser.post(url, {"do": "on"}, follow=True).content.decode()
    assert browser.post(url, {"again": 999_999}).status_code == 404
    assert browser.post(url, {}).status_code == 302
    RoleGrant.objects.filter(user=world.county.organiser).delete()
    browser.force_login(world.county.operator)
    assert "不能重新启用" in browser.post(url, {"do": "on"}, follow=True).content.decode()
    browser.force_login(world.county.neighbour_secretary)
    assert browser.get(url).status_code == 404
