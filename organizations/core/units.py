"""Names of units, pure: one spelling, and none that an import could not write again."""

import unicodedata

MAX_NAME = 120
SEPARATORS = frozenset("/\\>＞／＼")
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


class UnableToNameUnit(ValueError):
    """``code`` says why: empty, long, separator, dots, invisible."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


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
    return plain
