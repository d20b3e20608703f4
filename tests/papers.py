"""What a PDF of ours says: the text of its pages as a reader's program finds it, whichever glyphs it is drawn with.

Enough for what WeasyPrint writes (ADR 35): packed streams, fonts with a ToUnicode table, hexadecimal strings. A name
whose glyphs are missing, or that no program can copy out of the file, is not found.
"""

import re
import zlib

OBJECT = re.compile(rb"(\d+) 0 obj(.*?)endobj", re.DOTALL)
STREAM = re.compile(rb"stream\r?\n(.*?)\nendstream", re.DOTALL)
FONT = re.compile(rb"/BaseFont /(\w+)\+[^>]*?/ToUnicode (\d+) 0 R")
GLYPHS = re.compile(rb"<([0-9a-f]+)> <([0-9a-f]+)>")
SHOWN = re.compile(rb"/(\w+) [\d.]+ Tf|<([0-9a-f]+)>|(BT|Tm)")
PLACE = re.compile(rb"1 0 0 -1 (-?[\d.]+) (-?[\d.]+) Tm")
PAGE = re.compile(rb"/Type /Page\b")


def text_of(pdf: bytes) -> str:
    """Return all text of the file, a line for each piece that stands by itself; glyphs without a meaning are "?"."""
    streams, fonts = _read(pdf)
    return "".join(_shown(one, fonts) for one in streams.values() if b"BT\n" in one)


def pages_of(pdf: bytes) -> int:
    """Return how many pages the file has."""
    packed = b"\n".join(_unpacked(body) for _number, body in OBJECT.findall(pdf))
    return len(PAGE.findall(packed + pdf))


def pieces_of(pdf: bytes) -> list[tuple[float, float, str]]:
    """Return every piece of text with where it begins, from the left and from the top, in the order it is drawn."""
    streams, fonts = _read(pdf)
    found: list[tuple[float, float, str]] = []
    for content in streams.values():
        if b"BT\n" in content:
            places = [(float(x), float(y)) for x, y in PLACE.findall(content)]
            said = _shown(content.replace(b"BT", b""), fonts).split("\n")[1:]
            found += [(x, y, text) for (x, y), text in zip(places, said, strict=True)]
    return found


def _read(pdf: bytes) -> tuple[dict[int, bytes], dict[bytes, dict[bytes, bytes]]]:
    """Return the file's streams by number, and of each font what its glyphs mean."""
    if not pdf.startswith(b"%PDF-"):
        raise AssertionError(f"no PDF: {pdf[:200]!r}")
    streams = {int(number): _unpacked(body) for number, body in OBJECT.findall(pdf)}
    everything = b"\n".join(streams.values()) + pdf
    fonts = {
        name: dict(GLYPHS.findall(streams[int(number)].partition(b"beginbfchar")[2]))
        for name, number in FONT.findall(everything)
    }
    return streams, fonts


def _unpacked(body: bytes) -> bytes:
    found = STREAM.search(body)
    if found is None:
        return body
    try:
        return zlib.decompressobj().decompress(found[1])
    except zlib.error:
        return b""


def _shown(content: bytes, fonts: dict[bytes, dict[bytes, bytes]]) -> str:
    said, glyphs = [], {}
    for font, string, begins in SHOWN.findall(content):
        if font:
            glyphs = fonts[font]
        elif begins:
            said.append("\n")
        else:
            said += [_letter(glyphs.get(string[at : at + 4])) for at in range(0, len(string), 4)]
    return "".join(said)


def _letter(code: bytes | None) -> str:
    return "?" if code is None else bytes.fromhex(code.decode()).decode("utf-16-be")
