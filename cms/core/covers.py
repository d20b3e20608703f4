"""The cover that a course has when nobody chose a picture: its title on one of our colours."""

from zlib import crc32

TONES = 5
"""How many colours there are (frontend/styles/components/covers.css)."""

LINE, LINES = 6.0, 2
"""A line holds so many Chinese signs; a Latin letter is half as wide."""


def tone_of(title: str) -> int:
    """Return which colour: the same for the same title, everywhere and always."""
    return crc32(title.encode(errors="replace")) % TONES


def lines_of(title: str) -> tuple[str, ...]:
    """Return the title as it stands on the cover, cut off with … where it is longer than the lines."""
    lines: list[str] = []
    line, width = "", 0.0
    for letter in " ".join(title.split()):
        wide = 1.0 if ord(letter) > 0x2E7F else 0.55
        if width + wide > LINE:
            lines.append(line.strip())
            line, width = "", 0.0
            if len(lines) == LINES:
                return (*lines[:-1], f"{lines[-1][:-1]}…")
        line, width = line + letter, width + wide
    return (*lines, line.strip()) if line.strip() else tuple(lines)
