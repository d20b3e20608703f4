"""Whoever reads a member's name with how they stand is in the access log before the page is out: at every address."""

import io
import zipfile
from collections.abc import Iterator

import pytest
from django.http import HttpResponse

from organizations.models import User
from organizations.queries import access_entries
from tests.trust import requests, urls
from tests.trust.world import World, undone

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
]
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
# The walk is worth nothing where it meets no name: these are known to have some.
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


def read(world: World, persona: str, url: str) -> tuple[list[str], list[str]]:
    """Ask, and return which members were named, and which of them the log does not say were read by this person."""
    reader = world.people[persona]
    with undone():
        shown = text_of(world.ask_for_good(persona, url))
        named = [one for one in world.county.members if one.name in shown and one != reader]
        assert isinstance(reader, User)
        missed = [one for one in named if not access_entries(subject_id=one.pk).filter(reader=reader).exists()]
    return [one.name for one in named], [one.name for one in missed]


def test_no_address_shows_a_member_without_a_row_in_the_log(world: World) -> None:
    """Finding: security 8. A page that is forgotten fails here."""
    found, wrong = set(), {}
    for row in urls.ROWS:
        if "GET" not in row.methods or row.route in EXCEPTIONS:
            continue
        for persona in sorted(row.who - {"anyone", "member"}):
            for url in addresses(row, world, persona):
                named, missed = read(world, persona, url)
                if named:
                    found.add(row.route)
                if missed:
                    wrong[f"{persona} {url}"] = missed
    assert wrong == {}, wrong
    assert KNOWN - found == set()


@pytest.mark.parametrize("persona", ["organiser", "lecturer", "operator"])
def test_the_back_office_names_no_member(world: World, persona: str) -> None:
    """Wagtail's own lists name authors, who are no members of a training: nothing there is logged."""
    wrong = {}
    for route in sorted({route for route in requests.routes() if route.startswith("admin/")}):
        rule = urls.rule_for(route)
        if "<" in route or "(" in route or "^" in route or rule is None or persona not in rule.who:
            continue
        named, _missed = read(world, persona, f"/{route}")
        if named:
            wrong[route] = named
    assert wrong == {}, wrong


def test_every_exception_has_an_address_and_a_reason() -> None:
    assert set(EXCEPTIONS) <= {row.route for row in urls.ROWS}
    assert all(EXCEPTIONS.values())


def test_the_walk_would_notice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"/branch/{world.training.pk}/"
    assert read(world, "secretary", url)[1] == []
    monkeypatch.setattr("attendance.views.branch.log_shown", lambda *args, **kwargs: None)
    monkeypatch.setattr("attendance.views.branch.log_visit", lambda **kwargs: None)
    named, missed = read(world, "secretary", url)
    assert named == missed != []
