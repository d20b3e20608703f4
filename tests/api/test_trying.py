"""Trying an address out: one signed request now, told at once, in the log, and nothing else of it."""

import datetime as dt
import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from api import operations as do
from api.core.delivery import signature
from api.models import TRIAL, Delivery, Webhook
from api.operations import reporting
from api.operations.trying import MOST_AN_HOUR
from api.sending import Outcome
from organizations.models import RoleGrant
from tests.api.conftest import World
from tests.api.test_webhooks import URL, Wire, hook, send, wire

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
__all__ = ["wire"]


def page(world: World, one: Webhook) -> tuple[Client, str]:
    browser = Client()
    browser.force_login(world.county.organiser)
    return browser, f"/api/webhooks/{one.pk}/"


def said(world: World, one: Webhook) -> str:
    browser, url = page(world, one)
    return str(browser.post(url, {"do": "trial"}, follow=True).content.decode())


def test_it_is_signed_and_told_and_kept(world: World, wire: Wire) -> None:
    one = hook(world)
    answer = said(world, one)
    assert "试发送到了：回答 200，用时 " in answer
    assert "试发 · " not in answer.split("推送记录")[1].split("</b>")[0]  # no title behind it
    (url, body, headers), kept = wire.sent[0], Delivery.objects.get()
    assert (url, len(wire.sent), kept.state, kept.status) == (URL, 1, Delivery.State.SENT, 200)
    told = json.loads(body)
    assert (told["event"], told["id"], told["unit_id"]) == (TRIAL, kept.pk, one.node_id)
    sent_s = int(headers["X-Fingertip-Signature"].split(",")[0][2:])
    assert headers["X-Fingertip-Signature"] == signature(secret=reporting.secret_of(one), sent_s=sent_s, body=body)
    one.refresh_from_db()
    assert one.busy_until is None


def test_a_failure_is_told_never_sent_again_and_counts_nothing(world: World, wire: Wire) -> None:
    one = hook(world)
    wire.answers[URL] = Outcome(status=500)
    assert "试发没有送到：回答 500" in said(world, one)
    wire.answers[URL] = Outcome(error="private")
    answer = said(world, one)
    assert "试发没有送到：地址指向内网，没有发送" in answer
    assert 'name="again"' not in answer
    one.refresh_from_db()
    assert one.failing_since is None
    assert send(timezone.now() + dt.timedelta(days=1)) == 0
    kept = Delivery.objects.first()
    assert kept is not None
    with pytest.raises(do.UnableToSendAgain, match="试发的不会重发"):
        do.send_again(delivery=kept, as_of=timezone.now())


def test_one_that_is_off_can_be_tried_before_it_is_switched_on(world: World, wire: Wire) -> None:
    one = hook(world)
    do.switch_off(webhook_id=one.pk, because=Webhook.Off.FAILURES, as_of=timezone.now())
    assert "试发送到了" in said(world, one)
    assert Webhook.objects.get().off_at is not None


def test_so_many_an_hour_of_one_person(world: World, wire: Wire) -> None:
    one, other = hook(world), hook(world, url="https://b.example.cn/")
    for _number in range(MOST_AN_HOUR):
        do.try_out(webhook=one, actor=one.made_by, clock=timezone.now)
    assert f"一小时最多试发 {MOST_AN_HOUR} 次" in said(world, other)
    assert len(wire.sent) == MOST_AN_HOUR
    later = timezone.now() + dt.timedelta(hours=1, seconds=1)
    assert do.try_out(webhook=other, actor=one.made_by, clock=lambda: later).took_s == 0


def test_not_while_reports_go_there(world: World, wire: Wire) -> None:
    one = hook(world)
    Webhook.objects.update(busy_until=timezone.now() + dt.timedelta(minutes=1))
    assert "正在向这个地址推送" in said(world, one)
    assert wire.sent == []


def test_a_process_that_ends_meanwhile_leaves_it_free_and_told(
    world: World, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = hook(world)

    def ended(**kwargs: Any) -> Outcome:
        raise KeyboardInterrupt

    monkeypatch.setattr(reporting, "post", ended)
    with pytest.raises(KeyboardInterrupt):
        do.try_out(webhook=one, actor=one.made_by, clock=timezone.now)
    assert Delivery.objects.get().state == Delivery.State.GIVEN_UP
    assert Webhook.objects.get().busy_until is None


def test_it_ends_with_the_right_of_whoever_set_it_up(world: World, wire: Wire) -> None:
    one = hook(world)
    RoleGrant.objects.filter(user=world.county.organiser).delete()
    browser, url = page(world, one)
    browser.force_login(world.county.operator)
    assert "不能试发" in browser.post(url, {"do": "trial"}, follow=True).content.decode()
    browser.force_login(world.county.neighbour_secretary)
    assert browser.post(url, {"do": "trial"}).status_code == 404
    assert wire.sent == []
