"""The check of understanding through its pages: written by an organiser, taken by a member, read by their secretary."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from attendance import operations
from attendance.models import Check, CheckAnswer, Evidence, Occasion, Record
from attendance.sentences.records import day_and_hour
from attendance.sentences.rules import rule_of_occasion, rule_sentence
from organizations.models import User
from tests.attendance.operations.test_checks import QUESTIONS, stands, watch_all
from tests.factories.attendance import HOUR, OccasionFactory, RuleFactory, TrainingFactory
from tests.factories.live import LectureFactory
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
SignIn = Callable[[User], Client]


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def lecture(county: County) -> Occasion:
    """An hour that ended an hour ago, with a replay; the rule asks for a check, nobody came."""
    start = timezone.now() - 2 * HOUR
    found = OccasionFactory(
        training=TrainingFactory(node=county.branch), node=county.branch, starts_at=start, ends_at=start + HOUR,
        rule=RuleFactory(node=county.branch, asks_check=True),
    )  # fmt: skip
    operations.open_occasion(occasion_id=found.pk, as_of=start)
    operations.close_occasion(occasion_id=found.pk, as_of=start + HOUR)
    operations.set_replay(occasion_id=found.pk, media_ms=3_600_000, media_offset_ms=0, as_of=start + HOUR)
    operations.settle(occasion_id=found.pk, as_of=start + HOUR)
    found.refresh_from_db()
    return found


def typed(**changes: Any) -> dict[str, Any]:
    """What an organiser types: a question of each kind and an empty one."""
    values: dict[str, Any] = {
        "seen_version": 0, "need": 2, "most_attempts": "", "pause_min": 5,
        "q-TOTAL_FORMS": 4, "q-INITIAL_FORMS": 0,
        "q-0-kind": "single", "q-0-text": "灾害预警分几级？", "q-0-explanation": "蓝黄橙红",
        "q-0-choice_0": "两级", "q-0-choice_2": "四级", "q-0-right_2": "on",
        "q-1-kind": "several", "q-1-text": "转移时带什么？",
        "q-1-choice_0": "证件", "q-1-right_0": "on", "q-1-choice_1": "药品", "q-1-right_1": "on",
        "q-1-choice_2": "家具",
        "q-2-kind": "true_false", "q-2-text": "可以涉水过桥。", "q-2-truth": "false",
        "q-3-kind": "single", "q-3-text": "",
    }  # fmt: skip
    return {**values, **changes}


def edit_url(lecture: Occasion) -> str:
    return reverse("attendance_check", args=[lecture.pk])


def write(lecture: Occasion, county: County, **changes: Any) -> Check:
    made = operations.save_check(
        occasion_id=lecture.pk, plan=operations.CheckPlan(**{"questions": QUESTIONS, "need": 2, **changes}),
        seen_version=0, written_by_id=county.organiser.pk, as_of=timezone.now() - HOUR / 2,
    )  # fmt: skip
    lecture.refresh_from_db()
    return made


def hidden(page: str) -> dict[str, str]:
    """Return the hidden fields of the member's form as the page has them."""
    return dict(re.findall(r'type="hidden" name="(check|question|attempt|client_id)" value="([^"]*)"', page))


def choices(page: str) -> dict[str, str]:
    """Return the values of the choices by their words."""
    found = re.findall(r'name="picked"\s+value="(\d+)"\s+(?:required)?\s*>\s*<span>([^<]+)</span>', page)
    return {words: value for value, words in found}


