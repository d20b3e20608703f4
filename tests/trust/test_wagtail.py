"""No door of Wagtail's opens another unit's things: whichever address, question or form names them."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from bs4 import BeautifulSoup
from django.http import HttpResponse
from django.test import override_settings
from wagtail.admin.views.bulk_action.registry import bulk_action_registry
from wagtail.models import Page

from cms.middleware import ADMIN, CLOSED, SUPERUSERS, is_closed, kind_at
from organizations.models import User
from tests.factories.cms import CoursePageFactory
from tests.fuzz.test_forms import value_of
from tests.trust import requests, urls
from tests.trust.requests import FORM_TYPE
from tests.trust.world import MARKS, World

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
]
NEIGHBOURS = ("neighbour_organiser", "neighbour_lecturer", "neighbour_operator")
FILES = ("shuigou", "jiangyi")
REGEX = re.compile(r"\(\?P<(\w+)>[^)]*\)")
ADMIN_ROUTES = sorted({route for route in requests.routes() if route.startswith(ADMIN)})


def place_of(route: str) -> str:
    """The route below ``admin/`` as a match has it: of a regular expression without the sign of its beginning."""
    return route.removeprefix(ADMIN).replace("/^", "/")


OPEN = [
    route for route in ADMIN_ROUTES if not is_closed(place_of(route)) and not place_of(route).startswith(SUPERUSERS)
]
ROWS = {row.route: row for row in urls.ROWS}
WITH_KEYS = [route for route in OPEN if requests.PARAMETER.search(route) or REGEX.search(route)]
WORDS = {
    "app_label": "wagtailcore", "model_name": "page", "action": "delete", "action_name": "publish",
    "content_type_app_name": "cms", "content_type_model_name": "lessonpage", "revision_id": 1, "session_id": 1,
    "revision_id_a": "earliest", "revision_id_b": "latest", "uploaded_file_id": 1,
    "task_state_id": 1, "workflow_state_id": 1,
}  # fmt: skip


def names_in(route: str) -> list[str]:
    return [*requests.PARAMETER.findall(route), *REGEX.findall(route)]


def filled(route: str, values: dict[str, Any]) -> str:
    plain = REGEX.sub(lambda match: f"<{match[1]}>", route).replace("^", "").replace("$", "").replace("\\", "")
    return "/" + requests.PARAMETER.sub(lambda match: str(values[match[1]]), plain)


def things(world: World, route: str) -> dict[str, Any]:
    """The first branch's own, under every name that an address may call them."""
    lesson = world.course.lesson.pk
    by_kind = {"page": lesson, "picture": world.image.pk, "document": world.paper.pk, "video": world.recording.pk}
    keys = {
        "trainings": world.training.pk,
        "course-runs": world.course.run.pk,
        "rules": world.given.occasion.rule_id,
        "hours": world.hours.pk,
        "quizzes": world.quiz.pk,
        "packages": world.package.pk,
    }
    place = place_of(route)
    named = {name: by_kind[kind] for name, kind in urls.PARAMETERS.items() if kind in by_kind}
    pk = keys.get(place.split("/")[0]) or by_kind.get(kind_at(place, "pk").name)
    return {
        **WORDS,
        **named,
        "pk": pk,
        "object_id": lesson,
        "occasion_id": world.on_air.pk,
        "recomputation_id": world.recomputation.pk,
        "quiz_id": world.quiz.pk,
        "package_id": world.package.pk,
        "course_id": world.course.lesson.get_parent().pk,
        "question_id": world.question.pk,
    }


def told(answer: HttpResponse) -> list[str]:
    text = answer.content.decode("utf-8", "replace")
    return [mark for mark in (*MARKS, *FILES) if mark in text]


