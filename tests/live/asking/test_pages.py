"""The page of what was asked: counts for those who lead, nobody named, the same questions at any size."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from live import operations
from live.operations import Answering, PollDraft
from tests.factories.live import make_live
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def world() -> County:
    return make_county(members=3)


def poll(lecture: Any, number: int, *, answered_by: Any = None) -> None:
    now, draft = timezone.now(), PollDraft(f"问题{number}", ["甲", "乙"], True, [1])
    facts = {"occasion_id": lecture.pk, "as_of": now}
    key = operations.save_poll(poll_id=0, client_id=str(number), draft=draft, actor_id=lecture.lecturer_id, **facts)
    operations.open_poll(poll_id=key, **facts)
    if answered_by:
        operations.answer_polls(answers=[Answering(lecture.pk, key, answered_by.pk, 1, now)])
    operations.close_poll(poll_id=key, **facts)


def test_counts_for_the_hosts_alone(world: County, client: Client) -> None:
    lecture = make_live(world)
    url = f"/live/{lecture.pk}/asked/"
    poll(lecture, 1, answered_by=world.member)
    operations.ask(
        occasion_id=lecture.pk, author_id=world.member.pk, client_id="q", text="转移到哪里", as_of=timezone.now()
    )
    for person, status in ((world.member, 404), (world.neighbour_member, 404), (world.lecturer, 200)):
        client.force_login(person)
        assert client.get(url).status_code == status
    page = client.get(url).content.decode()
    assert "问题1" in page
    assert "1 人回答" in page
    assert "转移到哪里" in page
    assert world.member.name not in page


def test_one_poll_costs_as_much_as_many(world: County, client: Client, django_assert_num_queries: Any) -> None:
    lecture = make_live(world)
    client.force_login(world.lecturer)
    url = f"/live/{lecture.pk}/asked/"
    client.get(url)
    poll(lecture, 1)
    with CaptureQueriesContext(connection) as one:
        client.get(url)
    for number in (2, 3, 4):
        poll(lecture, number)
    with django_assert_num_queries(len(one)):
        client.get(url)