# --- The organiser -----------------------------------------------------------------------------------------------
def test_an_organiser_writes_sees_and_changes_it(county: County, lecture: Occasion, sign_in: SignIn) -> None:
    client = sign_in(county.organiser)
    first = client.get(edit_url(lecture)).content.decode()
    assert "规则要求补学做小测，题目还没有写：写好以前不要求，看够就算补学。" in first
    more = client.post(edit_url(lecture), typed(more="1"))
    assert (more.status_code, "q-4-text" in more.content.decode(), Check.objects.count()) == (200, True, 0)
    assert client.post(edit_url(lecture), typed()).url == edit_url(lecture)
    check = Check.objects.get()
    kept = [(one.kind, one.choices, one.right, one.explanation) for one in check.questions.all()]
    assert kept == [
        ("single", ["两级", "四级"], [1], "蓝黄橙红"),
        ("several", ["证件", "药品", "家具"], [0, 1], ""),
        ("true_false", ["true", "false"], [1], ""),
    ]
    assert (check.need, check.most_attempts, check.pause_s, check.written_by) == (2, None, 300, county.organiser)
    again = client.get(edit_url(lecture)).content.decode()
    assert "四级" in again
    assert "3 题，答对 2 题通过（第 1 版）" in again
    assert client.post(edit_url(lecture), typed(seen_version=1, **{"q-2-left_out": "on"})).status_code == 302
    assert [one.kind for one in Check.objects.get().questions.all()] == ["single", "several"]
    asked = client.get(reverse("attendance_check_withdraw", args=[lecture.pk])).content.decode()
    assert "看过回放、还没补上的 0 人马上重新认定" in asked
    assert Occasion.objects.get(pk=lecture.pk).check_asked is not None
    assert client.post(reverse("attendance_check_withdraw", args=[lecture.pk])).status_code == 302
    after = client.get(edit_url(lecture)).content.decode()
    assert "小测已撤下（第 1 版），现在不要求" in after
    assert "题目还没有写" not in after
    assert client.get(reverse("attendance_check_withdraw", args=[lecture.pk])).status_code == 302
    lecture.refresh_from_db()
    assert (lecture.check_asked, Check.objects.count()) == (None, 1)
    said = client.post(reverse("attendance_check_withdraw", args=[lecture.pk]), follow=True).content.decode()
    assert "这一场现在没有小测" in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"need": ""}, "请写答对几题算通过"),
        ({"need": 4}, "要在 1 和题数之间"),
        ({"q-0-right_2": ""}, "请勾出正确的选项"),
        ({"q-0-right_0": "on"}, "有几个的，请改成多选"),
        ({"q-0-choice_0": "四级"}, "有两个选项一样"),
        ({"q-1-text": ""}, "请写题目"),
        ({"seen_version": 1}, "别人刚刚改过这份小测"),
        ({"q-TOTAL_FORMS": "x"}, ""),
        ({"q-0-text": "字" * 401}, ""),
    ],
)
def test_a_mistake_is_said_and_loses_nothing(
    county: County, lecture: Occasion, sign_in: SignIn, changes: dict[str, Any], said: str
) -> None:
    answer = sign_in(county.organiser).post(edit_url(lecture), typed(**changes))
    page = answer.content.decode()
    assert (answer.status_code, Check.objects.count()) == (422, 0)
    assert said in page
    assert "药品" in page or changes.keys() == {"q-TOTAL_FORMS"}


def test_the_preview_is_the_phones_and_keeps_nothing(county: County, lecture: Occasion, sign_in: SignIn) -> None:
    client, url = sign_in(county.organiser), reverse("attendance_check_preview", args=[lecture.pk])
    page = client.post(url, typed()).content.decode()
    assert "第 1 题，共 3 题" in page
    assert "灾害预警分几级" in page
    assert "蓝黄橙红" not in page
    assert client.post(url, typed(need="")).status_code == 422
    wrong = client.post(url, typed(**{"q-0-right_2": ""}))
    assert (wrong.status_code, "第 1 题：请勾出正确的选项" in wrong.content.decode()) == (422, True)
    none = client.post(url, {**typed(), "q-TOTAL_FORMS": 0})
    assert (none.status_code, "请写 1 到 10 道题" in none.content.decode()) == (422, True)
    assert Check.objects.count() == 0


def test_the_neighbour_and_the_secretary_have_no_part_in_it(county: County, lecture: Occasion, sign_in: SignIn) -> None:
    for person in (county.neighbour_secretary, county.secretary, county.member):
        client = sign_in(person)
        for name in ("attendance_check", "attendance_check_preview", "attendance_check_withdraw"):
            assert client.post(reverse(name, args=[lecture.pk]), typed()).status_code in (302, 404)
    assert Check.objects.count() == 0


def test_once_somebody_has_answered_a_change_is_the_next_version(
    county: County, lecture: Occasion, sign_in: SignIn
) -> None:
    write(lecture, county)
    watch_all(lecture, county.member, timezone.now())
    take_page(sign_in(county.member), lecture, ["四级", "证件 药品", "错"])
    client = sign_in(county.organiser)
    page = client.get(edit_url(lecture)).content.decode()
    assert "已有 1 人答过第 1 版" in page
    assert "灾害预警分几级？：答了 1 次，答对 1 次" in page
    client.post(edit_url(lecture), typed(seen_version=1, need=3))
    assert list(Check.objects.order_by("version").values_list("version", "need")) == [(1, 2), (2, 3)]
    assert stands(lecture, county.member) == "made_up"


