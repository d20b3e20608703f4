"""One branch with everybody in a different state, and a neighbouring branch that must never show."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone

from attendance.models import Occasion, RecordState, Training
from attendance.reports import Scope
from organizations.models import Node
from tests.attendance.people import make_occasion, make_training, stand, use_plain_kind
from tests.factories.organizations import County, make_county


@dataclass
class World:
    county: County
    training: Training
    occasion: Occasion

    def scope(self, node: Node) -> Scope:
        return Scope(training=self.training, node=Node.objects.get(pk=node.pk), as_of=timezone.now())


@pytest.fixture
def world(db: None, settings: Any) -> World:
    use_plain_kind(settings)
    county = make_county(members=3)
    training = make_training(county.county)
    occasion = make_occasion(training, media_ms=3_600_000)
    attended, missing, made_up = county.members
    stand(occasion, attended, county.branch, RecordState.ATTENDED, live=52)
    stand(occasion, missing, county.branch, RecordState.MISSING, live=11)
    stand(occasion, made_up, county.branch, RecordState.MADE_UP, live=10, replay=45)
    stand(occasion, county.secretary, county.branch, RecordState.EXCUSED)
    for neighbour in county.neighbours:
        stand(occasion, neighbour, county.neighbour, RecordState.MISSING)
    return World(county, training, occasion)
