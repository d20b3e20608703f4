"""A meeting through its pages: planned, changed, held, written down, printed, voided; by each role and a neighbour."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance.models import Evidence, Occasion
from meetings.models import Meeting, MeetingForm
from organizations.models import AccessEntry, Node, NodeKind, Role, User
from organizations.operations import access
from tests.factories.attendance import open_lecture
from tests.factories.organizations import County, MembershipFactory, NodeFactory, RoleGrantFactory
from tests.meetings.conftest import HOUR, gathering, held, states, whole_hour
from tests.meetings.test_operations import minutes

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]


def minute(moment: dt.datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%dT%H:%M}"


def plan(county: County, *, hours: float = 24, **changed: Any) -> dict[str, Any]:
    start = whole_hour() + hours * HOUR
    return {
        "unit": county.branch.pk, "starts_at": minute(start), "ends_at": minute(start + HOUR), "place": "村部",
        "who": "all", "agenda": "学文件\n议水渠", **changed,
    }  # fmt: skip


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_secretary_chooses_a_form_and_plans_and_changes_and_withdraws(county: County, sign_in: SignIn) -> None:
    client = sign_in(county.secretary)
    assert "党员大会" in text(client.get("/meetings/plan/"))
    address = "/meetings/plan/?form=assembly"
    assert "村部" not in text(client.get(address))
    wrong = client.post(address, plan(county, ends_at=minute(whole_hour()), title="四月大会"))
    assert wrong.status_code == 422
    assert "结束时间要晚于开始时间。" in text(wrong)
    assert "四月大会" in text(wrong)  # what was typed stays
    answer = client.post(address, plan(county, title="四月大会"), follow=True)
    one = Meeting.objects.get()
    assert (one.occasion.title, one.agenda_items, one.is_late_entry) == ("四月大会", ["学文件", "议水渠"], False)
    assert "会议已安排" in text(answer)
    change = f"/meetings/{one.pk}/change/"
    opened = client.get(change)
    seen = opened.context["form"].seen
    client.post(change, plan(county, place="党群中心", seen=seen))
    one.refresh_from_db()
    assert one.place == "党群中心"
    newer = client.post(change, plan(county, place="祠堂", seen=seen))  # on the page as it was before
    assert newer.status_code == 422
    assert "党群中心" in text(newer)
    assert client.get(f"/meetings/{one.pk}/withdraw/").status_code == 405
    assert "已取消这场会议。" in text(client.post(f"/meetings/{one.pk}/withdraw/", follow=True))
    assert Occasion.objects.count() == 0
    assert client.get(f"/meetings/{one.pk}/").status_code == 404


def test_a_past_meeting_asks_once_and_goes_on_to_who_came(county: County, sign_in: SignIn) -> None:
    client, address = sign_in(county.secretary), "/meetings/plan/?form=lesson"
    sent = plan(county, hours=-50)
    asked = client.post(address, sent)
    assert asked.status_code == 422
    assert "补登" in text(asked)
    sent |= {"agreed": asked.context["form"].agreement, "seen": asked.context["form"].seen}
    answer = client.post(address, sent)
    one = Meeting.objects.get()
    assert answer.headers["Location"] == f"/meetings/{one.pk}/attendance/"
    assert one.is_late_entry
    assert "补登：" in text(client.get(f"/meetings/{one.pk}/"))


def test_a_committee_is_named_and_offered_again(county: County, sign_in: SignIn) -> None:
    client, address = sign_in(county.secretary), "/meetings/plan/?form=committee"
    first, second, _third = county.members
    nobody = client.post(address, plan(county, who="named"))
    assert nobody.status_code == 422
    assert "请至少选一位应到的人。" in text(nobody)
    client.post(address, plan(county, who="named", members=[first.pk, second.pk]))
    form = client.get(address).context["form"]
    assert (form["who"].value(), form["members"].value()) == ("named", sorted([first.pk, second.pk]))
    stranger = client.post(address, plan(county, who="named", members=[county.neighbour_member.pk]))
    assert stranger.status_code == 422
    assert AccessEntry.objects.filter(what="unit", reader=county.secretary).count() == 1


def test_who_came_is_written_down_and_seen_in_the_book(county: County, sign_in: SignIn) -> None:
    client, one = sign_in(county.secretary), gathering(county)
    first, second, third = county.members
    address = f"/meetings/{one.pk}/attendance/"
    page = text(client.get(address))
    assert all(name in page for name in ("王一0", "王一2", "赵书记"))
    start, end = one.occasion.starts_at, one.occasion.ends_at
    times = {"started_at": minute(start), "ended_at": minute(end)}
    shown = client.post(address, {**times, f"s{third.pk}": "away", "do": "all"})
    assert {line.name: line.state for line in shown.context["lines"]} == {
        "王一0": "here", "王一1": "here", "王一2": "away", "赵书记": "here",
    }  # fmt: skip
    assert Evidence.objects.count() == 0  # it is only shown
    sent = {
        **times, f"s{first.pk}": "here", f"i{first.pk}": f"{timezone.localtime(start + HOUR / 2):%H:%M}",
        f"s{second.pk}": "leave", f"c{second.pk}": "sick", f"s{third.pk}": "away",
        f"s{county.secretary.pk}": "here", "do": "save",
    }  # fmt: skip
    wrong = client.post(address, {**sent, f"i{first.pk}": "半点"})
    assert wrong.status_code == 422
    assert "王一0的时间看不懂" in text(wrong)
    answer = client.post(address, sent, follow=True)
    assert "已登记到会情况" in text(answer)
    assert states(Occasion.objects.get()) == {
        "王一0": "attended", "王一1": "excused", "王一2": "missing", "赵书记": "attended",
    }  # fmt: skip
    book = answer.context["book"]
    assert dict(book.numbers) == {"应到": 4, "实到": 2, "请假": 1, "缺席": 1, "已补学": 0}
    said = {person.name: person.detail for person in book.people}
    late = f"{timezone.localtime(start + HOUR / 2):%H:%M}–{timezone.localtime(end):%H:%M}"
    assert (said["王一0"], said["王一1"]) == (late, "病假")
    assert "本人登记" in said["赵书记"]
    again = {line.name: (line.state, line.category) for line in client.get(address).context["lines"]}
    assert (again["王一1"], again["王一2"]) == (("leave", "sick"), ("", ""))
    reads = AccessEntry.objects.filter(what="book", reader=county.secretary)
    assert {entry.node for entry in reads} == {county.branch}


def test_times_of_a_closed_meeting_stay_while_who_came_is_put_right(county: County, sign_in: SignIn) -> None:
    client, one = sign_in(county.secretary), gathering(county)
    before = held(county, one)
    sent = {f"s{member.pk}": "here" for member in county.members}
    sent |= {"started_at": minute(whole_hour() - 90 * HOUR), "ended_at": minute(whole_hour() - 80 * HOUR)}
    client.post(f"/meetings/{one.pk}/attendance/", {**sent, "do": "save"})
    after = Occasion.objects.get()
    assert (after.window_start_at, after.window_end_at) == (before.window_start_at, before.window_end_at)
    assert states(after)["王一2"] == "attended"


def test_minutes_are_written_with_a_mistake_then_right_and_the_other_secretary_is_told(
    county: County, sign_in: SignIn
) -> None:
    client, one = sign_in(county.secretary), gathering(county)
    held(county, one)
    address = f"/meetings/{one.pk}/minutes/"
    formset = {"d-TOTAL_FORMS": 2, "d-INITIAL_FORMS": 0, "d-0-title": "", "d-0-text": ""}
    empty = client.post(address, {**formset, "seen": 0, "studied": ""})
    assert empty.status_code == 422
    assert "请写下学习和讨论了什么" in text(empty)
    opened = client.get(address).context["form"].initial
    sent = {**formset, **opened, "studied": "学了防汛手册", "d-0-title": "修水渠", "d-0-text": "五月底前"}
    assert client.post(address, sent).status_code == 302
    other = client.post(address, {**sent, "studied": "我也写了"})
    assert other.status_code == 422
    assert "别人写过会议记录" in text(other)
    assert "我也写了" in text(other)
    assert client.post(address, {**sent, "studied": "我也写了", "seen": 1}).status_code == 302
    assert one.minutes.count() == 2
    page = text(client.get(f"/meetings/{one.pk}/"))
    assert "我也写了" in page
    assert "修水渠" in page


def test_an_older_page_does_not_take_back_place_chair_and_recorder(county: County, sign_in: SignIn) -> None:
    client, one = sign_in(county.secretary), gathering(county)
    held(county, one)
    minutes(county, one, seen=0, place="村部", chair="赵", recorder="王")
    address = f"/meetings/{one.pk}/minutes/"
    opened = client.get(address).context["form"].initial
    sent = {**opened, "d-TOTAL_FORMS": 1, "d-INITIAL_FORMS": 0, "d-0-title": "修水渠", "d-0-text": "五月底前完成"}
    assert client.post(address, {**sent, "place": "文化站", "recorder": "孙"}).status_code == 302
    older = client.post(address, {**sent, "chair": "钱"})
    assert older.status_code == 422
    assert "现在是：地点 文化站，主持人 赵，记录人 孙。" in text(older)
    one.refresh_from_db()
    assert (one.place, one.chair, one.recorder) == ("文化站", "赵", "孙")
    again = {name: older.context["form"][name].value() for name in sent if not name.startswith("d-")}
    assert again["chair"] == "钱"  # what was typed is kept; the next save is deliberate
    saved = client.post(address, {**sent, **again})
    assert saved.status_code == 302
    one.refresh_from_db()
    assert (one.place, one.chair, one.recorder) == ("村部", "钱", "王")
    assert client.post(address, {**sent, "seen_book": "", "place": "别处"}).status_code == 422


def test_an_older_page_does_not_take_back_the_form_of_an_occasion(county: County, sign_in: SignIn) -> None:
    lecture = open_lecture(county.branch, starts_at=whole_hour() - 3 * HOUR)
    client, address = sign_in(county.secretary), f"/meetings/{lecture.pk}/form/"
    opened = client.get(address).context["form"]["seen"].value()
    assert client.post(address, {"form": "lesson", "seen": opened}).status_code == 302
    assert client.post(address, {"form": "lesson", "seen": opened}).status_code == 302  # sent twice
    older = client.post(address, {"form": "theme_day", "seen": opened})
    assert older.status_code == 422
    assert "别人把会议形式改为“党课”" in text(older)
    assert Meeting.objects.get().form_code == "lesson"
    seen = older.context["form"]["seen"].value()
    assert client.post(address, {"form": "theme_day", "seen": seen}).status_code == 302
    assert Meeting.objects.get().form_code == "theme_day"
    assert client.post(address, {"form": "", "seen": "theme_day"}).status_code == 302
    gone = client.post(address, {"form": "lesson", "seen": "theme_day"})
    assert "别人把会议形式改为“不作为组织生活”" in text(gone)
    assert Meeting.objects.count() == 0


def test_a_member_reads_what_was_decided_where_they_were_expected(county: County, sign_in: SignIn) -> None:
    one = gathering(county)
    held(county, one)
    minutes(county, one, seen=0)
    page = text(sign_in(county.members[2]).get(f"/meetings/{one.pk}/"))
    assert "修水渠" in page
    assert "未参加" in page
    assert "约时间补课" in page
    assert "王一1" not in page  # nobody else's name
    assert sign_in(county.neighbour_member).get(f"/meetings/{one.pk}/").status_code == 404
    assert f"/meetings/{one.pk}/" in text(sign_in(county.members[2]).get("/"))  # to be made up, on today's page


def test_who_is_named_reads_it_and_the_others_of_the_branch_do_not(county: County, sign_in: SignIn) -> None:
    first, second, _third = county.members
    one = gathering(county, hours_ago=-24, member_ids=[first.pk])
    assert "村部会议室" in text(sign_in(first).get(f"/meetings/{one.pk}/"))
    assert sign_in(second).get(f"/meetings/{one.pk}/").status_code == 404


PAGES = ("", "change/", "void/", "form/", "attendance/", "minutes/", "book.pdf")


def test_a_neighbour_finds_nothing(county: County, sign_in: SignIn) -> None:
    one = gathering(county)
    held(county, one)
    for user in (county.neighbour_secretary, county.neighbour_member, county.auditor, county.lecturer):
        client = sign_in(user)
        assert [client.get(f"/meetings/{one.pk}/{page}").status_code for page in PAGES] == [404] * len(PAGES)
        assert client.post(f"/meetings/{one.pk}/withdraw/").status_code == 404
    client = sign_in(county.neighbour_secretary)
    for page in ("", "units/", "year.pdf", "books.pdf", "units.csv", "plan/"):
        assert client.get(f"/meetings/{page}?node={county.branch.pk}").status_code == 404
    assert Client().get(f"/meetings/{one.pk}/").status_code == 302


def test_an_organiser_plans_and_writes_minutes_and_reads_no_name(county: County, sign_in: SignIn) -> None:
    one = gathering(county)
    held(county, one)
    client = sign_in(county.organiser)
    page = text(client.get(f"/meetings/{one.pk}/"))
    assert "名单由各支部书记查看" in page
    assert "王一0" not in page
    assert client.get(f"/meetings/{one.pk}/attendance/").status_code == 404
    assert client.get(f"/meetings/{one.pk}/minutes/").status_code == 200
    form = client.get(f"/meetings/plan/?form=assembly&node={county.branch.pk}").context["form"]
    assert "members" not in form.fields
    sent = plan(county)
    assert client.post(f"/meetings/plan/?form=assembly&node={county.branch.pk}", sent).status_code == 302
    assert AccessEntry.objects.filter(reader=county.organiser).count() == 0


def test_a_meeting_is_voided_with_a_reason_and_planned_again(county: County, sign_in: SignIn) -> None:
    client, one = sign_in(county.secretary), gathering(county, agenda="学文件")
    held(county, one)
    assert client.post(f"/meetings/{one.pk}/void/", {"reason": ""}).status_code == 422
    assert "已作废" in text(client.post(f"/meetings/{one.pk}/void/", {"reason": "日期登记错了"}, follow=True))
    assert client.get(f"/meetings/{one.pk}/attendance/").status_code == 404
    assert "日期登记错了" in text(sign_in(county.member).get(f"/meetings/{one.pk}/"))
    form = client.get(f"/meetings/plan/?node={county.branch.pk}&again={one.pk}").context["form"]
    assert (form["agenda"].value(), form["place"].value()) == ("学文件", "村部会议室")
    answer = client.post(f"/meetings/{one.pk}/change/", plan(county), follow=True)
    assert "不能再改安排" in text(answer)
    assert "不能再改安排" in text(client.post(f"/meetings/{one.pk}/withdraw/", follow=True))


def test_whoever_did_not_come_has_a_second_session(county: County, sign_in: SignIn) -> None:
    secretary, one = sign_in(county.secretary), gathering(county)
    first = held(county, one)
    absent, came = county.members[2], county.members[0]
    said = text(sign_in(absent).get(f"/meetings/{one.pk}/"))
    assert "还能补学到" in said
    assert "还能补学到" in text(secretary.get(f"/meetings/{one.pk}/"))
    assert "给没到会的再开一次" in text(secretary.get(f"/meetings/{one.pk}/"))
    url = f"/meetings/plan/?node={county.branch.pk}&again={one.pk}"
    page = secretary.get(url)
    assert "已经参加的不用再来" in text(page)
    assert sign_in(county.neighbour_secretary).get(url).status_code == 404
    answer = secretary.post(url, plan(county, hours=1))
    again = Meeting.objects.exclude(pk=one.pk).get()
    assert (answer.status_code, again.occasion.repeats_id) == (302, one.pk)
    assert "下一场：" in text(sign_in(absent).get(f"/meetings/{one.pk}/"))
    assert f"/meetings/{again.pk}/" not in text(sign_in(came).get("/"))
    assert sign_in(county.organiser).get(f"/branch/occasions/{again.pk}/").status_code == 200
    seen = text(secretary.get(f"/branch/occasions/{first.pk}/?node={county.branch.pk}"))
    assert f"/branch/occasions/{again.pk}/" in seen
    assert "下一场：" in seen


def test_the_year_says_what_was_held_what_is_planned_and_what_is_open(county: County, sign_in: SignIn) -> None:
    client = sign_in(county.secretary)
    held(county, gathering(county, form="theme_day"))
    gathering(county, form="lesson", hours_ago=-1)
    answer = client.get("/meetings/")
    rows = {row.name: row for row in answer.context["rows"]}
    today = timezone.localdate(whole_hour() - 3 * HOUR)
    assert rows["主题党日"].squares[today.month - 1].text == f"1 次：{today.day} 日"
    assert "已安排" in "".join(one.text for one in rows["党课"].squares)
    assert rows["第一议题"].asked == "不定次数"
    assert {row.name for row in answer.context["open_now"]} >= {"党员大会", "支委会", "党小组会", "党课", "组织生活会"}
    assert "排名" not in text(answer)
    assert client.get("/meetings/?year=1900").status_code == 404
    assert client.get("/meetings/?year=x").status_code == 404


def test_the_list_of_branches_counts_in_the_order_of_the_tree(county: County, sign_in: SignIn) -> None:
    held(county, gathering(county))
    client = sign_in(county.organiser)
    assert client.get("/meetings/").headers["Location"] == "/meetings/units/"
    rows = client.get("/meetings/units/").context["rows"]
    assert [(one.node.name, dict(cells)["党员大会"]) for one, cells in rows] == [
        ("东风村第一支部", "1 / 4"), ("东风村第二支部", "0 / 4"),
    ]  # fmt: skip
    lines = text(client.get("/meetings/units.csv")).splitlines()
    assert lines[0].startswith("\ufeff上级,支部,党员大会已开,党员大会要求")
    assert lines[1].startswith("永安镇,东风村第一支部,1,4")
    assert client.get("/meetings/units.xlsx").content[:2] == b"PK"
    assert client.get("/meetings/units.pdf").content[:4] == b"%PDF"
    assert client.get("/meetings/units.json").status_code == 404


def test_pages_cost_the_same_for_one_row_and_for_more(county: County, sign_in: SignIn) -> None:
    organiser, secretary = sign_in(county.organiser), sign_in(county.secretary)
    first = gathering(county)
    held(county, first)

    def cost(client: Client, address: str) -> int:
        client.get(address)  # what is remembered for a while is there
        AccessEntry.objects.all().delete()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    addresses = [
        (organiser, "/meetings/units/"), (secretary, "/meetings/"), (secretary, f"/meetings/{first.pk}/"),
        (secretary, "/meetings/books.pdf"), (secretary, f"/meetings/{first.pk}/attendance/"),
    ]  # fmt: skip
    before = [cost(*one) for one in addresses]
    for number in range(3):
        node = NodeFactory(parent=county.township, name=f"新支部{number}", kind=NodeKind.BRANCH)
        MembershipFactory(node=node)
        held(county, gathering(county, form="theme_day", hours_ago=5 + 3 * number))
    after = [cost(*one) for one in addresses]
    assert after[:3] == before[:3]
    # Each printed meeting is a row of the access log of its own: looked for no more than written.
    assert after[3] - before[3] == 3
    assert after[4] == before[4]


def test_a_lecture_gets_a_form_and_a_book_for_each_branch(county: County, sign_in: SignIn) -> None:
    lecture = open_lecture(county.county, starts_at=whole_hour() - 3 * HOUR)
    organiser = sign_in(county.organiser)
    label = f"/meetings/{lecture.pk}/form/"
    assert sign_in(county.secretary).get(label).status_code == 404  # the county's lecture is the county's to name
    assert organiser.post(label, {"form": "nothing"}).status_code == 422
    assert organiser.post(label, {"form": "lesson"}).status_code == 302
    page = text(sign_in(county.secretary).get(f"/meetings/{lecture.pk}/"))
    assert "王一0" in page
    assert "李二0" not in page
    assert "党课" in page
    assert sign_in(county.secretary).get(f"/meetings/{lecture.pk}/attendance/").status_code == 404
    assert sign_in(county.secretary).get(f"/meetings/{lecture.pk}/book.pdf").content[:4] == b"%PDF"
    assert organiser.post(label, {"form": "", "seen": "lesson"}).status_code == 302
    assert Meeting.objects.count() == 0


def test_books_on_paper_are_logged_each_and_say_when_there_is_nothing(county: County, sign_in: SignIn) -> None:
    client, one = sign_in(county.secretary), gathering(county)
    assert "没有可以打印的" in text(client.get("/meetings/books.pdf", follow=True))
    held(county, one)
    day = timezone.localdate(one.occasion.starts_at)
    for period in ("", f"?month={day.month}", f"?quarter={(day.month + 2) // 3}"):
        answer = client.get(f"/meetings/books.pdf{period}")
        assert answer.content[:4] == b"%PDF"
        assert "private, no-store" in answer.headers["Cache-Control"]
    assert AccessEntry.objects.filter(what="book", reason="pdf").count() == 3
    assert client.get("/meetings/books.pdf?month=13").status_code == 404
    assert client.get("/meetings/year.pdf").content[:4] == b"%PDF"
    (entry, *_more) = AccessEntry.objects.filter(what="book")
    assert entry.members == f",{','.join(str(member.pk) for member in county.members)},"
    assert len(county.members) <= access.MOST_NAMED


def test_forms_are_kept_by_the_units_organiser_and_read_by_its_secretary(county: County, sign_in: SignIn) -> None:
    organiser, address = sign_in(county.organiser), f"/meetings/forms/lesson/?node={county.county.pk}"
    said = {"name": "微党课", "audience": "all", "per": "half", "times": 2, "is_used": "on"}
    assert organiser.post(address, {**said, "times": 99}).status_code == 422
    assert organiser.post(address, {**said, "name": ""}).status_code == 422
    assert organiser.post(address, said).status_code == 302
    page = text(sign_in(county.secretary).get(f"/meetings/forms/?node={county.branch.pk}"))
    assert "微党课" in page
    assert "由青溪县规定" in page
    assert sign_in(county.secretary).get(f"/meetings/forms/lesson/?node={county.branch.pk}").status_code == 404
    neighbour = RoleGrantFactory(node=county.neighbour, role=Role.ORGANISER).user
    assert sign_in(neighbour).get(address).status_code == 404
    made = organiser.post(f"/meetings/forms/new/?node={county.county.pk}", {**said, "name": "民主评议"})
    assert made.status_code == 302
    assert "民主评议" in text(sign_in(county.secretary).get("/meetings/plan/"))
    assert organiser.post(address, {"do": "reset"}).status_code == 302
    assert list(MeetingForm.objects.values_list("name", flat=True)) == ["民主评议"]


def test_the_whole_trees_operator_says_it_for_the_site(county: County, sign_in: SignIn) -> None:
    said = {"name": "党课", "audience": "all", "per": "month", "times": 1, "is_used": "on"}
    address = "/meetings/forms/lesson/?node=site"
    assert sign_in(county.organiser).get(address).status_code == 404
    assert sign_in(county.operator).post(address, said).status_code == 302
    assert "全站规定" in text(sign_in(county.secretary).get("/meetings/forms/"))


def test_a_closed_unit_plans_nothing_more(county: County, sign_in: SignIn) -> None:
    Node.objects.filter(pk=county.branch.pk).update(closed_date=timezone.localdate())
    client = sign_in(county.secretary)
    assert client.get("/meetings/plan/?form=assembly").status_code == 404
    assert "安排或补登会议" not in text(client.get("/meetings/"))


def test_many_people_are_written_down_page_by_page(county: County, sign_in: SignIn) -> None:
    for _number in range(120):
        MembershipFactory(node=county.branch)
    client, one = sign_in(county.secretary), gathering(county)
    address, times = f"/meetings/{one.pk}/attendance/", {
        "started_at": minute(one.occasion.starts_at), "ended_at": minute(one.occasion.ends_at), "do": "save",
    }  # fmt: skip
    seen: set[int] = set()
    for number, goes_on in ((1, f"{address}?page=2"), (2, f"/meetings/{one.pk}/")):
        lines = client.get(f"{address}?page={number}").context["lines"]
        seen |= {line.member_id for line in lines}
        sent = {f"s{line.member_id}": "here" for line in lines}
        assert client.post(address, {**times, **sent, "page": number}).headers["Location"] == goes_on
    assert len(seen) == 124
    assert set(states(Occasion.objects.get()).values()) == {"attended"}
