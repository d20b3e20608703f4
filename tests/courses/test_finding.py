"""What a member finds in the courses that they may read, and where it says so."""

import datetime as dt
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.db.models.signals import post_init
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.documents.models import Document

from attendance.models import Occasion
from cms.models import CoursePage, LessonPage
from courses.finding import pages_found, places_found
from courses.models import CourseRun
from courses.operations import CoursePlan, schedule_course
from courses.permissions import readable_runs
from media.operations.captions import delete_captions, upload_captions
from tests.attendance.people import make_occasion
from tests.factories.attendance import TrainingFactory
from tests.factories.cms import CoursePageFactory, LessonPageFactory, ready_video
from tests.factories.courses import Given, give_course
from tests.factories.organizations import make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]

SPOKEN = "WEBVTT\n\n00:12.000 --> 00:15.000\n烫伤用凉水冲\n".encode()


def rows(client: Client, user: Any, question: str, **more: Any) -> list[Any]:
    client.force_login(user)
    answer = client.get("/courses/", {"q": question, **more})
    assert answer.status_code == 200
    return list(answer.context["rows"])


def said(row: Any) -> str:
    """A row as one reads it, what is marked between brackets."""
    pieces = "".join(f"[{piece.text}]" if piece.is_found else piece.text for piece in row.pieces)
    title = "".join(f"[{piece.text}]" if piece.is_found else piece.text for piece in row.title)
    return "|".join(part for part in (title, row.course, row.where, pieces) if part)


def lesson_of(given: Given, title: str, *body: tuple[str, Any]) -> LessonPage:
    return LessonPageFactory(course=given.page, title=title, body=list(body))  # type: ignore[no-any-return]


def test_title_text_document_and_captions_are_found_with_their_place(client: Client, var_dir: Any) -> None:
    world = make_county()
    given = give_course(world.branch, title="急救课", intro="<p>学会处理<b>烫伤</b></p>")
    paper = Document.objects.create(title="烫伤处理表", file=ContentFile(b"%PDF-1.4", name="a.pdf"))
    video = ready_video()
    upload_captions(video_id=video.pk, data=SPOKEN, name="a.vtt", actor_id=world.organiser.pk, as_of=timezone.now())
    lesson_of(given, "第二讲", ("text", "<p>先看<b>安全</b>，遇到烫伤不要慌</p>"))
    lesson_of(given, "第三讲", ("document", paper))
    spoken = lesson_of(given, "第四讲", ("video", video))
    lesson_of(given, "烫伤怎么办", ("text", "<p>别的话</p>"))
    found = rows(client, world.member, "烫伤")
    assert [said(row) for row in found] == [
        "[烫伤]怎么办|急救课",
        "急救课|课程介绍|学会处理[烫伤]",
        "第二讲|急救课|正文|先看安全，遇到[烫伤]不要慌",
        "第三讲|急救课|文件|[烫伤]处理表",
        "第四讲|急救课|视频里 00:12 说到|[烫伤]用凉水冲",
    ]
    assert found[1].url == f"/courses/{given.run.pk}/"
    assert found[4].url == f"/courses/{given.run.pk}/{spoken.pk}/?v={video.pk}"
    html = client.get("/courses/", {"q": "烫伤"}).content.decode()
    assert "<b><mark>烫伤</mark>怎么办" in html
    for row in found:
        assert client.get(row.url).status_code == 200


SPOKEN_LATER = """WEBVTT

00:01.000 --> 00:02.000
安全第一

00:03.000 --> 00:04.000
抓好安全生产

00:05.000 --> 00:06.000
转移要

00:07.000 --> 00:08.000
快
""".encode()


def test_the_whole_goes_before_its_pairs_and_over_the_end_of_a_cue(client: Client, var_dir: Any) -> None:
    world = make_county()
    given = give_course(world.branch, title="防火安全", intro="<p>讲安全生产</p>")
    video = ready_video()
    upload_captions(
        video_id=video.pk, data=SPOKEN_LATER, name="a.vtt", actor_id=world.organiser.pk, as_of=timezone.now()
    )
    lesson_of(given, "第二讲 生产", ("text", "<p>先看安全</p>"), ("video", video))
    assert [said(row) for row in rows(client, world.member, "安全生产")] == [
        "防火安全|课程介绍|讲[安全生产]",
        "第二讲 生产|防火安全|视频里 00:03 说到|抓好[安全生产]",
    ]
    for question, shown in (("转移要快", "[转移要快]"), ("要快", "转移[要快]")):
        (row,) = rows(client, world.member, question)
        assert said(row) == f"第二讲 生产|防火安全|视频里 00:05 说到|{shown}"


def test_only_what_one_may_read_is_found(client: Client) -> None:
    world = make_county()
    mine = give_course(world.branch, title="培训甲")
    give_course(world.neighbour, title="培训乙")
    CoursePageFactory(title="培训丙", node=world.branch)  # given to nobody
    lesson_of(mine, "培训草稿").unpublish()
    withdrawn = give_course(world.branch, title="培训丁")
    lesson_of(withdrawn, "培训丁的一讲")
    withdrawn.page.unpublish()
    names = {"培训甲", "培训甲 第一讲"}
    theirs = {"培训乙", "培训乙 第一讲"}

    def titles(user: Any) -> set[str]:
        return {"".join(piece.text for piece in row.title) for row in rows(client, user, "培训")}

    assert titles(world.member) == names
    assert titles(world.neighbour_member) == theirs
    assert titles(world.neighbour_secretary) == theirs
    assert titles(world.organiser) == names | theirs
    assert titles(world.auditor) == set()


