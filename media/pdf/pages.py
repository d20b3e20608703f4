"""Starts the process that draws a PDF's pages, within limits, and reads what it says."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from media.ffmpeg import UnableToTranscode, is_enclosed
from media.ffmpeg.process import Limits, supervise

WIDTHS = (1280, 720, 240)
"""In pixels, widest first: large screens, phones and low data, thumbnails. Each is a folder of the result."""

PHONE_WIDTH = 720

MOST_PAGES = 200
LIMITS = Limits(wall_s=900.0, cpu_s=300, memory=2 * 2**30, file_size=32 * 2**20)
LIBRARIES = ("pypdfium2", "pypdfium2_cfg", "pypdfium2_raw", "PIL")
LONGEST_SAID = 2**20
CHILD = Path(__file__).with_name("child.py")
REFUSALS = frozenset({"encrypted", "unreadable", "many_pages"})


class UnableToDraw(Exception):
    """``code``: encrypted, unreadable, many_pages, timeout, too_big or no_space."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass
class Drawn:
    """``pages``: how many, their pictures are ``<folder>/<width>/<1…pages>.jpg``; ``titles``: of the outline."""

    pages: int = 0
    done: int = 0
    titles: dict[int, str] = field(default_factory=dict)


@dataclass
class _Reader:
    """What the process says, line by line; nothing of it is believed that is not as it should be."""

    on_page: Callable[[int, int], None]
    drawn: Drawn = field(default_factory=Drawn)
    refused: str = ""
    ended: bool = False
    _rest: bytes = b""

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_SAID:
            raise UnableToDraw("unreadable", "a line without an end")
        for line in lines:
            try:
                self._take(json.loads(line))
            except (ValueError, TypeError, AttributeError, LookupError) as error:
                raise UnableToDraw("unreadable", "said what it should not") from error

    def _take(self, fact: dict[str, object]) -> None:
        if "refused" in fact:
            self.refused = str(fact["refused"]) if fact["refused"] in REFUSALS else "unreadable"
        elif "titles" in fact:
            titles = dict(fact["titles"])  # type: ignore[call-overload]
            self.drawn.titles = {int(page): str(title) for page, title in titles.items()}
            self.ended = True
        elif "pages" in fact:
            self.drawn.pages = int(str(fact["pages"]))
        else:
            self.drawn.done = int(str(fact["page"]))
            self.on_page(self.drawn.done, self.drawn.pages)


def draw(
    source: Path, folder: Path, *, on_page: Callable[[int, int], None], on_beat: Callable[[], None] = lambda: None
) -> Drawn:
    """Draw every page of ``source`` below ``folder``, which is empty; ``on_page(done, all)`` after each.

    Raises UnableToDraw, UnableToConfine, and whatever ``on_page`` and ``on_beat`` (twice a second) raise.
    """
    enclosed = is_enclosed()
    shown = _shown() if enclosed else {}
    site = "/in/site" if enclosed else str(_library("PIL").parent)
    read, out = ("/in/source", "/out") if enclosed else (str(source.resolve()), str(folder.resolve()))
    child = "/in/child.py" if enclosed else str(CHILD)
    python = str(Path(sys.executable).resolve())
    # -I, -S: nothing of an environment, a user's folder or a site's start-up files.
    argv = [python, "-I", "-S", "-B", child, site, read, out, str(MOST_PAGES), *map(str, WIDTHS)]
    reader = _Reader(on_page)
    try:
        supervise(
            argv,
            source=source,
            folder=folder,
            limits=LIMITS,
            enclosed=enclosed,
            on_output=reader.feed,
            on_beat=on_beat,
            shown=shown,
        )
    except UnableToTranscode as error:
        # What PDFium dies of is the file; who is killed has asked for too much time.
        code = {"killed": "timeout"}.get(error.code, error.code)
        known = code in ("timeout", "too_big", "no_space")
        raise UnableToDraw(code if known else "unreadable", error.detail) from error
    if reader.refused:
        raise UnableToDraw(reader.refused)
    drawn = reader.drawn
    complete = reader.ended and 0 < drawn.pages == drawn.done <= MOST_PAGES
    if not complete or not all(_is_as_said(folder / str(width), drawn.pages) for width in WIDTHS):
        raise UnableToDraw("unreadable", "not all pages")
    return drawn


def _is_as_said(folder: Path, pages: int) -> bool:
    """Whether a folder holds one plain file a page and nothing else: a hostile PDF may have had the process."""
    names = {f"{page}.jpg" for page in range(1, pages + 1)}
    files = list(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []
    return {each.name for each in files} == names and all(each.is_file() and not each.is_symlink() for each in files)


def _library(name: str) -> Path:
    found = find_spec(name)
    if found is None or found.origin is None:
        raise UnableToDraw("unreadable", f"{name} is not installed")
    return Path(found.origin).parent


def _shown() -> dict[Path, str]:
    """What the process sees besides ``/usr``: the interpreter, where it lies elsewhere, and four libraries."""
    folders = {_library(name): f"/in/site/{name}" for name in LIBRARIES}
    bundled = _library("PIL").with_name("pillow.libs")
    if bundled.is_dir():
        folders[bundled] = "/in/site/pillow.libs"
    base = Path(sys.base_prefix).resolve()
    if not base.is_relative_to("/usr"):
        folders[base] = str(base)
    return {**folders, CHILD: "/in/child.py"}
