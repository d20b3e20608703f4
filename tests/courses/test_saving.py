"""What a phone keeps of a lesson, who may keep it, and what becomes of it when the right or the lesson ends."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance.models import Occasion
from cms.models import LessonPage
from courses.saving import kept_words
from media.models import Video
from tests.factories.cms import LessonPageFactory
from tests.factories.courses import Given, give_course, watch
from tests.factories.organizations import County

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def of(given: Given) -> str:
    return f"{given.run.pk}/{given.lesson.pk}"


def asked(client: Client, *keys: str) -> dict[str, Any]:
    answer = client.get("/courses/saved.json", {"of": ",".join(keys)})
    assert (answer.status_code, "no-store" in answer["Cache-Control"]) == (200, True)
    found: dict[str, Any] = answer.json()
    return found


def test_a_member_keeps_text_sound_and_what_counts(client: Client, world: County, given: Given) -> None:
    watch(given, world.member, (0, 10_000))
    client.force_login(world.member)
    answer = client.get(f"/courses/{of(given)}/saved.json")
    kept = answer.json()
    assert "no-store" in answer["Cache-Control"]
    assert "先看安全" in kept["html"]
    assert kept["key"] == of(given)
    assert kept["audio_url"].startswith("/m/")
    assert kept["sound"]["credited_ms"] == [[0, 10_000]]
    assert kept["sound"]["records"] is True
    assert kept["sound"]["owner"] == str(world.member.public_id)


def test_a_text_alone_has_no_sound(client: Client, world: County, given: Given) -> None:
    text = LessonPageFactory(course=given.page, title="第二讲", body=[("text", "<p>读一读</p>")])
    client.force_login(world.member)
    kept = client.get(f"/courses/{given.run.pk}/{text.pk}/saved.json").json()
    assert (kept["audio_url"], kept["sound"]["media"], kept["sound"]["records"]) == ("", "", False)
    assert kept["sound"]["counts_from"] is None


def test_whoever_only_looks_after_it_and_a_neighbour_keep_nothing(client: Client, world: County, given: Given) -> None:
    for person in (world.organiser, world.neighbour_member):
        client.force_login(person)
        assert client.get(f"/courses/{of(given)}/saved.json").status_code == 404
        assert asked(client, of(given))["stamps"] == {}


def test_a_visitor_signs_in_first_and_the_page_itself_holds_nothing_of_anybody(client: Client, world: County) -> None:
    assert client.get("/courses/saved.json").status_code == 302
    anonymous = client.get("/courses/saved/").content
    client.force_login(world.member)
    answer = client.get("/courses/saved/")
    assert answer.content == anonymous
    assert "no-store" in answer["Cache-Control"]


def test_what_changed_has_another_stamp(client: Client, world: County, given: Given) -> None:
    client.force_login(world.member)
    before = asked(client, of(given))["stamps"][of(given)]
    assert before == client.get(f"/courses/{of(given)}/saved.json").json()["stamp"]
    given.lesson.title = "改过的"
    given.lesson.save_revision().publish()
    assert asked(client, of(given))["stamps"][of(given)] != before


def test_a_larger_rung_of_the_same_film_changes_no_stamp(client: Client, world: County, given: Given) -> None:
    client.force_login(world.member)
    before = asked(client, of(given))["stamps"][of(given)]
    Video.objects.update(folder="videos/x/other")
    assert asked(client, of(given))["stamps"][of(given)] == before
    Video.objects.update(duration_ms=61_000)
    assert asked(client, of(given))["stamps"][of(given)] != before


def test_from_when_it_counts_is_told(client: Client, world: County, given: Given) -> None:
    client.force_login(world.member)
    starts = timezone.now() + dt.timedelta(days=1)
    Occasion.objects.filter(pk=given.run.pk).update(starts_at=starts)
    kept = client.get(f"/courses/{of(given)}/saved.json").json()
    assert (kept["sound"]["records"], kept["sound"]["counts_from"]) == (False, int(starts.timestamp() * 1000))
    assert kept["number"] == 1


def test_withdrawn_void_and_lost_rights_each_say_so(client: Client, world: County, given: Given) -> None:
    client.force_login(world.member)
    other = give_course(world.neighbour, title="邻村的课")
    void = give_course(world.branch, title="作废的课")
    Occasion.objects.filter(pk=void.run.pk).update(state=Occasion.State.VOID)
    LessonPage.objects.get(pk=given.lesson.pk).unpublish()
    gone = asked(client, of(given), of(other), of(void), "nonsense", "9/9")["gone"]
    assert "老师正在修改" in gone[of(given)]
    assert "不在这门课的名单里" in gone[of(other)]
    assert "已作废" in gone[of(void)]
    assert "不在这门课的名单里" in gone["9/9"]
    assert "nonsense" not in gone
    answer = client.get(f"/courses/{of(given)}/saved.json")
    assert (answer.status_code, answer.json()["error"]) == (410, "withdrawn")
    assert client.get(f"/courses/{of(void)}/saved.json").status_code == 404


def test_many_are_asked_about_at_once_for_the_same_number_of_queries(
    client: Client, world: County, given: Given
) -> None:
    client.force_login(world.member)

    def queries(*keys: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            asked(client, *keys)
        return len(seen)

    one = queries(of(given))
    assert queries(of(given), *(of(give_course(world.branch, title=f"课 {n}")) for n in range(3))) == one <= 12


def test_the_button_is_for_whoever_is_on_the_roster(client: Client, world: County, given: Given) -> None:
    for url in (f"/courses/{given.run.pk}/", f"/courses/{of(given)}/"):
        client.force_login(world.member)
        assert f'id="keep" data-of="{of(given)}"' in client.get(url).content.decode()
        client.force_login(world.organiser)
        assert 'id="keep"' not in client.get(url).content.decode()


def test_the_page_of_what_is_kept_has_a_way_to_the_lesson_online_and_says_what_reading_counts(client: Client) -> None:
    """A text opened without a network counts nothing by itself."""
    page = client.get("/courses/saved/").content.decode()
    assert 'id="kept-online"' in page
    assert 'id="kept-reading"' in page
    assert kept_words()["reading"] == "这里读的不计入；有网时打开这一讲，读完点“读完了”。"
