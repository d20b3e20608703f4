"""Publishing a change to what people study now: asked once, with numbers; what was written is a draft by then."""

import datetime as dt
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.documents.models import Document
from wagtail.models import Revision
from wagtail.test.utils.form_data import nested_form_data, rich_text, streamfield

from attendance.models import Occasion
from attendance.sentences.records import day_and_hour
from cms.models import LessonPage
from courses.operations import refresh_length
from courses.releasing import release_due
from organizations.models import Role
from tests.factories.cms import ready_video
from tests.factories.courses import Given, give_course, watch
from tests.factories.organizations import County, NodeFactory, RoleGrantFactory
from tests.office import sure

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]
DAY = dt.timedelta(days=1)


@pytest.fixture
def admin(client: Client, world: County) -> Client:
    client.force_login(world.organiser)
    return client


def form(given: Given, *blocks: tuple[str, Any], **more: Any) -> dict[str, Any]:
    body = streamfield([*blocks, ("text", rich_text("<p>新写的话</p>"))])
    values = {"title": "新题目", "slug": given.lesson.slug, "body": body, "comments": {"TOTAL_FORMS": 0}, **more}
    values["comments"] = {"TOTAL_FORMS": 0, "INITIAL_FORMS": 0, "MIN_NUM_FORMS": 0, "MAX_NUM_FORMS": 1000}
    return nested_form_data(values)


def edit(admin: Client, given: Given, *blocks: tuple[str, Any], **more: Any) -> Any:
    data = form(given, *blocks, **more)
    return admin.post(reverse("wagtailadmin_pages:edit", args=[given.lesson.pk]), data)


def words(response: Any) -> str:
    return str(response.content.decode())


def confirm_url(response: Any) -> str:
    return words(response).split('form action="')[-1].split('"')[0]


def test_a_published_change_is_asked_about_and_nothing_typed_is_lost(admin: Client, given: Given) -> None:
    new = ready_video(duration_ms=30_000, node=given.page.node)
    asked = edit(admin, given, ("video", str(new.pk)), **{"action-publish": "1"})
    assert "4 人在学，0 人已经学完，结果不变；其余 4 人要学的从 48 秒 变为 24 秒" in words(asked)
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    assert (lesson.title, lesson.get_latest_revision_as_object().title) == ("急救常识 第一讲", "新题目")
    assert Occasion.objects.get(pk=given.run.pk).media_ms == 60_000
    assert admin.post(confirm_url(asked), sure(asked)).status_code == 302
    lesson.refresh_from_db()
    assert (lesson.title, lesson.live) == ("新题目", True)
    assert Occasion.objects.get(pk=given.run.pk).media_items == {f"v:{new.pk}": 30_000}


def test_a_change_that_touches_nobody_is_published_at_once(admin: Client, given: Given) -> None:
    answer = edit(admin, given, ("video", str(given.video.pk)), **{"action-publish": "1"})
    assert answer.status_code == 302
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    assert lesson.title == "新题目"


def test_a_draft_is_never_stopped(admin: Client, given: Given) -> None:
    assert edit(admin, given).status_code == 302
    assert LessonPage.objects.get(pk=given.lesson.pk).get_latest_revision_as_object().title == "新题目"
    assert Occasion.objects.get(pk=given.run.pk).media_ms == 60_000


def test_taking_the_video_out_while_people_make_up_is_refused_and_the_draft_kept(admin: Client, given: Given) -> None:
    now = timezone.now()
    Occasion.objects.update(
        starts_at=now - 9 * DAY, window_start_at=now - 9 * DAY, ends_at=now - DAY, make_up_until_at=now + DAY
    )
    asked = edit(admin, given, **{"action-publish": "1"})
    assert "4 人还可以补学到" in words(asked)
    assert "uses/publish" not in words(asked)
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    assert (lesson.title, lesson.get_latest_revision_as_object().title) == ("急救常识 第一讲", "新题目")
    url = reverse("uses_publish", args=[lesson.pk, lesson.latest_revision_id])
    assert "4 人还可以补学到" in words(admin.post(url, {"sure": "yes"}))
    assert LessonPage.objects.get(pk=given.lesson.pk).title == "急救常识 第一讲"