def test_what_is_found_follows_every_change(client: Client, var_dir: Any) -> None:
    world = make_county()
    given, other = give_course(world.branch), give_course(world.neighbour, title="别的课")
    lesson = lesson_of(given, "防汛", ("text", "<p>转移</p>"))
    member, neighbour = world.member, world.neighbour_member
    assert len(rows(client, member, "转移")) == 1
    lesson.body = [("text", "<p>避险</p>")]
    draft = lesson.save_revision()
    assert not rows(client, member, "避险")
    draft.publish()
    assert (len(rows(client, member, "避险")), rows(client, member, "转移")) == (1, [])
    LessonPage.objects.get(pk=lesson.pk).move(CoursePage.objects.get(pk=other.page.pk), pos="last-child")
    assert (rows(client, member, "避险"), len(rows(client, neighbour, "避险"))) == ([], 1)
    LessonPage.objects.get(pk=lesson.pk).delete()
    assert rows(client, neighbour, "避险") == []
    video = ready_video()
    lesson_of(given, "看一看", ("video", video))
    upload_captions(video_id=video.pk, data=SPOKEN, name="a.vtt", actor_id=world.organiser.pk, as_of=timezone.now())
    assert len(rows(client, member, "凉水")) == 1
    delete_captions(video_id=video.pk, actor_id=world.organiser.pk)
    assert rows(client, member, "凉水") == []
    paper = Document.objects.create(title="旧讲义", file=ContentFile(b"%PDF-1.4", name="a.pdf"))
    lesson_of(given, "读一读", ("document", paper))
    paper.title = "避雷手册"
    paper.save()
    assert (len(rows(client, member, "避雷")), rows(client, member, "讲义")) == (1, [])


def test_of_several_runs_the_one_to_study_in_is_shown(client: Client) -> None:
    world = make_county()
    given = give_course(world.county, title="反诈课")
    now = timezone.now()

    def again(node: Any) -> CourseRun:
        plan = CoursePlan(
            training_id=TrainingFactory(node=node, deadline_at=now + dt.timedelta(days=60)).pk,
            node_id=node.pk,
            starts_at=now - dt.timedelta(hours=1),
            ends_at=now + dt.timedelta(days=50),
            rule_id=given.run.occasion.rule_id,
        )
        return schedule_course(page_id=given.page.pk, plan=plan, as_of=now)

    def runs_shown(user: Any) -> set[str]:
        return {row.url.split("/")[2] for row in rows(client, user, "反诈")}

    theirs = again(world.neighbour)
    assert runs_shown(world.member) == {str(given.run.pk)}
    assert runs_shown(world.neighbour_member) == {str(theirs.pk)}
    last = again(world.branch)
    Occasion.objects.filter(pk=last.pk).update(ends_at=now + dt.timedelta(days=55))
    assert runs_shown(world.organiser) == {str(last.pk)}
    Occasion.objects.filter(pk=last.pk).update(state=Occasion.State.VOID)
    assert runs_shown(world.organiser) == {str(theirs.pk)}


def test_of_a_course_given_many_times_one_run_is_loaded() -> None:
    """A county's office finds a course that every branch was given: hundreds of runs, of which one is shown."""
    world = make_county()
    given = give_course(world.branch, title="反诈课")
    for _branch in range(3):
        occasion = make_occasion(given.run.occasion.training, node=world.neighbour, kind="course")
        CourseRun.objects.create(occasion=occasion, page=given.page)
    loaded: list[int] = []

    def count(sender: Any, instance: CourseRun, **kwargs: Any) -> None:
        loaded.append(instance.pk)

    runs = readable_runs(world.organiser)
    pages = list(pages_found(runs, "反诈课"))
    post_init.connect(count, sender=CourseRun)
    try:
        found = places_found(pages, "反诈课", runs=runs, member_id=world.organiser.pk)
    finally:
        post_init.disconnect(count, sender=CourseRun)
    assert (len(loaded), set(loaded)) == (1, {one.run.pk for one in found})


def test_nothing_found_says_the_next_step_and_no_question_shows_the_list(client: Client) -> None:
    world = make_county()
    give_course(world.branch)
    client.force_login(world.member)
    nothing = client.get("/courses/?q=没有的词").content.decode()
    assert "没有找到" in nothing
    assert "换个短一点的词试试" in nothing
    assert "两个词中间空一格，也可以只写两个字" in nothing
    assert 'value="没有的词"' in nothing
    assert "还要学 1 门" in client.get("/courses/?q=%20").content.decode()


def test_a_question_with_odd_characters_is_only_a_question(client: Client) -> None:
    world = make_county()
    give_course(world.branch, title='课"<b>')
    for question in ["\x00", "'\"*(", "AND OR NOT", "培" * 500, "🙂", "%_\\", "<b>", "()", "a:b*"]:
        rows_of = client.get
        client.force_login(world.member)
        assert rows_of("/courses/", {"q": question, "page": "x"}).status_code == 200


def test_what_is_found_has_pages_and_costs_the_same(client: Client) -> None:
    world = make_county()
    given = give_course(world.branch)
    for number in range(2):
        lesson_of(given, f"防火{number}", ("text", "<p>防火</p>"), ("video", ready_video()))
    rows(client, world.member, "防火")
    with CaptureQueriesContext(connection) as few:
        rows(client, world.member, "防火")
    for number in range(9):
        other = give_course(world.branch, title=f"再{number}")
        lesson_of(other, f"防火{number}", ("text", "<p>防火</p>"), ("video", ready_video()))
    assert len(rows(client, world.member, "防火")) == 10
    with CaptureQueriesContext(connection) as many:
        rows(client, world.member, "防火", page=1)
    assert len(many) <= len(few) <= 21, [query["sql"] for query in many]
    assert len(rows(client, world.member, "防火", page=2)) == 1
    assert "下一页" in client.get("/courses/?q=防火").content.decode()