# --- The member ---------------------------------------------------------------------------------------------------
def take_page(client: Client, lecture: Occasion, rights: list[str]) -> str:
    """Answer question by question as the pages show them; returns the last page."""
    url = reverse("me_check", args=[lecture.pk])
    page = client.get(url).content.decode()
    for words in rights:
        by_words = choices(page)
        sent = {**hidden(page), "picked": [by_words[one] for one in words.split()]}
        page = client.post(url, sent, follow=True).content.decode()
    return page


def test_a_member_is_led_there_and_told_what_came_of_it(county: County, lecture: Occasion, sign_in: SignIn) -> None:
    write(lecture, county)
    client, url = sign_in(county.member), reverse("me_check", args=[lecture.pk])
    assert "还没有看够" in client.get(url).content.decode()
    watch_all(lecture, county.member, timezone.now())
    today = client.get(reverse("today")).content.decode()
    assert url in today
    assert "已看够，还要答对小测 3 题中的 2 题" in today
    assert "做小测" in today
    record = client.get(reverse("me_record", args=[lecture.pk])).content.decode()
    assert url in record
    assert "已看够，还没有做小测（答对 3 题中的 2 题就算通过）" in record
    page = client.get(url).content.decode()
    assert "蓝黄橙红" not in page
    assert "转移时带什么" not in page
    done = take_page(client, lecture, ["四级", "证件 药品", "对"])
    assert "答对 3 题中的 2 题，通过了。" in done
    assert "蓝黄橙红" in done
    assert "正确的是：错" in done
    assert stands(lecture, county.member) == "made_up"
    after = client.get(reverse("me_record", args=[lecture.pk])).content.decode()
    assert "小测答对 3 题中的 2 题，通过" in after
    assert "学后小测，答对 3 题中的 2 题，通过（题目第 1 版）" in after
    assert url not in client.get(reverse("today")).content.decode()
    data = client.get(reverse("me_data")).json()
    assert [one["is_right"] for one in data["check_answers"]] == [True, True, False]


def test_who_failed_reads_why_but_not_what_is_right(county: County, lecture: Occasion, sign_in: SignIn) -> None:
    write(lecture, county, pause_s=300)
    watch_all(lecture, county.member, timezone.now())
    page = take_page(sign_in(county.member), lecture, ["两级", "家具", "错"])
    assert "答对 3 题中的 1 题，要答对 2 题才通过。" in page
    assert "可以再做一次" in page
    assert f"{day_and_hour(lecture.make_up_until_at)} 前做完才算已补学。" in page
    assert "蓝黄橙红" in page
    assert "正确的是" not in page
    record = sign_in(county.member).get(reverse("me_record", args=[lecture.pk])).content.decode()
    assert "小测没有通过（答对 3 题中的 1 题，要 2 题），补学截止前可以再做" in record
    assert "再做小测" in record
    assert "学后小测，答对 3 题中的 1 题，没有通过（题目第 1 版）" in record


def test_a_form_sent_twice_is_one_answer(county: County, lecture: Occasion, sign_in: SignIn) -> None:
    write(lecture, county)
    watch_all(lecture, county.member, timezone.now())
    client, url = sign_in(county.member), reverse("me_check", args=[lecture.pk])
    page = client.get(url).content.decode()
    sent = {**hidden(page), "picked": [choices(page)["四级"]]}
    assert [client.post(url, sent).status_code for _again in range(2)] == [302, 302]
    late = client.post(url, {**sent, "client_id": "other", "picked": [choices(page)["两级"]]}, follow=True)
    assert "以先答的为准" in late.content.decode()
    assert [one.is_right for one in CheckAnswer.objects.all()] == [True]


