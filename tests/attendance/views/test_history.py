"""Reports that are pages: one person's year, one occasion, one training over time; counts without names as a file."""

import csv
import datetime as dt
import io
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance.models import Occasion, Record, RecordState, Training
from attendance.queries.register import done_by_day
from organizations.models import AccessEntry, Role, User
from tests.attendance.people import make_occasion, make_training, stand
from tests.attendance.reports.conftest import World
from tests.factories.organizations import MembershipFactory, RoleGrantFactory

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]


def read(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    return response.content.decode()


def test_an_occasion_names_who_stands_how_to_a_secretary(world: World, sign_in: SignIn) -> None:
    text = read(sign_in(world.county.secretary), f"/branch/occasions/{world.occasion.pk}/")
    assert "应到 4 位，完成 2 位；除去请假的，应到 3 位，完成 2 位。" in text
    assert text.index("未参加 · 1") < text.index("王一1") < text.index("已补学 · 1") < text.index("王一2")
    assert f"/branch/register/{world.occasion.pk}/{world.county.members[1].pk}/" in text
    assert not any(one.name in text for one in world.county.neighbours)
    (row,) = AccessEntry.objects.all()
    assert (row.what, row.title) == ("table", "防汛避险 · 防汛直播")


def test_an_occasion_has_only_counts_for_an_organiser(world: World, sign_in: SignIn) -> None:
    text = read(sign_in(world.county.organiser), f"/branch/occasions/{world.occasion.pk}/")
    assert "应到 7 位" in text
    assert not any(one.name in text for one in [*world.county.members, *world.county.neighbours])
    assert AccessEntry.objects.count() == 0


def test_an_occasion_of_others_does_not_exist(world: World, sign_in: SignIn) -> None:
    theirs = make_occasion(make_training(world.county.neighbour, "邻支部"))
    client = sign_in(world.county.secretary)
    assert client.get(f"/branch/occasions/{theirs.pk}/").status_code == 404
    url = f"/branch/occasions/{world.occasion.pk}/"
    assert client.get(f"{url}?node={world.county.neighbour.pk}").status_code == 404
    for stranger in (world.county.member, world.county.lecturer):
        assert sign_in(stranger).get(url).status_code == 404
    Training.objects.update(state=Training.State.DRAFT)
    assert client.get(url).status_code == 404


def test_a_persons_year_is_every_occasion_with_hours(world: World, sign_in: SignIn) -> None:
    member = world.county.members[0]
    other = make_training(world.county.branch, "支部自己的")
    stand(make_occasion(other, title="党课"), member, world.county.branch, RecordState.MADE_UP, replay=45)
    void = make_occasion(other, title="作废的课", state=Occasion.State.VOID)
    stand(void, member, world.county.branch, RecordState.ATTENDED)
    then = timezone.now() - dt.timedelta(days=366)
    stand(
        make_occasion(other, title="去年的课", starts_at=then, ends_at=then + dt.timedelta(hours=1)),
        member, world.county.branch, RecordState.MISSING,
    )  # fmt: skip
    client, url = sign_in(world.county.secretary), f"/branch/people/{member.pk}/"
    text = read(client, url)
    assert "全年 2 场，共 2 学时。" in text
    assert "党课" in text
    assert "去年的课" not in text
    assert "作废的课" not in text
    assert "52 分钟" in text
    earlier = read(client, f"{url}?year={then.year}")
    assert "去年的课" in earlier
    assert "党课" not in earlier
    assert "这一年没有场次" in read(client, f"{url}?year=2001")
    (row,) = AccessEntry.objects.all()
    assert (row.what, row.subject) == ("record", member)


def test_a_year_is_only_what_was_at_ones_own_unit(world: World, sign_in: SignIn) -> None:
    """Whoever moved shows each secretary what was theirs."""
    member = world.county.members[0]
    second = make_occasion(world.training, title="第二场")
    stand(second, member, world.county.neighbour, RecordState.MISSING)
    url = f"/branch/people/{member.pk}/"
    mine = read(sign_in(world.county.secretary), url)
    theirs = read(sign_in(world.county.neighbour_secretary), url)
    assert ("防汛直播" in mine, "第二场" in mine) == (True, False)
    assert ("防汛直播" in theirs, "第二场" in theirs) == (False, True)


def test_nobody_reads_the_year_of_others(world: World, sign_in: SignIn) -> None:
    url = f"/branch/people/{world.county.members[0].pk}/"
    for stranger in (world.county.neighbour_secretary, world.county.organiser, world.county.member):
        assert sign_in(stranger).get(url).status_code == 404
    client = sign_in(world.county.secretary)
    for wrong in ("year=1", "year=x", "year=99999"):
        assert client.get(f"{url}?{wrong}").status_code == 404, wrong
    assert client.get("/branch/people/999999/").status_code == 404
    assert AccessEntry.objects.count() == 0


def test_the_years_queries_do_not_grow_with_its_occasions(world: World, sign_in: SignIn) -> None:
    member = world.county.members[0]

    def asked() -> int:
        client = sign_in(world.county.secretary)
        with CaptureQueriesContext(connection) as seen:
            read(client, f"/branch/people/{member.pk}/")
        return len(seen)

    asked()
    few = asked()
    for number in range(8):
        stand(make_occasion(world.training, title=f"第{number}课"), member, world.county.branch, RecordState.ATTENDED)
    assert asked() == few


def test_over_time_a_lecture_is_done_when_it_ended_and_making_up_when_it_was_judged(world: World) -> None:
    ended = timezone.now() - dt.timedelta(days=3)
    Occasion.objects.filter(pk=world.occasion.pk).update(window_end_at=ended)
    Record.objects.filter(state=RecordState.MADE_UP).update(judged_at=timezone.now())
    days, whole = done_by_day(training_id=world.training.pk, path=world.county.branch.path)
    assert days == [(timezone.localdate(ended), 1), (timezone.localdate(), 2)]
    assert whole == 4


def test_the_page_over_time_has_numbers_for_both_and_names_for_nobody(world: World, sign_in: SignIn) -> None:
    for reader in (world.county.secretary, world.county.organiser):
        text = read(sign_in(reader), f"/branch/{world.training.pk}/progress/")
        assert "完成人次随时间的变化" in text
        assert 'class="c-line"' in text
        assert not any(one.name in text for one in world.county.members)
    assert AccessEntry.objects.count() == 0
    empty = make_training(world.county.county, "空")
    assert "第一个场次开始以后" in read(sign_in(world.county.secretary), f"/branch/{empty.pk}/progress/")
    assert sign_in(world.county.member).get(f"/branch/{world.training.pk}/progress/").status_code == 404


def counts(client: Client, url: str) -> list[list[str]]:
    response = client.get(url)
    assert response.status_code == 200
    body = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))[1:]


