"""支部: who is missing first, inside one's own subtree; every look at one person is written down."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from attendance.models import Dispute, Occasion, RecordState, Rule, Training
from organizations.models import AccessEntry, Node, Role, User
from tests.attendance.people import expect, make_occasion, make_rule, make_training, restate, stand
from tests.attendance.reports.conftest import World
from tests.factories.organizations import MembershipFactory, RoleGrantFactory, UserFactory

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]


def read(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_counts_who_is_missing_in_my_branch(world: World, sign_in: SignIn) -> None:
    text = read(sign_in(world.county.secretary), "/branch/")
    assert "防汛避险" in text
    assert "还有 1 位没有参加" in text
    assert "还有 3 位没有参加" in read(sign_in(world.county.neighbour_secretary), "/branch/")


def test_drafts_and_trainings_of_others_are_not_listed(world: World, sign_in: SignIn) -> None:
    make_training(world.county.county, "草稿培训", state=Training.State.DRAFT)
    make_training(world.county.neighbour, "邻支部培训")
    text = read(sign_in(world.county.secretary), "/branch/")
    assert "草稿培训" not in text
    assert "邻支部培训" not in text


def test_a_branch_without_trainings_is_told_what_will_be_here(world: World, sign_in: SignIn) -> None:
    Training.objects.update(state=Training.State.DRAFT)
    assert "现在没有正在进行的培训" in read(sign_in(world.county.secretary), "/branch/")


def test_members_and_visitors_have_no_branch_page(world: World, sign_in: SignIn, client: Client) -> None:
    for url in ("/branch/", f"/branch/{world.training.pk}/"):
        assert sign_in(world.county.member).get(url).status_code == 404
        assert sign_in(world.county.lecturer).get(url).status_code == 404
        assert client.get(url).status_code == 302


def test_the_missing_come_first_by_name_with_the_next_step(world: World, sign_in: SignIn) -> None:
    text = read(sign_in(world.county.secretary), f"/branch/{world.training.pk}/")
    assert "还有 1 位没有参加" in text
    assert "前可在手机上看回放补学 · 1 位</h2>" in text
    assert text.index("没有参加</li>") < text.index("王一1") < text.index("各个场次")
    assert "王一0" not in text
    assert "应到 4 位，完成 2 位；除去请假的，应到 3 位，完成 2 位。" in text
    assert "按 通用 v1 认定" in text
    assert "%" not in text.split("<main")[1].split("</main>")[0]
    assert world.county.members[1].phone_last4 not in text.replace("王一1", "")


def test_whoever_has_no_phone_is_recorded_not_called(world: World, sign_in: SignIn) -> None:
    User.objects.filter(pk=world.county.members[1].pk).update(phone_last4="", phone_index=None, phone_cipher=None)
    text = read(sign_in(world.county.secretary), f"/branch/{world.training.pk}/")
    assert "没有登记手机" in text
    assert "/phone/" not in text


def test_when_nobody_is_missing_it_says_so(world: World, sign_in: SignIn) -> None:
    restate(world.occasion, "missing", "attended")
    text = read(sign_in(world.county.secretary), f"/branch/{world.training.pk}/")
    assert "大家都参加了" in text


def test_incomplete_and_pending_are_not_called_missing(world: World, sign_in: SignIn) -> None:
    restate(world.occasion, "missing", "incomplete")
    text = read(sign_in(world.county.secretary), f"/branch/{world.training.pk}/")
    assert "位没有参加" not in text
    assert "<b>1</b> 记录不全</li>" in text
    assert "不算没有参加" in text
    Occasion.objects.update(state=Occasion.State.CLOSED)
    world.occasion.records.all().delete()
    text = read(sign_in(world.county.secretary), f"/branch/{world.training.pk}/")
    assert "<b>4</b> 认定中</li>" in text


def test_before_anything_began(world: World, sign_in: SignIn) -> None:
    training = make_training(world.county.county, "明天的")
    make_occasion(training, state=Occasion.State.SCHEDULED)
    assert "第一个场次开始以后" in read(sign_in(world.county.secretary), f"/branch/{training.pk}/")


def test_everything_outside_the_subtree_is_404(world: World, sign_in: SignIn) -> None:
    client, mine, theirs = sign_in(world.county.secretary), world.county.members[1], world.county.neighbour_member
    training, occasion = world.training.pk, world.occasion.pk
    dispute = Dispute.objects.create(occasion=world.occasion, member=theirs, text="不对", raised_at=timezone.now())
    for node in (world.county.neighbour, world.county.township, world.county.county):
        for path in ("", "hall/", "reports/missing/", "reports/missing.csv", f"members/{theirs.pk}/"):
            assert client.get(f"/branch/{training}/{path}?node={node.pk}").status_code == 404, path
    for path in (f"members/{theirs.pk}/", "reports/salaries/", "reports/missing.exe"):
        assert client.get(f"/branch/{training}/{path}").status_code == 404, path
    assert client.get(f"/branch/{training}/?node=x").status_code == 404
    assert client.get(f"/branch/{training}/?page=x").status_code == 404
    assert client.get("/branch/999999/").status_code == 404
    for impossible in ("0" * 20 + "9" * 5000, str(2**63), "-1", "①"):
        assert client.get(f"/branch/{world.training.pk}/", {"node": impossible}).status_code == 404
    for what in ("leave", "declare", "correct"):
        assert client.post(f"/branch/occasions/{occasion}/members/{theirs.pk}/{what}/", {}).status_code == 404
    assert client.get(f"/branch/occasions/{occasion}/members/{mine.pk}/promote/").status_code == 404
    assert client.post(f"/branch/disputes/{dispute.pk}/answer/", {"answer": "好"}).status_code == 404
    assert client.post(f"/branch/{training}/members/{theirs.pk}/phone/").status_code == 404
    assert AccessEntry.objects.count() == 0


def test_a_draft_training_does_not_exist(world: World, sign_in: SignIn) -> None:
    Training.objects.update(state=Training.State.DRAFT)
    assert sign_in(world.county.secretary).get(f"/branch/{world.training.pk}/").status_code == 404


def test_an_organiser_sees_counts_and_no_names(world: World, sign_in: SignIn) -> None:
    client = sign_in(world.county.organiser)
    text = read(client, f"/branch/{world.training.pk}/")
    assert "还有 4 位没有参加" in text
    assert "这里只显示人数" in text
    assert "永安镇" in text
    assert not any(member.name in text for member in [*world.county.members, *world.county.neighbours])
    for path in ("reports/missing/", "reports/missing.xlsx", "hall/", f"members/{world.county.member.pk}/"):
        assert client.get(f"/branch/{world.training.pk}/{path}").status_code == 404, path
    phone = f"/branch/{world.training.pk}/members/{world.county.member.pk}/phone/"
    assert client.post(phone).status_code == 404


def test_a_township_secretary_walks_down_and_sees_the_unit_of_each(world: World, sign_in: SignIn) -> None:
    above = UserFactory(name="镇书记")
    RoleGrantFactory(user=above, node=world.county.township, role=Role.SECRETARY)
    client = sign_in(above)
    text = read(client, f"/branch/{world.training.pk}/")
    assert "还有 4 位没有参加" in text
    assert f"?node={world.county.branch.pk}" in text
    assert text.index("东风村第一支部") < text.index("东风村第二支部")
    below = read(client, f"/branch/{world.training.pk}/?node={world.county.neighbour.pk}")
    assert "还有 3 位没有参加" in below
    assert "王一1" not in below


def test_a_role_that_ended_opens_nothing(world: World, sign_in: SignIn) -> None:
    client = sign_in(world.county.secretary)
    world.county.secretary.role_grants.update(active_to_date=timezone.localdate())
    assert client.get(f"/branch/{world.training.pk}/").status_code == 404


def test_one_person_is_shown_with_reasons_and_the_read_is_written_down(world: World, sign_in: SignIn) -> None:
    member = world.county.members[1]
    text = read(sign_in(world.county.secretary), f"/branch/{world.training.pk}/members/{member.pk}/")
    assert f"手机尾号 {member.phone_last4}" in text
    assert '<span class="chip due">未参加</span>' in text
    assert "认定规则：通用，第 1 版。" in text
    (entry,) = AccessEntry.objects.all()
    assert (entry.reader, entry.subject, entry.what) == (world.county.secretary, member, "record")


def test_somebody_who_moved_away_keeps_the_record_here_but_not_the_phone(world: World, sign_in: SignIn) -> None:
    member = world.county.members[1]
    member.memberships.update(active_to_date=timezone.localdate())
    MembershipFactory(member=member, node=world.county.neighbour, active_from_date=timezone.localdate())
    client = sign_in(world.county.secretary)
    url = f"/branch/{world.training.pk}/members/{member.pk}/"
    assert "/phone/" not in read(client, url)
    assert client.post(f"{url}phone/").status_code == 404
    assert sign_in(world.county.neighbour_secretary).get(url).status_code == 404


def test_a_phone_number_is_revealed_by_a_post_and_written_down(world: World, sign_in: SignIn) -> None:
    member, client = world.county.members[1], sign_in(world.county.secretary)
    url = f"/branch/{world.training.pk}/members/{member.pk}/phone/"
    assert client.get(url).status_code == 405
    response = client.post(url)
    assert f'href="tel:+86155{member.phone_last4.zfill(8)}"' in response.content.decode()
    assert f'<p class="big">155 0000 {member.phone_last4}</p>' in response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]
    assert [(entry.what, entry.subject_id) for entry in AccessEntry.objects.all()] == [("phone", member.pk)]


def test_an_open_dispute_is_on_the_page(world: World, sign_in: SignIn) -> None:
    mine = world.county.members[1]
    for member in (mine, world.county.neighbour_member):
        Dispute.objects.create(
            occasion=world.occasion, member=member, text=f"{member.name}说不对", raised_at=timezone.now()
        )
    text = read(sign_in(world.county.secretary), f"/branch/{world.training.pk}/")
    assert "1 条有人提出记录不对" in text
    assert text.index("1 条有人提出记录不对") < text.index('<div class="cols">')
    assert "李二0" not in text
    assert "说不对" not in text  # what was said is read where it is answered, and that is written down


def grow(world: World, count: int) -> None:
    for number in range(count):
        member = MembershipFactory(member__name=f"欧阳{number:03}", node=world.county.branch).member
        stand(world.occasion, member, world.county.branch, RecordState.MISSING, live=number % 40)


def asked(client: Client, url: str) -> int:
    """How many queries a page takes, without the marks of the test's own transaction."""
    with CaptureQueriesContext(connection) as seen:
        read(client, url)
    return len([one for one in seen if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))])


