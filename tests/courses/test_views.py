"""What a member, a neighbour, a secretary and an organiser see of a course."""

import datetime as dt
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import AnonymousUser
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.documents.models import Document
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file

from attendance.models import Training
from attendance.sentences.records import day_and_hour
from courses.models import LessonProgress
from courses.permissions import may_watch_video
from media.models import Video
from tests.factories.cms import LessonPageFactory, ready_video
from tests.factories.courses import Given, give_course, watch
from tests.factories.organizations import MembershipFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]


def page_of(client: Client, user: Any, url: str) -> Any:
    client.force_login(user)
    return client.get(url)


def addresses(given: Given) -> list[str]:
    base = f"/courses/{given.run.pk}/"
    return [base, f"{base}{given.lesson.pk}/", f"{base}{given.lesson.pk}/media.json"]


def test_a_visitor_is_asked_to_sign_in(client: Client) -> None:
    given = give_course(make_county().branch)
    for url in ["/courses/", *addresses(given)]:
        assert client.get(url).status_code == 302


def test_a_member_reads_and_a_neighbour_gets_404(client: Client) -> None:
    world = make_county()
    given = give_course(world.branch)
    for url in addresses(given):
        assert page_of(client, world.member, url).status_code == 200
        assert page_of(client, world.neighbour_member, url).status_code == 404
        assert page_of(client, world.neighbour_secretary, url).status_code == 404
        assert page_of(client, world.auditor, url).status_code == 404


def test_a_secretary_above_reads_without_being_counted(client: Client) -> None:
    world = make_county()
    given = give_course(world.branch)
    page = page_of(client, world.organiser, f"/courses/{given.run.pk}/{given.lesson.pk}/")
    assert page.status_code == 200
    assert page.context["player"]["records"] is False
    assert page_of(client, world.secretary, addresses(given)[0]).context["records"] is True


def test_the_lesson_tells_the_player_what_it_needs(client: Client) -> None:
    world = make_county()
    given = give_course(world.branch)
    player = page_of(client, world.member, addresses(given)[1]).context["player"]
    assert (player["occasion"], player["media"], player["duration_ms"]) == (given.run.pk, given.key, 60_000)
    assert (player["needed_ms"], player["credited_ms"], player["records"]) == (48_000, [], True)
    assert player["hls_url"].startswith("/m/")
    assert player["subtitle"] == "急救常识 · 第 1 讲，共 1 讲"


def test_a_lesson_takes_fifteen_queries(client: Client, django_assert_max_num_queries: Any) -> None:
    world = make_county()
    given = give_course(world.branch)
    client.force_login(world.member)
    client.get(addresses(given)[1])  # the first of a process warms what it keeps
    with django_assert_max_num_queries(15):
        assert client.get(addresses(given)[1]).status_code == 200


def test_the_lesson_shows_the_chapters_of_its_video(client: Client) -> None:
    world = make_county()
    given = give_course(world.branch)
    address = addresses(given)[1]
    assert 'id="chapters"' not in page_of(client, world.member, address).content.decode()
    Video.objects.filter(pk=given.video.pk).update(chapters=[[0, "开场"], [30_000, "三种骗局"], [60_000, "片外"]])
    page = BeautifulSoup(page_of(client, world.member, address).content, "html.parser")
    shown = [(one["data-start"], one.get_text(" ", strip=True)) for one in page.select("#chapters button")]
    assert shown == [("0", "00:00 开场"), ("30000", "00:30 三种骗局")]
    assert client.get(f"{address}media.json").json()["duration_ms"] == 60_000


def test_what_counted_shows_everywhere(client: Client) -> None:
    world = make_county()
    given = give_course(world.branch)
    watch(given, world.member, (0, 12_000), (24_000, 30_000))
    player = page_of(client, world.member, addresses(given)[2]).json()
    assert (player["credited_ms"], player["position_ms"]) == ([[0, 12_000], [24_000, 30_000]], 30_000)
    study = page_of(client, world.member, addresses(given)[0]).context["study"]
    assert (study.amount.done_ms, study.amount.left_ms) == (18_000, 30_000)
    assert (study.lessons[0].amount.done_ms, study.stand.state) == (18_000, "due")
    colleague = page_of(client, world.members[1], addresses(given)[0]).context["study"]
    assert colleague.amount.done_ms == 0


def test_a_video_in_the_works_says_so(client: Client) -> None:
    world = make_county()
    given = give_course(world.branch)
    Video.objects.filter(pk=given.video.pk).update(state=Video.State.RUNNING)
    page = page_of(client, world.member, addresses(given)[1])
    assert "视频还在处理" in page.content.decode()
    assert "player-data" not in page.content.decode()


def test_drafts_and_strangers_lessons_are_404(client: Client) -> None:
    world = make_county()
    given, other = give_course(world.branch), give_course(world.branch, title="别的课")
    draft = LessonPageFactory(course=given.page, live=False)
    assert page_of(client, world.member, f"/courses/{given.run.pk}/{draft.pk}/").status_code == 404
    assert page_of(client, world.member, f"/courses/{given.run.pk}/{other.lesson.pk}/").status_code == 404


