"""Pages on paper: what comes out is a PDF with the text, and nothing is fetched for it."""

import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from organizations import printing
from organizations.printing import UnableToPrint, pdf_answer, pdf_of

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


def test_nothing_is_fetched_for_it(template: Path) -> None:
    (template.parent / "secret.css").write_text("p { color: red }")
    address = (template.parent / "secret.css").as_uri()
    template.write_text(f'<link rel="stylesheet" href="{address}"><img src="http://127.0.0.1:9/x.png"><p>x</p>')
    with capture_logs() as lines:
        assert pdf_of("page.html", {}).startswith(b"%PDF-")
    (said,) = [line["said"] for line in lines if line["event"] == "printed_with_remarks"]
    assert said.count("a printed page asks for") == 2


def test_what_cannot_be_made_is_said_in_a_sentence(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template.write_text("<p>x</p>")
    monkeypatch.setattr(printing, "PATIENCE_S", 0.001)
    with pytest.raises(UnableToPrint, match="请稍后再试一次"):
        pdf_of("page.html", {})


def test_a_process_that_serves_pages_does_not_have_the_printer_in_it() -> None:
    """WeasyPrint takes 36 MB, and tells Pillow to read torn pictures: then torn uploads would be taken."""
    said = "import organizations.printing, sys; print('weasyprint' in sys.modules)"
    command = [sys.executable, "-c", f"import django; django.setup(); {said}"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1] == "False"


def test_the_answer_is_a_file_with_a_chinese_name_that_nobody_keeps() -> None:
    answer = pdf_answer(b"%PDF-", filename="第一支部 台账.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert "filename*=utf-8''%E7%AC%AC" in answer["Content-Disposition"]
    assert answer["Cache-Control"] == "private, no-store"
