"""A quiz through its pages: written by an organiser, placed in a lesson, taken by a member; nobody else's business."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cms.choices import may_use
from cms.models import LessonPage
from organizations.models import Role, User
from quizzes import operations
from quizzes.forms import QuestionForm
from quizzes.models import Answer, Attempt, Question, Quiz
from quizzes.queries.taking import answers_of, order_for, standing_of
from quizzes.sentences import hides_words
from tests.factories.courses import Given, give_course
from tests.factories.organizations import County, RoleGrantFactory, UserFactory, make_county
from tests.factories.quizzes import FILL, ORDER, SEVERAL, SINGLE, ask, make_quiz

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]
SignIn = Callable[[User], Client]


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def sign_in() -> SignIn:
    def enter(user: User) -> Client:
        browser = Client()
        browser.force_login(user)
        return browser

    return enter


def page_of(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content.decode()[:500]
    return str(answer.content.decode())


def written(county: County, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "seen_version": 0, "kind": "order", "text": "救助的先后", "tags": "急救、防汛", "truth": "true",
        "choice_0": "呼救", "choice_2": "检查呼吸", "choice_3": "按压", "node": county.branch.pk,
    }  # fmt: skip
    return {**values, **changes}


# --- The office -----------------------------------------------------------------------------------------------------


def test_a_question_through_its_whole_life(county: County, sign_in: SignIn) -> None:
    office = sign_in(county.organiser)
    said = page_of(office.post("/admin/quizzes/questions/add/", written(county, choice_2="", choice_3="")), 422)
    assert "排序题请至少写 3 项" in said
    assert "救助的先后" in said
    assert "急救、防汛" in said
    again = office.post("/admin/quizzes/questions/add/", written(county, another="1"))
    assert "tags=" in again["Location"]
    assert "急救" in page_of(office.get(again["Location"]))
    question = Question.objects.get()
    url = f"/admin/quizzes/questions/{question.pk}/"
    assert "检查呼吸" in page_of(office.get(url))
    changed = written(county, seen_version=1, text="先做什么？", kind="fill", choice_0="呼救", choice_2="", choice_3="")
    assert office.post(url, changed).status_code == 302
    assert "别人刚刚改过" in page_of(office.post(url, changed), 422)
    shown = page_of(office.get("/admin/quizzes/questions/?tag=急救&q=先做"))
    assert "先做什么？" in shown
    assert "先做什么？" not in page_of(office.get("/admin/quizzes/questions/?tag=别的"))
    office.post(f"{url}offer/", {"do": "off"})
    assert "先做什么？" not in page_of(office.get("/admin/quizzes/questions/"))
    assert "先做什么？" in page_of(office.get("/admin/quizzes/questions/?off=1"))
    office.post(f"{url}offer/", {"do": "on"})
    assert Question.objects.get().withdrawn_at is None


def test_a_quiz_through_its_whole_life(county: County, sign_in: SignIn) -> None:
    office = sign_in(county.organiser)
    quiz = make_quiz(county.branch, county.organiser)
    values = {
        "seen_revision": 0, "title": "急救练习", "pass_percent": 60, "shows": "final", "node": county.branch.pk,
        "tag_0": "防汛", "count_0": 9,
    }  # fmt: skip
    said = page_of(office.post("/admin/quizzes/add/", values), 422)
    assert "只有 5 道" in said
    assert "急救练习" in said
    assert "请写这个标签抽几题" in page_of(office.post("/admin/quizzes/add/", {**values, "count_0": ""}), 422)
    assert office.post("/admin/quizzes/add/", {**values, "count_0": 2}).status_code == 302
    made = Quiz.objects.get(title="急救练习")
    url = f"/admin/quizzes/{made.pk}/"
    assert "急救练习" in page_of(office.get(url))
    assert office.post(url, {**values, "count_0": 3, "seen_revision": 1}).status_code == 302
    assert "别人刚刚改过" in page_of(office.post(url, {**values, "count_0": 3, "seen_revision": 1}), 422)
    preview = page_of(office.get(f"/admin/quizzes/{quiz.pk}/preview/"))
    assert preview.count("正确的是：") == 5
    assert "红色" in preview
    assert "已有 0 人交卷" in page_of(office.get(f"{url}statistics/"))
    office.post(f"{url}offer/", {"do": "off"})
    assert "急救练习" not in page_of(office.get("/admin/quizzes/"))
    assert "急救练习" in page_of(office.get("/admin/quizzes/?off=1"))
    office.post(f"{url}offer/", {"do": "on"})
    assert Quiz.objects.get(pk=made.pk).withdrawn_at is None


def test_a_conflict_shows_what_is_stored_and_the_next_save_wins(county: County, sign_in: SignIn) -> None:
    office = sign_in(county.organiser)
    question = ask(county.branch, county.organiser, SINGLE)[0]
    url = f"/admin/quizzes/questions/{question.pk}/"
    first = written(county, seen_version=1, text="第一页写的", kind="fill", choice_2="", choice_3="")
    assert office.post(url, first).status_code == 302
    mine = {**first, "text": "第二页写的", "choice_0": "喊人"}
    said = page_of(office.post(url, mine), 422)
    for words in ("别人刚刚改过这道题", "现在存着的", "题目：第一页写的", "正确答案：呼救", "第二页写的"):
        assert words in said
    seen = re.findall(r'name="seen_version" value="(\d+)"', said)
    assert seen == ["2"]
    assert office.post(url, {**mine, "seen_version": seen[0]}).status_code == 302
    assert "第二页写的" in page_of(office.get(url))


def test_a_conflict_of_a_quiz_shows_what_is_stored_and_the_next_save_wins(county: County, sign_in: SignIn) -> None:
    office = sign_in(county.organiser)
    quiz = make_quiz(county.branch, county.organiser)
    url = f"/admin/quizzes/{quiz.pk}/"
    first = {"seen_revision": 1, "title": "先改的", "pass_percent": 80, "shows": "never", "tag_0": "防汛", "count_0": 2}
    assert office.post(url, first).status_code == 302
    mine = {**first, "title": "后改的"}
    said = page_of(office.post(url, mine), 422)
    for words in ("别人刚刚改过", "现在存着的", "名称：先改的", "及格线：80%", "最多做几次：不限", "后改的"):
        assert words in said
    seen = re.findall(r'name="seen_revision" value="(\d+)"', said)
    assert office.post(url, {**mine, "seen_revision": seen[0]}).status_code == 302
    assert Quiz.objects.get(pk=quiz.pk).title == "后改的"


@pytest.mark.parametrize(
    ("sent", "field", "words"),
    [
        ({"kind": "fill", "choice_0": "120", "choice_2": "１２０"}, "choice_2", "有两个答案一样"),
        ({"kind": "order", "choice_3": "呼救"}, "choice_3", "有两项一样"),
        ({"kind": "single", "right_0": "on", "choice_2": "呼救"}, "choice_2", "有两个选项一样"),
        ({"kind": "single", "right_1": "on"}, "choice_1", "请至少写两个选项"),
        ({"kind": "single"}, "choice_0", "请勾出正确的选项"),
        ({"kind": "fill", "choice_0": "长" * 101}, "__all__", "文字太长"),
        ({"text": " "}, "text", "请写题目"),
        ({"tags": "一" * 21}, "tags", "太长"),
    ],
)
def test_what_is_wrong_with_a_question_is_said_at_its_field(
    county: County, sent: dict[str, Any], field: str, words: str
) -> None:
    form = QuestionForm(QueryDict(urlencode(written(county, **sent))))
    assert not form.is_valid()
    assert list(form.errors) == [field]
    assert words in form.errors[field][0]


def test_a_form_of_a_question_names_what_one_ticks_and_shows_what_belongs_to_the_kind(
    county: County, sign_in: SignIn
) -> None:
    said = page_of(sign_in(county.organiser).get("/admin/quizzes/questions/add/"))
    assert len(re.findall(r"<span class=\"w-sr-only\">选项 \d</span> 正确", said)) == 6
    assert "js/units" in said  # the unit is chosen as everywhere
    assert "js/units" in page_of(sign_in(county.organiser).get("/admin/quizzes/add/"))
    assert 'data-controller="w-rules"' in said
    assert """data-w-rules='{"kind": "true_false"}'""" in said
    assert re.search(r'for="id_text"[^>]*>\s*题目<span class="w-required-mark">', said)


def test_a_quiz_says_that_its_bank_has_shrunk(county: County, given: Given, quiz: Quiz, sign_in: SignIn) -> None:
    office, question = sign_in(county.organiser), Question.objects.latest("pk")
    off = office.post(f"/admin/quizzes/questions/{question.pk}/offer/", {"do": "off"}, follow=True)
    short = f"“{quiz.title}”要抽 5 道题，现在只抽得出 4 道"
    assert short in page_of(off)
    assert short in page_of(office.get(f"/admin/quizzes/{quiz.pk}/"))
    assert "共 4 题，答对 3 题算通过" in page_of(sign_in(county.member).get(quiz_url(given, quiz)))
    office.post(f"/admin/quizzes/questions/{question.pk}/offer/", {"do": "on"})
    assert "只抽得出" not in page_of(office.get(f"/admin/quizzes/{quiz.pk}/"))
    for one in Question.objects.all():
        operations.withdraw_question(question_id=one.pk, as_of=timezone.now())
    assert "现在没有题目，请告诉组织员" in page_of(sign_in(county.member).get(quiz_url(given, quiz)))


def test_a_preview_leads_back_and_one_page_has_no_pages(county: County, sign_in: SignIn) -> None:
    office, quiz = sign_in(county.organiser), make_quiz(county.branch, county.organiser)
    assert f'href="/admin/quizzes/{quiz.pk}/"' in page_of(office.get(f"/admin/quizzes/{quiz.pk}/preview/"))
    for url in ("/admin/quizzes/", "/admin/quizzes/questions/"):
        assert 'class="pagination"' not in page_of(office.get(url))


def test_statistics_name_nobody(county: County, sign_in: SignIn) -> None:
    quiz = make_quiz(county.branch, county.organiser, SINGLE)
    people = [UserFactory(name=f"无名{number}") for number in range(5)]
    for member in people:
        attempt = operations.start_attempt(quiz_id=quiz.pk, member_id=member.pk, as_of=timezone.now())
        operations.submit_attempt(quiz_id=quiz.pk, attempt_id=attempt.pk, member_id=member.pk, as_of=timezone.now())
    said = page_of(sign_in(county.organiser).get(f"/admin/quizzes/{quiz.pk}/statistics/"))
    assert "5 人交过卷（共 5 次），0 人通过。" in said
    assert "抽到 5 次，答对 0 次（0%），没答 5 次" in said
    assert "红色（正确）：0 次" in said
    assert "无名" not in said


def test_lists_cost_the_same_for_one_row_and_for_more(county: County, sign_in: SignIn) -> None:
    office = sign_in(county.organiser)
    make_quiz(county.branch, county.organiser, SINGLE)
    counts: dict[str, list[int]] = {"/admin/quizzes/questions/": [], "/admin/quizzes/": []}
    for url in counts:
        office.get(url)
    for more in ((), (FILL, SEVERAL)):
        if more:
            make_quiz(county.branch, county.organiser, *more)
            make_quiz(county.branch, county.organiser, ORDER)
        for url, asked in counts.items():
            with CaptureQueriesContext(connection) as queries:
                page_of(office.get(url))
            asked.append(len(queries))
    assert {url: one == more for url, (one, more) in counts.items()} == dict.fromkeys(counts, True), counts


# --- The member -----------------------------------------------------------------------------------------------------


@pytest.fixture
def quiz(county: County) -> Quiz:
    return make_quiz(county.branch, county.organiser, most_attempts=2)


@pytest.fixture
def given(county: County, quiz: Quiz) -> Given:
    given = give_course(county.branch)
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    lesson.body = [("text", "<p>先看安全</p>"), ("quiz", quiz)]
    lesson.save_revision().publish()
    return given


def lesson_url(given: Given) -> str:
    return f"/courses/{given.run.pk}/{given.lesson.pk}/"


def quiz_url(given: Given, quiz: Quiz) -> str:
    return f"{lesson_url(given)}quizzes/{quiz.pk}/"


def form_of(page: str) -> dict[str, str]:
    """Return the hidden fields of a page's own form."""
    return dict(re.findall(r'type="hidden" name="(do|attempt|position|seen)" value="([^"]*)"', page))