def test_no_address_names_what_nobody_thought_of() -> None:
    """A route that Wagtail or one of our apps adds fails here until its keys are named and asked for."""
    assert {name for route in OPEN for name in names_in(route)} == set(urls.PARAMETERS)
    for route in WITH_KEYS:
        place = place_of(route)
        for name in names_in(route):
            expected = urls.PARAMETERS[name]
            if name == "pk":
                expected = next(kind for start, kind in urls.PLACES.items() if route.startswith(start))
            if expected in {"page", "picture", "document", "video", "other"}:
                assert (route, name, kind_at(place, name).name) == (route, name, expected)


def test_what_the_table_calls_closed_is_closed_for_everybody(world: World) -> None:
    superuser = User.objects.create(username="super", name="超级", is_superuser=True, is_active=True)
    world.people["superuser"] = superuser
    unused = [start for start in CLOSED if not any(place_of(route).startswith(start) for route in ADMIN_ROUTES)]
    assert unused == []
    opened, wrong = {}, {}
    for route in ADMIN_ROUTES:
        rule, place = urls.rule_for(route), place_of(route)
        if rule is None:
            continue
        if is_closed(place) != (rule.who == urls.NOBODY and not place.startswith(SUPERUSERS)):
            wrong[route] = rule.what
        if not is_closed(place):
            continue
        url = filled(route, {name: WORDS.get(name, 1) for name in names_in(route)})
        for persona in ("anyone", "organiser", "operator", "superuser"):
            for method in ("GET", "POST"):
                status = world.ask(persona, method, url).status_code
                if status != 404:
                    opened[f"{persona} {method} {url}"] = status
    del world.people["superuser"]
    assert wrong == {}, wrong
    assert opened == {}, opened


@pytest.mark.parametrize("persona", NEIGHBOURS)
def test_another_units_things_are_404_at_every_address(world: World, persona: str) -> None:
    wrong = {}
    for route in WITH_KEYS:
        url = filled(route, things(world, route))
        # Our own views lead away who may not enter them at all; Wagtail's must not even do that.
        own = ROWS.get(route)
        if own is not None and persona in own.who:
            continue
        for method in ("GET", "POST"):
            answer = world.ask(persona, method, url + ("?id=1" if "/bulk/" in url else ""))
            allowed = {404, 405, 302} if own is not None else {404, 405}
            if "session_id" in route or "uploaded_file_id" in route:
                allowed = {404, 405, 200, 302} if "release" in route else {404, 405, 302}  # a sitting of one's own
            if "content_type_app_name" in route and answer.status_code != 404:
                wrong[f"{method} {url}"] = answer.status_code
            if answer.status_code not in allowed or told(answer):
                wrong[f"{method} {url}"] = (answer.status_code, told(answer))
    assert wrong == {}, wrong


def bulk_addresses(world: World) -> Iterator[str]:
    bulk_action_registry.get_bulk_action_class("wagtailcore", "page", "delete")  # makes it look for them
    for app_label, models in bulk_action_registry.actions.items():
        for model_name, actions in models.items():
            key = {"image": world.image.pk, "document": world.paper.pk}.get(model_name, world.course.page.pk)
            for action in actions:
                yield f"/admin/bulk/{app_label}/{model_name}/{action}/?id={key}"


@pytest.mark.parametrize("persona", NEIGHBOURS)
def test_what_is_done_to_many_is_404_with_one_that_is_anothers(world: World, persona: str) -> None:
    wrong = {}
    found = list(bulk_addresses(world))
    assert len(found) >= 8
    for url in found:
        for asked in (url, re.sub("id=.*", "id=all", url), re.sub("id=.*", "id=all&q=%E6%80%A5%E6%95%91", url)):
            for method in ("GET", "POST"):
                answer = world.ask(persona, method, asked)
                if told(answer) or (asked == url and answer.status_code != 404) or answer.status_code == 500:
                    wrong[f"{method} {asked}"] = (answer.status_code, told(answer))
    assert wrong == {}, wrong
    page = f"/admin/bulk/wagtailcore/page/delete/?id={world.course.page.pk}"
    assert world.ask("organiser", "GET", page).status_code == 200