def test_an_organiser_has_the_counts_of_each_unit_as_a_file_without_names(world: World, sign_in: SignIn) -> None:
    """Two hundred secretaries had to be asked by telephone."""
    client, url = sign_in(world.county.organiser), f"/branch/{world.training.pk}/counts.csv"
    rows = counts(client, url)
    assert [row[:4] for row in rows[:4]] == [
        ["青溪县", "7", "6", "2"],
        ["\u3000永安镇", "7", "6", "2"],
        ["\u3000\u3000东风村第一支部", "4", "3", "2"],
        ["\u3000\u3000东风村第二支部", "3", "3", "0"],
    ]
    assert [row[1:4] for row in rows[4:]] == [["7", "6", "2"]]  # its one occasion
    assert client.get(url.replace("csv", "xlsx")).status_code == 200
    assert client.get(url.replace("csv", "exe")).status_code == 404
    assert sign_in(world.county.member).get(url).status_code == 404
    assert AccessEntry.objects.count() == 0


def test_a_units_row_is_what_its_own_page_says(world: World, sign_in: SignIn) -> None:
    member = world.county.members[1]
    stand(make_occasion(world.training, title="第二场"), member, world.county.neighbour, RecordState.MISSING)
    above = RoleGrantFactory(user__name="镇书记", node=world.county.township, role=Role.SECRETARY).user
    MembershipFactory(member=above, node=world.county.township)
    client = sign_in(above)
    rows = {row[0].strip("\u3000"): row for row in counts(client, f"/branch/{world.training.pk}/counts.csv")}
    for node in (world.county.branch, world.county.neighbour):
        text = read(client, f"/branch/{world.training.pk}/?node={node.pk}")
        assert f"应到 {rows[node.name][1]} 位，完成 {rows[node.name][3]} 位" in text
        assert f"<b>{rows[node.name][7]}</b> 没有参加" in text