def reply(one: Answer) -> dict[str, Any]:
    """Return what a phone sends for the right answer."""
    order, kind = order_for(one), one.version.kind
    if kind == "fill":
        return {"typed": " １２０ "}
    if kind == "order":
        return {f"rank_{at}": place + 1 for at, place in enumerate(order)}
    return {"picked": [order.index(place) for place in one.version.right]}


def test_a_member_takes_a_quiz_leaves_and_goes_on_elsewhere(
    county: County, given: Given, quiz: Quiz, sign_in: SignIn
) -> None:
    phone, tablet, url = sign_in(county.member), sign_in(county.member), quiz_url(given, quiz)
    assert "练习 · 5 题，还没有做" in page_of(phone.get(lesson_url(given)))
    assert "答对 3 题算通过" in page_of(phone.get(url))
    phone.post(url, {"do": "start"})
    attempt = Attempt.objects.get()
    first = answers_of(attempt)[0]
    asked = page_of(phone.get(url))
    assert "第 1 题，共 5 题" in asked
    assert first.version.text in asked
    assert phone.post(url, {**form_of(asked), **reply(first)})["Location"] == f"{url}?q=2"
    assert "还没有交卷" in page_of(phone.get(lesson_url(given)))
    assert "第 2 题，共 5 题" in page_of(tablet.get(url))
    early = page_of(tablet.get(f"{url}?q=end"))
    for words in (
        "还有 4 题没有答：第 2–5 题。",
        "去答第 2 题",
        "交卷就用掉一次，用完还剩 1 次。",
        "先不交，回到这一讲",
    ):
        assert words in early
    for one in answers_of(attempt)[1:]:
        page = page_of(tablet.get(f"{url}?q={one.position}"))
        assert ("保存，做下一题" in page) is (one.position < 5)
        last = tablet.post(url, {**form_of(page), **reply(one)})
    assert last["Location"] == f"{url}?q=end"
    end = page_of(tablet.get(last["Location"]))
    assert "每一题都答了" in end
    tablet.post(url, form_of(end))
    said = page_of(phone.get(url))
    assert "答对 5 题中的 5 题，通过了。" in said
    assert "红色最高" in said
    assert "再做一次" not in said
    assert "已通过" in page_of(phone.get(lesson_url(given)))
    data = page_of(phone.get("/me/data.json"))
    assert "防汛练习" in data
    assert "防汛练习" not in page_of(sign_in(county.members[1]).get("/me/data.json"))