def test_a_draft_training_is_not_there_yet(client: Client) -> None:
    world = make_county()
    given = give_course(world.branch)
    Training.objects.update(state=Training.State.DRAFT)
    assert page_of(client, world.member, addresses(given)[0]).status_code == 404
    assert page_of(client, world.member, "/courses/").context["shelf"].is_empty


def test_the_list_has_what_is_left_first(client: Client) -> None:
    world = make_county()
    done, left = give_course(world.branch, title="学完的课"), give_course(world.branch, title="没学的课")
    coming = give_course(world.branch, title="以后的课", starts_in=dt.timedelta(days=3))
    watch(done, world.member, (0, 50_000))
    shelf = page_of(client, world.member, "/courses/").context["shelf"]
    assert [study.run.pk for study in shelf.todo] == [left.run.pk]
    assert [study.run.pk for study in shelf.done] == [done.run.pk]
    assert [study.run.pk for study in shelf.coming] == [coming.run.pk]


def test_courses_of_one_name_are_told_apart(client: Client) -> None:
    """By who gives them, and by when they begin where that is the same; one alone says neither."""
    world = make_county()
    above, here = give_course(world.county, title="急救"), give_course(world.branch, title="急救")
    later = give_course(world.branch, title="急救", starts_in=dt.timedelta(days=3))
    alone = give_course(world.branch, title="防汛")
    page = page_of(client, world.member, "/courses/")
    lines = {row.url: row.lines for section in page.context["sections"] for row in section.rows}
    begins, begins_later = (day_and_hour(one.run.occasion.starts_at) for one in (here, later))
    first = [lines[addresses(one)[0]][0] for one in (above, here, later, alone)]
    assert first[:3] == [
        world.county.name, f"{world.branch.name} · {begins} 开始", f"{world.branch.name} · {begins_later} 开始",
    ]  # fmt: skip
    assert world.branch.name not in first[3]
    # Who is above and on no roster reads the unit in each line already, once.
    page = page_of(client, world.organiser, "/courses/")
    lines = {row.url: row.lines for section in page.context["sections"] for row in section.rows}
    assert lines[addresses(here)[0]][0] == f"{begins} 开始"
    assert sum(line.count(world.branch.name) for line in lines[addresses(here)[0]]) == 1


def test_somebody_new_sees_that_nothing_is_there(client: Client) -> None:
    assert "还没有课程" in page_of(client, make_county().member, "/courses/").content.decode()


@pytest.mark.parametrize("url", ["/courses/", "course", "lesson"])
def test_pages_cost_the_same_for_one_and_for_three(client: Client, url: str) -> None:
    world = make_county()
    given = give_course(world.branch)
    address = {"course": addresses(given)[0], "lesson": addresses(given)[1]}.get(url, url)
    client.force_login(world.member)
    client.get(address)
    with CaptureQueriesContext(connection) as one:
        client.get(address)
    for number in range(2):
        LessonPageFactory(course=given.page, body=[("text", "<p>再</p>"), ("video", ready_video())])
        watch(give_course(world.branch, title=f"又一门{number}"), world.member, (0, 1000))
    client.get(address)  # what is new is read once
    with CaptureQueriesContext(connection) as three:
        client.get(address)
    assert len(three) == len(one), [query["sql"] for query in three]
    assert len(one) <= 20


def test_a_text_is_finished_with_its_button(client: Client) -> None:
    world = make_county()
    given = give_course(world.branch)
    text = LessonPageFactory(course=given.page, body=[("text", "<p>读</p>")])
    url = f"/courses/{given.run.pk}/{text.pk}/complete/"
    assert page_of(client, world.member, f"/courses/{given.run.pk}/{text.pk}/").context["player"] is None
    done = BeautifulSoup(client.post(url, follow=True).content, "html.parser")
    assert f"“{text.title}”已学完。" in done.get_text()
    (onward,) = done.select("main a.btn:not(.quiet)")
    assert onward["href"] == f"/courses/{given.run.pk}/{given.lesson.pk}/", "what is left of the course, in one tap"
    assert LessonProgress.objects.get().lesson_id == text.pk
    for stranger in (world.neighbour_member, world.organiser):
        client.force_login(stranger)
        assert client.post(url).status_code == 404
    assert LessonProgress.objects.count() == 1


def test_the_player_cannot_finish_a_lesson_too_early(client: Client) -> None:
    world = make_county()
    given = give_course(world.branch)
    client.force_login(world.member)
    url = f"/courses/{given.run.pk}/{given.lesson.pk}/complete/"
    refused = client.post(url, headers={"accept": "application/json"})
    assert (refused.status_code, refused.json()["error"]) == (409, "not_enough")
    watch(given, world.member, (0, 48_000))
    done = client.post(url, headers={"accept": "application/json"}).json()
    assert (done["done"], done["onward"]["url"]) == (True, "/"), "the course is finished with it"
    assert done["onward"]["text"] == "课程都学完了：回到今天"
    again = client.post(url, headers={"accept": "application/json"}).json()
    assert again == done
    text = LessonPageFactory(course=given.page, body=[("text", "<p>读</p>")])
    onward = client.post(url, headers={"accept": "application/json"}).json()["onward"]
    assert onward == {"text": f"下一讲：{text.title}", "url": f"/courses/{given.run.pk}/{text.pk}/"}
    page = BeautifulSoup(client.get(f"/courses/{given.run.pk}/{given.lesson.pk}/").content, "html.parser")
    assert page.select_one("#player-onward") is None, "what is done already leads on at once"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Wagtail's own temporary file
