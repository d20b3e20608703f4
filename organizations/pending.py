"""Roster files that were checked and wait for the operator's yes: sealed under VAR_DIR, for an hour."""

import secrets
import time
from pathlib import Path

from django.conf import settings

from organizations.core import phones

TOKEN_BYTES = 24


class UnableToFindPending(Exception):
    """The file was taken over, thrown away, or waited too long."""


def keep(data: bytes) -> str:
    """Keep the file and return the token that finds it. Files that waited too long are removed on the way."""
    remove_expired()
    token = secrets.token_hex(TOKEN_BYTES)
    path = _path(token)
    path.touch(mode=0o600)
    path.write_bytes(phones.seal(settings.PHONE_KEY, data))
    return token


def fetch(token: str) -> bytes:
    """The kept file. Raises UnableToFindPending."""
    remove_expired()
    try:
        return phones.unseal(settings.PHONE_KEY, _path(token).read_bytes())
    except (FileNotFoundError, phones.UnableToDecrypt) as error:
        raise UnableToFindPending(token) from error


def discard(token: str) -> None:
    _path(token).unlink(missing_ok=True)


def remove_expired() -> None:
    oldest_s = time.time() - settings.ROSTER_KEEP_S
    for path in _folder().iterdir():
        if path.stat().st_mtime < oldest_s:
            path.unlink(missing_ok=True)


def _folder() -> Path:
    folder: Path = settings.VAR_DIR / "rosters"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _path(token: str) -> Path:
    if len(token) != 2 * TOKEN_BYTES or not token.isalnum() or not token.isascii():
        raise UnableToFindPending("no such token")
    return _folder() / token
