"""How many hours occasions can give, before and after they open."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance.models import Occasion, Rule, Training
from attendance.operations import Gives, HoursPlan, save_hours_table
from attendance.queries.giving import hours_given
from tests.attendance.people import make_occasion, make_rule, make_training, use_plain_kind
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def training(county: County) -> Training:
    return make_training(county.branch)


def given(*occasions: Occasion) -> list[Decimal | None]:
    found = Occasion.objects.select_related("rule", "node").filter(pk__in=[one.pk for one in occasions])
    hours = hours_given(found)
    return [hours[one.pk] for one in occasions]


def test_a_rule_gives_its_hours_and_a_further_session_nothing(training: Training) -> None:
    held, coming = make_occasion(training), make_occasion(training, state="scheduled")
    again = make_occasion(training, state="scheduled")
    Occasion.objects.filter(pk=again.pk).update(repeats=held)
    assert given(held, coming, again) == [Decimal(1), Decimal(1), Decimal(0)]


@pytest.mark.parametrize("basis", [Rule.Basis.MEDIA, Rule.Basis.WINDOW])
def test_where_a_table_counts_by_minutes_the_length_is_asked_and_the_table_once(
    county: County, training: Training, settings: Any, basis: str
) -> None:
    """A course whose length nobody knows yet gives nobody knows what."""
    use_plain_kind(settings)
    gives = {form: Gives(Decimal(1), minutes=20) for form in ("live", "course")}
    plan = HoursPlan(
        node_id=county.branch.pk, year=timezone.localdate().year, owed={"member": Decimal(32)}, gives=gives
    )
    save_hours_table(plan=plan, seen_version=0, made_by_id=county.organiser.pk, as_of=timezone.now())
    rule = make_rule(basis=basis, hours_by=Rule.HoursBy.TABLE, hours=Decimal("0.5"))
    planned = [make_occasion(training, state="scheduled", rule=rule) for _number in range(3)]
    assert given(*planned[:1]) == ([None] if basis == Rule.Basis.MEDIA else [Decimal(3)])
    Occasion.objects.update(media_ms=40 * 60_000)
    assert given(*planned[:1]) == [Decimal(2 if basis == Rule.Basis.MEDIA else 3)]
    costs = []
    for some in (planned[:1], planned):
        with CaptureQueriesContext(connection) as queries:
            given(*some)
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_what_has_opened_gives_what_was_stamped_on_it(training: Training) -> None:
    held = make_occasion(training)
    stamp = {**held.rule_stamp, "by_form": {"own": {"hours": "1", "minutes": 30}, "hall": {"hours": "4"}}}
    Occasion.objects.update(rule_stamp=stamp)
    assert given(held) == [Decimal(4)]
    Occasion.objects.update(rule_stamp={**stamp, "by_form": {"own": {"hours": "1", "minutes": 30}}})
    assert given(held) == [Decimal(2)]
    Occasion.objects.update(rule_stamp={**stamp, "basis": "media"}, media_ms=90 * 60_000)
    assert given(held) == [Decimal(4)]
