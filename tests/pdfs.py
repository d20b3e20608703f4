"""Small PDFs for tests: pages with a number on them, an outline, and what a hostile or careless hand makes of them."""

from collections.abc import Mapping


def make_pdf(
    pages: int = 2, *, titles: Mapping[int, str] | None = None, size: str = "320 180", draw: str = ""
) -> bytes:
    """Return a PDF whose pages show their number; ``titles``: an outline; ``draw``: what each page draws besides."""
    marks = sorted((titles or {}).items())
    first_mark = 4 + 2 * pages
    page_ids = [4 + 2 * number for number in range(pages)]
    outline = f" /Outlines {first_mark} 0 R" if marks else ""
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R{outline} >>",
        f"<< /Type /Pages /Count {pages} /Kids [{' '.join(f'{one} 0 R' for one in page_ids)}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, page_id in enumerate(page_ids, 1):
        content = f"{draw} BT /F1 60 Tf 40 60 Td ({number}) Tj ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size}] /Resources << /Font << /F1 3 0 R >> >>"
            f" /Contents {page_id + 1} 0 R >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    if marks:
        last = first_mark + len(marks)
        objects.append(f"<< /Type /Outlines /First {first_mark + 1} 0 R /Last {last} 0 R /Count {len(marks)} >>")
        for place, (page, title) in enumerate(marks, first_mark + 1):
            beside = f" /Next {place + 1} 0 R" if place < last else ""
            text = ("\ufeff" + title).encode("utf-16-be").hex()
            objects.append(
                f"<< /Title <{text}> /Parent {first_mark} 0 R /Dest [{page_ids[page - 1]} 0 R /Fit]{beside} >>"
            )
    return _written(objects)


def _written(objects: list[str]) -> bytes:
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    start = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    return (
        data + f"{start}trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF\n".encode()
    )


# With a password ("/V 1", a key that nobody has): readers ask for it before anything else.
ENCRYPTED = make_pdf(1).replace(
    b"/Root 1 0 R",
    b"/Root 1 0 R /ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>]"
    b" /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <" + b"11" * 32 + b"> /U <" + b"22" * 32 + b"> >>",
)
BROKEN = make_pdf(3)[:120]
# Each form draws the next one ten times: a page that would be drawn until the end of days.
FORMS = 14


def endless_pdf() -> bytes:
    """Return a PDF of a few kilobytes whose one page asks for 10^14 pieces of drawing."""
    ask = "/X Do " * 10
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 320 180] /Contents 4 0 R"
        " /Resources << /XObject << /X 5 0 R >> >> >>",
        f"<< /Length {len(ask)} >>\nstream\n{ask}\nendstream",
    ]
    for number in range(FORMS):
        inner = ask if number < FORMS - 1 else "0 0 m 300 170 l S"
        objects.append(
            f"<< /Type /XObject /Subtype /Form /BBox [0 0 320 180] /Length {len(inner)}"
            f" /Resources << /XObject << /X {6 + number} 0 R >> >> >>\nstream\n{inner}\nendstream"
        )
    return _written(objects)
