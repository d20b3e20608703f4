"""A learning path in the editor: made, saved with a mistake, published, copied, and what happens to its courses."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file
from wagtail.models import Page

from cms.checklist import checklist_of, refused_for
from cms.models import CoursePage, PathPage, PathStep
from cms.operations import ensure_shelf
from cms.units import uses_of as uses_of_unit
from cms.uses import changed, uses_of
from courses.changes import given_among
from courses.releasing import release_due
from organizations.models import Role
from organizations.uses import uses_of as all_uses_of
from tests.factories.cms import CoursePageFactory, make_path
from tests.factories.organizations import County, RoleGrantFactory, UserFactory, make_county
from tests.office import sure

pytestmark = [
    pytest.mark.integration,
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
]


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def admin(client: Client, county: County) -> Client:
    """An organiser of the first branch."""
    author = UserFactory(name="吴组织员")
    RoleGrantFactory(user=author, node=county.branch, role=Role.ORGANISER)
    client.force_login(author)
    return client


def form(county: County, *courses: Any, **more: Any) -> dict[str, Any]:
    """What the editor's form posts for these steps: a course's key, "" for none."""
    values: dict[str, Any] = {"title": "新党员入门", "aim": "半年内学完", "node": county.branch.pk, "cover": ""}
    for name, count in (("steps", len(courses)), ("comments", 0)):
        start = {"TOTAL": count, "INITIAL": 0, "MIN_NUM": 0, "MAX_NUM": 1000}
        values |= {f"{name}-{key}_FORMS": number for key, number in start.items()}
    for number, course in enumerate(courses):
        step = {"id": "", "ORDER": number + 1, "DELETE": "", "course": course, "section": "第一周"}
        values |= {f"steps-{number}-{key}": value for key, value in step.items()}
    return values | more


def add() -> str:
    return reverse("wagtailadmin_pages:add", args=["cms", "pathpage", ensure_shelf().pk])


def edit(page: Any) -> str:
    return reverse("wagtailadmin_pages:edit", args=[page.pk])


def html(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


PUBLISH = {"action-publish": "1"}


def test_from_nothing_to_a_published_path(admin: Client, county: County) -> None:
    one, two = (CoursePageFactory(node=county.branch, title=title) for title in ("党章", "党史"))
    assert "学习路径" in html(admin.get(reverse("wagtailadmin_pages:add_subpage", args=[ensure_shelf().pk])))
    assert "一步是一门课程" in html(admin.get(add()))
    # A draft may lack a name and courses; publishing says what is missing, and nothing typed is lost.
    assert admin.post(add(), form(county, "", title="")).status_code == 302
    path = PathPage.objects.get()
    assert (path.title, path.live) == ("未命名的学习路径", False)
    shown = html(admin.get(edit(path)))
    assert "补上下面这些才能发布" in shown
    kept = {"steps-0-id": path.steps.get().pk, "steps-INITIAL_FORMS": 1, **PUBLISH}
    said = html(admin.post(edit(path), form(county, one.pk, "", title="入门", **kept)))
    assert "请给这一步选一门课程，或者删掉这一步。" in said
    assert 'value="第一周"' in said
    emptied = {"steps-0-DELETE": "on", **kept}
    assert "还没有步骤：请至少加一步" in html(admin.post(edit(path), form(county, one.pk, **emptied)))
    assert "课程“党章”前面已经有了" in html(admin.post(edit(path), form(county, one.pk, one.pk, **kept)))
    assert admin.post(edit(path), form(county, two.pk, one.pk, **kept)).status_code == 302
    path = PathPage.objects.get()
    assert (path.live, [step.course.title for step in path.steps.all()]) == (True, ["党史", "党章"])
    # Another order, as the arrows post it; and the preview.
    keys = {f"steps-{number}-id": step.pk for number, step in enumerate(path.steps.all())}
    turned = form(county, two.pk, one.pk, **keys, **{"steps-INITIAL_FORMS": 2, "steps-0-ORDER": 2, "steps-1-ORDER": 1})
    assert admin.post(edit(path), turned | PUBLISH).status_code == 302
    assert [step.course.title for step in PathPage.objects.get().steps.all()] == ["党章", "党史"]
    seen = html(admin.get(reverse("wagtailadmin_pages:view_draft", args=[path.pk])))
    assert seen.index("党章") < seen.index("党史")


def test_another_units_courses_and_paths_do_not_exist(admin: Client, county: County) -> None:
    theirs = CoursePageFactory(node=county.neighbour, title="邻支部的课")
    said = html(admin.post(add(), form(county, theirs.pk)))
    assert "第 1 步选的课程不存在，或者不归您使用" in said
    assert "邻支部的课" not in said
    path = make_path(county.neighbour, theirs, title="邻支部的路径")
    for name in ("edit", "delete", "unpublish", "copy", "history"):
        assert admin.get(reverse(f"wagtailadmin_pages:{name}", args=[path.pk])).status_code == 404
    assert path.title not in html(admin.get(reverse("wagtailadmin_explore", args=[ensure_shelf().pk])))
    # A colleague's course that stood in the path stays there when somebody else saves it.
    mixed = make_path(county.branch, theirs)
    key = {"steps-0-id": mixed.steps.get().pk, "steps-INITIAL_FORMS": 1}
    assert admin.post(edit(mixed), form(county, theirs.pk, **key)).status_code == 302


def test_what_becomes_of_its_courses_is_said_to_its_author(admin: Client, county: County) -> None:
    names = ("党章", "党史", "团史")
    one, two, three = (CoursePageFactory(node=county.branch, title=title) for title in names)
    path = make_path(county.branch, (one, {"is_optional": True}), two, three)
    assert [line.text[:8] for line in checklist_of(path).advice] == ["还没有写为什么学", "没有选封面，现在"]
    delete = reverse("wagtailadmin_pages:delete", args=[two.pk])
    withdraw = reverse("wagtailadmin_pages:unpublish", args=[one.pk])
    assert "学习路径“新党员入门”里有这门课：安排给了党员的，他们在那里看到“老师正在修改”" in html(admin.get(withdraw))
    asked = html(admin.get(delete))
    assert "学习路径“新党员入门”里有这门课：删除以后，那里没有这一步了" in asked
    admin.post(withdraw, sure(admin.get(withdraw)))
    admin.post(delete, sure(admin.get(delete)))
    CoursePage.objects.filter(pk=three.pk).update(node=county.neighbour)
    path = PathPage.objects.get()
    assert [line.text for line in refused_for(path)] == [
        "步骤：第 2 步还没有课程，没有选，或者课程已经删除。请选一门，或者删掉这一步。"
    ]
    advice = " ".join(line.text for line in checklist_of(path).advice)
    assert "第 1 步“党章”没有发布，或已经撤下" in advice
    assert "第 3 步“团史”现在归“东风村第二支部”" in advice
    PathStep.objects.update(is_optional=True)
    assert "每一步都是选修" in " ".join(line.text for line in checklist_of(PathPage.objects.get()).advice)


def test_a_path_is_copied_withdrawn_and_deleted(admin: Client, county: County) -> None:
    course = CoursePageFactory(node=county.branch)
    path = make_path(county.branch, course)
    copy = reverse("wagtailadmin_pages:copy", args=[path.pk])
    shelf = ensure_shelf().pk
    values = {"new_title": "入门（副本）", "new_slug": "", "new_parent_page": shelf, "node": county.branch.pk}
    answer = admin.post(copy, values)
    made = PathPage.objects.get(title="入门（副本）")
    assert answer.headers["Location"] == edit(made)
    assert made.live is False
    assert "名称里还写着“副本”" in checklist_of(made).advice[0].text
    same = "还有一个叫这个名字的"
    assert same not in " ".join(line.text for line in checklist_of(made).advice)
    made.title = path.title
    assert same in " ".join(line.text for line in checklist_of(made).advice)
    assert "publish_copies" not in html(admin.get(copy))
    assert "请先复制成草稿" in html(admin.post(copy, {**values, "publish_copies": "on"}))
    assert [step.course_id for step in made.steps.all()] == [course.pk]
    for name in ("unpublish", "delete"):
        url = reverse(f"wagtailadmin_pages:{name}", args=[path.pk])
        asked = admin.get(url)
        assert "学过的都记在各门课程里，不会丢" in html(asked)
        assert admin.post(url, sure(asked)).status_code == 302
        if name == "unpublish":
            assert PathPage.objects.get(pk=path.pk).live is False
            assert all_uses_of(PathPage.objects.get(pk=path.pk), user=county.organiser, as_of=timezone.now()) == []
            PathPage.objects.get(pk=path.pk).get_latest_revision().publish()
    assert not PathPage.objects.filter(pk=path.pk).exists()
    assert CoursePage.objects.filter(pk=course.pk).exists()


def test_steps_that_are_not_out_are_said_before_a_path_is_published(admin: Client, county: County) -> None:
    out, draft = CoursePageFactory(node=county.branch), CoursePageFactory(node=county.branch, title="党史", live=False)
    path = make_path(county.branch, out, draft, live=False)
    keys = {f"steps-{number}-id": step.pk for number, step in enumerate(path.steps.all())}
    sent = form(county, out.pk, draft.pk, **keys, **{"steps-INITIAL_FORMS": 2}, **PUBLISH)
    asked = admin.post(edit(path), sent)
    assert "第 2 步“党史”还没有发布" in asked.content.decode()
    path.refresh_from_db()
    assert path.live is False
    yes = reverse("uses_publish", args=[path.pk, path.latest_revision_id])
    assert admin.post(yes, sure(asked)).status_code == 302
    path.refresh_from_db()
    assert path.live is True
    # From the list the same is asked, and nothing where every step is out.
    PathPage.objects.filter(pk=path.pk).update(live=False)
    bulk = f"/admin/bulk/wagtailcore/page/publish/?id={path.pk}&next=/admin/"
    asked = admin.post(bulk, {"include_descendants": ""})
    assert "第 2 步“党史”还没有发布" in asked.content.decode()
    assert PathPage.objects.get(pk=path.pk).live is False
    CoursePage.objects.update(live=True)
    assert admin.post(bulk, {"include_descendants": ""}).status_code == 302
    assert PathPage.objects.get(pk=path.pk).live is True


def test_what_lacks_something_is_not_published_by_list_or_clock(admin: Client, county: County) -> None:
    path = make_path(county.branch, live=False)
    bulk = f"/admin/bulk/wagtailcore/page/publish/?id={path.pk}&next=/admin/"
    admin.post(bulk, {"include_descendants": ""})
    path.refresh_from_db()
    assert path.live is False
    path.get_latest_revision()
    type(path.latest_revision).objects.update(approved_go_live_at=timezone.now())
    assert release_due(as_of=timezone.now()) == 0
    path.refresh_from_db()
    assert path.live is False


def test_units_pictures_and_lists_know_paths(county: County, var_dir: Any) -> None:
    image = Image.objects.create(title="封面", file=get_test_image_file())
    course = CoursePageFactory(node=county.branch)
    path = make_path(county.branch, course, cover=image)
    now = timezone.now()
    said = [use.text for use in uses_of(thing=image, user=county.organiser, as_of=now)]
    assert said == ["学习路径“新党员入门”用它做封面，请先在那里换一张"]
    assert "请与那里的组织员联系" in uses_of(thing=image, user=county.member, as_of=now)[0].text
    shown = [changed(thing=image, user=user, as_of=now)[0].text for user in (county.organiser, county.member)]
    assert shown == ["学习路径“新党员入门”的封面", "“东风村第一支部”的一条学习路径的封面"]
    on_date = timezone.localdate()
    assert any("学习路径" in use.text for use in uses_of_unit(node=county.branch, on_date=on_date))
    other = CoursePageFactory(node=county.branch)
    pages = Page.objects.filter(pk__in=[path.pk, course.pk, other.pk])
    assert set(given_among(pages).values_list("pk", flat=True)) == {path.pk, course.pk}
    outside = all_uses_of(course, user=county.member, as_of=now)
    assert [use.text for use in outside] == ["“东风村第一支部”的一条学习路径里有这门课：删除以后，那里没有这一步了"]
