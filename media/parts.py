"""What a media host recorded of a lecture that another carries now: ``<root>/parts/<lecture>/<node>/`` (ADR 95).

Files that are on their way from one host to another, by where all hosts see them; no row names them, nobody plays them.
"""

import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

from media import sides, storage
from media.durable import sync


def _folder(lecture_id: int, node_id: int) -> Path:
    return storage.root() / "parts" / str(lecture_id) / str(node_id)


def place(files: Iterable[Path], *, lecture_id: int, node_id: int) -> None:
    """Put copies of these files where the other hosts find them, whole and at once. Safe to repeat.

    Raises UnableToStore, UnableToReach and OSError.
    """
    work, target = storage.make_work_folder(secrets.token_hex(16)), _folder(lecture_id, node_id)
    try:
        for file in files:
            storage.second_name(file, work / file.name)
        if sides.bucket_now() is not None:
            sides.put_tree(work, storage.relative(target), on_beat=storage.no_beat)
            return
        for file in work.iterdir():
            sync(file)
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        work.rename(target)
        sync(target.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def fetch(folder: Path, *, lecture_id: int, node_id: int) -> None:
    """Add to ``folder`` what a node placed; what is there already stays. Raises as ``place`` does."""
    with storage.at_hand(storage.relative(_folder(lecture_id, node_id))) as found:
        for file in sorted(found.iterdir()) if found.is_dir() else []:
            storage.second_name(file, folder / file.name)


def probe() -> None:
    """Ask whether the place is there, if it is a bucket. Raises UnableToReach."""
    if (bucket := sides.bucket_now()) is not None:
        bucket.probe()


def drop(lecture_id: int) -> None:
    """All parts of a lecture; nothing happens where there are none."""
    storage.drop(_folder(lecture_id, 0).parent)