def test_all_of_a_listing_is_all_of_ones_own(world: World) -> None:
    """ "Select all" of Wagtail means every page of the tree."""
    mine = CoursePageFactory(node=world.county.neighbour, title="邻支部的急救课")
    shelf = Page.objects.get(pk=mine.get_parent().pk)
    for question in (f"childOf={shelf.pk}", f"childOf={shelf.pk}&q=%E6%80%A5%E6%95%91", "q=%E6%80%A5%E6%95%91"):
        answer = world.ask("neighbour_organiser", "GET", f"/admin/bulk/wagtailcore/page/publish/?id=all&{question}")
        assert (answer.status_code, "邻支部的急救课" in answer.content.decode(), told(answer)) == (200, True, [])


QUESTIONS = (
    "choose-page/chosen-multiple/?id={page}", "choose-page/chosen-multiple/?id={lesson}&id={page}",
    "images/chooser/chosen/{image}/", "images/chooser/chosen-multiple/?id={image}",
    "documents/chooser/chosen/{paper}/", "documents/chooser/chosen-multiple/?id={paper}",
    "videos/chooser/chosen/{video}/", "choose-page/?target_pages[]={page}&user_perms=move_to",
    "choose-page/{page}/", "api/main/pages/{page}/", "api/main/pages/?child_of={page}",
    "choose-external-link/?parent_page_id={page}", "editing-sessions/ping/cms/lessonpage/{lesson}/1/",
    "editing-sessions/ping/wagtailimages/image/{image}/1/",
)  # fmt: skip


@pytest.mark.parametrize("asked", QUESTIONS)
@pytest.mark.parametrize("persona", NEIGHBOURS)
def test_a_question_that_names_anothers_thing_is_404(world: World, persona: str, asked: str) -> None:
    if "videos/" in asked and persona in ROWS["admin/videos/chooser/chosen/<str:pk>/"].who:
        persona = "neighbour_organiser"  # any operator keeps the disk in order
    url = "/admin/" + asked.format(
        page=world.course.page.pk, lesson=world.course.lesson.pk, image=world.image.pk, paper=world.paper.pk,
        video=world.recording.pk,
    )  # fmt: skip
    method = "POST" if "ping" in url else "GET"
    assert world.ask(persona, method, url).status_code == 404
    assert world.ask("organiser", method, url).status_code == 200


@pytest.mark.parametrize("chooser", ["quizzes", "packages", "videos", "images", "documents"])
def test_an_empty_key_is_nobodys(world: World, chooser: str) -> None:
    for question in ("?id=", "?id=x", "?id=&id="):
        answer = world.ask("organiser", "GET", f"/admin/{chooser}/chooser/chosen-multiple/{question}")
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("url", "field"),
    [("pages/{own}/copy/", "new_parent_page"), ("pages/{own}/move/", "new_parent_page")],
)
def test_a_form_that_names_anothers_page_is_404(world: World, url: str, field: str) -> None:
    own = CoursePageFactory(node=world.county.neighbour, title="邻支部的急救课")
    sent = {"data": f"{field}={world.course.page.pk}", "content_type": FORM_TYPE}
    answer = world.ask("neighbour_organiser", "POST", f"/admin/{url.format(own=own.pk)}", **sent)
    assert (answer.status_code, told(answer)) == (404, [])


def test_an_address_of_ours_is_not_made_into_anothers_title(world: World) -> None:
    """Wagtail's link chooser turns an outer address into an inner link and tells the page's title."""
    with override_settings(ALLOWED_HOSTS=["*"]):
        for path in (world.course.page.url, world.course.lesson.url):
            sent = {"data": f"external-link-chooser-url={path}&external-link-chooser-link_text=x"}
            answer = world.ask(
                "neighbour_organiser", "POST", "/admin/choose-external-link/", content_type=FORM_TYPE, **sent
            )
            assert (answer.status_code, told(answer)) == (200, [])
            assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("route", ["pages/{shelf}/", "pages/{shelf}/?search_all=1&q=a", "pages/search/?q=a"])