def test_two_devices_answer_the_same_question_and_the_page_tells(
    county: County, given: Given, quiz: Quiz, sign_in: SignIn
) -> None:
    phone, url = sign_in(county.member), quiz_url(given, quiz)
    phone.post(url, {"do": "start"})
    one = next(found for found in answers_of(Attempt.objects.get()) if found.version.kind == "single")
    form = form_of(page_of(phone.get(f"{url}?q={one.position}")))
    phone.post(url, {**form, "picked": 0})
    after = phone.post(url, {**form, "picked": 1}, follow=True)
    assert "另一台设备上也答过，现在以这一次的为准" in page_of(after)
    shown = page_of(phone.get(f"{url}?q={one.position}"))
    assert re.search(r'value="1"\s+checked', shown)
    assert "这一题已经存好" in shown
    phone.post(url, {"do": "submit", "attempt": one.attempt_id})
    late = page_of(phone.post(url, {**form, "picked": 2}, follow=True))
    assert "这一次已经交卷，刚才的答案没有算进去" in late


def test_a_late_answer_is_not_put_onto_another_attempt(
    county: County, given: Given, quiz: Quiz, sign_in: SignIn
) -> None:
    phone, tablet, url = sign_in(county.member), sign_in(county.member), quiz_url(given, quiz)
    phone.post(url, {"do": "start"})
    first = Attempt.objects.get()
    form = form_of(page_of(phone.get(f"{url}?q=3")))
    tablet.post(url, {"do": "submit", "attempt": first.pk})
    tablet.post(url, {"do": "start"})
    late = phone.post(url, {**form, "picked": 0})
    assert late.status_code == 302
    assert late["Location"] == url
    said = page_of(phone.get(url))
    assert "那一次已经交卷，刚才的答案没有算进去。现在做的是另外一次。" in said
    assert f'name="attempt" value="{Attempt.objects.get(number=2).pk}"' in said
    assert Answer.objects.filter(given__isnull=False).count() == 0


