"""The certificate of somebody who was taken out: it was issued, and that is all that is said; every number stays."""

import datetime as dt
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from attendance.models import NodeSummary, Record, TrainingSummary
from attendance.operations import seal_days
from certificates.models import Certificate, CertificateWithdrawal
from certificates.operations import withdraw
from certificates.operations.departures import take_out
from organizations import operations as do
from organizations.models import Departure
from organizations.operations.departures import NAMELESS
from tests.certificates.conftest import Course, taken

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
DAY = dt.timedelta(days=1)


def everything() -> dict[str, list[dict[str, Any]]]:
    """All that counts, and of certificates all but what they said."""
    kept = ("pk", "public_id", "sha256", "member_id", "node_id", "rests_on", "terms", "issued_at", "edition")
    return {
        "certificates": list(Certificate.objects.order_by("pk").values(*kept)),
        "records": list(Record.objects.order_by("pk").values()),
        "nodes": list(NodeSummary.objects.order_by("pk").values()),
        "trainings": list(TrainingSummary.objects.order_by("pk").values()),
    }


def gone(course: Course) -> None:
    """Three years after they left, and said thirty days before."""
    now, person = timezone.now(), course.county.member
    on_date = timezone.localdate(now) - 1095 * DAY
    do.end_membership(member_id=person.pk, because="died", on_date=on_date, as_of=now)
    Departure.objects.update(told_at=now - 30 * DAY)
    assert do.take_out(as_of=now) == 1


def test_it_says_that_it_was_issued_and_no_name(course: Course, client: Client) -> None:
    person, one = course.county.member, taken(course)
    page = f"/c/{one.public_id}/"
    assert person.name in client.get(page).content.decode()
    seal_days(as_of=timezone.now() + 2 * DAY)
    before = everything()
    gone(course)
    said = client.get(page).content.decode()
    assert person.name not in said
    assert NAMELESS not in said
    assert "个人信息已按规定清除" in said
    assert one.sha256 not in said
    assert "发过，已不显示姓名" in said
    assert everything() == before
    call_command("rebuild_summary", check=True)
    call_command("verify_chain")


def test_a_withdrawn_one_says_so_and_not_why(course: Course, client: Client) -> None:
    one, organiser = taken(course), course.county.organiser
    withdraw(certificate_id=one.pk, reason="王一的学时算错了", withdrawn_by_id=organiser.pk, as_of=timezone.now())
    gone(course)
    assert CertificateWithdrawal.objects.get().reason == ""
    assert "发过，后来撤回或换发" in client.get(f"/c/{one.public_id}/").content.decode()
    before = list(CertificateWithdrawal.objects.values())
    take_out(member_id=course.county.member.pk)
    assert list(CertificateWithdrawal.objects.values()) == before


def test_those_of_others_stay_as_they_are(course: Course, client: Client) -> None:
    other = course.county.members[1]
    course.restate(course.second, other, "attended")
    taken(course)
    theirs = taken(course, other)
    gone(course)
    assert Certificate.objects.get(pk=theirs.pk).content == theirs.content
    assert other.name in client.get(f"/c/{theirs.public_id}/").content.decode()