def test_lists_offer_no_authors_of_other_units(world: World, route: str) -> None:
    Page.objects.filter(pk=world.course.page.pk).update(owner=world.county.organiser)
    own = CoursePageFactory(node=world.county.neighbour, title="邻支部", owner=world.people["neighbour_organiser"])
    url = "/admin/" + route.format(shelf=own.get_parent().pk)
    page = world.ask("neighbour_organiser", "GET", url).content.decode()
    assert "孙组织员" not in page
    if "search" not in route:
        assert "孙组织员" in world.ask("organiser", "GET", url).content.decode()


IMPOSSIBLE = ("x", str(2**63), str(10**20), "%00")


def test_a_key_that_is_none_is_404(world: World) -> None:
    """Not a number, larger than any key, a NUL: nowhere an error page, and never somebody's thing."""
    wrong = {}
    keys = [name for name, kind in urls.PARAMETERS.items() if kind != "a word"]
    for route in WITH_KEYS:
        if not set(keys) & set(names_in(route)):
            continue
        for bad in IMPOSSIBLE:
            url = filled(route, {**things(world, route), **dict.fromkeys(keys, bad)})
            for method in ("GET", "POST"):
                status = world.ask("organiser", method, url).status_code
                if status not in {404, 405}:
                    wrong[f"{method} {url}"] = status
    assert wrong == {}, wrong


NONSENSE = (
    "?id=x", f"?id={2**63}", f"?p={2**63 - 1}&page={2**63 - 1}", f"?p={10**20}", "?q=%00",
    "?search=a", "?owner=x&edited_by=9&collection_id=x&tag=x&page_type=x&content_type=x&ordering=x",
    "?target_pages[]=x&user_perms=move_to", "?link_url=http://[::1&link_text=a", f"?owner={2**63}",
)  # fmt: skip


def test_a_nonsensical_question_is_never_an_error_page(world: World) -> None:
    """The test client raises what would be an error page."""
    for route in OPEN:
        if "<" in route or "(" in route or route in {"admin/^.*/$", "admin/logout/"}:
            continue
        for question in NONSENSE:
            assert world.ask("organiser", "GET", f"/{route}{question}".replace("^", "")).status_code < 500


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("choose-external-link/", "", 400),
        ("choose-anchor-link/", "", 200),
        ("choose-email-link/", "", 200),
        ("choose-phone-link/", "", 200),
        ("pages/{lesson}/copy/", "", 400),
        ("pages/{lesson}/copy/", "new_title=x&new_slug=x&new_parent_page=", 400),
        ("pages/{lesson}/edit/", "title=x&slug=x", 400),
        ("pages/{course}/edit/", "title=x&slug=x&node=1&intro=%7Bnot", 400),
        ("images/{image}/", "title=x&next=images:nothing", 400),
        ("documents/edit/{paper}/", "title=x&next=%7B0%7D", 400),
    ],
)
def test_a_form_made_by_hand_is_told_from_a_fault_of_ours(world: World, path: str, sent: str, status: int) -> None:
    url = "/admin/" + path.format(
        lesson=world.course.lesson.pk, course=world.course.page.pk, image=world.image.pk, paper=world.paper.pk
    )
    assert world.ask("organiser", "POST", url, data=sent, content_type=FORM_TYPE).status_code == status


def test_a_put_where_a_form_is_posted_is_told_from_a_fault_of_ours(world: World) -> None:
    url = f"/admin/pages/{world.course.lesson.pk}/copy/"
    assert world.ask("organiser", "PUT", url).status_code == 400


NO_OBJECTS = [
    b"", b"[]", b"null", b'"x"', b"1", b"[" * 60_000, b"\xff\x00", b'{"a":NaN}', b'{"a":"\\u0000"}', b'{"\\ud800":1}',
]  # fmt: skip


