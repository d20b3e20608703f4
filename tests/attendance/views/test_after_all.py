"""After a closed training's make-up time: what changes a result is a correction, which a second person lets hold."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from attendance import operations
from attendance.models import Evidence, Hall, Occasion, Record, RosterEntry, Training
from attendance.queries.written import may_be_withdrawn
from organizations.models import User
from tests.attendance.reports.conftest import World
from tests.attendance.views.test_reminders import SignIn

pytestmark = pytest.mark.integration


def over(world: World) -> None:
    Occasion.objects.update(make_up_until_at=timezone.now() - dt.timedelta(days=1))
    Training.objects.update(state=Training.State.CLOSED)


def test_nothing_written_down_changes_a_closed_result(world: World, sign_in: SignIn) -> None:
    over(world)
    missing, client = world.county.members[1], sign_in(world.county.secretary)
    for what, sent in (("declare", {"category": "platform"}), ("leave", {"category": "sick"})):
        url = reverse("branch_entry", args=[world.occasion.pk, missing.pk, what])
        refused = client.post(url, sent)
        assert refused.status_code == 422
        assert what == "leave" or "请“更正结果”" in refused.content.decode()
    hall = f"/branch/{world.training.pk}/hall/?node={world.county.branch.pk}&occasion={world.occasion.pk}"
    when = timezone.localtime(world.occasion.starts_at)
    sent = {
        "do": "tick", "node": world.county.branch.pk, "occasion": world.occasion.pk, "members": [missing.pk],
        "started_at": f"{when:%Y-%m-%dT%H:%M}", "ended_at": f"{when + dt.timedelta(minutes=50):%Y-%m-%dT%H:%M}",
    }  # fmt: skip
    assert "请“更正结果”" in client.post(hall, sent).content.decode()
    assert not Evidence.objects.exists()
    assert Record.objects.get(occasion=world.occasion, member=missing).stands == "missing"


def test_a_member_declares_nothing_after_all(world: World) -> None:
    over(world)
    with pytest.raises(operations.UnableToRecord, match="请联系支部书记"):
        operations.ask_declaration(
            occasion_id=world.occasion.pk, member_id=world.county.members[1].pk, category="platform", source="学习强国",
            studied_at=timezone.now() - dt.timedelta(hours=2), minutes=30, as_of=timezone.now(),
        )  # fmt: skip


def test_a_hall_that_was_announced_in_time_still_delivers(world: World) -> None:
    county, occasion = world.county, world.occasion
    operations.open_hall(
        occasion_id=occasion.pk, node_id=county.branch.pk, opened_by_id=county.secretary.pk, is_offline=True,
        as_of=timezone.now() - dt.timedelta(days=2),
    )  # fmt: skip
    over(world)
    ticks = operations.record_hall(
        occasion_id=occasion.pk, member_ids=[county.members[1].pk], started_at=occasion.starts_at,
        ended_at=occasion.ends_at, recorded_by_id=county.secretary.pk, as_of=timezone.now(), client_id="a" * 32,
    )  # fmt: skip
    assert ticks.fresh == (county.members[1].pk,)


def test_what_was_written_is_not_taken_back_either_after_all(world: World) -> None:
    county, occasion = world.county, world.occasion
    by = {"occasion_id": occasion.pk, "recorded_by_id": county.secretary.pk, "as_of": timezone.now()}
    operations.declare(member_id=county.members[1].pk, category="visit", **by)
    operations.approve_leave(member_id=county.members[2].pk, category="sick", **by)
    written = Evidence.objects.get(kind="declared")
    leave = Evidence.objects.get(kind="leave")
    assert may_be_withdrawn(written, occasion, as_of=timezone.now())
    over(world)
    occasion.refresh_from_db()
    for one in (written, leave):
        assert not may_be_withdrawn(one, occasion, as_of=timezone.now())
        with pytest.raises(operations.UnableToRecord, match="由另一位负责人复核"):
            operations.withdraw(evidence_ids=[one.pk], **by)
    assert Record.objects.get(occasion=occasion, member=county.members[1]).stands == "made_up"


def test_a_leave_approved_for_what_is_closed_by_now_stays(world: World) -> None:
    county, occasion = world.county, world.occasion
    wish = operations.Wish("sick", occasion_ids=(occasion.pk,))
    by = county.secretary.pk
    made = operations.enter_leave(member_id=county.members[1].pk, wish=wish, entered_by_id=by, as_of=timezone.now())
    over(world)
    said = operations.take_back_leave(leave_id=made[0].pk, reason="登记错了", taken_back_by_id=by, as_of=timezone.now())
    assert said == "有 1 场补学时间已过，仍按请假。"


def late_delivery(world: World, member: User) -> None:
    operations.record_hall(
        occasion_id=world.occasion.pk, member_ids=[member.pk], started_at=world.occasion.starts_at,
        ended_at=world.occasion.ends_at, recorded_by_id=world.county.organiser.pk, as_of=timezone.now(),
        client_id="b" * 32,
    )  # fmt: skip


def test_a_hall_that_lapsed_still_delivers_and_for_its_own_unit_alone(world: World) -> None:
    county, occasion = world.county, world.occasion
    hall = operations.open_hall(
        occasion_id=occasion.pk, node_id=county.branch.pk, opened_by_id=county.secretary.pk, is_offline=True,
        as_of=timezone.now() - dt.timedelta(days=2),
    )  # fmt: skip
    over(world)
    Hall.objects.filter(pk=hall.pk).update(closed_at=timezone.now())
    late_delivery(world, county.members[1])
    assert Evidence.objects.filter(member=county.members[1], kind="hall").exists()
    RosterEntry.objects.filter(occasion=occasion, member=county.members[2]).update(node=county.neighbour)
    with pytest.raises(operations.UnableToRecord, match="请“更正结果”"):
        late_delivery(world, county.members[2])
    Hall.objects.filter(pk=hall.pk).update(closed_by=county.secretary)
    with pytest.raises(operations.UnableToRecord, match="请“更正结果”"):
        late_delivery(world, county.member)


def test_no_category_is_chosen_before_somebody_chooses_one(world: World, sign_in: SignIn) -> None:
    client, missing = sign_in(world.county.secretary), world.county.members[1]
    for what, words in (("declare", "请选学习方式。"), ("leave", "请选请假类别。")):
        url = reverse("branch_entry", args=[world.occasion.pk, missing.pk, what])
        assert '<option value="" selected>请选一种</option>' in client.get(url).content.decode()
        refused = client.post(url, {"category": ""})
        assert refused.status_code == 422
        assert words in refused.content.decode()
    assert not Evidence.objects.exists()


def test_the_hall_says_on_opening_that_it_is_over_and_leads_to_a_correction(world: World, sign_in: SignIn) -> None:
    client, county = sign_in(world.county.secretary), world.county
    at = f"?node={county.branch.pk}&occasion={world.occasion.pk}"
    url = f"/branch/{world.training.pk}/hall/{at}"
    assert 'id="hall-send"' in client.get(url).content.decode()
    over(world)
    page = client.get(url).content.decode()
    assert "培训已经结束，补学时间也过了，不能再登记。" in page
    assert ('id="hall-send"' in page, 'name="members"' in page) == (False, False)
    leads = f"/branch/occasions/{world.occasion.pk}/?node={county.branch.pk}"
    assert f'href="{leads}"' in page
    assert "更正结果" in page
    assert client.get(leads).status_code == 200
    operations.open_hall(
        occasion_id=world.occasion.pk, node_id=county.branch.pk, opened_by_id=county.secretary.pk, is_offline=True,
        as_of=timezone.now() - dt.timedelta(days=2),
    )  # fmt: skip
    assert 'id="hall-send"' in client.get(url).content.decode(), "what was announced in time is still delivered"
