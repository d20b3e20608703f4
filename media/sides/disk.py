"""The disk under MEDIA_ROOT, asked as a bucket is: for reading beside one, and for moving to and fro."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from media.sides.found import Entry, Found, Stream

READ_BYTES = 256 * 1024
COPY_BYTES = 4 * 2**20
Beat = Callable[[], None]


class Disk:
    """Files below ``root``. What begins with a dot at the top is this machine's own: it is no file of the site."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __str__(self) -> str:
        return f"file://{self.root}"

    def find(self, key: str) -> Found | None:
        path = self.root / key
        try:
            stat = path.stat()
            if not path.is_file() or not path.resolve().is_relative_to(self.root.resolve()):
                return None
        except OSError:
            return None
        etag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
        return Found(key, stat.st_size, stat.st_mtime, etag, lambda first, length: _opened(path, first, length))

    def opened(self, key: str) -> IO[bytes]:
        """A file of the site to be read, whatever becomes of its name. Raises FileNotFoundError, OSError."""
        if self.find(key) is None:
            raise FileNotFoundError(key)
        return (self.root / key).open("rb")

    def put(self, key: str, file: IO[bytes], size: int, on_beat: Beat = lambda: None) -> None:
        """Store ``file``, whole and at once, durable, and compared with what came there. Raises OSError."""
        target = self.root / key
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        file.seek(0)
        sent = hashlib.sha256()
        try:
            with temporary.open("xb") as to:
                while data := file.read(COPY_BYTES):
                    sent.update(data)
                    to.write(data)
                    on_beat()
                to.flush()
                os.fsync(to.fileno())
            if temporary.stat().st_size != size or _digest(temporary, on_beat) != sent.hexdigest():
                raise OSError(f"{key} differs")
            temporary.rename(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def entries(self, prefix: str = "") -> Iterator[Entry]:
        base = self.root / prefix
        for folder, names, files in os.walk(base):
            here = Path(folder).relative_to(self.root)
            # Half made, set aside, or this machine's own; a package may well have such files.
            hides = here.parts[:1] in ((), ("videos",))
            names[:] = sorted(name for name in names if not (hides and name.startswith(".")))
            for name in sorted(files):
                path = Path(folder) / name
                if path.is_symlink() or (name.startswith(".") and (hides or name.endswith(".part"))):
                    continue
                try:
                    stat = path.stat()
                except FileNotFoundError:  # deleted since
                    continue
                yield Entry(path.relative_to(self.root).as_posix(), stat.st_size, stat.st_mtime)

    def links(self) -> Iterator[str]:
        """The links among the site's files: what they lead to lies elsewhere, and is not moved with the others."""
        for folder, names, files in os.walk(self.root):
            here = Path(folder)
            if here == self.root:
                names[:] = [name for name in names if not name.startswith(".")]
            for name in sorted([*names, *files]):
                if (here / name).is_symlink():
                    yield (here / name).relative_to(self.root).as_posix()

    def folders(self, prefix: str) -> Iterator[str]:
        base = self.root / prefix
        yield from sorted(each.name for each in base.iterdir() if each.is_dir()) if base.is_dir() else ()

    def delete(self, key: str) -> None:
        """Delete a file, and the folders that it leaves empty. Nothing happens where there is nothing."""
        path = self.root / key
        path.unlink(missing_ok=True)
        for folder in path.parents:
            if folder == self.root or folder.parent == self.root:
                return
            try:
                folder.rmdir()
            except OSError:
                return

    def delete_tree(self, key: str) -> None:
        path = self.root / key
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _opened(path: Path, first: int, length: int) -> Stream:
    file = path.open("rb")  # at once: from now on it may be deleted
    file.seek(first)

    def pieces() -> Iterator[bytes]:
        left = length
        while left and (data := file.read(min(READ_BYTES, left))):
            left -= len(data)
            yield data

    return Stream(pieces(), file.close)


def _digest(path: Path, on_beat: Beat) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(COPY_BYTES):
            digest.update(data)
            on_beat()
    return digest.hexdigest()
