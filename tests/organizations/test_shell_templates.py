"""Rules that the strict content policy and old browsers set for every members' template, whoever writes it."""

import re
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.unit

APPS = ("organizations", "attendance", "media", "cms", "courses", "live", "meetings")
# Wagtail's own pages have a relaxed policy (config/middleware.py).
ADMIN = re.compile(r"wagtailadmin|/admin/|/panels/")
PRINTED = "print_"  # a PDF's template: its styles stand in it, and no browser reads it
INLINE = {
    "a style attribute": re.compile(r"\sstyle\s*="),
    "a style element": re.compile(r"<style[\s>]"),
    "an event attribute": re.compile(r"\son[a-z]+\s*=\s*[\"']"),
    "an inline script": re.compile(r"<script(?![^>]*(\ssrc=|application/json|application/ld\+json))[^>]*>"),
    "a javascript: address": re.compile(r"javascript:", re.IGNORECASE),
    "a foreign host": re.compile(r"(src|href|action)=[\"'](https?:)?//"),
}


def members_templates() -> list[Path]:
    found = [path for app in APPS for path in (settings.BASE_DIR / app / "templates").rglob("*.html")]
    return [path for path in found if not ADMIN.search(path.as_posix()) and not path.name.startswith(PRINTED)]


@pytest.mark.parametrize("path", members_templates(), ids=lambda path: path.relative_to(settings.BASE_DIR).as_posix())
def test_a_members_template_keeps_to_the_content_policy(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"{%\s*comment.*?endcomment\s*%}|{#.*?#}", "", text, flags=re.DOTALL)
    assert [name for name, pattern in INLINE.items() if pattern.search(text)] == []


def test_the_rules_find_what_they_forbid() -> None:
    bad = '<p style="x"><style>a</style><a onclick="b" href="javascript:c"></a><script>d</script><img src="//e.test/f">'
    assert [name for name, pattern in INLINE.items() if not pattern.search(bad)] == []
    good = '<script src="/a.js" defer></script><script id="x" type="application/json">{}</script><a href="/b">c</a>'
    assert [name for name, pattern in INLINE.items() if pattern.search(good)] == []
