"""What people are told by the site: once each, until they have seen it."""

import datetime as dt

import pytest

from attendance import operations
from attendance.models import Notice
from tests.factories.organizations import UserFactory

NOW = dt.datetime(2026, 9, 1, 8, tzinfo=dt.UTC)
pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def test_each_is_told_once_until_it_is_seen() -> None:
    one, other = UserFactory(), UserFactory()
    assert operations.tell(member_ids=[one.pk, one.pk], kind="x", data={"n": 1}, as_of=NOW) == 1
    assert operations.tell(member_ids=[one.pk, other.pk], kind="x", data={"n": 1}, as_of=NOW) == 1
    assert operations.tell(member_ids=[one.pk], kind="x", data={"n": 2}, as_of=NOW) == 1
    assert operations.tell(member_ids=[], kind="x", as_of=NOW) == 0
    ids = list(Notice.objects.values_list("pk", flat=True))
    assert operations.mark_notices_seen(member_id=one.pk, notice_ids=ids, as_of=NOW) == 2
    assert operations.mark_notices_seen(member_id=one.pk, notice_ids=ids, as_of=NOW + dt.timedelta(hours=1)) == 0
    assert operations.tell(member_ids=[one.pk, other.pk], kind="x", data={"n": 1}, as_of=NOW) == 1
    assert Notice.objects.filter(member=one, seen_at=NOW).count() == 2
