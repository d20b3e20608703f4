"""Numbers as people read them off a sheet of paper: "1-20, 22", "全部，除 3、17、29". Pure."""

import re
import unicodedata

_ALL = ("全部", "全到", "都到", "都来", "所有", "all")
_BUT = ("除了", "除去", "除", "缺席", "缺", "没来", "未到", "but", "except", "不含")
_RANGE = re.compile(r"(\d{1,6})(?:[-~到至](\d{1,6}))?号?")
_SPLIT = re.compile(r"[\s,;、。;:.和外号]+")


class UnableToReadNumbers(ValueError):
    """``code``: empty, word (``piece`` is what could not be read), beyond (``piece`` is not on the sheet) or turned."""

    def __init__(self, code: str, piece: str = "") -> None:
        super().__init__(f"{code}: {piece}")
        self.code, self.piece = code, piece


def numbers_of(text: str, *, most: int) -> frozenset[int]:
    """Return the numbers from 1 to ``most`` that a text names. Raises UnableToReadNumbers.

    "全部", alone or before "除…", means all; "除…" or "缺…" in front means all but those.
    """
    plain = unicodedata.normalize("NFKC", text).lower().replace("—", "-").replace("–", "-")
    everybody = frozenset(range(1, most + 1))
    said_all = next((word for word in _ALL if word in plain), "")
    rest = plain.replace(said_all, " ", 1) if said_all else plain
    but = next((word for word in _BUT if word in rest), "")
    before, _sign, after = rest.partition(but) if but else (rest, "", "")
    if but:
        out = _named(after, most)
        kept = everybody if said_all or not _pieces(before) else _named(before, most)
        if not out or out >= kept:
            raise UnableToReadNumbers("empty")
        return kept - out
    if said_all:
        if _pieces(rest):
            raise UnableToReadNumbers("word", _pieces(rest)[0])
        return everybody
    found = _named(plain, most)
    if not found:
        raise UnableToReadNumbers("empty")
    return found


def _pieces(text: str) -> list[str]:
    return [piece for piece in _SPLIT.split(text) if piece]


def _named(text: str, most: int) -> frozenset[int]:
    found: set[int] = set()
    for piece in _pieces(re.sub(r"\s*([-~到至])\s*", r"\1", text)):
        match = _RANGE.fullmatch(piece)
        if match is None:
            raise UnableToReadNumbers("word", piece[:20])
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= most or not 1 <= last <= most:
            raise UnableToReadNumbers("beyond", piece[:20])
        if last < first:
            raise UnableToReadNumbers("turned", piece[:20])
        found.update(range(first, last + 1))
    return frozenset(found)