@pytest.mark.parametrize(
    "sent",
    [{}, {"picked": "x"}, {"picked": "9"}, {"question": "x", "picked": "0"}, {"check": "9" * 50, "picked": "0"},
     {"client_id": "", "picked": "0"}],
)  # fmt: skip
def test_what_no_page_sends_is_said_and_not_kept(
    county: County, lecture: Occasion, sign_in: SignIn, sent: dict[str, str]
) -> None:
    write(lecture, county)
    watch_all(lecture, county.member, timezone.now())
    client, url = sign_in(county.member), reverse("me_check", args=[lecture.pk])
    answer = client.post(url, {**hidden(client.get(url).content.decode()), **sent}, follow=True)
    assert (answer.status_code, CheckAnswer.objects.count()) == (200, 0)
    assert re.search("请选好答案再提交|刚刚改了小测的题目", answer.content.decode())


def test_for_others_it_does_not_exist(county: County, lecture: Occasion, sign_in: SignIn) -> None:
    url = reverse("me_check", args=[lecture.pk])
    write(lecture, county)
    for person in (county.neighbour_member, county.organiser, county.neighbour_secretary):
        client = sign_in(person)
        assert (client.get(url).status_code, client.post(url, {"picked": "0"}).status_code) == (404, 404)
    Occasion.objects.update(rule_stamp={**(lecture.rule_stamp or {}), "asks_check": False})
    client = sign_in(county.member)
    for answer in (client.get(url, follow=True), client.post(url, {"picked": "0"}, follow=True)):
        assert answer.redirect_chain == [(reverse("me_record", args=[lecture.pk]), 302)]
        assert "这一场现在不用做小测" in answer.content.decode()
    Occasion.objects.update(state="void")
    assert client.get(url).status_code == 404


def test_who_needs_no_check_and_who_is_too_late_read_so(county: County, lecture: Occasion, sign_in: SignIn) -> None:
    write(lecture, county)
    url = reverse("me_check", args=[lecture.pk])
    Record.objects.filter(member=county.member).update(stands="attended")
    assert "不用做小测" in sign_in(county.member).get(url).content.decode()
    Record.objects.filter(member=county.member).update(stands="excused")
    assert "不用做小测" in sign_in(county.member).get(url).content.decode()
    Record.objects.filter(member=county.member).update(stands="missing")
    Occasion.objects.update(make_up_until_at=timezone.now() - HOUR / 60)
    assert "截止，小测不再计入" in sign_in(county.member).get(url).content.decode()


def test_the_last_attempt_that_failed_says_whom_to_ask(county: County, lecture: Occasion, sign_in: SignIn) -> None:
    write(lecture, county, most_attempts=1)
    watch_all(lecture, county.member, timezone.now())
    page = take_page(sign_in(county.member), lecture, ["两级", "家具", "对"])
    assert "次数已经用完" in page
    assert "正确的是：四级" in page


def test_no_further_attempt_is_promised_that_comes_too_late(county: County, lecture: Occasion, sign_in: SignIn) -> None:
    write(lecture, county, pause_s=86_400)
    watch_all(lecture, county.member, timezone.now())
    take_page(sign_in(county.member), lecture, ["两级", "家具", "对"])
    Occasion.objects.update(make_up_until_at=timezone.now() + HOUR)
    page = sign_in(county.member).get(reverse("me_check", args=[lecture.pk])).content.decode()
    assert "来不及再做一次" in page
    assert "可以再做一次。" not in page


def test_whose_attempts_are_used_up_reads_of_a_further_session(
    county: County, lecture: Occasion, sign_in: SignIn
) -> None:
    write(lecture, county, most_attempts=1)
    watch_all(lecture, county.member, timezone.now())
    take_page(sign_in(county.member), lecture, ["两级", "家具", "对"])
    again = LectureFactory(
        occasion__training=lecture.training, occasion__node=lecture.node, occasion__rule=lecture.rule,
        occasion__starts_at=timezone.now() + 24 * HOUR, occasion__ends_at=timezone.now() + 25 * HOUR,
        lecturer=county.lecturer,
    ).occasion  # fmt: skip
    operations.make_session(occasion_id=again.pk, of_id=lecture.pk)
    page = sign_in(county.member).get(reverse("me_check", args=[lecture.pk])).content.decode()
    assert f"可以参加再讲的一场（{day_and_hour(again.starts_at)}）" in page
    assert reverse("live_room", args=[again.pk]) in page


