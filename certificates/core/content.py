"""What a certificate says, as issued: one canonical text, and its SHA-256. Pure."""

import hashlib
import json
from dataclasses import asdict, dataclass

VERSION = 1


@dataclass(frozen=True, slots=True)
class Content:
    """All that a certificate says. Dates are ISO, ``hours`` a plain decimal number, ``number`` without its hyphens."""

    number: str
    title: str
    text: str
    name: str
    unit: str
    training: str
    from_date: str
    until_date: str
    hours: str
    issuer: str
    issued_date: str

    def canonical(self) -> str:
        """Return the text that is stored and hashed: JSON, keys in order, no spaces, letters as they are (UTF-8)."""
        said = {"version": VERSION, **asdict(self)}
        return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def content_of(canonical: str) -> Content:
    """Return what a stored text says. Raises ValueError, KeyError or TypeError for one that was tampered with."""
    said = json.loads(canonical)
    return Content(**{name: str(said[name]) for name in Content.__slots__})


def sha256_of(canonical: str) -> str:
    """Return the hash that anybody can compute of the stored text (UTF-8) with any tool."""
    return hashlib.sha256(canonical.encode()).hexdigest()
