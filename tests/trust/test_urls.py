"""No address without a rule: the table names every route and method, and each person gets what the table says."""

import re
from typing import Any

import pytest
from django.http import HttpResponse

from tests.trust import requests, urls
from tests.trust.urls import Row
from tests.trust.world import MARKS, World, unknown_uuid

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
]
OWN_ROUTES = [row.route for row in urls.ROWS]
OWN_ADMIN = (
    "admin/live/",
    "admin/course-runs/",
    "admin/trainings/",
    "admin/occasions/",
    "admin/rules/",
    "admin/hours/",
    "admin/recomputations/",
    "admin/videos/",
    "admin/quizzes/",
    "admin/packages/",
)
OTHERS = sorted({route for route in requests.routes() if route not in OWN_ROUTES})
BACK_OFFICE = "admin/"


def outcome(answer: HttpResponse, row_is_admin: bool = False) -> str:
    """``in``, ``404``, ``401`` or ``sign-in``; in the back office being led away is as good as 404."""
    target = answer.get("Location", "")
    if answer.status_code in (301, 302):
        if target.startswith(("/accounts/login/?next=", "/admin/login/?next=")) or target == "/accounts/login/":
            return "sign-in"
        return "404" if row_is_admin and target == "/admin/" else "in"
    return str(answer.status_code) if answer.status_code in (401, 403, 404) or answer.status_code >= 500 else "in"


def expected(row: Row, persona: str) -> set[str]:
    if persona in row.who:
        return {"in"}
    if persona == "anyone":
        return {row.visitor}
    if row.who == urls.NOBODY and row.visitor == urls.KEY:
        return {urls.KEY}
    return {"404", "sign-in"} if row.route.startswith(BACK_OFFICE) else {"404"}


def test_every_route_is_named_once() -> None:
    known = set(requests.routes())
    assert len(OWN_ROUTES) == len(set(OWN_ROUTES))
    assert [route for route in OWN_ROUTES if route not in known] == []
    assert [route for route in OTHERS if urls.rule_for(route) is None] == []
    assert [rule.prefix for rule in urls.THIRD_PARTY if not any(map(rule.prefix.__eq__, map(prefix_of, known)))] == []


def prefix_of(route: str) -> str:
    rule = urls.rule_for(route)
    return rule.prefix if rule else ""


def test_own_routes_do_not_hide_under_a_prefix() -> None:
    """What our own apps register is named one by one, wherever it stands."""
    assert [route for route in OTHERS if route.startswith(OWN_ADMIN)] == []
    assert [route for route in OTHERS if not route.startswith(("admin/", "documents/", "learn/"))] == []
    shell = {route.split("/")[1] for route in OTHERS if prefix_of(route) == "admin/"}
    assert shell == urls.SHELL


@pytest.mark.parametrize("row", urls.ROWS, ids=lambda row: row.route)
def test_methods_are_those_named(world: World, row: Row) -> None:
    asker = next(
        (name for name in ("organiser", "secretary", "member", "operator", "auditor", "lecturer") if name in row.who),
        "organiser",
    )
    url = requests.address(row, world, asker)
    allowed = [
        method
        for method in requests.METHODS
        if world.ask(asker, method, url, **requests.body(row, method, world)).status_code != 405
    ]
    assert " ".join(allowed) == row.methods, " ".join(allowed)


@pytest.mark.parametrize("row", urls.ROWS, ids=lambda row: row.route)
def test_everybody_gets_what_the_table_says(world: World, row: Row) -> None:
    wrong: dict[str, Any] = {}
    for method in row.methods.split():
        for persona in urls.PERSONAS:
            if method == "GET" and persona in row.who:
                continue  # tests/trust/test_reading.py asks
            answer = world.ask(
                persona, method, requests.address(row, world, persona), **requests.body(row, method, world)
            )
            got = outcome(answer, row.route.startswith(BACK_OFFICE))
            if got not in expected(row, persona):
                wrong[f"{method} {persona}"] = (got, answer.status_code, sorted(expected(row, persona)))
    assert wrong == {}, wrong


