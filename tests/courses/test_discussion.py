"""The discussion under lessons: one writes, an organiser decides and answers, others read; nobody else's business."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone

from attendance.models import Notice, Occasion, RosterEntry
from attendance.sentences.notices import link_of, words_of
from cms.models import CoursePage, LessonPage
from courses.desk import comments
from courses.discussing import (
    UnableToComment,
    answer_comment,
    delete_comment,
    hide_comment,
    prune_comments,
    report_comment,
    show_comment,
    write_comment,
)
from courses.models import CommentReport, LessonComment
from courses.queries import personal_data
from courses.talk_words import comrade
from courses.tasks import prune_comments as prune_task
from organizations.models import AccessEntry, Role, User
from tests.factories.courses import Given, give_course
from tests.factories.organizations import County, MembershipFactory, RoleGrantFactory, UserFactory

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]
SignIn = Callable[[User], Client]


@pytest.fixture
def sign_in() -> SignIn:
    def enter(user: User) -> Client:
        browser = Client()
        browser.force_login(user)
        return browser

    return enter


@pytest.fixture
def other(given: Given, world: County) -> User:
    """Somebody else on the roster."""
    person = UserFactory(name="李二")
    MembershipFactory(member=person, node=world.branch)
    RosterEntry.objects.get_or_create(occasion_id=given.run.pk, member=person, defaults={"node": world.branch})
    return person


def talk(given: Given) -> str:
    return f"/courses/{given.run.pk}/{given.lesson.pk}/talk/"


def office(given: Given) -> str:
    return f"/courses/{given.run.pk}/talk/"


def said(given: Given, author: User, text: str = "血止不住怎么办", key: str = "k1") -> LessonComment:
    return write_comment(
        occasion_id=given.run.pk, lesson_id=given.lesson.pk, author_id=author.pk, client_id=key, text=text,
        as_of=timezone.now(),
    )  # fmt: skip


def act(given: Given, comment: LessonComment) -> dict[str, Any]:
    return {"occasion_id": given.run.pk, "comment_id": comment.pk, "as_of": timezone.now()}


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer
    return " ".join(BeautifulSoup(answer.content, "html.parser").get_text(" ").split())


def test_what_one_writes_is_seen_by_others_once_it_is_let_through(
    given: Given, world: County, other: User, sign_in: SignIn
) -> None:
    lesson = f"/courses/{given.run.pk}/{given.lesson.pk}/"
    mine = sign_in(world.member)
    assert f'href="{talk(given)}"' in mine.get(lesson).content.decode()
    form = BeautifulSoup(mine.get(talk(given)).content, "html.parser").select_one("main form")
    assert form is not None
    sent = {"client_id": form.select_one("[name=client_id]")["value"], "text": "血止不住\n怎么办"}  # type: ignore[index]
    for _twice in range(2):
        assert mine.post(talk(given), sent).headers["Location"] == talk(given)
    comment = LessonComment.objects.get()
    assert (comment.text, comment.state, comment.lesson_id) == ("血止不住 怎么办", "waiting", given.lesson.pk)
    page = text_of(mine.get(talk(given)))
    assert "已发出。等老师看过后，大家就能看到。" in page
    assert "您 · " in page
    assert "血止不住 怎么办" in page
    assert "血止不住" not in text_of(sign_in(other).get(talk(given)))
    assert "血止不住" not in text_of(sign_in(world.secretary).get(office(given)))

    teacher = sign_in(world.organiser)
    page = text_of(teacher.get(office(given)))
    assert f"{world.member.name} · {world.branch.name}" in page
    assert "新的，还没有公开" in page
    decide = f"{office(given)}{comment.pk}/decide/"
    assert teacher.post(decide, {"do": "show"}).headers["Location"] == office(given)
    page = text_of(sign_in(other).get(talk(given)))
    assert f"{comrade(world.member.name)} · {world.branch.name}" in page
    assert "血止不住 怎么办" in page
    assert Notice.objects.filter(kind__startswith="comment").count() == 0

    teacher.post(decide, {"do": "answer", "text": "用力压住伤口。"})
    told = Notice.objects.get()
    assert (told.member_id, words_of(told)) == (world.member.pk, "您在“急救常识”里的留言，老师回复了。")
    assert link_of(told) == office(given)
    assert "用力压住伤口。" in text_of(mine.get(link_of(told)))
    assert "老师回复" in text_of(sign_in(other).get(talk(given)))
    assert world.organiser.name not in text_of(sign_in(other).get(talk(given)))


def test_an_organiser_hides_with_a_reason_and_shows_again(
    given: Given, world: County, other: User, sign_in: SignIn
) -> None:
    comment = said(given, world.member)
    teacher, decide = sign_in(world.organiser), f"{office(given)}{comment.pk}/decide/"
    teacher.post(decide, {"do": "show"})
    refused = text_of(teacher.post(decide, {"do": "hide", "text": "", "page": "1"}))
    assert "请先写几个字，再发出。" in refused
    long = "长" * 201
    page = teacher.post(decide, {"do": "hide", "text": long, "page": "1"}).content.decode()
    assert "最多 200 个字，请写短一点。" in page
    assert long in page
    assert LessonComment.objects.get().state == "shown"
    teacher.post(decide, {"do": "hide", "text": "写了别人的电话"})
    assert "血止不住" not in text_of(sign_in(other).get(talk(given)))
    mine = text_of(sign_in(world.member).get(talk(given)))
    assert "没有公开：写了别人的电话" in mine
    told = Notice.objects.get()
    assert words_of(told) == "您在“急救常识”里的留言没有公开，只有您自己看得到。原因：写了别人的电话"
    teacher.post(decide, {"do": "hide", "text": "写了别人的电话"})
    assert Notice.objects.count() == 1
    assert "重新公开" in text_of(teacher.get(office(given)))
    teacher.post(decide, {"do": "show"})
    assert "血止不住" in text_of(sign_in(other).get(talk(given)))
    assert Notice.objects.filter(kind="comment_shown", member=world.member).count() == 1
    long = "答" * 1001
    page = teacher.post(decide, {"do": "answer", "text": long}).content.decode()
    assert "最多 1000 个字，请写短一点。" in page
    assert long in page
    assert teacher.post(decide, {"do": "burn"}).status_code == 404


def test_a_decision_from_an_old_page_does_not_undo_a_colleagues(given: Given, world: County, sign_in: SignIn) -> None:
    comment = said(given, world.member)
    decide, colleague = f"{office(given)}{comment.pk}/decide/", sign_in(world.organiser)
    old = {"page": "1", "seen": ""}
    assert 'name="seen" value=""' in colleague.get(office(given)).content.decode()
    assert colleague.post(decide, {"do": "show", **old}).status_code == 302
    for what in ("hide", "answer"):
        page = colleague.post(decide, {"do": what, "text": "重复了", **old}).content.decode()
        assert "别人已经处理过这条留言" in page
        assert "重复了" in page
        assert LessonComment.objects.get().state == "shown"
    seen = BeautifulSoup(page, "html.parser").select("[name=seen]")[0]["value"]
    assert colleague.post(decide, {"do": "hide", "text": "重复了", "page": "1", "seen": seen}).status_code == 302
    assert LessonComment.objects.get().state == "hidden"


def test_letting_a_comment_through_does_not_throw_a_written_answer_away(
    given: Given, world: County, sign_in: SignIn
) -> None:
    comment = said(given, world.member)
    decide, teacher = f"{office(given)}{comment.pk}/decide/", sign_in(world.organiser)
    page = teacher.post(decide, {"do": "show", "text": "先压住伤口", "page": "1"}).content.decode()
    assert "您写的回复还没有发出" in page
    assert "先压住伤口" in page
    assert LessonComment.objects.get().state == "waiting"
    teacher.post(decide, {"do": "answer", "text": "先压住伤口", "page": "1"})
    hide_comment(reason="误", actor_id=world.organiser.pk, **act(given, comment))
    assert teacher.post(decide, {"do": "show", "text": "先压住伤口"}).status_code == 302, "what is answered already"
    assert "（选填）" not in text_of(teacher.get(office(given)))


def test_what_cannot_be_taken_is_said_and_nothing_typed_is_lost(
    given: Given, world: County, sign_in: SignIn, settings: Any
) -> None:
    mine = sign_in(world.member)
    for text, why in (
        ("  ", "请先写几个字，再发出。"),
        ("长" * 501, "最多 500 个字，请写短一点。"),
        ("响\x07铃", "里面有看不见的控制字符"),
    ):
        page = mine.post(talk(given), {"client_id": "a1", "text": text}).content.decode()
        assert why in page
        assert text.strip() in page
        assert 'value="a1"' in page
    settings.SIGN_IN_LIMITS = {**settings.SIGN_IN_LIMITS, "comment": {"person": [(1, 600)]}}
    assert mine.post(talk(given), {"client_id": "a1", "text": "一"}).status_code == 302
    page = mine.post(talk(given), {"client_id": "a2", "text": "第二个问题"}).content.decode()
    assert "请过十分钟再点一次" in page
    assert "第二个问题" in page
    assert mine.post(talk(given), {"client_id": "a1", "text": "一"}).status_code == 302  # the same one again
    assert LessonComment.objects.count() == 1
    page = text_of(sign_in(world.organiser).post(talk(given), {"text": "我来看看"}))
    assert "您不在这门课的名单上" in page
    assert "我来看看" in page


def test_nobody_writes_where_the_discussion_is_closed(given: Given, world: County, sign_in: SignIn) -> None:
    comment = said(given, world.member)
    show_comment(actor_id=world.organiser.pk, **act(given, comment))
    mine = sign_in(world.member)
    CoursePage.objects.update(has_discussion=False)
    page = mine.post(talk(given), {"client_id": "a2", "text": "还有一个问题"})
    assert "现在不能在这里留言，您写的没有发出。" in text_of(page)
    assert "还有一个问题" in text_of(page)
    assert "血止不住怎么办" in text_of(mine.get(talk(given)))
    assert talk(given) not in mine.get(f"/courses/{given.run.pk}/{given.lesson.pk}/").content.decode()
    CoursePage.objects.update(has_discussion=True)
    for change in ({"state": Occasion.State.VOID}, {"starts_at": timezone.now() + dt.timedelta(days=1)}):
        before = Occasion.objects.filter(pk=given.run.pk).values(*change).get()
        Occasion.objects.filter(pk=given.run.pk).update(**change)
        with pytest.raises(UnableToComment) as error:
            said(given, world.member, key="k9")
        assert error.value.code == "closed"
        Occasion.objects.filter(pk=given.run.pk).update(**before)


def test_a_writer_deletes_their_own_and_nobody_elses(given: Given, world: County, other: User, sign_in: SignIn) -> None:
    plain, answered = said(given, world.member, "甲"), said(given, world.member, "乙乙", "k2")
    answer_comment(actor_id=world.organiser.pk, text="见第二讲。", **act(given, answered))
    report_comment(member_id=other.pk, **act(given, answered))
    mine = sign_in(world.member)
    assert sign_in(other).post(f"{office(given)}{plain.pk}/delete/").status_code == 404
    page = mine.get(talk(given)).content.decode()
    assert f"{office(given)}{plain.pk}/delete/" in page
    answer = mine.post(f"{office(given)}{plain.pk}/delete/", {"lesson": str(given.lesson.pk)})
    assert answer.headers["Location"] == talk(given)
    assert mine.post(f"{office(given)}{answered.pk}/delete/").headers["Location"] == office(given)
    left = LessonComment.objects.get()
    assert (left.state, left.text, left.answer, left.reported_at) == ("deleted", "", "见第二讲。", None)
    assert CommentReport.objects.count() == 0
    for reader in (mine, sign_in(other)):
        page = text_of(reader.get(talk(given)))
        assert "已删除" in page
        assert "见第二讲。" in page
        assert world.member.name not in page
        assert "乙乙" not in page
    assert mine.post(f"{office(given)}{answered.pk}/delete/").status_code == 404
    gone = sign_in(world.organiser).post(f"{office(given)}{plain.pk}/decide/", {"do": "show", "page": "1"}, follow=True)
    assert "这条留言本人已经删掉了" in text_of(gone)
    assert comments(User.objects.get(pk=world.organiser.pk), timezone.now()) == []


def test_others_report_once_and_the_organiser_decides(
    given: Given, world: County, other: User, sign_in: SignIn, django_assert_num_queries: Any
) -> None:
    comment = said(given, world.member)
    organiser = User.objects.get(pk=world.organiser.pk)
    assert [one.title for one in comments(organiser, timezone.now())] == [f"“{given.lesson.title}”有 1 条留言等您看"]
    reporter, report = sign_in(other), f"{office(given)}{comment.pk}/report/"
    assert reporter.post(report).status_code == 404  # not shown to them
    show_comment(actor_id=organiser.pk, **act(given, comment))
    assert comments(organiser, timezone.now()) == []
    assert sign_in(world.member).post(report).status_code == 404  # one's own
    assert sign_in(world.neighbour_member).post(report).status_code == 404
    for _twice in range(2):
        assert reporter.post(report, {"lesson": str(given.lesson.pk)}).headers["Location"] == talk(given)
    assert CommentReport.objects.count() == 1
    assert "您举报过，老师会来看。" in text_of(reporter.get(talk(given)))
    with django_assert_num_queries(1):
        (matter,) = comments(organiser, timezone.now())
    assert (matter.step.label, matter.step.url, matter.text) == (
        "去看",
        office(given),
        f"急救常识 · {world.branch.name}",
    )
    page = text_of(sign_in(organiser).get(office(given)))
    assert "有人举报" in page
    assert other.name not in page
    assert AccessEntry.objects.filter(reader=organiser, subject=world.member, what="comment").count() == 1
    show_comment(actor_id=organiser.pk, **act(given, comment))
    reporter.post(report)
    assert comments(organiser, timezone.now()) == []  # decided; the same person's second report is none
    below = RoleGrantFactory(node=world.branch, role=Role.ORGANISER).user
    third = MembershipFactory(node=world.branch).member
    report_comment(member_id=third.pk, **act(given, comment))
    beside = RoleGrantFactory(node=world.neighbour, role=Role.ORGANISER).user
    found = {user.pk: len(comments(User.objects.get(pk=user.pk), timezone.now())) for user in (below, beside)}
    assert found == {below.pk: 1, beside.pk: 0}
    hide_comment(actor_id=below.pk, reason="不合适", **act(given, comment))
    assert comments(organiser, timezone.now()) == []


def test_a_discussion_is_its_runs_and_its_lessons(given: Given, world: County, sign_in: SignIn) -> None:
    comment = said(given, world.member)
    show_comment(actor_id=world.organiser.pk, **act(given, comment))
    again = give_course(world.branch, title="再学一次")
    for verb in (
        lambda: show_comment(actor_id=world.organiser.pk, **act(again, comment)),
        lambda: report_comment(member_id=world.secretary.pk, **act(again, comment)),
        lambda: delete_comment(occasion_id=again.run.pk, comment_id=comment.pk, author_id=world.member.pk),
    ):
        with pytest.raises(UnableToComment):
            verb()
    assert "血止不住" not in text_of(sign_in(world.member).get(talk(again)))
    for stranger in (world.neighbour_member, world.neighbour_secretary, world.lecturer, world.auditor):
        browser = sign_in(stranger)
        urls = (talk(given), office(given))
        assert [browser.get(url).status_code for url in urls] == [404, 404]
        assert browser.post(f"{office(given)}{comment.pk}/decide/", {"do": "show"}).status_code == 404


def test_a_lesson_that_is_withdrawn_or_deleted_leaves_what_was_said(
    given: Given, world: County, sign_in: SignIn
) -> None:
    comment = said(given, world.member)
    LessonPage.objects.get(pk=given.lesson.pk).unpublish()
    mine, teacher = sign_in(world.member), sign_in(world.organiser)
    assert "这一讲老师正在修改" in text_of(mine.get(talk(given)))
    assert "急救常识 第一讲" in text_of(teacher.get(office(given)))
    LessonPage.objects.get(pk=given.lesson.pk).delete()
    assert "已删除的一讲" in text_of(teacher.get(office(given)))
    teacher.post(f"{office(given)}{comment.pk}/decide/", {"do": "answer", "text": "见新的一讲。"})
    assert "见新的一讲。" in text_of(mine.get(office(given)))
    # Whoever is on the roster no more reads nothing, and still deletes their own.
    RosterEntry.objects.filter(member=world.member).delete()
    world.member.memberships.all().delete()
    page = text_of(mine.get(office(given)))
    assert "血止不住怎么办" in page
    assert mine.get(f"/courses/{given.run.pk}/").status_code == 404
    assert mine.post(f"{office(given)}{comment.pk}/delete/").status_code == 302
    assert mine.get(office(given)).status_code == 404


def test_what_has_to_be_finished_first_comes_before_the_discussion(
    given: Given, world: County, sign_in: SignIn
) -> None:
    first = give_course(world.branch, title="先学的")
    page = CoursePage.objects.get(pk=given.page.pk)
    page.requires.set([first.page])
    page.save()
    answer = sign_in(world.member).post(talk(given), {"text": "问"})
    assert answer.headers["Location"] == f"/courses/{given.run.pk}/"
    assert LessonComment.objects.count() == 0


def test_twenty_a_page_the_last_answered_first_and_no_more_queries_with_more(
    given: Given, world: County, other: User, sign_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    now = timezone.now()
    facts = {"run": given.run, "lesson_id": given.lesson.pk, "author": other, "state": "shown"}
    for number in range(23):
        at = now - dt.timedelta(hours=number)
        LessonComment.objects.create(text=f"问{number}。", client_id=f"n{number}", at=at, **facts)
    LessonComment.objects.filter(text="问22。").update(answer="答", answered_at=now)
    said(given, world.member, "我的。", "k3")
    mine, teacher = sign_in(world.member), sign_in(world.organiser)
    mine.get(talk(given))
    with django_assert_max_num_queries(18):
        page = text_of(mine.get(talk(given)))
    assert page.index("我的。") < page.index("问22。") < page.index("问0。") < page.index("问17。")
    assert "问18。" not in page
    assert "第 1 页，共 2 页" in page
    assert "问21。" in text_of(mine.get(f"{talk(given)}?page=2"))
    teacher.get(office(given))
    with django_assert_max_num_queries(12):
        page = text_of(teacher.get(office(given)))
    assert page.index("我的。") < page.index("问0。")
    with django_assert_max_num_queries(10):
        mine.get(office(given))


def test_people_of_one_course_see_each_others_surnames_alone() -> None:
    names = ("王一", "欧阳修文", "买买提·艾力", "John Smith")
    assert [comrade(name) for name in names] == ["王同志", "欧阳同志", "买买提同志", "John同志"]


def test_large_print_and_empty_pages(given: Given, world: County, sign_in: SignIn) -> None:
    mine, teacher = sign_in(world.member), sign_in(world.organiser)
    mine.post("/display/", {"elder": "1"})
    assert "这一讲还没有人留言。" in text_of(mine.get(talk(given)))
    assert "您在这门课里还没有留言。" in text_of(mine.get(office(given)))
    assert "没有留言" in text_of(teacher.get(office(given)))


def test_what_one_wrote_is_in_ones_own_data_and_goes_after_its_time(
    given: Given, world: County, other: User, settings: Any
) -> None:
    settings.COMMENT_KEEP_DAYS = 30
    comment = said(given, world.member)
    answer_comment(actor_id=world.organiser.pk, text="压住。", **act(given, comment))
    answer_comment(actor_id=world.organiser.pk, text="压住。", **act(given, comment))  # nothing new
    assert Notice.objects.count() == 1
    report_comment(member_id=other.pk, **act(given, comment))
    (row,) = personal_data(world.member)["lesson_comments"]
    assert (row["text"], row["answer"]) == ("血止不住怎么办", "压住。")
    (row,) = personal_data(other)["lesson_comment_reports"]
    assert "text" not in row
    now = timezone.now()
    prune_task()
    assert prune_comments(as_of=now) == 0
    assert prune_comments(as_of=now + dt.timedelta(days=31)) == 1
    assert (LessonComment.objects.count(), CommentReport.objects.count()) == (0, 0)