@pytest.mark.parametrize("others", [0, 59, 299])
def test_the_secretarys_page_of_a_training_takes_at_most_twelve_queries(
    world: World, sign_in: SignIn, others: int
) -> None:
    """Two of them are for the access log: a look and a row."""
    world.occasion.roster.exclude(member=world.county.members[1]).delete()
    grow(world, others)
    client = sign_in(world.county.secretary)
    assert asked(client, f"/branch/{world.training.pk}/") == 12  # one for the dot beside 我的
    assert asked(client, f"/branch/{world.training.pk}/?node={world.county.branch.pk}") <= 12
    read(client, "/branch/")  # what was just written is counted, once
    assert asked(client, "/branch/") <= 13  # one for what a unit still has to write down


def test_a_branch_of_sixty_is_one_page_and_more_are_several(world: World, sign_in: SignIn) -> None:
    grow(world, 59)
    url = f"/branch/{world.training.pk}/"
    text = read(sign_in(world.county.secretary), url)
    assert "还有 60 位没有参加" in text
    assert text.count('class="name"') == 60
    assert "第 1 页" not in text
    grow(world, 1)
    assert "第 1 页，共 2 页" in read(sign_in(world.county.secretary), url)
    last = read(sign_in(world.county.secretary), f"{url}?page=2")
    assert last.count('class="name"') == 1


