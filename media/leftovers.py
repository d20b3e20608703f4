"""What lies in storage and may be nobody's: work of dead attempts, folders and originals that no row names."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from media import sides
from media.storage import newest, relative, root

ASIDE = ".swept-"


def placed_before(moment: float) -> Iterator[tuple[UUID, Path]]:
    """Folders under ``videos/`` that nobody has placed or touched since ``moment``, half copied ones too."""
    if (to := sides.bucket_now()) is not None:
        for name in to.folders("videos/"):
            for token in to.folders(f"videos/{name}/"):
                with contextlib.suppress(ValueError):
                    if newest(f"videos/{name}/{token}") < moment:
                        yield UUID(name), root() / "videos" / name / token
        return
    base = root() / "videos"
    for folder in sorted(base.iterdir()) if base.is_dir() else []:
        with contextlib.suppress(ValueError, OSError):
            video_id = UUID(folder.name)
            for each in sorted(folder.iterdir()):
                if each.stat().st_mtime < moment:
                    yield video_id, each


def set_aside(folder: Path, *, before: float) -> Path | None:
    """Take a folder from everybody's reach before it is dropped; None where somebody has just placed it again.

    In a bucket nothing can be renamed: who places it again meanwhile looks afterwards whether all of it is there.
    """
    if sides.bucket_now() is not None:
        return folder if newest(relative(folder)) < before else None
    aside = folder if folder.name.startswith(ASIDE) else folder.with_name(ASIDE + folder.name)
    try:
        folder.rename(aside)
    except OSError:
        return None
    if aside.stat().st_mtime >= before:
        put_back(aside)
        return None
    return aside


def put_back(aside: Path) -> None:
    """Undo ``set_aside``."""
    if not aside.name.startswith(ASIDE):
        return
    with contextlib.suppress(OSError):
        aside.rename(aside.with_name(aside.name.removeprefix(ASIDE)))


def named_path(folder: Path) -> str:
    """The relative path by which a row names a placed folder, set aside or not."""
    return relative(folder.with_name(folder.name.removeprefix(ASIDE)))


def attempts(video_id: UUID) -> Iterator[Path]:
    """Every folder that an attempt of this video has placed."""
    folder = root() / "videos" / str(video_id)
    if not sides.is_plain():
        names = {name for side in sides.sides() for name in side.folders(f"{relative(folder)}/")}
        return iter(folder / name for name in sorted(names))
    return iter(sorted(folder.iterdir()) if folder.is_dir() else [])


def work_folders() -> Iterator[Path]:
    folder = root() / ".work"
    return iter(sorted(folder.iterdir()) if folder.is_dir() else [])


def sources_before(moment: float) -> Iterator[str]:
    """The relative paths of originals that were stored before ``moment`` (Unix seconds)."""
    if not sides.is_plain():
        yield from (entry.key for entry in sides.entries("sources/") if entry.modified < moment)
        return
    folder = root() / "sources"
    for file in sorted(folder.iterdir()) if folder.is_dir() else []:
        if file.stat().st_mtime < moment:
            yield relative(file)
