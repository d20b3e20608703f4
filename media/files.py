"""Pictures and documents of the library (Django's FileFields) where the site's files go to a bucket, or are moved.

On a disk alone they are Django's own FileSystemStorage. Their addresses are the site's own: it asks who may read them.
"""

import datetime as dt
import shutil
import tempfile
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

from media import sides, storage

MEMORY_BYTES = 4 * 2**20


class SiteFiles(FileSystemStorage):
    """Raises storage.UnableToReach (an OSError), and storage.UnableToStore where the bucket is full."""

    def _open(self, name: str, mode: str = "rb") -> "File[Any]":
        if "w" in mode or "a" in mode or "+" in mode:
            raise ValueError(f"files are stored whole: {mode!r}")
        found = sides.find(self._key(name))
        if found is None:
            raise FileNotFoundError(name)
        copy = tempfile.SpooledTemporaryFile(MEMORY_BYTES)  # noqa: SIM115 - whoever opened it closes it
        for data in found.open(0, found.size):
            copy.write(data)
        copy.seek(0)
        return File(copy, name)

    def _save(self, name: str, content: "File[Any]") -> str:
        bucket = sides.bucket_now()
        if bucket is None:
            disk = FileSystemStorage(self.base_location, self.base_url, self.file_permissions_mode)
            saved: str = disk._save(name, content)  # type: ignore[attr-defined] # noqa: SLF001 - the name is found already, and free on both sides
            return saved
        key = self._key(name)
        with tempfile.SpooledTemporaryFile(MEMORY_BYTES) as copy:
            content.seek(0)
            shutil.copyfileobj(content, copy, MEMORY_BYTES)
            bucket.put(key, copy, copy.tell())
        return key

    def delete(self, name: str) -> None:
        if not name:
            raise ValueError("no name")
        storage.drop(storage.absolute(self._key(name)))

    def exists(self, name: str) -> bool:
        return sides.find(self._key(name)) is not None

    def size(self, name: str) -> int:
        return self._found(name).size

    def get_modified_time(self, name: str) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._found(name).modified, dt.UTC)

    get_created_time = get_accessed_time = get_modified_time

    def path(self, name: str) -> str:
        """Only a disk has paths; while a site is moved to or from it the file may lie elsewhere."""
        raise NotImplementedError(name)

    def _found(self, name: str) -> sides.Found:
        found = sides.find(self._key(name))
        if found is None:
            raise FileNotFoundError(name)
        return found

    def _key(self, name: str) -> str:
        """Raises SuspiciousFileOperation for a name outside, as on a disk."""
        return storage.relative(Path(super().path(name)))
