"""登记表: people by occasions, on a page and on paper; the evidence behind a cell; whose it is and who read it."""

import contextlib
import datetime as dt
import re
import zlib
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance.models import Dispute, Evidence, Occasion, RecordState, RosterEntry, Rule, Training
from attendance.queries.register import MOST_PEOPLE
from organizations.models import AccessEntry, Role, User
from tests.attendance.people import make_occasion, make_rule, make_training, stand
from tests.attendance.reports.conftest import World
from tests.factories.organizations import MembershipFactory, RoleGrantFactory
from tests.papers import pieces_of, text_of

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]
HOUR = dt.timedelta(hours=1)


def read(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    return response.content.decode()


def table(text: str) -> dict[str, list[str]]:
    """The signs of each row, by name; the sums under 合计."""
    rows = {}
    for row in re.findall(r"<tr>(.*?)</tr>", text.split('id="register"')[1].split("</table>")[0], re.DOTALL):
        name = re.search(r'<th scope="row">(.*?)</th>', row, re.DOTALL)
        if name:
            said = re.sub(r"<[^>]+>", "", name[1]).split()
            signs = re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
            rows[said[0].split("（")[0]] = [_sign(one) for one in signs]
    return rows


def _sign(cell: str) -> str:
    return re.sub(r"<[^>]+>", "", re.sub(r'<span class="unseen">.*?</span>', "", cell)).strip()


@pytest.fixture
def sheet(world: World) -> World:
    """A lecture, a course that runs, one to come."""
    rule = make_rule(name="课程", basis=Rule.Basis.MEDIA)
    now = timezone.now()
    course = make_occasion(
        world.training, title="防诈骗：课程", state=Occasion.State.OPEN, rule=rule, media_ms=360_000,
        starts_at=now - HOUR, ends_at=now + dt.timedelta(days=5),
    )  # fmt: skip
    attended, missing, made_up = world.county.members
    stand(course, attended, world.county.branch, RecordState.ATTENDED, live=6)
    stand(course, missing, world.county.branch, RecordState.PENDING, live=2)
    stand(course, made_up, world.county.branch, RecordState.EXEMPT)
    make_occasion(world.training, title="明天的讲座", state=Occasion.State.SCHEDULED)
    return world


def test_a_row_is_a_person_and_a_column_an_occasion_in_the_order_of_time(sheet: World, sign_in: SignIn) -> None:
    text = read(sign_in(sheet.county.secretary), f"/branch/register/?training={sheet.training.pk}")
    heads = re.findall(r'<th scope="col" title="([^"]+)"', text)
    assert heads == ["防汛直播", "防诈骗：课程", "明天的讲座"]
    assert table(text) == {
        "王一0": ["已", "已", "·", "2/2", "2"],
        "王一1": ["缺", "2′/5′", "·", "0/2", "0"],
        "王一2": ["补", "免", "·", "1/1", "1"],
        "赵书记": ["假", "", "·", "0/1", "0"],
        "合计": ["2/4", "1/2", "", "3/6", ""],
    }


def test_each_sign_has_its_word_for_the_eye_and_the_ear(sheet: World, sign_in: SignIn) -> None:
    text = read(sign_in(sheet.county.secretary), f"/branch/register/?training={sheet.training.pk}")
    member = sheet.county.members[1].pk
    cell = f'<td class="x"><a href="{sheet.occasion.pk}/{member}/" title="未参加" aria-label="缺 未参加">缺</a></td>'
    assert cell in text
    assert 'title="还没学完，还差 2 分 48 秒"' in text
    assert (
        '<td class="n" title="不应到"><span aria-hidden="true"></span><span class="unseen">不应到</span></td>' in text
    )


def test_a_filter_leaves_people_and_never_changes_the_sums(sheet: World, sign_in: SignIn) -> None:
    client, url = sign_in(sheet.county.secretary), f"/branch/register/?training={sheet.training.pk}&state="
    for state, names in (
        ("undone", ["王一1"]), ("missing", ["王一1"]), ("made_up", ["王一2"]), ("excused", ["赵书记"]),
        ("due", ["王一1"]),
    ):  # fmt: skip
        rows = table(read(client, url + state))
        assert [*rows] == [*names, "合计"], state
        assert rows["合计"] == ["2/4", "1/2", "", "3/6", ""]
    assert "这张表现在是空的" in read(client, url + "incomplete")
    for wrong in ("state=hungry", "month=2026-13", "month=x", "training=x", "node=x", "training=999999"):
        assert client.get(f"/branch/register/?{wrong}").status_code == 404, wrong


def test_a_month_has_the_occasions_of_every_training(sheet: World, sign_in: SignIn) -> None:
    other = make_training(sheet.county.branch, "支部自己的")
    stand(make_occasion(other, title="党课"), sheet.county.members[0], sheet.county.branch, RecordState.ATTENDED)
    make_occasion(make_training(sheet.county.neighbour, "邻支部的"), title="邻支部的课")
    make_occasion(make_training(sheet.county.branch, "草稿", state=Training.State.DRAFT), title="草稿课")
    make_occasion(other, title="作废的课", state=Occasion.State.VOID)
    last = timezone.now() - dt.timedelta(days=45)
    make_occasion(other, title="很早的课", starts_at=last, ends_at=last + HOUR)
    client = sign_in(sheet.county.secretary)
    heads = re.findall(r'<th scope="col" title="([^"]+)"', read(client, "/branch/register/"))
    month = timezone.localdate()
    assert {"防汛直播", "党课"} <= set(heads)
    assert not {"邻支部的课", "草稿课", "作废的课", "很早的课"} & set(heads)
    assert heads == re.findall(
        r'<th scope="col" title="([^"]+)"', read(client, f"/branch/register/?month={month:%Y-%m}")
    )
    assert "提醒选中的人" not in read(client, "/branch/register/")  # of no training: nothing to do for many


def test_only_ones_own_people_are_there_and_reading_them_is_one_row(sheet: World, sign_in: SignIn) -> None:
    client, url = sign_in(sheet.county.secretary), f"/branch/register/?training={sheet.training.pk}"
    text = read(client, url)
    assert not any(one.name in text for one in sheet.county.neighbours)
    read(client, url)
    (row,) = AccessEntry.objects.all()
    ids = sorted(one.pk for one in sheet.county.members)
    assert (row.what, row.about, row.members) == ("table", sheet.training.pk, f",{','.join(map(str, ids))},")
    for node in (sheet.county.neighbour, sheet.county.township):
        assert client.get(f"{url}&node={node.pk}").status_code == 404
    for stranger in (sheet.county.member, sheet.county.organiser, sheet.county.lecturer):
        assert sign_in(stranger).get(url).status_code == 404
    assert sign_in(sheet.county.neighbour_secretary).get(f"{url}&node={sheet.county.branch.pk}").status_code == 404


def test_above_a_person_stands_under_the_unit_of_each_roster(sheet: World, sign_in: SignIn) -> None:
    above = RoleGrantFactory(user__name="镇书记", node=sheet.county.township, role=Role.SECRETARY).user
    text = read(sign_in(above), f"/branch/register/?training={sheet.training.pk}")
    assert text.index("王一0") < text.index("李二0")
    assert '<span class="sub">东风村第二支部</span>' in text


def test_too_many_people_are_asked_for_one_unit_at_a_time(sheet: World, sign_in: SignIn) -> None:
    above = RoleGrantFactory(user__name="镇书记", node=sheet.county.township, role=Role.SECRETARY).user
    users = User.objects.bulk_create(User(username=f"u{n}", name=f"人{n}") for n in range(MOST_PEOPLE))
    RosterEntry.objects.bulk_create(
        RosterEntry(occasion=sheet.occasion, member=one, node=sheet.county.neighbour) for one in users
    )
    client, url = sign_in(above), f"/branch/register/?training={sheet.training.pk}"
    text = read(client, url)
    assert "人数超过 500 位" in text
    assert f"node={sheet.county.branch.pk}" in text
    assert "王一0" not in text
    assert AccessEntry.objects.count() == 0
    assert client.get(url.replace("/?", "/register.pdf?")).status_code == 404
    assert "王一0" in read(client, f"{url}&node={sheet.county.branch.pk}")


@pytest.mark.parametrize("people", [1, 60, 300])
def test_the_number_of_queries_does_not_grow(sheet: World, sign_in: SignIn, people: int) -> None:
    for number in range(people - 1):
        member = MembershipFactory(member__name=f"欧阳{number:03}", node=sheet.county.branch).member
        stand(sheet.occasion, member, sheet.county.branch, RecordState.MISSING)
    client = sign_in(sheet.county.secretary)
    with CaptureQueriesContext(connection) as seen:
        read(client, f"/branch/register/?training={sheet.training.pk}")
    asked = [one for one in seen if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(asked) == 12


def test_a_cell_opens_the_evidence_as_a_page_and_as_a_part(sheet: World, sign_in: SignIn) -> None:
    member, client = sheet.county.members[1], sign_in(sheet.county.secretary)
    url = f"/branch/register/{sheet.occasion.pk}/{member.pk}/"
    page, part = read(client, url), read(client, f"{url}?part=1")
    for text in (page, part):
        assert "王一1 · 防汛直播" in text
        assert f"/branch/occasions/{sheet.occasion.pk}/members/{member.pk}/leave/" in text
        assert "认定规则：通用，第 1 版。" in text
    assert "<html" in page
    assert "<html" not in part
    assert f'href="/branch/register/?node={sheet.county.branch.pk}&amp;training={sheet.training.pk}"' in page
    (row,) = AccessEntry.objects.all()
    assert (row.what, row.subject) == ("record", member)


def test_what_was_written_down_and_said_is_beside_the_register_too(sheet: World, sign_in: SignIn) -> None:
    member, client = sheet.county.members[1], sign_in(sheet.county.secretary)
    Evidence.objects.create(
        occasion=sheet.occasion, member=member, kind=Evidence.Kind.LEAVE, category="sick", recorded_at=timezone.now(),
        recorded_by=sheet.county.secretary,
    )  # fmt: skip
    Dispute.objects.create(occasion=sheet.occasion, member=member, text="那天我在", raised_at=timezone.now())
    text = read(client, f"/branch/register/{sheet.occasion.pk}/{member.pk}/?part=1")
    assert "请假：病假" in text
    assert "那天我在" in text


def test_nobody_opens_a_cell_of_others(sheet: World, sign_in: SignIn) -> None:
    mine, theirs = sheet.county.members[1], sheet.county.neighbour_member
    at = f"/branch/register/{sheet.occasion.pk}"
    client = sign_in(sheet.county.secretary)
    assert client.get(f"{at}/{theirs.pk}/?part=1").status_code == 404
    assert client.get(f"{at}/999999/").status_code == 404
    assert client.get(f"/branch/register/999999/{mine.pk}/").status_code == 404
    for stranger in (sheet.county.member, sheet.county.organiser, sheet.county.neighbour_secretary):
        assert sign_in(stranger).get(f"{at}/{mine.pk}/?part=1").status_code == 404
    Training.objects.update(state=Training.State.DRAFT)
    assert client.get(f"{at}/{mine.pk}/").status_code == 404
    assert AccessEntry.objects.count() == 0


def test_nothing_is_written_down_about_oneself_in_ones_own_cell(sheet: World, sign_in: SignIn) -> None:
    own = sheet.county.secretary
    text = read(sign_in(own), f"/branch/register/{sheet.occasion.pk}/{own.pk}/?part=1")
    assert "自己的记录要由上级书记登记或更正。" in text
    assert "/leave/" not in text


def test_several_names_go_to_the_hall_together(sheet: World, sign_in: SignIn) -> None:
    client = sign_in(sheet.county.secretary)
    text = read(client, f"/branch/register/?training={sheet.training.pk}")
    assert f'formaction="/branch/{sheet.training.pk}/hall/"' in text
    missing, _made_up = (one.pk for one in sheet.county.members[1:])
    assert f'form="many" name="member" value="{missing}"' in text
    more = MembershipFactory(member__name="欧阳一", node=sheet.county.branch).member
    stand(sheet.occasion, more, sheet.county.branch, RecordState.MISSING)
    question = f"node={sheet.county.branch.pk}&member={missing}&member={more.pk}"
    hall = read(client, f"/branch/{sheet.training.pk}/hall/?occasion={sheet.occasion.pk}&{question}")
    assert len(re.findall(r'value="\d+"[^>]* checked', hall)) == 2


def sheets(pdf: bytes) -> list[tuple[int, int]]:
    """Width and height of each page in points: what the file says of them, wherever it is packed."""
    said = pdf
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        with contextlib.suppress(zlib.error):
            said += zlib.decompress(packed)
    found = re.findall(rb"/MediaBox ?\[ ?0 0 ([\d.]+) ([\d.]+) ?\]", said)
    return [(round(float(wide)), round(float(high))) for wide, high in found]


def test_the_register_on_paper_is_a_month_a_sheet_across(sheet: World, sign_in: SignIn) -> None:
    earlier = timezone.now() - dt.timedelta(days=40)
    stand(
        make_occasion(sheet.training, title="上个月的课", starts_at=earlier, ends_at=earlier + HOUR),
        sheet.county.members[0], sheet.county.branch, RecordState.ATTENDED,
    )  # fmt: skip
    for number in range(56):
        member = MembershipFactory(member__name=f"欧阳{number:02}", node=sheet.county.branch).member
        stand(sheet.occasion, member, sheet.county.branch, RecordState.MISSING)
    answer = sign_in(sheet.county.secretary).get(f"/branch/register/register.pdf?training={sheet.training.pk}")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert "no-store" in answer.headers["Cache-Control"]
    months = {timezone.localdate(one.starts_at).replace(day=1) for one in Occasion.objects.all()}
    assert sheets(answer.content) == [(842, 595)] * len(months)
    (row,) = AccessEntry.objects.all()
    assert (row.what, row.reason) == ("export", "pdf")
    # Two columns of names beside each other, neither over the other: across a line all stands in the order of reading.
    pieces = pieces_of(answer.content)
    (top,) = {y for _x, y, text in pieces if text == "34"}
    line = [text for _x, y, text in sorted(pieces) if y == top]
    assert (line[0], line[len(line) // 2]) == ("1", "34")
    (last,) = {y for _x, y, text in pieces if text == "33"}
    assert min(y for _x, y, text in pieces if "4′/6′" in text) > last  # what the signs mean stands below them all
    assert all(text in text_of(answer.content) for text in ("欧阳00", "欧阳55"))


def test_the_page_carries_no_inline_style_or_script(sheet: World, sign_in: SignIn) -> None:
    text = read(sign_in(sheet.county.secretary), f"/branch/register/?training={sheet.training.pk}")
    assert " style=" not in text
    assert "<style" not in text
    assert "onclick" not in text


def test_a_long_name_and_markup_stay_text(sheet: World, sign_in: SignIn) -> None:
    User.objects.filter(pk=sheet.county.members[1].pk).update(name="阿卜杜热西提·" * 7 + "<b>&")
    Occasion.objects.filter(pk=sheet.occasion.pk).update(title='<script>"&')
    client, url = sign_in(sheet.county.secretary), f"/branch/register/?training={sheet.training.pk}"
    text = read(client, url)
    assert "阿卜杜热西提·&lt;b&gt;&amp;" in text
    assert "<script>&quot;" not in text
    assert client.get(url.replace("/?", "/register.pdf?")).content.startswith(b"%PDF")


def test_what_is_too_large_to_print_says_what_to_choose(
    sheet: World, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attendance.views.register.MOST_PRINTED", 11)  # four people at three occasions
    url = f"/branch/register/register.pdf?training={sheet.training.pk}"
    answer = sign_in(sheet.county.secretary).get(url, follow=True)
    assert "请选一个月，或者一个下级单位，再印。" in answer.content.decode()
    assert not AccessEntry.objects.filter(what="export").exists()
