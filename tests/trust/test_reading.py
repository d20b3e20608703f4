"""Whoever may read an address gets it, and nothing of it is left but a row in the log.

On a phone that several people use no page comes back with the browser's Back; and whoever reads a member's name with
how they stand is in the access log before the page is out. One walk asks each address once for all of that.
"""

import io
import zipfile
from collections.abc import Iterator

import pytest
from django.http import HttpResponse

from organizations.models import User
from organizations.queries import access_entries
from tests.trust import requests, urls
from tests.trust.test_urls import BACK_OFFICE, outcome
from tests.trust.urls import Row
from tests.trust.world import World, undone

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
]
READABLE = [row for row in urls.ROWS if "GET" in row.methods.split() and row.who]
PAPER_PAGE = (
    "courses/<int:occasion_id>/<int:lesson_id>/documents/<int:document_id>/pages/<slug:key>/<int:width>/<int:nth>.jpg"
)
# What a browser may keep although somebody is signed in, each with its reason.
KEPT = {
    "offline/": "the same for everybody; kept for when there is no network",
    "sw.js": "the same for everybody",
    "m/<str:token>/<path:path>": "a film's pieces, by an address that ends; nobody loads an hour of film twice",
    "packages/<str:token>/<path:path>": "a package's files, by an address that ends and that a page shows anew",
    "files/<path:path>": "a picture of the library",
    "courses/<int:occasion_id>/cover/": "a course's picture",
    "courses/paths/<int:path_id>/cover/": "a learning path's picture",
    "courses/<int:occasion_id>/<int:lesson_id>/pictures/<int:image_id>/": "a lesson's picture",
    "courses/<int:occasion_id>/<int:lesson_id>/documents/<int:document_id>/": "a lesson's document",
    PAPER_PAGE: "a page of a lesson's document; another file has another key",
    "healthz": "answered before anybody is known",
    "metrics": "the same",
    "lti/keys.json": "public keys; the same for everybody",
    "api/v1/openapi.json": "how the interface is asked; the same for everybody",
}
# Where a member's name stands and no row is written, each with its reason.
EXCEPTIONS = {
    "c/<str:number>/": "public to whoever holds the number: the member showed it to them; it says no more than that",
    "audit/": "the log itself: an auditor's reading of who read what would add a row to every row",
}
# Addresses that show names only when asked for something, beside each row's own.
ASKED = {
    "branch/<int:training_id>/": ["?page=1"],
    "branch/register/": ["?state=missing", "?state=attended"],
    "branch/register/<int:occasion_id>/<int:member_id>/": ["?part=1"],
    "branch/<int:training_id>/members/": ["?name=%E7%8E%8B%E4%B8%80"],
    "people/": ["?q=%E7%8E%8B%E4%B8%80", "?unit={unit}"],
}
VARIED = {
    "branch/<int:training_id>/reports/<slug:name>/": [{"name": "records"}, {"name": "missing"}],
    "branch/<int:training_id>/reports/<slug:name>.<slug:form>": [
        {"name": name, "form": form} for name in ("records", "missing") for form in ("csv", "xlsx", "json")
    ],
    "branch/occasions/<int:occasion_id>/members/<int:member_id>/<slug:what>/": [
        {"what": what} for what in ("leave", "declare", "correct")
    ],
    "people/<int:person_id>/<slug:what>/": [
        {"what": what} for what in ("name", "phone", "number", "move", "leave", "exempt", "role")
    ],
    "units/<int:unit_id>/<slug:what>/": [{"what": what} for what in ("rename", "new", "close")],
}
# These are known to name somebody.
KNOWN = {
    "branch/<int:training_id>/", "branch/<int:training_id>/hall/", "branch/<int:training_id>/members/",
    "branch/<int:training_id>/members/<int:member_id>/", "branch/disputes/", "branch/declarations/",
    "branch/declarations/<int:declaration_id>/",
    "branch/register/",
    "branch/register/<int:occasion_id>/<int:member_id>/", "branch/people/<int:member_id>/",
    "branch/occasions/<int:occasion_id>/",
    "branch/<int:training_id>/reports/<slug:name>/", "branch/<int:training_id>/reports/<slug:name>.<slug:form>",
    "branch/disputes/<int:dispute_id>/answer/",
    "branch/occasions/<int:occasion_id>/members/<int:member_id>/<slug:what>/", "people/", "people/<int:person_id>/",
    "certificates/trainings/<int:training_id>/", "certificates/<int:certificate_id>/withdraw/",
    "people/<int:person_id>/accounts/<int:link_id>/end/",
    "people/<int:person_id>/<slug:what>/", "roster/export.xlsx", "units/<int:unit_id>/<slug:what>/",
}  # fmt: skip


