"""The small world with a training of the first branch: two lectures, and certificates switched on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from attendance.models import Occasion, Training
from certificates.models import Certificate, CertificateSetting
from certificates.operations import Wording, switch, take, write_setting
from organizations.models import Node, User
from tests.attendance.people import make_occasion, make_training, stand, use_plain_kind
from tests.factories.organizations import County, make_county


@dataclass
class Course:
    """The first member has finished, the second has leave for one lecture, the third misses one."""

    county: County
    training: Training
    first: Occasion
    second: Occasion

    @property
    def node(self) -> Node:
        return self.county.branch

    def close(self) -> None:
        self.training.state = Training.State.CLOSED
        self.training.save()

    def setting(self) -> CertificateSetting:
        return CertificateSetting.objects.get(pk=self.training.pk)

    def restate(self, occasion: Occasion, member: User, state: str) -> None:
        """Let a record say something else, as settling would."""
        hours = 1 if state in ("attended", "made_up") else 0
        occasion.records.filter(member=member).update(state=state, stands=state, hours=hours, stands_hours=hours)


@pytest.fixture
def county(db: None) -> County:
    return make_county()


@pytest.fixture
def course(county: County, settings: Any) -> Course:
    use_plain_kind(settings)
    training = make_training(county.branch, title="防汛避险")
    first, second = make_occasion(training, title="第一讲"), make_occasion(training, title="第二讲")
    done, excused, missing = county.members
    for occasion in (first, second):
        stand(occasion, done, county.branch, "attended", live=55)
    stand(first, excused, county.branch, "attended", live=55)
    stand(second, excused, county.branch, "excused")
    stand(first, missing, county.branch, "made_up", replay=55)
    stand(second, missing, county.branch, "missing")
    made = Course(county, training, first, second)
    switched_on(made)
    return made


def switched_on(course: Course, **changed: Any) -> None:
    values = {
        "title": "结业证书", "text": "学习期满，准予结业。", "issuer_id": course.node.pk, "counts_excused": False,
        "counts_exempt": True, **changed,
    }  # fmt: skip
    organiser, now = course.county.organiser.pk, timezone.now()
    write_setting(training_id=course.training.pk, wording=Wording(**values), actor_id=organiser, as_of=now)
    switch(training_id=course.training.pk, on=True, actor_id=organiser, as_of=now)


def taken(course: Course, member: User | None = None) -> Certificate:
    member_id = (member or course.county.member).pk
    return take(training_id=course.training.pk, member_id=member_id, as_of=timezone.now())


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    def signed(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed
