"""Reminding through the pages: the tap, the log, what units and members choose, and what members read."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance import operations
from attendance.models import (
    Notice,
    NoticeChoice,
    Occasion,
    Record,
    Reminder,
    ReminderMessage,
    ReminderSetting,
    Rule,
    Training,
)
from attendance.views import reminders
from config.middleware import told_path
from organizations.models import AccessEntry, Left, User
from organizations.operations import end_membership
from tests.attendance.people import make_occasion, make_rule, stand
from tests.attendance.reports.conftest import World
from tests.factories.organizations import MembershipFactory

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]


def read(client: Client, url: str, status: int = 200) -> str:
    response = client.get(url)
    assert response.status_code == status
    return response.content.decode()


def url_of(world: World, page: str = "remind") -> str:
    return f"/branch/{world.training.pk}/{page}/?node={world.county.branch.pk}"


def form_of(page: str, **values: Any) -> dict[str, Any]:
    found = dict(re.findall(r'type="hidden" name="(node|token|all)" value="(\w+)"', page))
    ticked = re.findall(r'name="members" value="(\d+)" checked', page)
    return {**found, "members": ticked, **values}


def noon() -> dt.datetime:
    """The next noon but a moment: a time at which reminders go out."""
    now = timezone.localtime()
    today = now.replace(hour=12, minute=0, second=0, microsecond=0)
    return today if today > now else today + dt.timedelta(days=1)


class Gateway:
    reaches_phones = True

    def send(self, *, phone: str, text: str) -> None:
        """Take it."""


def test_the_whole_tap_seen_by_both(world: World, sign_in: SignIn, settings: Any) -> None:
    settings.SMS_BACKEND = f"{__name__}.Gateway"
    secretary, missing = sign_in(world.county.secretary), world.county.members[1]
    page = read(secretary, url_of(world))
    assert "王一1，您好：“防汛避险”还有没学完的" in page
    assert "站内消息、短信" in page
    assert "李二" not in page
    form = form_of(page)
    assert form["members"] == [str(missing.pk)]
    said = secretary.post(url_of(world), form, follow=True).content.decode()
    assert "已提醒 1 位" in said
    secretary.post(url_of(world), form)  # the button was tapped twice
    assert Reminder.objects.count() == 1
    ReminderMessage.objects.update(due_at=timezone.now())
    operations.send_reminders(as_of=noon())
    log = read(secretary, url_of(world, "reminders"))
    assert "王一1" in log
    assert "已提醒 1 次" in log
    assert "短信 已发出" in log
    assert "刚提醒过" in read(secretary, url_of(world))
    assert {(one.what, one.members) for one in AccessEntry.objects.all()} == {("reminders", f",{missing.pk},")}
    own = sign_in(missing)
    told = "书记提醒：“防汛避险”还有没学完的"
    assert told in read(own, "/")
    assert "有新消息" in read(own, "/courses/") or "有新消息" in read(own, "/me/")
    listed = read(own, "/me/notices/")
    assert told in listed
    assert "有新消息" not in read(own, "/me/")
    assert told not in read(own, "/")
    sent = read(own, "/me/notices/choices/")
    assert "赵书记" in sent
    assert "（关闭：我的-消息和通知）" in sent
    assert "reminders_sent" in own.get("/me/data.json").json()


def test_a_reminder_of_what_is_done_is_not_on_today(world: World, sign_in: SignIn) -> None:
    missing = world.county.members[1]
    data = {"text": "", "until": timezone.now().isoformat(), "unit": "x"}
    operations.tell(
        member_ids=[missing.pk], kind="reminded", training_id=world.training.pk, data=data, as_of=timezone.now()
    )
    assert "还有没学完的" in read(sign_in(missing), "/")
    Record.objects.filter(member=missing).update(state="made_up", stands="made_up")
    assert "还有没学完的" not in read(sign_in(missing), "/")


def test_ticked_names_come_from_the_board_and_a_mistake_says_what_to_do(world: World, sign_in: SignIn) -> None:
    other = MembershipFactory(node=world.county.branch, member__name="张三").member
    stand(world.occasion, other, world.county.branch, "missing")
    secretary = sign_in(world.county.secretary)
    page = read(secretary, f"{url_of(world)}&member={other.pk}")
    assert form_of(page)["members"] == [str(other.pk)]
    mistakes: list[dict[str, Any]] = [{"members": []}, {"token": "no"}]
    for wrong in [*mistakes, {"members": [str(world.county.neighbour_member.pk)]}]:
        refused = secretary.post(url_of(world), form_of(page, **wrong))
        assert refused.status_code == 422
        assert "请" in refused.content.decode()
    assert not Reminder.objects.exists()


def with_a_course(world: World) -> tuple[User, User]:
    """Let a course run that nobody has done yet: one who missed the lecture, one who only has the course to do."""
    rule = make_rule(name="课程", basis=Rule.Basis.MEDIA)
    course = make_occasion(
        world.training, title="防诈骗课程", state=Occasion.State.OPEN, rule=rule, media_ms=300_000,
        ends_at=timezone.now() + dt.timedelta(days=5),
    )  # fmt: skip
    attended, missing, _made_up = world.county.members
    for member in (attended, missing):
        stand(course, member, world.county.branch, "pending")
    return missing, attended


def test_only_who_missed_something_is_ticked_and_the_others_can_be(world: World, sign_in: SignIn) -> None:
    missing, studying = with_a_course(world)
    secretary = sign_in(world.county.secretary)
    board = read(secretary, f"/branch/{world.training.pk}/?node={world.county.branch.pk}")
    assert "提醒未参加的 1 位" in board
    page = read(secretary, url_of(world))
    assert form_of(page)["members"] == [str(missing.pk)]  # as many as the button said
    first, second = page.split("不算没有参加的")
    assert studying.name in second
    assert f'name="members" value="{studying.pk}"' not in first
    assert secretary.post(url_of(world), form_of(page)).status_code == 302
    assert {one.member_id for one in ReminderMessage.objects.all()} == {missing.pk}
    page = read(secretary, url_of(world))  # nobody else missed anything: whoever studies can still be reminded
    assert form_of(page)["members"] == []
    assert secretary.post(url_of(world), form_of(page, members=[str(studying.pk)])).status_code == 302
    assert {one.member_id for one in ReminderMessage.objects.all()} == {missing.pk, studying.pk}


def test_of_very_many_those_who_missed_something_are_reminded(
    world: World, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing, studying = with_a_course(world)
    monkeypatch.setattr(reminders, "MOST_TICKED", 0)
    secretary = sign_in(world.county.secretary)
    page = read(secretary, url_of(world))
    assert "提醒这 1 位" in page
    assert "还有另外 1 位，请到下级组织提醒" in page
    assert studying.name not in page
    assert secretary.post(url_of(world), form_of(page)).status_code == 302
    assert {one.member_id for one in ReminderMessage.objects.all()} == {missing.pk}


def test_the_sample_asks_for_nothing_that_is_due_this_minute(world: World, sign_in: SignIn) -> None:
    page = read(sign_in(world.county.secretary), "/branch/reminders/")
    day = timezone.localdate() + dt.timedelta(days=7)
    assert f"{day.month}月{day.day}日 20:00" in page


def test_nobody_else_reminds(world: World, sign_in: SignIn) -> None:
    county = world.county
    for user in (county.member, county.organiser, county.auditor, county.operator, county.neighbour_secretary):
        for page in ("remind", "reminders"):
            assert sign_in(user).get(url_of(world, page)).status_code == 404
        assert sign_in(user).post(url_of(world), {"token": "a" * 32, "all": "1"}).status_code == 404
        assert sign_in(user).get(f"/branch/reminders/?node={county.branch.pk}").status_code == 404
    assert not Reminder.objects.exists()


def test_a_closed_training_reminds_nobody(world: World, sign_in: SignIn) -> None:
    Training.objects.update(state=Training.State.CLOSED)
    page = read(sign_in(world.county.secretary), url_of(world))
    assert "这次培训已经结束，不再提醒。" in page
    assert 'name="token"' not in page


def test_the_whole_life_of_a_units_wording(world: World, sign_in: SignIn) -> None:
    secretary, url = sign_in(world.county.secretary), "/branch/reminders/"
    assert "赵书记，您好：“防汛避险”" in read(secretary, url)
    wrong = secretary.post(url, {"text": "{名字}，请学习"})
    assert wrong.status_code == 422
    assert "{名字} 不认识。花括号里只能写：姓名、支部、培训、截止、网址。" in wrong.content.decode()
    assert "{名字}，请学习" in wrong.content.decode()
    seen = secretary.post(url, {"text": "{姓名}同志，请补学", "do": "preview"}).content.decode()
    assert "赵书记同志，请补学" in seen
    assert not ReminderSetting.objects.exists()
    assert secretary.post(url, {"text": "{姓名}同志，请补学", "a_week": "1", "outside": "True"}).status_code == 302
    row = ReminderSetting.objects.get()
    assert (row.node, row.a_week, row.outside, row.before_start) == (world.county.branch, 1, True, None)
    page = read(secretary, url_of(world))
    assert "王一1同志，请补学" in page
    secretary.post(url_of(world), form_of(page))
    ReminderMessage.objects.update(due_at=timezone.now())
    operations.send_reminders(as_of=noon())
    assert "王一1同志，请补学" in read(sign_in(world.county.members[1]), "/me/notices/")
    assert secretary.post(url, {"text": ""}).status_code == 302
    row.refresh_from_db()
    assert (row.text, row.a_week, row.outside) == ("", None, None)


def test_the_auditor_reads_counts_and_no_names(world: World, sign_in: SignIn) -> None:
    secretary = sign_in(world.county.secretary)
    secretary.post(url_of(world), form_of(read(secretary, url_of(world))))
    page = read(sign_in(world.county.auditor), "/audit/reminders/")
    assert "防汛避险" in page
    assert "王一1" not in page
    assert "赵书记" not in page


# --- The member -------------------------------------------------------------------------------------------------------


def test_a_member_turns_text_messages_off_and_it_holds_at_once(world: World, sign_in: SignIn, settings: Any) -> None:
    settings.SMS_BACKEND = f"{__name__}.Gateway"
    missing, secretary = world.county.members[1], sign_in(world.county.secretary)
    own = sign_in(missing)
    assert re.search(r'value="sms" checked', read(own, "/me/notices/choices/"))
    assert own.post("/me/notices/choices/", {"do": "channels"}).status_code == 302
    assert not NoticeChoice.objects.get().sms
    assert "站内消息（关闭了短信）" in read(secretary, url_of(world))
    own.post("/me/notices/choices/", {"do": "channels", "on": "sms"})
    assert "站内消息、短信" in read(secretary, url_of(world))
    assert own.post("/me/notices/choices/", {"do": "everything"}).status_code == 404


def test_without_a_phone_the_preview_says_so(world: World, sign_in: SignIn, settings: Any) -> None:
    settings.SMS_BACKEND = f"{__name__}.Gateway"
    User.objects.filter(pk=world.county.members[1].pk).update(phone_cipher=None, phone_index=None, phone_last4="")
    assert "站内消息（没有手机号）" in read(sign_in(world.county.secretary), url_of(world))


def test_the_whole_life_of_an_email_address(world: World, sign_in: SignIn, settings: Any) -> None:
    url, own = "/me/notices/choices/", sign_in(world.county.member)
    assert "邮箱" not in read(own, url)
    assert own.post(url, {"do": "email", "address": "a@example.cn"}).status_code == 404
    settings.EMAIL_URL = "smtp://127.0.0.1:25"
    wrong = own.post(url, {"do": "email", "address": "not an address"})
    assert (wrong.status_code, "不是邮箱地址" in wrong.content.decode()) == (422, True)
    assert own.post(url, {"do": "email", "address": "a@example.cn"}).status_code == 302
    code = mail.outbox[0].body.split("：")[1][:6]
    assert own.post(url, {"do": "code", "code": "000000" if code != "000000" else "1"}).status_code == 422
    assert own.post(url, {"do": "code", "code": code}).status_code == 302
    assert "a@example.cn" in read(own, url)
    assert own.get("/me/data.json").json()["notice_choices"]["email_address"] == "a@example.cn"
    own.post(url, {"do": "no_email"})
    assert "a@example.cn" not in read(own, url)
    for _number in range(4):
        limited = own.post(url, {"do": "email", "address": "b@example.cn"})
    assert (limited.status_code, "太频繁" in limited.content.decode()) == (422, True)


def test_the_whole_life_of_a_calendar(world: World, sign_in: SignIn, settings: Any) -> None:
    url, missing = "/me/notices/choices/", world.county.members[1]
    soon = timezone.now() + dt.timedelta(days=2)
    make_occasion(world.training, state=Occasion.State.SCHEDULED, starts_at=soon, title="后天的课")
    own, anybody = sign_in(missing), Client()
    made = own.post(url, {"do": "calendar"}, follow=True).content.decode()
    address = re.findall(r'value="(http[^"]+)"', made)[0].removeprefix(str(settings.SITE_URL))
    assert address not in read(own, url)  # shown once
    body = anybody.get(address)
    assert body["Content-Type"] == "text/calendar; charset=utf-8"
    text = body.content.decode().replace("\r\n ", "")
    assert "后天的课" in text
    assert "截止：防汛直播" in text
    assert text.count("BEGIN:VEVENT") == text.count("BEGIN:VALARM") == 2
    assert "no-store" in body["Cache-Control"]
    assert told_path(address) == "/calendar/feed/…"
    own.post(url, {"do": "calendar"})
    assert anybody.get(address).status_code == 404
    token = operations.make_calendar(member_id=missing.pk, as_of=timezone.now())
    assert anybody.get(f"/calendar/feed/{token}.ics").status_code == 200
    assert anybody.post(f"/calendar/feed/{token}.ics").status_code == 405
    own.post(url, {"do": "no_calendar"})
    assert anybody.get(f"/calendar/feed/{token}.ics").status_code == 404
    token = operations.make_calendar(member_id=missing.pk, as_of=timezone.now())
    end_membership(member_id=missing.pk, because=Left.TRANSFERRED, on_date=timezone.localdate(), as_of=timezone.now())
    assert anybody.get(f"/calendar/feed/{token}.ics").status_code == 404


def test_a_secret_calendar_stands_in_no_log() -> None:
    from config.logs import without_tokens

    said = without_tokens(None, "info", {"event": "GET /calendar/feed/SECRET.ics HTTP/1.1"})
    assert said == {"event": "GET /calendar/feed/… HTTP/1.1"}


def test_messages_of_any_kind_are_listed_paged_and_seen(world: World, sign_in: SignIn) -> None:
    member, now = world.county.member, timezone.now()
    for number in range(23):
        kind = ("nobody_knows", "reminded", "due_soon", "starts_soon")[number % 4]
        operations.tell(
            member_ids=[member.pk], kind=kind, training_id=world.training.pk if number % 2 else None,
            data={"number": number}, as_of=now + dt.timedelta(seconds=number),
        )  # fmt: skip
    own = sign_in(member)
    first = read(own, "/me/notices/")
    assert "有一条新消息。" in first
    assert "有一条关于“防汛避险”的消息。" in first
    assert Notice.objects.filter(seen_at=None).count() == 3
    assert "第 2 页，共 2 页" in read(own, "/me/notices/?page=2")
    assert not Notice.objects.filter(seen_at=None).exists()
    assert "有一条" not in read(sign_in(world.county.members[2]), "/me/notices/")


def test_pages_cost_the_same_for_few_and_for_many(world: World, sign_in: SignIn) -> None:
    member, now = world.county.members[1], timezone.now()
    operations.tell(member_ids=[member.pk], kind="a", as_of=now)
    own, secretary = sign_in(member), sign_in(world.county.secretary)
    pages = [(own, "/me/notices/"), (own, "/"), (secretary, url_of(world)), (secretary, url_of(world, "reminders"))]

    def costs() -> list[int]:
        asked = []
        for client, url in pages:
            client.get(url)
            Notice.objects.update(seen_at=None)
            with CaptureQueriesContext(connection) as queries:
                client.get(url)
            asked.append(len(queries))
        return asked

    secretary.post(url_of(world), form_of(read(secretary, url_of(world))))
    before = costs()
    for number in range(15):
        operations.tell(member_ids=[member.pk], kind=f"k{number}", training_id=world.training.pk, as_of=now)
        stand(world.occasion, MembershipFactory(node=world.county.branch).member, world.county.branch, "missing")
    secretary.post(url_of(world), form_of(read(secretary, url_of(world))))
    assert costs() == before
    assert max(before) <= 22


def test_visitors_cost_no_query_for_the_dot(client: Client, db: None) -> None:
    with CaptureQueriesContext(connection) as queries:
        client.get("/accounts/login/")
    assert [one for one in queries if "attendance_notice" in one["sql"]] == []