@pytest.mark.parametrize("sent", NO_OBJECTS)
def test_what_is_no_object_is_no_hint_that_somebody_closed(world: World, sent: bytes) -> None:
    url = "/admin/dismissibles/"
    assert world.ask("lecturer", "PATCH", url, data=sent, content_type="application/json").status_code == 400
    closed = world.ask("lecturer", "PATCH", url, data=b'{"whats-new": true}', content_type="application/json")
    assert (closed.status_code, closed.json()) == (200, {"whats-new": True})


@pytest.mark.parametrize("url", ["/admin/images/multiple/{image}/delete/", "/admin/documents/multiple/{paper}/delete/"])
def test_the_page_of_many_uploads_deletes_nothing_that_a_lesson_shows(world: World, url: str) -> None:
    """Where a lesson shows it the database refuses, and that is said in words, not by an error page."""
    address = url.format(image=world.image.pk, paper=world.paper.pk)
    refused = world.ask("organiser", "POST", address)
    assert (refused.status_code, "里有它" in refused.content.decode()) == (409, True)
    assert world.ask("organiser", "GET", address).status_code == 405
    assert world.ask("neighbour_organiser", "POST", address).status_code == 404


@pytest.mark.parametrize("moment", ["0001-01-01 00:00", "9999-12-31 23:59"])
def test_a_page_is_not_published_at_the_edge_of_time(world: World, moment: str) -> None:
    """In another time zone that is no moment any more."""
    url = f"/admin/pages/{world.course.page.pk}/edit/"
    page = BeautifulSoup(world.ask("organiser", "GET", url).content, "html.parser")
    form = next(one for one in page.find_all("form") if one.find(attrs={"name": "go_live_at"}))
    sent = {
        str(one["name"]): value_of(one) for one in form.find_all(["input", "select", "textarea"]) if one.get("name")
    }
    answer = world.ask("organiser", "POST", url, data=urlencode(sent | {"go_live_at": moment}), content_type=FORM_TYPE)
    assert answer.status_code in {200, 302, 400}


@pytest.mark.parametrize("question", ["", "?search=%E6%80%A5%E6%95%91", "?search=a&search_operator=or"])
def test_the_editors_own_search_finds_ones_own(world: World, question: str) -> None:
    answer = world.ask("organiser", "GET", f"/admin/api/main/pages/{question}")
    assert answer.status_code == 200
    if "%E6" in question:
        assert "甲支部急救课" in answer.content.decode("unicode_escape", "ignore") + answer.content.decode()
    other = world.ask("neighbour_organiser", "GET", f"/admin/api/main/pages/{question}")
    assert (other.status_code, told(other)) == (200, [])


@pytest.mark.parametrize("question", ["?q=%E4%B8", '?q="%EF%BF%BD"', "?q=a&has_child_pages=false"])
def test_a_search_for_marks_or_with_every_filter_finds_or_finds_nothing(world: World, question: str) -> None:
    shelf = world.course.page.get_parent()
    for url in ("/admin/pages/search/", "/admin/pages/search/results/", f"/admin/pages/{shelf.pk}/"):
        assert world.ask("organiser", "GET", url + question).status_code == 200


def test_a_link_signs_nobody_out(world: World) -> None:
    assert world.ask("organiser", "GET", "/admin/logout/").status_code == 404
    assert world.ask("organiser", "GET", "/admin/").status_code == 200
    world.sign_in("organiser")
    for method in ("get", "head"):
        answer = getattr(world.browser, method)("/admin/logout/")
        assert (answer.status_code, dict(answer.cookies)) == (404, {})


@pytest.mark.parametrize("page", [2**63 - 1, 10**18, 10**20, "x", "-1"])
def test_a_page_far_behind_the_last_is_404(world: World, page: object) -> None:
    base = f"/branch/{world.training.pk}"
    for name in ("records", "missing"):
        assert world.ask("secretary", "GET", f"{base}/reports/{name}/?page={page}").status_code == 404
    for node in ("0" * 20 + "9" * 400, "0" * 19 + "1", "x", 10**20):
        assert world.ask("secretary", "GET", f"{base}/?node={node}").status_code == 404