def test_a_very_long_name_and_markup_stay_text(world: World, sign_in: SignIn) -> None:
    User.objects.filter(pk=world.county.members[1].pk).update(name="阿卜杜热西提·" * 7 + "<b>&")
    text = read(sign_in(world.county.secretary), f"/branch/{world.training.pk}/")
    assert "阿卜杜热西提·&lt;b&gt;&amp;" in text


def test_the_pages_carry_no_inline_style_or_script(world: World, sign_in: SignIn) -> None:
    client = sign_in(world.county.secretary)
    member = world.county.members[1].pk
    for path in ("", "hall/", "reports/missing/", f"members/{member}/"):
        text = read(client, f"/branch/{world.training.pk}/{path}")
        assert " style=" not in text
        assert "<style" not in text
        assert "onclick" not in text


def test_a_running_course_is_listed_after_those_who_missed_something(world: World, sign_in: SignIn) -> None:
    rule = make_rule(name="课程", basis=Rule.Basis.MEDIA)
    course = make_occasion(
        world.training, title="防诈骗课程", state=Occasion.State.OPEN, rule=rule, media_ms=60_000,
        ends_at=timezone.now() + dt.timedelta(days=5),
    )  # fmt: skip
    for member in world.county.members[:2]:
        expect(course, member, world.county.branch)
    text = read(sign_in(world.county.secretary), f"/branch/{world.training.pk}/")
    assert "还有 1 位没有参加" in text
    assert "<b>1</b> 课程还在学</li>" in text
    summary = '<summary class="card">1 位还在学习期内，没有缺</summary>'
    first, heading, later = (text.index(said) for said in ("王一1", summary, "王一0"))
    assert first < heading < later
    assert "1 位的课程还在学" in read(sign_in(world.county.secretary), "/branch/")
    restate(world.occasion, RecordState.MISSING, RecordState.ATTENDED)
    for page in ("/branch/", f"/branch/{world.training.pk}/"):
        assert "2 位的课程还在学" in read(sign_in(world.county.secretary), page)


