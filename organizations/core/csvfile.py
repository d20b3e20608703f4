"""A CSV file's bytes into rows: which encoding, which separator."""

import codecs
import csv
import io
import re

ENCODINGS = ("utf-8-sig", "gb18030")
SEPARATORS = (",", "\t", ";")
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NAMED_SEPARATOR = re.compile(r'"?sep=([,;\t])"?\r?\n')


class UnableToDecode(Exception):
    """The bytes are no text in an encoding that rosters come in."""


def decode(data: bytes) -> str:
    """Text of a UTF-8 (with or without BOM), GB18030 or marked UTF-16 file ("Unicode text"). Raises UnableToDecode.

    UTF-8 is tried first and strictly: a GB18030 file that names its columns 组织 and 姓名 is never valid UTF-8.
    """
    for encoding in ("utf-16",) if data.startswith(UTF_16_MARKS) else ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnableToDecode("neither UTF-8 nor GB18030 nor UTF-16")


def rows_of(text: str) -> list[tuple[int, list[str]]]:
    """``(number of the record, cells)``; the separator that ``sep=`` names or the first lines use most.

    Raises UnableToDecode for a quote that is never closed.
    """
    named = _NAMED_SEPARATOR.match(text)
    head = "\n".join(text.split("\n", 10)[:10])
    separator = named[1] if named else max(SEPARATORS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        return list(enumerate(reader, start=1))[1 if named else 0 :]
    except csv.Error as error:
        raise UnableToDecode("a field without an end") from error
