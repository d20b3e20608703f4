"""English: nothing is left out of the catalogue, and the first page a visitor sees has no Chinese in it."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils.html import strip_tags

from tests import translations

HAN = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+")
# A language is always offered under its own name; the product keeps its name.
OWN_NAMES = {"简体中文", "指尖上的课堂"}


@pytest.fixture
def compiled(settings: Any, tmp_path: Path) -> None:
    """English as it is installed: compiled from the catalogue of the tree, whatever an older build left behind."""
    target = tmp_path / "en/LC_MESSAGES/django.mo"
    target.parent.mkdir(parents=True)
    subprocess.run(["msgfmt", "-o", str(target), str(translations.CATALOGUE)], check=True)
    settings.LOCALE_PATHS = [tmp_path]  # Django then forgets what it had read


@pytest.mark.unit
@pytest.mark.parametrize("flaw", ["--untranslated", "--only-fuzzy"])
def test_every_string_of_the_catalogue_is_translated(flaw: str) -> None:
    found = translations.gettext("msgattrib", flaw, "--no-wrap", str(translations.CATALOGUE))
    assert translations.msgids(found) == set()


@pytest.mark.unit
def test_catalogue_keeps_placeholders() -> None:
    translations.gettext("msgfmt", "--check-format", "-o", "/dev/null", str(translations.CATALOGUE))


@pytest.mark.integration
@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/login/code/", "/nowhere/"])
def test_visitors_pages_are_english_throughout(client: Client, compiled: None, path: str) -> None:
    client.cookies["django_language"] = "en"
    page = client.get(path).content.decode()
    assert "Fingertip Classroom" in page
    assert set(HAN.findall(page)) <= OWN_NAMES
    assert "branch" in strip_tags(page)
