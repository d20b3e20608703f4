"""One place says how something is made up and until when; every page takes its words from there."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from attendance.catching_up import By, CatchUp, Left, catch_up_of, untils
from attendance.models import Notice, Occasion
from attendance.reports.steps import Way, next_step
from attendance.sentences.notices import with_paths, words_of
from attendance.standing import DUE
from organizations.models import User
from tests.attendance.people import make_occasion, make_rule, make_training, use_plain_kind
from tests.factories.organizations import make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
DAY = dt.timedelta(days=1)


@pytest.fixture
def occasion(settings: Any) -> Occasion:
    use_plain_kind(settings)
    return make_occasion(make_training(make_county().branch), media_ms=3_600_000)


def path(occasion: Occasion, **said: Any) -> CatchUp:
    values = {"occasion": occasion, "state": "missing", "as_of": timezone.now(), "member": User(), **said}
    found = catch_up_of(**values)
    assert found is not None
    return found


@pytest.mark.parametrize("state", ["attended", "made_up", "excused", "exempt", "pending", "not_held", "void"])
def test_nothing_is_to_be_made_up(occasion: Occasion, state: str) -> None:
    assert catch_up_of(occasion=occasion, state=state, as_of=timezone.now(), member=User()) is None


def test_the_ways_are_those_open_to_exactly_this_person(occasion: Occasion) -> None:
    session = make_occasion(occasion.training, state="scheduled", starts_at=timezone.now() + DAY)
    on = make_occasion(occasion.training, state="open")
    found = path(occasion, sessions=[on, session])
    assert [way.by for way in found.ways] == [By.PHONE, By.SESSION, By.SESSION, By.HALL, By.VISIT]
    assert [way.url for way in found.ways] == [
        f"/again/{occasion.pk}/", f"/there/{on.pk}/", f"/there/{session.pk}/", "", "",
    ]  # fmt: skip
    assert found.sessions[0].label.startswith("正在再讲：")
    assert found.sessions[1].label.startswith("下一场：")
    assert found.sessions[1].called("明天 19:00") == "下一场：明天 19:00"
    assert found.for_secretary.startswith("可在手机上看回放补学；正在再讲")
    assert By.PHONE not in [way.by for way in path(occasion, has_phone=False).ways]


def test_each_hindrance_has_its_clear_way(occasion: Occasion) -> None:
    at = occasion.make_up_until_at
    assert at is not None
    assert path(occasion).until.startswith("还能补学到 ")
    assert path(occasion).for_member == []
    assert path(occasion, state=DUE).until.endswith(" 前学完")
    assert path(occasion, has_phone=False).for_secretary == "没有登记手机，可集中收看或送学上门"
    late = path(occasion, as_of=at)
    assert late.until.startswith("补学时间已过（")
    assert late.for_secretary == "补学时间已过，可送学上门后登记"
    assert late.for_member == ["补学时间已经过了。可以请支部书记安排集中收看或送学上门。"]
    occasion.training.state = "closed"
    final = path(occasion, as_of=at)
    assert (final.ways, final.for_secretary) == ((), "培训已结束，确实学过的可更正结果")
    assert final.for_member == ["培训已经结束，补学时间也过了。确实学过的，请支部书记核实更正。"]
    assert path(occasion, as_of=at - DAY).phone is not None
    assert path(occasion, state="incomplete").for_secretary == "当时记录不全，可按实际情况更正"
    occasion.media_ms = None
    assert path(occasion).for_secretary == "暂时没有回放，可集中收看或送学上门"
    assert path(occasion).for_member == ["回放还在准备，好了会出现在这里；也可以参加集中收看。"]
    occasion.is_unrecorded = True
    assert path(occasion).for_secretary == "这一场没有回放，可集中收看或送学上门"
    assert path(occasion).for_member == ["这一场没有回放。可以请支部书记安排集中收看或送学上门。"]
    occasion.media_items = {}
    paused = path(occasion)
    assert (paused.until, paused.for_member) == ("老师正在修改这门课，现在不用学", [])
    assert (paused.for_secretary, paused.ways) == ("老师正在修改这门课，改好以后再学", ())


def test_where_no_attempt_of_the_check_is_left_the_phone_is_no_way(occasion: Occasion) -> None:
    spent = path(occasion, check={"code": "check_spent"})
    assert [way.by for way in spent.ways] == [By.HALL, By.VISIT]
    assert (spent.owes_check, spent.is_spent, spent.can_do) == (False, True, False)
    assert spent.until == "小测的次数已用完"
    assert spent.for_member == ["小测的次数已经用完。可以请支部书记安排集中收看或送学上门。"]
    assert spent.for_secretary == "小测的次数已用完，可集中收看或送学上门"
    assert Left.of([spent]) is None
    session = make_occasion(occasion.training, state="scheduled", starts_at=timezone.now() + DAY)
    left = Left.of([path(occasion, check={"code": "check_spent"}, sessions=[session])])
    assert left is not None
    assert (left.until_at, left.owes_check) == (session.starts_at, False)
    due = path(occasion, check={"code": "check_failed"})
    assert (due.owes_check, due.can_do, due.phone is not None) == (True, True, True)


def test_a_rule_without_days_says_so(settings: Any) -> None:
    use_plain_kind(settings)
    training = make_training(make_county().branch)
    occasion = make_occasion(training, rule=make_rule(make_up_days=0))
    occasion.make_up_until_at = occasion.window_end_at
    found = path(occasion)
    assert found.until == "按规则不补学"
    assert found.for_secretary == "按规则不补学，确实学过的可登记其他方式学习"
    assert found.for_member == ["这一场按规则不能补学。确实在别处学过的，可以申报。"]


def test_many_are_told_the_same_line(occasion: Occasion) -> None:
    now = timezone.now()
    assert untils([occasion], state="missing", as_of=now) == {occasion.pk: path(occasion, as_of=now).until}
    assert untils([occasion], state="attended", as_of=now) == {}


def test_the_steps_of_the_board_keep_their_order(occasion: Occasion) -> None:
    class Stands:
        """What a step asks of a standing."""

        member_id, name, state, has_phone, reasons = 1, "王一", "missing", True, ()

    stands: Any = Stands()
    now = timezone.now()
    step = next_step(stands, occasion, now)
    assert (step.way, step.until) == (Way.PHONE, occasion.make_up_until_at)
    stands.has_phone = False
    assert next_step(stands, occasion, now).way == Way.NO_PHONE
    assert next_step(stands, occasion, now + 90 * DAY).way == Way.LATE
    occasion.media_items = {}
    assert next_step(stands, occasion, now).way == Way.PAUSED
    stands.state = "pending"
    assert next_step(stands, occasion, now).text == "正在认定，稍后再看"
    stands.state = "attended"
    assert next_step(stands, occasion, now).text == ""


def test_the_notices_say_until_when_and_how(occasion: Occasion) -> None:
    member = User(name="王一")
    said = Notice(kind="catch_up", occasion=occasion, member=member, at=timezone.now())
    assert words_of(said).startswith("您没有参加“防汛直播”，还能补学到 ")
    assert words_of(said).endswith("：看回放补学。")
    session = make_occasion(occasion.training, state="scheduled", starts_at=timezone.now() + DAY)
    Occasion.objects.filter(pk=session.pk).update(repeats=occasion)
    occasion.is_repeated = True
    with_paths([said], as_of=timezone.now())
    assert "：看回放补学；下一场：" in words_of(said)
    occasion.media_ms = None
    with_paths([said], as_of=timezone.now())
    assert "：下一场：" in words_of(said)
    occasion.media_ms = 3_600_000
    said.path = path(occasion, check={"code": "check_due"})
    assert words_of(said).endswith("：做小测。")
    said.path, occasion.media_ms = None, None
    assert words_of(said).endswith("：请支部书记安排集中收看或送学上门。")
    assert words_of(Notice(kind="caught_up", occasion=occasion, member=member)) == "“防汛直播”您已经补上，记为已补学。"
    assert words_of(Notice(kind="catch_up", member=member, at=timezone.now())) == "您没有参加“”，可以补学。"


def test_a_course_that_runs_gives_days_whatever_its_rule_says_of_making_up(occasion: Occasion) -> None:
    rule = make_rule(name="课程", basis="media", make_up_days=0)
    course = make_occasion(occasion.training, state="open", rule=rule, ends_at=timezone.now() + DAY)
    found = catch_up_of(occasion=course, state=DUE, as_of=timezone.now(), member=User())
    assert found is not None
    assert found.gives_days
    assert found.until.endswith("前学完")