def test_a_document_that_is_swapped_is_named(admin: Client, given: Given, var_dir: Any) -> None:
    document = Document(title="手册")
    document.file.save("a.pdf", ContentFile(b"%PDF"))
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    lesson.body = [("video", given.video), ("document", document)]
    lesson.save_revision().publish()
    asked = edit(admin, given, ("video", str(given.video.pk)), **{"action-publish": "1"})
    assert "文件“手册”以后打不开，已经下载的不受影响" in words(asked)


def test_what_is_planned_is_asked_about_and_then_done_by_the_clock(admin: Client, given: Given) -> None:
    new = ready_video(duration_ms=30_000, node=given.page.node)
    later = timezone.localtime(timezone.now() + DAY)
    more = {"go_live_at": later.strftime("%Y-%m-%d %H:%M"), "action-publish": "1"}
    asked = edit(admin, given, ("video", str(new.pk)), **more)
    assert f"从 {day_and_hour(later)} 起，" in words(asked)
    assert "要学的从 48 秒 变为 24 秒" in words(asked)
    page = admin.post(confirm_url(asked), sure(asked), follow=True)
    assert "“新题目”会按时发布" in words(page)
    assert Occasion.objects.get(pk=given.run.pk).media_ms == 60_000
    planned = Revision.objects.exclude(approved_go_live_at=None).get()
    planned.approved_go_live_at = timezone.now() - DAY
    planned.content["go_live_at"] = planned.approved_go_live_at.isoformat()
    planned.save()
    assert release_due(as_of=timezone.now()) == 1
    assert Occasion.objects.get(pk=given.run.pk).media_ms == 30_000


def test_a_newer_draft_is_looked_at_first(admin: Client, given: Given) -> None:
    asked = edit(admin, given, **{"action-publish": "1"})
    edit(admin, given, ("video", str(given.video.pk)))
    page = admin.post(confirm_url(asked), sure(asked), follow=True)
    assert "刚才又有新的修改" in words(page)
    assert LessonPage.objects.get(pk=given.lesson.pk).title == "急救常识 第一讲"


def test_a_neighbour_and_a_lecturer_publish_nothing(client: Client, world: County, given: Given) -> None:
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    url = reverse("uses_publish", args=[lesson.pk, lesson.latest_revision_id])
    people = [
        RoleGrantFactory(role=Role.ORGANISER, node=NodeFactory()).user, world.lecturer, world.operator, world.member,
    ]  # fmt: skip
    for user in people:
        client.force_login(user)
        assert client.post(url).status_code in {302, 404}
        assert client.get(url).status_code in {302, 404, 405}
    assert LessonPage.objects.get(pk=lesson.pk).latest_revision_id == lesson.latest_revision_id


def test_what_ends_by_the_clock_says_from_when(admin: Client, given: Given) -> None:
    later = timezone.localtime(timezone.now() + DAY)
    more = {"expire_at": later.strftime("%Y-%m-%d %H:%M"), "action-publish": "1"}
    asked = words(edit(admin, given, ("video", str(given.video.pk)), **more))
    assert f"从 {day_and_hour(later)} 起，" in asked
    assert "暂时没有要学的" in asked


def test_consent_to_publishing_holds_for_what_was_read(admin: Client, given: Given) -> None:
    asked = edit(admin, given, ("video", str(ready_video(duration_ms=30_000, node=given.page.node).pk)),
                 **{"action-publish": "1"})  # fmt: skip
    watch(given, given.run.occasion.roster.first().member, (0, 60_000))
    again = admin.post(confirm_url(asked), sure(asked))
    assert "1 人已经学完" in words(again)
    assert LessonPage.objects.get(pk=given.lesson.pk).title == "急救常识 第一讲"
    assert admin.post(confirm_url(again), sure(again)).status_code == 302
    assert LessonPage.objects.get(pk=given.lesson.pk).title == "新题目"


