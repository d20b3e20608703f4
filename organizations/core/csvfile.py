"""A CSV file's bytes into rows: which encoding, which separator."""

import csv
import io

ENCODINGS = ("utf-8-sig", "gb18030")
SEPARATORS = (",", "\t", ";")


class UnableToDecode(Exception):
    """The bytes are no text in an encoding that rosters come in."""


def decode(data: bytes) -> str:
    """Text of a UTF-8 (with or without BOM) or GB18030 file. Raises UnableToDecode.

    UTF-8 is tried first and strictly: a GB18030 file that names its columns 组织 and 姓名 is never valid UTF-8.
    """
    for encoding in ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnableToDecode("neither UTF-8 nor GB18030")


def rows_of(text: str) -> list[tuple[int, list[str]]]:
    """``(number of the record, cells)``; the separator is the one that the first lines use most.

    Raises UnableToDecode for a quote that is never closed.
    """
    head = "\n".join(text.split("\n", 10)[:10])
    separator = max(SEPARATORS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        return list(enumerate(reader, start=1))
    except csv.Error as error:
        raise UnableToDecode("a field without an end") from error