def test_an_ordering_sent_without_places_still_shows_every_item(
    county: County, given: Given, quiz: Quiz, sign_in: SignIn
) -> None:
    phone, url = sign_in(county.member), quiz_url(given, quiz)
    phone.post(url, {"do": "start"})
    one = next(found for found in answers_of(Attempt.objects.get()) if found.version.kind == "order")
    form = form_of(page_of(phone.get(f"{url}?q={one.position}")))
    said = page_of(phone.post(url, {**form, "rank_0": "2"}), 422)
    assert said.count("选位置") == 3
    assert re.findall(r'<option value="(\d)" selected', said) == ["2"]


def test_a_mistake_is_said_and_what_was_chosen_stays(county: County, given: Given, quiz: Quiz, sign_in: SignIn) -> None:
    phone, url = sign_in(county.member), quiz_url(given, quiz)
    phone.post(url, {"do": "start"})
    one = next(found for found in answers_of(Attempt.objects.get()) if found.version.kind == "order")
    form = form_of(page_of(phone.get(f"{url}?q={one.position}")))
    said = page_of(phone.post(url, {**form, "rank_0": "2", "rank_1": "2", "rank_2": "1"}), 422)
    assert "请给每一项选一个不同的位置" in said
    assert re.findall(r'<option value="(\d)" selected', said) == ["2", "2", "1"]
    assert Answer.objects.filter(given__isnull=False).count() == 0
    assert phone.post(url, {**form, "position": "99"}).status_code == 404
    assert phone.post(url, {**form, "attempt": "x"}).status_code == 404
    assert phone.post(url, {"do": "submit", "attempt": "7777"}).status_code == 404
    assert phone.get(f"{url}?q=99").status_code == 404


