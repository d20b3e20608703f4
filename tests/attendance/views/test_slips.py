"""Days and moments at the ends of the calendar: each page with such a field answers with words, never with 500."""

import datetime as dt
from typing import Any

import pytest
from django import forms
from django.urls import reverse
from django.utils import timezone

from attendance import operations
from attendance.operations import Wish
from organizations.models import Exemption
from tests.attendance.reports.conftest import World
from tests.attendance.views.test_reminders import SignIn
from tests.meetings.conftest import gathering

pytestmark = pytest.mark.integration
ENDS = ("9999-12-31", "0001-01-01")


def fields_of(context: Any) -> list[tuple[str, forms.Field]]:
    """Every day and moment that a page asks for, by the form that it shows."""
    parts = context if isinstance(context, list) else [context]
    layers = [layer for part in parts for layer in part.dicts]
    found = [value for layer in layers for value in layer.values() if isinstance(value, forms.BaseForm)]
    shown = {id(form): form for form in found}.values()
    dated = (forms.DateField, forms.DateTimeField)
    return [(name, field) for form in shown for name, field in form.fields.items() if isinstance(field, dated)]


def pages(world: World) -> list[tuple[str, str, dict[str, Any]]]:
    """Who opens which page, and what has to be sent besides its days."""
    county, member = world.county, world.county.members[1]
    now = timezone.now()
    wish = Wish(
        "duty", from_date=timezone.localdate() + dt.timedelta(3), to_date=timezone.localdate() + dt.timedelta(9)
    )
    (leave,) = operations.ask_leave(member_id=member.pk, wish=wish, as_of=now)
    exempt = Exemption.objects.create(member=member, category="sick", active_from_date=dt.date(2026, 1, 1))
    planned, over = gathering(county, hours_ago=-30), gathering(county, hours_ago=5)
    hall = f"/branch/{world.training.pk}/hall/?node={county.branch.pk}&occasion={world.occasion.pk}"
    return [
        ("member", "/me/leaves/ask/", {"category": "duty"}),
        (
            "member",
            reverse("me_declare", args=[world.occasion.pk]),
            {"category": "platform", "source": "x", "minutes": 30},
        ),
        ("secretary", reverse("branch_leave_new", args=[member.pk]), {"category": "duty"}),
        ("secretary", reverse("branch_leave", args=[leave.pk]), {"do": "approve"}),
        (
            "secretary",
            hall,
            {"do": "tick", "occasion": world.occasion.pk, "members": [member.pk], "node": county.branch.pk},
        ),
        ("operator", reverse("exemptions_of", args=[county.member.pk]), {"category": "sick"}),
        ("operator", reverse("exemption_end", args=[exempt.pk]), {}),
        (
            "secretary",
            f"/meetings/plan/?node={county.branch.pk}&form=assembly",
            {"who": "all", "unit": county.branch.pk},
        ),
        ("secretary", f"/meetings/{planned.pk}/change/", {"who": "all", "unit": county.branch.pk}),
        ("secretary", f"/meetings/{over.pk}/attendance/", {"do": "save"}),
    ]


def test_no_day_at_the_end_of_the_calendar_is_more_than_a_slip(world: World, sign_in: SignIn) -> None:
    people = {"member": world.county.members[1], "secretary": world.county.secretary, "operator": world.county.operator}
    for who, url, more in pages(world):
        client = sign_in(people[who])
        opened = client.get(url)
        assert opened.status_code == 200, url
        dated = fields_of(opened.context)
        assert dated, url
        for end in ENDS:
            for one, _field in dated:
                sent = {name: ok(field) for name, field in dated} | {one: at(_field, end)} | more
                answer = client.post(url, sent)
                assert answer.status_code == 422, (url, one, end)
                assert "请核对年份" in answer.content.decode() or "请检查年份" in answer.content.decode(), (
                    url,
                    one,
                    end,
                )


def ok(field: forms.Field) -> str:
    return at(field, f"{timezone.localdate() + dt.timedelta(4)}")


def at(field: forms.Field, day: str) -> str:
    return day + "T10:00" if isinstance(field, forms.DateTimeField) else day
