"""The code that a hall shows to check in by: it changes every ten seconds and is read a little longer. Pure.

Whoever holds the key makes it from the clock alone, so nothing is stored a code. It says that a browser saw the hall's
screen lately; it cannot say who held the phone, nor who stayed (ADR 40).
"""

import hashlib
import hmac

EVERY_S = 10
GRACE = 2  # earlier codes that are still read: a photo of the screen is worth 20 to 30 seconds
_MAC = 20  # hexadecimal digits


class UnableToReadCode(ValueError):
    """``is_old``: it was a code of this site, and is too old (or of a clock that runs ahead); else it never was one."""

    def __init__(self, *, is_old: bool) -> None:
        super().__init__("old code" if is_old else "no code")
        self.is_old = is_old


def code_of(hall_id: int, *, key: bytes, at_s: int) -> str:
    """Return the code of a hall at a moment (seconds since 1970): short, so that the drawing stays coarse."""
    step = at_s // EVERY_S
    return f"{hall_id}-{step}-{_mac(key, hall_id, step)}"


def hall_of_code(code: str, *, key: bytes, at_s: int) -> int:
    """Return which hall showed the code lately. Raises UnableToReadCode."""
    parts = code.split("-") if code.isascii() and len(code) <= 64 else []
    if len(parts) != 3 or not (parts[0].isdigit() and parts[1].isdigit() and len(parts[0]) <= 18 >= len(parts[1])):
        raise UnableToReadCode(is_old=False)
    hall_id, step = int(parts[0]), int(parts[1])
    if not hmac.compare_digest(parts[2], _mac(key, hall_id, step)):
        raise UnableToReadCode(is_old=False)
    if not 0 <= at_s // EVERY_S - step <= GRACE:
        raise UnableToReadCode(is_old=True)
    return hall_id


def _mac(key: bytes, hall_id: int, step: int) -> str:
    return hmac.digest(key, f"hall-code:{hall_id}:{step}".encode(), hashlib.sha256).hex()[:_MAC]
