"""The process inside the sandbox: opens one PDF with PDFium and writes each page as a JPEG in a few widths.

Started as a script by ``media.pdf.pages`` with an interpreter that sees nothing of this project. Arguments: the folder
of its libraries, the PDF, the folder for the pictures, the most pages, then the widths, widest first. Standard output
is one JSON object a line: ``{"pages": n}`` first, ``{"page": n}`` after each, ``{"titles": {page: title}}`` last, or
``{"refused": code}`` alone. Whatever else happens ends it with a status that is not 0.
"""

import json
import sys
from pathlib import Path
from typing import Any

QUALITY = 82
TALLEST = 2  # times as high as wide; a longer page is made narrower
MOST_TITLES = 400
TITLE_LETTERS = 80
PASSWORD = 4  # FPDF_ERR_PASSWORD


def say(**fact: Any) -> None:
    sys.stdout.write(json.dumps(fact) + "\n")
    sys.stdout.flush()


def titles_of(pdf: Any) -> dict[int, str]:
    """The outline: of each page the first title that leads to it."""
    titles: dict[int, str] = {}
    for count, mark in enumerate(pdf.get_toc(max_depth=3)):
        if count >= MOST_TITLES:
            break
        goal = mark.get_dest()
        page = goal.get_index() if goal else None
        title = " ".join("".join(each if each.isprintable() else " " for each in mark.get_title()).split())
        if page is not None and title:
            titles.setdefault(page + 1, title[:TITLE_LETTERS])
    return titles


def draw_page(page: Any, out: Path, number: int, widths: list[int]) -> None:
    from PIL import Image  # noqa: PLC0415 - from the folder that the arguments name

    wide, high = page.get_size()
    if not (wide > 0 and high > 0):
        raise ValueError("a page without a size")
    scale = min(widths[0] / wide, widths[0] * TALLEST / high)
    picture = page.render(scale=scale, no_smoothtext=False).to_pil().convert("RGB")
    for width in widths:
        size = (max(1, round(picture.width * width / widths[0])), max(1, round(picture.height * width / widths[0])))
        sized = picture if width == widths[0] else picture.resize(size, Image.Resampling.LANCZOS)
        sized.save(out / str(width) / f"{number}.jpg", "JPEG", quality=QUALITY, optimize=True, progressive=True)


def main(site: str, source: str, out: str, most: str, *widths: str) -> None:
    sys.path.insert(0, site)
    import pypdfium2  # noqa: PLC0415 - as above

    try:
        pdf = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        say(refused="encrypted" if error.err_code == PASSWORD else "unreadable")
        return
    count = len(pdf)
    if not 0 < count <= int(most):
        say(refused="unreadable" if count == 0 else "many_pages")
        return
    say(pages=count)
    for width in widths:
        (Path(out) / width).mkdir()
    for number in range(1, count + 1):
        try:
            page = pdf[number - 1]
            draw_page(page, Path(out), number, [int(width) for width in widths])
            page.close()
        except (pypdfium2.PdfiumError, ValueError):
            say(refused="unreadable")
            return
        say(page=number)
    try:
        titles = titles_of(pdf)
    except (pypdfium2.PdfiumError, UnicodeError):
        titles = {}  # a broken outline is no reason to show no slides
    say(titles=titles)


if __name__ == "__main__":
    main(*sys.argv[1:])
