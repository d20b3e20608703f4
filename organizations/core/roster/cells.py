"""Cells as plain text, dates and names: one written form for what people write in many ways."""

import datetime as dt
import re
import unicodedata

from organizations.core.roster.rows import Cell, NoValue

EPOCH = dt.date(1899, 12, 30)
HAN = "\u2e80-\u2fdf\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
LOST_CHARACTER = re.compile("[?□■\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff]")
SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]+")
_ID_NUMBER = re.compile(r"(?<![0-9A-Za-z])[0-9]{17}[0-9Xx](?![0-9A-Za-z])")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff]")
_SPACES = re.compile(r"\s+")
_APOSTROPHE = re.compile(r"^['‘’`](?=[0-9+])")
_DATE = re.compile(
    r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?:[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
)
_COMPACT_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_DOTS = re.compile(rf"\s*[·•・‧∙⋅]\s*|(?<=[{HAN}])\s*\.\s*(?=[{HAN}])")
_SPACE_BETWEEN_HAN = re.compile(rf"(?<=[{HAN}·])\s+(?=[{HAN}·])")

# Rare characters that old Windows fonts kept in the private area because GBK had no code for them yet (䶮 is U+E863):
# GBK's codes FE50 to FEA0 in their order.
_FIRST_PRIVATE = 0xE815
_OLD_GBK = [bytes([0xFE, low]).decode("gb18030") for low in range(0x50, 0xA1) if low != 0x7F]
_OF_PRIVATE = {_FIRST_PRIVATE + place: character for place, character in enumerate(_OLD_GBK)}


def text_of(cell: Cell) -> str:
    """A cell as tidy text: full-width forms and odd spaces made plain, whole numbers without ``.0``."""
    if cell is None or isinstance(cell, NoValue):
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, dt.date):
        return cell.isoformat()[:10]
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, int | float):
        return str(cell)
    return _SPACES.sub(" ", _INVISIBLE.sub("", unicodedata.normalize("NFKC", cell))).strip()


def number_text(cell: Cell) -> str:
    """The text of a cell that holds a phone or member number: Excel's ``'`` before it is no part of it."""
    return _APOSTROPHE.sub("", text_of(cell))


def holds_id_number(cell: Cell) -> bool:
    """Whether the cell holds 18 digits in a row (the last may be X), also as a number that Excel rounded."""
    if isinstance(cell, bool):
        return False
    if isinstance(cell, int | float):
        return 1e17 <= abs(cell) < 1e18
    return isinstance(cell, str) and len(cell) >= 18 and _ID_NUMBER.search(text_of(cell).replace(" ", "")) is not None


def date_of(cell: Cell, *, epoch: dt.date = EPOCH) -> dt.date | None:
    """A date from an Excel date, an Excel day number, or the usual ways to write one; None if it is none."""
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    if isinstance(cell, int | float) and not isinstance(cell, bool) and 1 <= cell < 100_000:
        return epoch + dt.timedelta(days=int(cell))
    text = text_of(cell)
    match = _DATE.fullmatch(text) or _COMPACT_DATE.fullmatch(text)
    if match is None:
        return None
    try:
        return dt.date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def tidy_name(name: str) -> str:
    """A person's name in its one written form: one kind of dot, no spaces between Han characters (王　五 is 王五)."""
    tidy = text_of(name.translate(_OF_PRIVATE))
    return _SPACE_BETWEEN_HAN.sub("", _DOTS.sub("·", tidy))


def tidy_unit(name: str) -> str:
    """What the name of an organisation is compared by: width and spaces between Han characters make no other one."""
    return _SPACE_BETWEEN_HAN.sub("", text_of(name))


def number_key(number: str) -> str:
    """What a member number is compared by: case, width, spaces and leading zeros make no other person."""
    return text_of(number).replace(" ", "").upper().lstrip("0") or "0"
