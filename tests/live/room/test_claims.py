"""Whose a media connection is that outlives its socket: the person's, on the device on which it was begun."""

from functools import partial

import pytest
from django.utils import timezone

from live import operations
from tests.factories.live import make_live
from tests.factories.organizations import make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def test_nobody_claims_what_another_person_or_another_device_began() -> None:
    world = make_county(members=2)
    lecture = make_live(world)
    mine = {"occasion_id": lecture.pk, "member_id": world.member.pk, "device": "a" * 32, "kind": "sub", "key": "s"}
    assert operations.keep_peer(**mine, owner="one", reference="1.2", as_of=timezone.now())
    claim = partial(operations.claim_peer, owner="two")
    assert claim(**mine | {"member_id": world.members[1].pk}) is None
    assert claim(**mine | {"device": "b" * 32}) is None
    assert claim(**mine) == "1.2"


def test_what_somebody_sends_in_a_meeting_is_one_and_can_be_cut_alone() -> None:
    world = make_county(members=1)
    lecture = make_live(world)
    mine = {"occasion_id": lecture.pk, "member_id": world.member.pk}
    for kind, key in (("sub", "s"), ("meet", "old"), ("meet", "new")):
        operations.keep_peer(
            **mine, device="a" * 32, kind=kind, key=key, reference=key, owner="one", as_of=timezone.now()
        )
    assert operations.cut_peers(**mine, kind="meet") == ["new"], "the older one was replaced"
    assert operations.cut_peers(**mine) == ["s"]
