"""Phone numbers: one written form, encryption at rest, and the blind index that finds a person at sign-in.

Stored form is E.164 (``+8613800000001``). Numbers without a country code are mainland mobile numbers.
"""

import hashlib
import hmac
import re
import secrets
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAX_LENGTH = 40
_SEPARATORS = re.compile(r"[\s\-‐-―−().·]")
_MAINLAND = re.compile(r"(?:\+86|0086|86)?(1[3-9][0-9]{9})")
_ABROAD = re.compile(r"\+(?!86)[1-9][0-9]{6,14}")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(
    r"(?:0[0-9]{2,3}[-\s]?)?[2-8][0-9]{6,7}(?:(?:-|转)[0-9]{1,5})?|[48]00[-\s]?[0-9]{3}[-\s]?[0-9]{4}"
)
_NONE = frozenset({"", "无", "没有", "暂无", "未知", "空", "无手机", "没有手机", "无电话", "—", "/", "\\", "*"})
MAINLAND_DIGITS = 11
_VERSION = b"\x01"
_NONCE_BYTES = 12


class UnableToReadPhone(ValueError):
    """The text is no phone number that a text message could reach; ``code`` says why, never the text itself."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnableToDecrypt(ValueError):
    """The stored bytes were not written with this key, or were changed."""


class _Keys(NamedTuple):
    cipher: bytes
    blind: bytes


def normalise(text: str) -> str:
    """Return the number as E.164; accepts spaces, dashes, full-width digits, with and without +86.

    Raises UnableToReadPhone; its message never repeats the text.
    """
    if len(text) > MAX_LENGTH:
        raise UnableToReadPhone("bad_phone")
    plain = unicodedata.normalize("NFKC", text).strip().lstrip("'‘’`")
    compact = _SEPARATORS.sub("", plain)
    if match := _MAINLAND.fullmatch(compact):
        return "+86" + match[1]
    if _ABROAD.fullmatch(compact):
        return compact
    raise UnableToReadPhone(_why_unreadable(plain, compact))


def _why_unreadable(plain: str, compact: str) -> str:
    """What stands there instead of a number, so that whoever wrote it can be told the next step."""
    digits = re.sub(r"[^0-9]", "", compact)
    if not digits:
        return "no_phone" if compact in _NONE else "bad_phone"
    if len(_MOBILE.findall(compact)) > 1:
        return "two_phones"
    if re.search(r"[0-9][*×xX#●■?]+(?:[0-9]|$)", compact):
        return "masked_phone"
    if _LANDLINE.fullmatch(plain) or _LANDLINE.fullmatch(compact):
        return "landline"
    if digits != compact.lstrip("+"):
        return "phone_with_words" if _MOBILE.search(compact) else "bad_phone"
    if len(digits) == len(compact) and len(digits) != MAINLAND_DIGITS:
        return "too_few_digits" if len(digits) < MAINLAND_DIGITS else "too_many_digits"
    return "bad_phone"


def last4(phone: str) -> str:
    return phone[-4:]


def spoken(phone: str) -> str:
    """Return a normalised number as people write and dictate it: 138 0000 0001; one from abroad as it is."""
    match = _MAINLAND.fullmatch(phone)
    return f"{match[1][:3]} {match[1][3:7]} {match[1][7:]}" if match else phone


def known_to_owner(phone: str) -> str:
    """Enough of a normalised number for whoever typed it to see a mistake: 138****0001."""
    digits = phone.removeprefix("+86")
    return f"{digits[:3]}****{digits[-4:]}"


def mask(phone: str) -> str:
    """What logs and other people's pages may show: the last four digits only."""
    return "*******" + phone[-4:]


@lru_cache(maxsize=8)
def _keys(secret: str) -> _Keys:
    """Two independent keys from one secret, so that the index tells nothing about the cipher."""
    material = HKDF(algorithm=hashes.SHA256(), length=64, salt=None, info=b"fingertip phone v1").derive(secret.encode())
    return _Keys(material[:32], material[32:])


def seal(key: str, data: bytes) -> bytes:
    """Encrypt ``data`` (AES-256-GCM, random nonce); the same data gives other bytes each time."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _VERSION + nonce + AESGCM(_keys(key).cipher).encrypt(nonce, data, _VERSION)


def unseal(key: str, sealed: bytes) -> bytes:
    """Reverse ``seal``. Raises UnableToDecrypt."""
    if sealed[:1] != _VERSION:
        raise UnableToDecrypt("unknown version")
    nonce, cipher = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        return AESGCM(_keys(key).cipher).decrypt(nonce, cipher, _VERSION)
    except (InvalidTag, ValueError) as error:
        raise UnableToDecrypt("wrong key or damaged") from error


def encrypt(key: str, phone: str) -> bytes:
    """Encrypt a normalised number for the database."""
    return seal(key, phone.encode())


def decrypt(key: str, cipher: bytes | memoryview) -> str:
    """Return the normalised number. Raises UnableToDecrypt."""
    return unseal(key, bytes(cipher)).decode()


def blind_index(key: str, phone: str) -> str:
    """64 hexadecimal digits that are the same for the same number and key, and tell nothing without the key."""
    return hmac.new(_keys(key).blind, phone.encode(), hashlib.sha256).hexdigest()


def fingerprint(key: str) -> str:
    """64 hexadecimal digits that name the key, derived apart from what it encrypts and indexes with."""
    salt, info = None, b"fingertip phone key fingerprint v1"
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info).derive(key.encode()).hex()