def test_the_result_is_of_what_was_answered_though_the_questions_changed_since(
    county: County, lecture: Occasion, sign_in: SignIn
) -> None:
    write(lecture, county)
    watch_all(lecture, county.member, timezone.now())
    client = sign_in(county.member)
    take_page(client, lecture, ["四级", "证件 药品", "错"])
    other = typed(seen_version=1, need=1, **{"q-0-text": "新的题目", "q-1-left_out": "on", "q-2-left_out": "on"})
    assert sign_in(county.organiser).post(edit_url(lecture), other).status_code == 302
    page = client.get(reverse("me_check", args=[lecture.pk])).content.decode()
    assert "答对 3 题中的 3 题，通过了。" in page
    assert "上一次做的（第 1 版题目，后来改过）" in page
    assert "灾害预警分几级" in page
    assert "新的题目" not in page


def test_who_failed_the_old_questions_sees_them_until_the_new_ones_are_begun(
    county: County, lecture: Occasion, sign_in: SignIn
) -> None:
    write(lecture, county)
    watch_all(lecture, county.member, timezone.now())
    client = sign_in(county.member)
    take_page(client, lecture, ["两级", "家具", "错"])
    sign_in(county.organiser).post(edit_url(lecture), typed(seen_version=1, need=3))
    page = client.get(reverse("me_check", args=[lecture.pk])).content.decode()
    assert "上一次做的（第 1 版题目，后来改过）" in page
    assert "上一次做的" not in take_page(client, lecture, ["四级"])
    unbegun = sign_in(county.members[1]).get(reverse("me_check", args=[lecture.pk])).content.decode()
    assert "上一次做的" not in unbegun


# --- The secretary ------------------------------------------------------------------------------------------------
def test_the_secretary_reads_that_only_the_check_is_missing(county: County, lecture: Occasion, sign_in: SignIn) -> None:
    write(lecture, county)
    watch_all(lecture, county.member, timezone.now())
    client = sign_in(county.secretary)
    page = client.get(reverse("branch_member", args=[lecture.training_id, county.member.pk])).content.decode()
    assert "已看够，还没有做小测（答对 3 题中的 2 题就算通过）" in page
    missing = client.get(reverse("branch_report", args=[lecture.training_id, "missing"])).content.decode()
    assert "已看够，可在手机上做小测" in missing
    board = client.get(reverse("branch_training", args=[lecture.training_id])).content.decode()
    # Whoever owes the check alone stands under a step of their own, not among those who still have to watch.
    assert "前可在手机上做小测 · 1 位" in board
    assert "差小测" in board
    assert "学课程" not in board
    assert not Evidence.objects.filter(kind="understood").exists()


# --- The rule -----------------------------------------------------------------------------------------------------
def test_the_rule_says_it_in_its_sentence(county: County, lecture: Occasion) -> None:
    assert "天（回放晚一天以上的，从能看时算起），看回放补学的，还要答对小测；" in rule_sentence(lecture.rule)
    write(lecture, county)
    assert "看回放补学的，还要答对小测 3 题中的 2 题；" in rule_of_occasion(lecture)
    course = RuleFactory(node=county.branch, name="课程", basis="media", asks_check=True)
    assert "到期后学完的，还要答对小测；" in rule_sentence(course)
    assert "到期后学完的，还要答对小测 3 题中的 2 题；" in rule_sentence(course, lecture.check_asked)
    course.make_up_days = 0
    assert "小测" not in rule_sentence(course)


def test_the_replay_says_that_a_check_follows(county: County, lecture: Occasion, sign_in: SignIn) -> None:
    LectureFactory(
        occasion=lecture,
        lecturer=county.lecturer,
        state="recorded",
        live_at=lecture.window_start_at,
        ended_at=lecture.window_end_at,
    )
    write(lecture, county)
    client, url = sign_in(county.member), reverse("live_replay", args=[lecture.pk])
    assert "看够以后，还要答对小测 3 题中的 2 题，才算已补学。" in client.get(url).content.decode()
    watch_all(lecture, county.member, timezone.now())
    assert "已看够，还要答对小测 3 题中的 2 题。" in client.get(url).content.decode()
    take_page(client, lecture, ["四级", "证件 药品", "错"])
    assert "学后小测" not in client.get(url).content.decode()
    page = sign_in(county.organiser).get(reverse("live_schedule_edit", args=[lecture.pk])).content.decode()
    assert "3 题，答对 2 题通过（第 1 版）" in page
    assert edit_url(lecture) in page