def leave_for(member: User, world: World, node: Node | None) -> None:
    member.memberships.update(active_to_date=timezone.localdate())
    if node is not None:
        MembershipFactory(member=member, node=node, active_from_date=timezone.localdate())


def test_whoever_moved_is_not_offered_a_call_that_cannot_be_made(world: World, sign_in: SignIn) -> None:
    """The button led to a 404."""
    member, county = world.county.members[1], world.county
    leave_for(member, world, county.neighbour)
    above = RoleGrantFactory(user__name="镇书记", node=county.township, role=Role.SECRETARY).user
    url, page = f"/branch/{world.training.pk}/", f"/branch/{world.training.pk}/members/{member.pk}/"
    for address in (url, page):
        text = read(sign_in(county.secretary), address)
        assert "已转到别的支部，请联系那里的书记。" in text
        assert county.neighbour.name not in text  # no business of this secretary's
        assert f"members/{member.pk}/phone/" not in text
        called = read(sign_in(above), address)
        assert f"members/{member.pk}/phone/" in called
        assert "已转到" not in called
    assert f"/hall/?node={county.branch.pk}&amp;member={member.pk}" in read(sign_in(county.secretary), url)
    RoleGrantFactory(user=county.secretary, node=county.township, role=Role.ORGANISER)
    text = " ".join(read(sign_in(User.objects.get(pk=county.secretary.pk)), f"{url}?node={county.branch.pk}").split())
    assert f"已转到 {county.neighbour.name}，请联系那里的书记。" in text


def test_whoever_left_is_not_offered_a_call(world: World, sign_in: SignIn) -> None:
    member = world.county.members[1]
    leave_for(member, world, None)
    for path in ("", f"members/{member.pk}/"):
        text = read(sign_in(world.county.secretary), f"/branch/{world.training.pk}/{path}")
        assert "已离开，现在不属于任何支部。" in text
        assert f"members/{member.pk}/phone/" not in text


def test_the_way_back_from_a_call_leads_to_the_same_name(world: World, sign_in: SignIn) -> None:
    """Page 1 again, at its top."""
    grow(world, 60)
    client, url = sign_in(world.county.secretary), f"/branch/{world.training.pk}/"
    text = read(client, f"{url}?page=2")
    called = re.findall(rf'action="({url}members/(\d+)/phone/)"', text)[-1]
    hidden = dict(re.findall(r'name="(node|page)" value="(\d+)"', text))
    assert f'id="m{called[1]}"' in text
    back = f"{url}?node={world.county.branch.pk}&amp;page=2#m{called[1]}"
    assert f'href="{back}"' in client.post(called[0], hidden).content.decode()
    member = f"{url}members/{called[1]}/?node={world.county.branch.pk}&amp;page=2"
    assert f'href="{member}"' in text
    assert f'href="{back}"' in read(client, member.replace("&amp;", "&"))
    assert client.get(f"{url}members/{called[1]}/?page=x").status_code == 404


def test_a_training_of_others_does_not_exist_though_the_unit_is_ones_own(world: World, sign_in: SignIn) -> None:
    """A training of the next branch has nobody of ours in it; its very title is not for this secretary."""
    theirs = make_training(world.county.neighbour, title="邻支部的培训")
    client, mine = sign_in(world.county.secretary), world.county.branch.pk
    for path in ("", "hall/", "reports/missing/", "reports/missing.csv"):
        assert client.get(f"/branch/{theirs.pk}/{path}").status_code == 404, path
        assert client.get(f"/branch/{theirs.pk}/{path}?node={mine}").status_code == 404, path


def two_courses(world: World) -> tuple[Occasion, Occasion]:
    rule = make_rule(name="课程", basis=Rule.Basis.MEDIA)
    more = [
        make_occasion(
            world.training, title=title, state=Occasion.State.OPEN, rule=rule, media_ms=360_000,
            ends_at=timezone.now() + dt.timedelta(days=5),
        )
        for title in ("防诈骗课程", "视频会议：怎样参加")
    ]  # fmt: skip
    return more[0], more[1]


