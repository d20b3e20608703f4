"""The number of a certificate: 130 random bits in letters and digits that nobody mixes up, printed in groups. Pure."""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # without I, L, O and U
LENGTH = 26
RANDOM_BYTES = 17  # enough for LENGTH letters of five bits
GROUP = 4
MOST_TYPED = 80  # characters of what somebody types that are looked at
READ_AS = str.maketrans("OIL", "011")


def number_from(random: bytes) -> str:
    """Return the number that these ``RANDOM_BYTES`` make; the bits beyond it are left out."""
    value = int.from_bytes(random, "big")
    return "".join(ALPHABET[(value >> 5 * place) & 31] for place in range(LENGTH))


def grouped(number: str) -> str:
    """Return the number as it is printed: ``4K7M-…``."""
    return "-".join(number[start : start + GROUP] for start in range(0, len(number), GROUP))


def number_typed(text: str) -> str:
    """Return the number that somebody typed or scanned: whatever stands between the letters, large or small, full-width
    too; a letter that looks like a digit is that digit. "" where it cannot be one."""
    narrow = (chr(ord(one) - 0xFEE0) if "！" <= one <= "～" else one for one in text[:MOST_TYPED])
    letters = "".join(one for one in narrow if one.isascii() and one.isalnum()).upper().translate(READ_AS)
    return letters if len(letters) == LENGTH and not set(letters) - set(ALPHABET) else ""
