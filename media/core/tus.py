"""The wire of resumable uploads (tus 1.0): what stands in its headers. Pure."""

import base64
import binascii

VERSION = "1.0.0"
EXTENSIONS = "creation,expiration,termination"
MAX_DIGITS = 15


class UnableToParse(Exception):
    """A header is missing or does not say what the protocol wants."""


def parse_length(value: str | None) -> int:
    """A count of bytes, as ``Upload-Length`` and ``Upload-Offset`` carry it. Raises UnableToParse."""
    if value is None or not value.isascii() or not value.isdigit() or len(value) > MAX_DIGITS:
        raise UnableToParse
    return int(value)


def parse_metadata(value: str) -> dict[str, str]:
    """``Upload-Metadata`` as text by key. Raises UnableToParse on anything but base64 of UTF-8."""
    found: dict[str, str] = {}
    for pair in value.split(","):
        key, _, encoded = pair.strip().partition(" ")
        if not key:
            continue
        try:
            found[key] = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
        except (binascii.Error, ValueError) as error:
            raise UnableToParse from error
    return found
