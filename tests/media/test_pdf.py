"""Pages of PDFs as pictures: good ones, those of careless people, and those that were made to hurt."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from media import ffmpeg, pdf
from media.ffmpeg import UnableToConfine, sandbox
from media.ffmpeg.process import Limits
from media.pdf import UnableToDraw, pages
from tests.pdfs import BROKEN, ENCRYPTED, endless_pdf, make_pdf

pytestmark = pytest.mark.integration
Make = Callable[[bytes], Path]


@pytest.fixture
def source(tmp_path: Path) -> Make:
    def write(data: bytes) -> Path:
        path = tmp_path / "source.pdf"
        path.write_bytes(data)
        return path

    return write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "out"
    made.mkdir()
    return made


def test_each_page_in_three_widths_and_the_outline(source: Make, folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    made = make_pdf(3, titles={1: "开场", 3: "第二部分\n要点"})
    drawn = pdf.draw(source(made), folder, on_page=lambda done, of: seen.append((done, of)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert (drawn.pages, drawn.titles) == (3, {1: "开场", 3: "第二部分 要点"})
    for width in pdf.WIDTHS:
        with Image.open(folder / str(width) / "2.jpg") as picture:
            assert (picture.format, picture.size) == ("JPEG", (width, width * 9 // 16))


def test_a_page_like_a_scroll_is_made_narrower(source: Make, folder: Path) -> None:
    pdf.draw(source(make_pdf(1, size="100 14000")), folder, on_page=lambda *_: None)
    with Image.open(folder / "1280" / "1.jpg") as picture:
        assert picture.width <= 20
        assert picture.height <= 2562


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (BROKEN, "unreadable"),
        (b"%PDF-1.4\n", "unreadable"),
        (b"not a pdf", "unreadable"),
        (ENCRYPTED, "encrypted"),
        (make_pdf(0), "unreadable"),
        (make_pdf(201), "many_pages"),
    ],
)
def test_what_cannot_be_shown_says_why(source: Make, folder: Path, data: bytes, code: str) -> None:
    with pytest.raises(UnableToDraw) as refused:
        pdf.draw(source(data), folder, on_page=lambda *_: None)
    assert refused.value.code == code


def test_a_page_without_end_is_stopped(source: Make, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "LIMITS", Limits(wall_s=120.0, cpu_s=2, memory=2 * 2**30))
    with pytest.raises(UnableToDraw) as refused:
        pdf.draw(source(endless_pdf()), folder, on_page=lambda *_: None)
    assert refused.value.code == "timeout"


def test_memory_is_limited(source: Make, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "LIMITS", Limits(wall_s=120.0, cpu_s=60, memory=32 * 2**20))
    with pytest.raises(UnableToDraw):
        pdf.draw(source(make_pdf(1)), folder, on_page=lambda *_: None)


LOOK = """
import json, os, pathlib, sys
found = []
for name in ("/proc/1/environ", "/proc/self/environ"):
    found.append(pathlib.Path(name).read_bytes().decode(errors="replace"))
found += os.listdir("/"), os.listdir("/in"), pathlib.Path("/proc/net/dev").read_text().count(":")
try:
    pathlib.Path("/in/source").write_bytes(b"x")
except OSError as error:
    found.append(error.errno)
pathlib.Path("/out/found.json").write_text(json.dumps(found))
"""


def test_a_process_that_a_pdf_has_taken_over_sees_nothing(
    source: Make, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever runs in there: no secret, no file of the site, no network, and its own file cannot be changed."""
    if ffmpeg.sandbox_state() != sandbox.BUBBLEWRAP:
        pytest.skip(ffmpeg.sandbox_state())
    monkeypatch.setenv("SECRET_KEY", "canary-4711")
    look = tmp_path / "look.py"
    look.write_text(LOOK)
    monkeypatch.setattr(pages, "CHILD", look)
    with pytest.raises(UnableToDraw):
        pdf.draw(source(make_pdf(1)), folder, on_page=lambda *_: None)
    said = (folder / "found.json").read_text()
    assert "canary-4711" not in said
    assert str(Path(__file__).parents[2]) not in said
    assert '"site"' in said
    assert said.rstrip("]").split(", ")[-2:] == ["1", "30"], "loopback alone; a read-only source"


@pytest.mark.parametrize(
    "said",
    [
        'print("[]")',
        'print("{}")',
        'print(\'{"pages": "x"}\')',
        "print('{\"pages\": 1}'); print('{\"page\": 1}')",
        "print('{\"pages\": 1}'); print('{\"page\": 1}'); print('{\"titles\": {}}')",
        "print('{\"titles\": [1]}')",
        'print(\'{"refused": "made up"}\')',
        'import sys; sys.stdout.write("x" * (2**20 + 70000))',
    ],
)
def test_nothing_it_says_is_believed_unless_the_pictures_are_there(
    source: Make, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    child = tmp_path / "child.py"
    child.write_text(said)
    monkeypatch.setattr(pages, "CHILD", child)
    with pytest.raises(UnableToDraw) as refused:
        pdf.draw(source(make_pdf(1)), folder, on_page=lambda *_: None)
    assert refused.value.code == "unreadable"


def test_a_link_in_a_pictures_place_is_none(source: Make, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "1280").mkdir()
    (folder / "1280" / "1.jpg").symlink_to("/etc/passwd")
    assert not pages._is_as_said(folder / "1280", 1)
    assert not pages._is_as_said(folder / "720", 1)


def test_without_a_sandbox_it_waits_or_runs_bare(
    source: Make, folder: Path, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    monkeypatch.setattr(sandbox, "sandbox_state", lambda: "bwrap refuses: no")
    monkeypatch.setattr("django.conf.settings.MEDIA_SANDBOX", "required")
    with pytest.raises(UnableToConfine):
        pdf.draw(source(make_pdf(1)), folder, on_page=lambda *_: None)
    monkeypatch.setattr("django.conf.settings.MEDIA_SANDBOX", "try")
    assert pdf.draw(source(make_pdf(1)), folder, on_page=lambda *_: None).pages == 1


def test_a_missing_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnableToDraw):
        pages._library("no_such_library_here")
