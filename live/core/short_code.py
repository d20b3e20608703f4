"""The short code of a lecture's address, read from paper and typed: eight letters and digits that look like no other.

Pure. Thirty signs, eight places: 6.6 * 10**11 codes, and whoever tries unknown ones is counted.
"""

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # without 0, 1, I, L, O and U
LENGTH = 8
RANDOM_BYTES = 8
MOST_TYPED = 40


def code_from(random: bytes) -> str:
    """Return the code that these ``RANDOM_BYTES`` make."""
    value, found = int.from_bytes(random, "big"), ""
    for _place in range(LENGTH):
        value, place = divmod(value, len(ALPHABET))
        found += ALPHABET[place]
    return found


def code_typed(text: str) -> str:
    """Return the code that somebody typed, large or small, with whatever stands between; "" where it cannot be one."""
    letters = "".join(one for one in text[:MOST_TYPED].upper() if one.isascii() and one.isalnum())
    return letters if len(letters) == LENGTH and not set(letters) - set(ALPHABET) else ""


def spoken(code: str) -> str:
    """Return the code as it is printed: ``7K3M-9QXA``."""
    return f"{code[:4]}-{code[4:]}"