UNKNOWN = {
    **dict.fromkeys(("occasion_id", "training_id", "member_id", "dispute_id", "lesson_id"), 999_999),
    **dict.fromkeys(("hall_id", "declaration_id", "quiz_id", "question_id", "comment_id", "package_id"), 999_999),
    **dict.fromkeys(("person_id", "unit_id", "grant_id", "token_id", "webhook_id", "link_id", "factor_id"), 999_999),
    **dict.fromkeys(("image_id", "document_id", "platform_id", "visit_id"), 999_999),
    **dict.fromkeys(("upload_id", "video_id"), unknown_uuid()),
    "name": "nothing", "form": "exe", "what": "erase", "path": "images/none.png",
}  # fmt: skip
WITH_IDS = [
    (row, name)
    for row in urls.ROWS
    for name in requests.PARAMETER.findall(row.route)
    # A report belongs to its session, whatever the occasion in the address; a file's token is unlike any other; a
    # program's key is asked for first (tests/api/test_door.py asks with one).
    if name in UNKNOWN and not row.route.startswith(("m/", "watch/<int:occasion_id>/report", "api/v1/"))
]


@pytest.mark.parametrize(("row", "name"), WITH_IDS, ids=lambda value: value if isinstance(value, str) else value.route)
def test_unknown_ids_are_404(world: World, row: Row, name: str) -> None:
    method = row.methods.split()[0]
    sent = {} if row.route.endswith("complete/") else requests.body(row, method, world)
    asker = next(iter(sorted(row.who)), "anyone")
    values = [UNKNOWN[name], *([10**30] if UNKNOWN[name] == 999_999 else [])]
    for value in values:
        url = requests.address(row, world, asker, **{name: value})
        assert world.ask(asker, method, url, **sent).status_code == 404


PLAIN = [route for route in OTHERS if not re.search(r"[<^(]", route)]


@pytest.mark.parametrize("persona", ["anyone", "member", "secretary", "auditor", "operator"])
def test_wagtails_pages_are_for_the_back_office_alone(world: World, persona: str) -> None:
    """Pages without a parameter; what the office itself gets is in the next test and in the apps' own."""
    wrong = {}
    for route in PLAIN:
        rule = urls.rule_for(route)
        assert rule is not None
        if persona in rule.who:
            continue
        got = outcome(world.ask(persona, "GET", f"/{route}"), True)
        if got not in {"404", "sign-in"}:
            wrong[route] = got
    assert wrong == {}, wrong


def test_a_neighbouring_organiser_reads_nothing_of_this_branch_in_wagtail(world: World) -> None:
    told, broken = {}, {}
    for route in OTHERS:
        answer = world.ask("neighbour_organiser", "GET", wagtail_address(route, world))
        text = answer.content.decode("utf-8", "replace")
        if seen := [mark for mark in MARKS if mark in text]:
            told[route] = seen
        rule = urls.rule_for(route)
        closed = rule is not None and not rule.who and answer.status_code != 405
        if answer.status_code >= 500 or (closed and outcome(answer, True) not in {"404", "sign-in"}):
            broken[route] = answer.status_code
    assert told == {}, "\n".join(f"{route}: {seen}" for route, seen in told.items())
    assert broken == {}, str(broken)


def wagtail_address(route: str, world: World) -> str:
    """The address with this branch's lesson, picture or document in every place that takes an id."""
    key = world.course.lesson.pk
    if "image" in route:
        key = world.image.pk
    elif "document" in route:
        key = world.paper.pk
    words = {
        "app_label": "cms",
        "model_name": "lessonpage",
        "action": "delete",
        "app_name": "cms",
        "action_name": "publish",
    }
    words |= {"content_type_app_name": "cms", "content_type_model_name": "lessonpage", "filter_spec": "original"}
    words |= {"parent_page_id": world.course.page.pk, "uidb64": "x", "token": "y", "session_id": 1}
    route = route.replace(
        r"^(?P<pk>\d+)/revisions/compare/(?P<revision_id_a>live|earliest|\d+)", f"{key}/revisions/compare/earliest"
    )
    route = route.replace(r"\.\.\.(?P<revision_id_b>live|latest|\d+)/$", "...latest/").replace(
        r"^(\d+)/(.*)$", f"{key}/x"
    )
    route = (
        route.replace(r"^((?:[\w\-]+/)*)$", f"{world.course.page.slug}/").replace("^.*/$", "nowhere/").replace("^", "")
    )
    return "/" + requests.PARAMETER.sub(lambda match: str(words.get(match[1], key)), route)
