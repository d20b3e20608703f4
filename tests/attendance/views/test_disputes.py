"""What a member says about a record reaches whoever answers, and the answer says what becomes of the record."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance.models import Correction, Dispute, Record, RosterEntry
from attendance.operations import fold_summary
from attendance.queries.answering import answerer_of, waiting_for
from organizations.models import AccessEntry, Role, User
from tests.attendance.people import make_occasion, stand
from tests.attendance.reports.conftest import World
from tests.factories.organizations import MembershipFactory, RoleGrantFactory

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]


def raised(world: World, member: User, **values: Any) -> Dispute:
    values = {"occasion": world.occasion, "text": "我在现场", "raised_at": timezone.now(), **values}
    return Dispute.objects.create(member=member, **values)


def read(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def test_the_whole_life_of_a_dispute_with_its_correction(world: World, sign_in: SignIn) -> None:
    """Finding: secretary 13 and 25."""
    member, client = world.county.members[1], sign_in(world.county.secretary)
    own = sign_in(member)
    own.post(f"/me/records/{world.occasion.pk}/dispute/", {"text": "我在集中收看点"}, follow=True)
    assert "书记赵书记会看到并答复" in read(own, f"/me/records/{world.occasion.pk}/")
    for page in ("/", "/branch/"):
        assert "1 条记录有人提出不对，等您答复" in read(client, page)
    assert "王一1" in read(client, "/branch/disputes/")
    assert [(one.what, one.subject) for one in AccessEntry.objects.all()] == [("dispute", member)]
    url = f"/branch/disputes/{Dispute.objects.get().pk}/answer/"
    assert "我在集中收看点" in read(client, url)
    mistake = client.post(url, {"answer": "已核实，按到场更正"})
    assert mistake.status_code == 422
    assert "请选一项：更正结果，还是结果不变。" in mistake.content.decode()
    assert "已核实，按到场更正" in mistake.content.decode()
    said = client.post(url, {"answer": "已核实，按到场更正", "outcome": "attended"}, follow=True)
    assert "已答复王一1，结果更正为“已参加”。" in said.content.decode()
    assert "等您答复" not in read(client, "/")
    dispute, correction = Dispute.objects.get(), Correction.objects.get()
    assert (dispute.state, dispute.answered_by, dispute.correction) == ("answered", world.county.secretary, correction)
    assert (correction.state, correction.reason, correction.author) == (
        "attended", "已核实，按到场更正", world.county.secretary,
    )  # fmt: skip
    assert Record.objects.get(member=member).stands == "attended"
    assert [(one.reader, one.subject, one.what) for one in AccessEntry.objects.all()] == [
        (world.county.secretary, member, "dispute"),
        (world.county.secretary, member, "record"),
    ]
    assert "您提出的问题已答复" in read(own, "/")
    text = read(own, f"/me/records/{world.occasion.pk}/")
    assert "已核实，按到场更正" in text
    assert "结果已更正为“已参加”。" in text
    assert "您提出的问题已答复" not in read(own, "/")  # seen


def test_an_answer_that_leaves_the_result_says_so(world: World, sign_in: SignIn) -> None:
    member, client = world.county.members[1], sign_in(world.county.secretary)
    dispute = raised(world, member)
    said = client.post(
        f"/branch/disputes/{dispute.pk}/answer/", {"answer": "只看了 11 分钟", "outcome": "stays"}, follow=True
    )
    assert "已答复王一1，结果没有改动。" in said.content.decode()
    assert Correction.objects.count() == 0
    assert "结果没有改动。" in read(sign_in(member), f"/me/records/{world.occasion.pk}/")


def test_a_second_answer_is_refused_in_words_and_keeps_what_was_typed(world: World, sign_in: SignIn) -> None:
    dispute = raised(world, world.county.members[1])
    client, url = sign_in(world.county.secretary), f"/branch/disputes/{dispute.pk}/answer/"
    client.post(url, {"answer": "第一次", "outcome": "stays"})
    again = client.post(url, {"answer": "又写了一遍", "outcome": "attended"})
    text = again.content.decode()
    assert again.status_code == 422
    assert "答复过这一条，答复不能再改" in text
    assert "又写了一遍" in text
    assert "第一次" in text
    assert Correction.objects.count() == 0
    assert 'name="answer"' not in read(client, url)


def test_a_correction_that_cannot_be_made_takes_the_answer_back(world: World, sign_in: SignIn) -> None:
    dispute = raised(world, world.county.members[1])
    client, url = sign_in(world.county.secretary), f"/branch/disputes/{dispute.pk}/answer/"
    for data in (
        {"answer": "", "outcome": "stays"},
        {"answer": "好", "outcome": "pending"},
        {"answer": "好\x00", "outcome": "stays"},
    ):
        assert client.post(url, data).status_code == 422
    world.occasion.__class__.objects.update(state="scheduled")
    refused = client.post(url, {"answer": "好", "outcome": "attended"})
    assert refused.status_code == 422
    dispute.refresh_from_db()
    assert (dispute.state, dispute.answer) == ("raised", "")


def test_ones_own_reaches_the_secretary_above(world: World, sign_in: SignIn) -> None:
    county = world.county
    above = RoleGrantFactory(user__name="吴镇书记", node=county.township, role=Role.SECRETARY).user
    farther = RoleGrantFactory(user__name="徐县书记", node=county.county, role=Role.SECRETARY).user
    dispute = raised(world, county.secretary)
    client, url = sign_in(county.secretary), f"/branch/disputes/{dispute.pk}/answer/"
    assert client.get(url).status_code == 404
    assert client.post(url, {"answer": "对", "outcome": "attended"}).status_code == 404
    assert "等您答复" not in read(client, "/").replace("没有等您答复的", "")
    assert "1 条记录有人提出不对，等您答复" in read(sign_in(above), "/")
    assert not waiting_for(farther).exists()
    assert answerer_of(RosterEntry.objects.get(member=county.secretary)) == above
    text = read(sign_in(farther), "/branch/disputes/")
    assert "没有等您答复的" in text
    assert "下级书记还要答复 1 条" in text
    assert sign_in(above).post(url, {"answer": "对", "outcome": "attended"}).status_code == 302
    assert Record.objects.get(member=county.secretary).stands == "attended"


def test_it_belongs_to_the_branch_of_the_roster_wherever_the_member_is_now(world: World, sign_in: SignIn) -> None:
    county, member = world.county, world.county.members[1]
    member.memberships.update(active_to_date=timezone.localdate())
    MembershipFactory(member=member, node=county.neighbour, active_from_date=timezone.localdate())
    other = make_occasion(world.training, title="调走以后的")
    stand(other, member, county.neighbour, "missing")
    here, there = raised(world, member), raised(world, member, occasion=other)
    assert list(waiting_for(county.secretary)) == [here]
    assert list(waiting_for(county.neighbour_secretary)) == [there]
    url = f"/branch/disputes/{here.pk}/answer/"
    assert sign_in(county.neighbour_secretary).get(url).status_code == 404
    assert sign_in(county.secretary).get(url).status_code == 200


def test_two_secretaries_of_one_branch_both_see_it_and_those_above_need_not(world: World) -> None:
    county = world.county
    second = RoleGrantFactory(user__name="副书记", node=county.branch, role=Role.SECRETARY).user
    above = RoleGrantFactory(user__name="吴镇书记", node=county.township, role=Role.SECRETARY).user
    dispute = raised(world, county.members[1])
    assert [waiting_for(one).count() for one in (county.secretary, second, above)] == [1, 1, 0]
    Dispute.objects.filter(pk=dispute.pk).update(member=second)
    RosterEntry.objects.filter(member=county.members[1]).update(member=second)
    assert [waiting_for(one).count() for one in (county.secretary, second, above)] == [1, 0, 0]


@pytest.mark.parametrize("persona", ["neighbour_secretary", "organiser", "auditor", "operator", "member"])
def test_nobody_else_reads_or_answers(world: World, sign_in: SignIn, persona: str) -> None:
    dispute = raised(world, world.county.members[1])
    client = sign_in(getattr(world.county, persona))
    url = f"/branch/disputes/{dispute.pk}/answer/"
    assert client.get(url).status_code == 404
    assert client.post(url, {"answer": "对", "outcome": "attended"}).status_code == 404
    assert "等您答复" not in read(client, "/")
    listed = client.get("/branch/disputes/")
    assert listed.status_code == (200 if persona == "neighbour_secretary" else 404)
    assert "王一1" not in listed.content.decode()


def test_an_answer_is_shown_for_two_weeks(world: World, sign_in: SignIn) -> None:
    member = world.county.members[1]
    dispute = raised(world, member, state="answered", answer="好", answered_at=timezone.now())
    assert "您提出的问题已答复" in read(sign_in(member), "/")
    assert "您提出的问题已答复" not in read(sign_in(world.county.member), "/")
    Dispute.objects.filter(pk=dispute.pk).update(answered_at=timezone.now() - dt.timedelta(days=15))
    assert "您提出的问题已答复" not in read(sign_in(member), "/")


def test_without_any_secretary_nothing_is_promised(world: World, sign_in: SignIn) -> None:
    member = world.county.members[1]
    raised(world, member)
    world.county.secretary.role_grants.all().delete()
    assert "现在还没有能答复的书记" in read(sign_in(member), f"/me/records/{world.occasion.pk}/")


@pytest.mark.parametrize("page", ["/", "/branch/disputes/", "/branch/"])
def test_pages_cost_the_same_for_one_dispute_and_for_three(world: World, sign_in: SignIn, page: str) -> None:
    def queries() -> int:
        client = sign_in(world.county.secretary)
        with CaptureQueriesContext(connection) as seen:
            read(client, page)
        return len(seen)

    raised(world, world.county.members[1])
    fold_summary()
    one = queries()
    for member in (world.county.members[0], world.county.members[2]):
        raised(world, member)
    assert queries() == one <= 20  # one whether a learning path is above


def test_what_was_taken_back_is_one_line_for_the_secretary_too(world: World, sign_in: SignIn) -> None:
    member, client = world.county.members[1], sign_in(world.county.secretary)
    for _round in range(3):
        raised(world, member, text="旧的一次", state="withdrawn", withdrawn_at=timezone.now())
    raised(world, member, text="现在的一次")
    page = read(client, f"/branch/{world.occasion.training_id}/members/{member.pk}/")
    folded = page[page.index("<summary>\n") :] if "提出后又撤回的 3 次" in page else ""
    assert folded.count("旧的一次") == 3
    assert page.count("旧的一次") == 3
    assert page.index("现在的一次") < page.index("提出后又撤回的 3 次")
