"""What lies in a backup: its names, its list of files, its manifest."""

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext as _

from media import sides
from organizations.core import phones

FORMAT = 1
NAME = re.compile(r"classroom-\d{8}T\d{6}Z")
MAKING, REMOVING, MANIFEST, LIST, FILES = ".making-", ".removing-", "manifest.json", "files.txt", "files"
UNFINISHED = (".work", ".uploads")


class UnableToRestore(Exception):
    """The backup cannot be used here; nothing was changed."""


@dataclass(frozen=True)
class Stored:
    """One folder of files: how many, how large, and how many of them the backup holds."""

    number: int
    size: int
    copied: int = 0
    linked: int = 0


def backups(folder: Path) -> list[Path]:
    """The finished backups of a folder, oldest first."""
    if not folder.is_dir():
        return []
    found = (path for path in folder.iterdir() if NAME.fullmatch(path.name) and (path / MANIFEST).is_file())
    return sorted(found, key=lambda path: path.name)


def newest(folder: Path) -> Path | None:
    return next(reversed(backups(folder)), None)


def read_manifest(backup: Path) -> dict[str, Any]:
    """The manifest of a backup whose every byte is as it was written. Raises UnableToRestore."""
    try:
        manifest: dict[str, Any] = json.loads((backup / MANIFEST).read_text(encoding="utf-8"))
        dump = manifest["dump"]
        whole = (
            manifest["format"] == FORMAT
            and Path(dump["name"]).name == dump["name"]
            and sha256(backup / dump["name"]) == dump["sha256"]
            and sha256(backup / LIST) == manifest["list_sha256"]
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnableToRestore(_("%(backup)s 不是一份完整的备份。") % {"backup": backup}) from error
    if not whole:
        raise UnableToRestore(_("%(backup)s 已损坏：校验和不一致。请用另一份。") % {"backup": backup})
    return manifest


def listed(backup: Path) -> dict[str, tuple[int, int]]:
    held = {}
    with (backup / LIST).open(encoding="utf-8") as lines:
        for line in lines:
            relative, size, time_ns = json.loads(line)
            held[relative] = (size, time_ns)
    return held


def missing_files(backup: Path, roots: list[Path]) -> int:
    """How many of the listed files lie in none of the roots, nor in the site's bucket, in their size.

    What is in a bucket that does not answer is missing.
    """
    elsewhere: dict[str, int] = {}
    with contextlib.suppress(sides.UnableToReach):
        elsewhere = {} if sides.is_plain() else {entry.key: entry.size for entry in sides.entries("")}

    def lies(relative: str, size: int) -> bool:
        paths = [root / relative for root in roots]
        return elsewhere.get(relative) == size or any(path.is_file() and path.stat().st_size == size for path in paths)

    return sum(not lies(relative, size) for relative, (size, _time) in listed(backup).items())


def files_below(root: Path) -> Iterator[tuple[Path, str, os.stat_result]]:
    """Finished files: what is being uploaded or worked on is in nobody's course yet."""
    for at, folders, names in os.walk(root):
        if Path(at) == root:
            folders[:] = [one for one in folders if one not in UNFINISHED]
        folders.sort()
        for name in sorted(names):
            path = Path(at) / name
            with contextlib.suppress(FileNotFoundError):
                seen = path.lstat()
                if path.is_file() and not path.is_symlink():
                    yield path, path.relative_to(root).as_posix(), seen


def key_fingerprints() -> dict[str, str]:
    """What names the keys and opens nothing."""
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"fingertip secret key fingerprint v1")
    return {
        "PHONE_KEY": phones.fingerprint(settings.PHONE_KEY),
        "SECRET_KEY": derived.derive(settings.SECRET_KEY.encode()).hex(),
    }


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