def test_a_draft_that_lacks_something_is_published_at_no_address(admin: Client, given: Given) -> None:
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    lesson.body = [("video", None)]
    revision = lesson.save_revision(clean=False)
    page = words(admin.post(reverse("uses_publish", args=[lesson.pk, revision.pk]), {"sure": "yes"}, follow=True))
    assert "还没有写完，没有发布" in page
    assert LessonPage.objects.get(pk=lesson.pk).has_unpublished_changes


def test_a_copy_goes_into_no_course_unasked_and_follows_no_other(admin: Client, world: County, given: Given) -> None:
    """Wagtail's own tick publishes the copy at once; an alias is changed by whoever changes the original."""
    url = reverse("wagtailadmin_pages:copy", args=[given.lesson.pk])
    page = words(admin.get(url))
    assert ("publish_copies" in page, 'name="alias"' in page) == (False, False)
    data = {"new_title": "抄来的", "new_slug": "copied", "new_parent_page": given.page.pk}
    for tick in ("publish_copies", "alias"):
        assert admin.post(url, {**data, tick: "on"}).status_code == 200
    assert LessonPage.objects.count() == 1
    assert admin.post(url, data).status_code == 302
    copied = LessonPage.objects.get(title="抄来的")
    assert (copied.live, copied.alias_of) == (False, None)
    # A whole course is new to everybody: it may be published with its lessons.
    url = reverse("wagtailadmin_pages:copy", args=[given.page.pk])
    assert "publish_copies" in words(admin.get(url))
    data = {"new_title": "新课程", "new_slug": "new", "new_parent_page": given.page.get_parent().pk}
    assert admin.post(url, {**data, "alias": "on"}).status_code == 200
    assert admin.post(url, {**data, "publish_copies": "on", "copy_subpages": "on"}).status_code == 302
    assert LessonPage.objects.filter(live=True).count() == 2


def test_a_lesson_that_follows_another_is_asked_about_with_it(admin: Client, world: County, given: Given) -> None:
    """Aliases made before they were taken off the form: what the original shows they show as well."""
    other = give_course(world.branch, title="防汛")
    source = LessonPage.objects.get(pk=given.lesson.pk)
    source.create_alias(parent=type(other.page).objects.get(pk=other.page.pk), update_slug="follows")
    new = ready_video(duration_ms=30_000, node=given.page.node)
    asked = words(edit(admin, given, ("video", str(new.pk)), **{"action-publish": "1"}))
    assert asked.count("要学的从") == 2
    refresh_length(page_ids=[other.page.pk], as_of=timezone.now())
    asked = words(admin.get(reverse("wagtailadmin_pages:unpublish", args=[source.pk])))
    assert other.run.occasion.training.title in asked


@pytest.mark.parametrize("is_named", [True, False])
def test_what_another_has_locked_is_not_published_by_our_door(
    admin: Client, given: Given, world: County, is_named: bool
) -> None:
    new = ready_video(duration_ms=30_000, node=given.page.node)
    asked = edit(admin, given, ("video", str(new.pk)), **{"action-publish": "1"})
    by = world.operator if is_named else None
    LessonPage.objects.filter(pk=given.lesson.pk).update(locked=True, locked_by=by, locked_at=timezone.now())
    refused = words(admin.post(confirm_url(asked), sure(asked), follow=True))
    assert (f"被{world.operator.name}锁定了，没有发布" if is_named else "锁定了，没有发布") in refused
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    assert (lesson.title, lesson.get_latest_revision_as_object().title) == ("急救常识 第一讲", "新题目")
    LessonPage.objects.filter(pk=lesson.pk).update(locked_by=world.organiser)  # who locked it may
    admin.post(confirm_url(asked), sure(asked))
    assert LessonPage.objects.get(pk=lesson.pk).title == "新题目"