def test_again_while_attempts_are_left_and_no_word_of_what_is_right_before(
    county: County, given: Given, quiz: Quiz, sign_in: SignIn
) -> None:
    phone, url = sign_in(county.member), quiz_url(given, quiz)
    for number in (1, 2):
        phone.post(url, {"do": "start"})
        phone.post(url, {"do": "submit", "attempt": Attempt.objects.get(number=number).pk})
        said = page_of(phone.get(url))
        assert ("再做一次" in said, "正确的是" in said) == (number == 1, number == 2)
    assert "练习的次数已经用完" in said
    assert "以前做的" in said
    assert "练习的次数已经用完" in page_of(phone.post(url, {"do": "start"}, follow=True))
    assert "没通过，上次答对 5 题中的 0 题" in page_of(phone.get(lesson_url(given)))


def test_answers_that_wait_for_passing_say_so(county: County, sign_in: SignIn) -> None:
    free = make_quiz(county.branch, county.organiser, SINGLE)
    attempt = operations.start_attempt(quiz_id=free.pk, member_id=county.member.pk, as_of=timezone.now())
    operations.submit_attempt(quiz_id=free.pk, attempt_id=attempt.pk, member_id=county.member.pk, as_of=timezone.now())
    assert hides_words(standing_of(quiz=free, member_id=county.member.pk)) == "正确答案和讲解，通过以后显示。"


def test_a_withdrawn_quiz_is_not_begun(county: County, given: Given, quiz: Quiz, sign_in: SignIn) -> None:
    operations.withdraw_quiz(quiz_id=quiz.pk, as_of=timezone.now())
    phone = sign_in(county.member)
    assert "已撤下，不用做" in page_of(phone.get(lesson_url(given)))
    assert "开始做" not in page_of(phone.get(quiz_url(given, quiz)))


def test_of_a_quiz_withdrawn_after_a_failure_nothing_is_asked(
    county: County, given: Given, quiz: Quiz, sign_in: SignIn
) -> None:
    phone, url = sign_in(county.member), quiz_url(given, quiz)
    phone.post(url, {"do": "start"})
    phone.post(url, form_of(page_of(phone.get(f"{url}?q=end"))))
    assert "还可以做 1 次；每次的题目可能不同。练习不影响学时。" in page_of(phone.get(url))
    operations.withdraw_quiz(quiz_id=quiz.pk, as_of=timezone.now())
    assert "已撤下，不用做" in page_of(phone.get(lesson_url(given)))


def test_readers_look_and_take_nothing_and_others_find_nothing(
    county: County, given: Given, quiz: Quiz, sign_in: SignIn
) -> None:
    reader, url = sign_in(county.organiser), quiz_url(given, quiz)
    assert "不在名单上" in page_of(reader.get(url))
    assert "不在名单上" in page_of(reader.post(url, {"do": "start"}, follow=True))
    assert not Attempt.objects.exists()
    assert sign_in(county.neighbour_member).get(url).status_code == 404
    other = make_quiz(county.neighbour, county.organiser, title="别处的")
    assert sign_in(county.member).get(quiz_url(given, other)).status_code == 404
    begun = operations.start_attempt(quiz_id=quiz.pk, member_id=county.member.pk, as_of=timezone.now())
    sent = {"do": "submit", "attempt": begun.pk}
    assert sign_in(county.members[1]).post(url, sent).status_code == 404


def test_a_lesson_with_quizzes_costs_three_queries_more(
    county: County, given: Given, quiz: Quiz, sign_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    phone = sign_in(county.member)
    phone.get(lesson_url(given))
    with django_assert_max_num_queries(22):
        page_of(phone.get(lesson_url(given)))


def test_an_author_places_only_quizzes_of_their_own_units(county: County, given: Given, quiz: Quiz) -> None:
    author = RoleGrantFactory(node=county.neighbour, role=Role.ORGANISER).user
    own = make_quiz(county.neighbour, author, SINGLE)
    keys = [str(quiz.pk), str(own.pk)]
    assert may_use("quiz", keys, user=author) == {str(quiz.pk)}
    assert may_use("quiz", keys, user=county.organiser) == set()
    assert may_use("quiz", keys, user=author, page=given.lesson) == set()  # it stood there already