@pytest.fixture(autouse=True)
def rolled_back(unchanged: World) -> World:
    return unchanged


def addresses(row: urls.Row, world: World, persona: str) -> Iterator[str]:
    for changed in VARIED.get(row.route, [{}]):
        yield requests.address(row, world, persona, **changed)
    for question in ASKED.get(row.route, []):
        yield requests.address(row, world, persona) + question.format(unit=world.county.branch.pk)


def text_of(answer: HttpResponse) -> str:
    body = answer.content
    if not body.startswith(b"PK"):
        return body.decode("utf-8", "replace")
    book = zipfile.ZipFile(io.BytesIO(body))
    return " ".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())


def read(world: World, persona: str, url: str) -> tuple[HttpResponse, list[str], list[str]]:
    """Ask, and return the answer, which members it names, and which of them the log does not say were read by them."""
    reader = world.people[persona]
    with undone():
        answer = world.ask_for_good(persona, url)
        shown = text_of(answer)
        named = [one for one in world.county.members if one.name in shown and one != reader]
        missed = [
            one
            for one in named
            if isinstance(reader, User) and not access_entries(subject_id=one.pk).filter(reader=reader).exists()
        ]
    return answer, [one.name for one in named], [one.name for one in missed]


@pytest.mark.parametrize("row", READABLE, ids=lambda row: row.route)
def test_whoever_may_read_an_address_gets_it_and_leaves_a_row_alone(world: World, row: Row) -> None:
    """Finding: security 8. A page that is forgotten fails here."""
    found, wrong = set[str](), dict[str, object]()
    for persona in sorted(row.who):
        for url in addresses(row, world, persona):
            answer, named, missed = read(world, persona, url)
            # What is asked for there may be another unit's.
            if "?" not in url and outcome(answer, row.route.startswith(BACK_OFFICE)) != "in":
                wrong[f"{persona} {url}"] = answer.status_code
            if row.route not in KEPT and persona != "anyone" and "no-store" not in answer.get("Cache-Control", ""):
                wrong[f"{persona} {url}"] = answer.get("Cache-Control", "may be kept")
            if row.route not in EXCEPTIONS and persona not in {"anyone", "member"}:
                found.update(named)
                if missed:
                    wrong[f"{persona} {url}"] = missed
    assert wrong == {}, wrong
    assert found or row.route not in KNOWN, "the walk is worth nothing where it meets no name"


def test_wagtails_own_pages_are_not_kept_either(world: World) -> None:
    for url in ("/admin/", "/admin/pages/", "/admin/images/", "/admin/account/"):
        assert "no-store" in world.ask("organiser", "GET", url)["Cache-Control"], url


@pytest.mark.parametrize("persona", ["organiser", "lecturer", "operator"])
def test_the_back_office_names_no_member(world: World, persona: str) -> None:
    """Wagtail's own lists name authors, who are no members of a training: nothing there is logged."""
    wrong = {}
    for route in sorted({route for route in requests.routes() if route.startswith("admin/")}):
        rule = urls.rule_for(route)
        if "<" in route or "(" in route or "^" in route or rule is None or persona not in rule.who:
            continue
        _answer, named, _missed = read(world, persona, f"/{route}")
        if named:
            wrong[route] = named
    assert wrong == {}, wrong


def test_every_exception_has_an_address_and_a_reason() -> None:
    routes = {row.route for row in urls.ROWS}
    assert set(EXCEPTIONS) | set(KEPT) | KNOWN <= routes
    assert all({**EXCEPTIONS, **KEPT}.values())


def test_the_walk_would_notice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"/branch/{world.training.pk}/"
    assert read(world, "secretary", url)[2] == []
    monkeypatch.setattr("attendance.views.branch.log_shown", lambda *args, **kwargs: None)
    monkeypatch.setattr("attendance.views.branch.log_visit", lambda **kwargs: None)
    _answer, named, missed = read(world, "secretary", url)
    assert named == missed != []