def test_pictures_and_documents_are_read_with_the_lesson(client: Client, var_dir: Any) -> None:
    world = make_county()
    given = give_course(world.branch)
    image = Image.objects.create(title="水沟", file=get_test_image_file())
    paper = Document.objects.create(title="讲义", file=ContentFile(b"%PDF-1.4 demo", name="jiangyi.pdf"))
    picture = {"image": image, "alt": "屋后的排水沟", "decorative": False}
    lesson = LessonPageFactory(course=given.page, body=[("picture", picture), ("document", paper)])
    base = f"/courses/{given.run.pk}/{lesson.pk}/"
    page = page_of(client, world.member, base).content.decode()
    # The address changes with the file: browsers keep what they have got for a day.
    assert f'src="{base}pictures/{image.pk}/?f=' in page
    assert f'href="{base}documents/{paper.pk}/?f=' in page
    assert 'alt="屋后的排水沟"' in page
    urls = [f"{base}pictures/{image.pk}/", f"{base}documents/{paper.pk}/"]
    for url in urls:
        answer = client.get(url)
        assert (answer.status_code, answer["Cache-Control"]) == (200, "private, max-age=86400")
        assert b"".join(answer.streaming_content)
        assert page_of(client, world.neighbour_member, url).status_code == 404
        client.force_login(world.member)
    other = f"/courses/{given.run.pk}/{given.lesson.pk}/"
    assert client.get(f"{other}pictures/{image.pk}/").status_code == 404
    assert client.get(f"{other}documents/{paper.pk}/").status_code == 404
    assert client.get(paper.url).status_code == 404
    assert client.get(f"/files/{image.file.name}").status_code == 404


def test_a_published_page_leads_its_members_to_their_course(client: Client) -> None:
    world = make_county()
    given = give_course(world.branch)
    course, lesson = f"/learn/{given.page.slug}/", f"/learn/{given.page.slug}/{given.lesson.slug}/"
    assert client.get(course).status_code == 404
    assert page_of(client, world.member, course)["Location"] == addresses(given)[0]
    assert client.get(lesson)["Location"] == addresses(given)[1]
    assert page_of(client, world.neighbour_member, course).status_code == 404
    assert client.get("/learn/").status_code == 404


def test_who_may_watch_a_video() -> None:
    world = make_county()
    given = give_course(world.branch)
    unused = ready_video()
    allowed = {
        world.member.name: True,
        world.secretary.name: True,
        world.organiser.name: True,
        world.neighbour_member.name: False,
        world.neighbour_secretary.name: False,
        world.auditor.name: False,
        world.operator.name: False,
    }
    people = [world.member, world.secretary, world.organiser, world.neighbour_member]
    people += [world.neighbour_secretary, world.auditor, world.operator]
    assert {person.name: may_watch_video(person.pk, str(given.video.pk)) for person in people} == allowed
    assert not may_watch_video(world.member.pk, str(unused.pk))
    assert not may_watch_video(world.member.pk, "../../etc")
    assert not may_watch_video(0, str(given.video.pk))
    assert AnonymousUser().pk is None


def test_an_organiser_watches_a_draft_in_their_subtree_only() -> None:
    world = make_county()
    given = give_course(world.branch)
    draft = ready_video()
    lesson = given.lesson
    lesson.body = [("video", draft)]
    lesson.save_revision()
    assert may_watch_video(world.organiser.pk, str(draft.pk))
    assert not may_watch_video(world.secretary.pk, str(draft.pk))
    assert not may_watch_video(world.member.pk, str(draft.pk))


def test_who_moved_away_keeps_what_they_were_expected_at_and_gets_nothing_new(client: Client) -> None:
    world = make_county()
    given = give_course(world.branch)
    newcomer = MembershipFactory(node=world.branch).member
    assert page_of(client, newcomer, addresses(given)[0]).status_code == 404
    assert timezone.now() > given.run.occasion.starts_at
    assert page_of(client, world.member, addresses(given)[0]).status_code == 200


def test_without_scripts_a_lesson_shows_what_is_needed_and_no_dead_key(client: Client) -> None:
    world = make_county()
    given = give_course(world.branch)
    page = page_of(client, world.member, f"/courses/{given.run.pk}/{given.lesson.pk}/")
    player = BeautifulSoup(page.content, "html.parser").select_one("#player")
    assert player is not None
    told = player.find(True)
    assert told.name == "noscript", "before the picture and its keys"
    assert "需要浏览器打开 JavaScript" in told.get_text()
    assert "unscripted" in told.select_one("link[rel=stylesheet]")["href"]
