"""Names of units, pure: one spelling, and none that an import could not write again."""

import re
import unicodedata

MAX_NAME = 120
# A letter or digit somewhere, and at the beginning one or an opening bracket: no dots, no formula, no markup.
_NAME = re.compile(r"[\w(\[“\"《〈「【].*[^\W_].*|[^\W_].*", re.DOTALL)
SEPARATORS = frozenset("/\\>＞／＼")
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


class UnableToNameUnit(ValueError):
    """``code`` says why: empty, long, separator, dots, sign, invisible."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def is_name(text: str) -> bool:
    """Say whether this can be what a unit is called: on a page and in a level of a roster's path alike.

    ``..`` and ``.`` mean something to a path, ``=…`` to a spreadsheet, ``<…`` to a browser; none is a unit's name.
    """
    return _NAME.fullmatch(text) is not None and "<" not in text


def clean_name(text: str) -> str:
    """Return the name with plain spaces and widths. Raises UnableToNameUnit.

    A roster writes a unit as a path with ``/`` between the levels, so that no name may hold what separates them.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    if not plain:
        raise UnableToNameUnit("empty")
    if len(plain) > MAX_NAME:
        raise UnableToNameUnit("long")
    if SEPARATORS & set(plain):
        raise UnableToNameUnit("separator")
    if not plain.strip(".。·"):
        raise UnableToNameUnit("dots")
    if any(unicodedata.category(sign) in _INVISIBLE for sign in plain):
        raise UnableToNameUnit("invisible")
    if not is_name(plain):
        raise UnableToNameUnit("sign")
    return plain
