"""Pages on paper: what comes out is a PDF with the text, and nothing is fetched for it."""

import zlib
from pathlib import Path
from typing import Any

import pytest

from organizations.printing import pdf_answer, pdf_of

pytestmark = pytest.mark.unit


@pytest.fixture
def template(tmp_path: Path, settings: Any) -> Path:
    engine: dict[str, Any] = settings.TEMPLATES[0]
    options = {**engine["OPTIONS"], "loaders": ["django.template.loaders.filesystem.Loader"]}
    settings.TEMPLATES = [{**engine, "DIRS": [str(tmp_path)], "OPTIONS": options}]
    return tmp_path / "page.html"


def test_a_template_becomes_a_pdf_in_the_font_that_has_every_name(template: Path) -> None:
    template.write_text("<style>p { font-family: {{ fonts|safe }} }</style><p>{{ name }}</p>")
    content = pdf_of("page.html", {"name": "欧阳\U00020bb7"})
    assert content.startswith(b"%PDF-")
    streams = b"".join(inflated(part) for part in content.split(b"stream\n"))
    assert b"Noto-Sans-CJK" in streams


def inflated(part: bytes) -> bytes:
    """What a compressed stream of the file holds; nothing where it is none."""
    try:
        return zlib.decompressobj().decompress(part)
    except zlib.error:
        return b""


def test_nothing_is_fetched_for_it(template: Path, caplog: pytest.LogCaptureFixture) -> None:
    secret = template.parent / "secret.css"
    secret.write_text("p { color: red }")
    template.write_text(f'<link rel="stylesheet" href="file://{secret}"><img src="http://127.0.0.1:9/x.png"><p>x</p>')
    assert pdf_of("page.html", {}).startswith(b"%PDF-")
    assert caplog.text.count("a printed page asks for") == 2


def test_the_answer_is_a_file_with_a_chinese_name_that_nobody_keeps() -> None:
    answer = pdf_answer(b"%PDF-", filename="第一支部 台账.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert "filename*=utf-8''%E7%AC%AC" in answer["Content-Disposition"]
    assert answer["Cache-Control"] == "private, no-store"