def test_everybody_stands_once_with_a_chip_for_each_thing_to_do(world: World, sign_in: SignIn) -> None:
    for course in two_courses(world):
        expect(course, world.county.members[1], world.county.branch)
    text = read(sign_in(world.county.secretary), f"/branch/{world.training.pk}/")
    assert text.count(">王一1<") == 1
    assert '<span class="chip due">防汛直播 还差 37 分钟</span>' in text
    assert '<span class="chip plain">防诈骗课程 没开始</span>' in text
    assert '<span class="chip plain">视频会议 没开始</span>' in text
    assert text.count("可在手机上看回放补学") == 1


def test_what_is_next_is_said_once_above_the_names(world: World, sign_in: SignIn) -> None:
    """35 names had the same sentence below each."""
    grow(world, 30)
    without = MembershipFactory(member__name="周满仓", node=world.county.branch).member
    User.objects.filter(pk=without.pk).update(phone_last4="", phone_index=None, phone_cipher=None)
    stand(world.occasion, without, world.county.branch, RecordState.MISSING)
    text = read(sign_in(world.county.secretary), f"/branch/{world.training.pk}/")
    assert text.count("可在手机上看回放补学") == 1
    assert "可在手机上看回放补学 · 31 位" in text
    assert "没有登记手机，可集中收看或送学上门 · 1 位" in text
    assert text.count('<ul class="card list people tiles">') == 2  # every group, or the last name is far down
    assert '<ul class="card list people">' not in text


def test_names_are_in_the_order_of_their_reading(world: World, sign_in: SignIn) -> None:
    """They were by code point: 吕 周 宋 彭."""
    for name in ("周一", "吕二", "宋三", "彭四", "曾五"):
        member = MembershipFactory(member__name=name, node=world.county.branch).member
        stand(world.occasion, member, world.county.branch, RecordState.MISSING)
    text = read(sign_in(world.county.secretary), f"/branch/{world.training.pk}/")
    found = re.findall(r"<b>(周一|吕二|宋三|彭四|曾五)</b>", text)
    assert found == ["吕二", "彭四", "宋三", "曾五", "周一"]


def test_who_was_called_today_is_marked_for_whoever_called(world: World, sign_in: SignIn) -> None:
    """Nothing said whom one had called already."""
    member, url = world.county.members[1], f"/branch/{world.training.pk}/"
    client = sign_in(world.county.secretary)
    assert "已打" not in read(client, url)
    assert client.post(f"{url}members/{member.pk}/phone/").status_code == 200
    text = read(client, url)
    assert re.search(r'<span class="chip ok">今天 \d\d:\d\d 已打</span>', text)
    assert re.search(r"已打\s*</button>", text)
    above = RoleGrantFactory(user__name="镇书记", node=world.county.township, role=Role.SECRETARY).user
    assert "已打" not in read(sign_in(above), f"{url}?node={world.county.branch.pk}")
    AccessEntry.objects.filter(what="phone").update(at=timezone.now() - dt.timedelta(days=1))
    assert "已打" not in read(client, url)


def test_reminding_is_offered_where_something_reminds(world: World, sign_in: SignIn) -> None:
    url = f"/branch/{world.training.pk}/"
    try:
        page = reverse("branch_remind", args=[world.training.pk])
    except NoReverseMatch:
        assert "提醒未参加的" not in read(sign_in(world.county.secretary), url)
    else:
        text = read(sign_in(world.county.secretary), url)
        assert f'href="{page}?node={world.county.branch.pk}">提醒未参加的 1 位</a>' in text


def test_who_only_studies_is_folded_and_opens_where_nobody_missed_anything(world: World, sign_in: SignIn) -> None:
    course, _other = two_courses(world)
    for member in world.county.members:
        expect(course, member, world.county.branch)
    url = f"/branch/{world.training.pk}/"
    assert '<details class="fold studying">' in read(sign_in(world.county.secretary), url)
    restate(world.occasion, "missing", "attended")
    assert '<details class="fold studying" open>' in read(sign_in(world.county.secretary), url)


def test_the_page_settles_what_nobody_has_read(world: World, sign_in: SignIn) -> None:
    """Whether there is anything unread comes with the occasions, not with a query of its own."""
    member = world.county.members[1]
    world.occasion.roster.filter(member=member).update(dirty_at=timezone.now())
    read(sign_in(world.county.secretary), f"/branch/{world.training.pk}/")
    assert not world.occasion.roster.filter(dirty_at__isnull=False).exists()
