"""On a phone that several people use: no page of whoever was signed in comes back with the browser's Back."""

import pytest

from tests.trust import requests, urls
from tests.trust.urls import Row
from tests.trust.world import World

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
]
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
    "api/v1/openapi.json": "how the interface is asked; the same for everybody",
}
READABLE = [row for row in urls.ROWS if "GET" in row.methods.split() and row.route not in KEPT]


@pytest.mark.parametrize("row", READABLE, ids=lambda row: row.route)
def test_no_page_of_whoever_is_signed_in_is_kept(world: World, row: Row) -> None:
    kept = {}
    for persona in sorted(row.who - {"anyone"}):
        answer = world.ask(persona, "GET", requests.address(row, world, persona))
        if "no-store" not in answer.get("Cache-Control", ""):
            kept[persona] = answer.get("Cache-Control", "nothing said")
    assert kept == {}


def test_wagtails_own_pages_are_not_kept_either(world: World) -> None:
    for url in ("/admin/", "/admin/pages/", "/admin/images/", "/admin/account/"):
        assert "no-store" in world.ask("organiser", "GET", url)["Cache-Control"], url
