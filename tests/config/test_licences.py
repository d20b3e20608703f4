"""The licences of what ships: known, allowed for self-hosting by a public body, and written down."""

from pathlib import Path

from tests import licences


def test_every_dependency_has_a_licence_that_allows_self_hosting() -> None:
    refused = [(name, text) for name, text, _kind in licences.table() if not licences.ALLOWED.search(text)]
    assert refused == []


def test_the_page_is_what_the_locks_say() -> None:
    assert (licences.BASE_DIR / "docs/licences.md").read_text() == licences.page()


def test_the_media_app_is_not_ignored_by_git() -> None:
    ignored = Path(licences.BASE_DIR / ".gitignore").read_text().splitlines()
    assert (licences.BASE_DIR / "media/models.py").exists()
    assert not {"media", "/media", "media/", "/media/"} & set(ignored)
