"""Where a media host keeps what it records: a folder a lecture, and beside it what could not be packed."""

import shutil
import time
from pathlib import Path

ASIDE = "given-up-"
WORK = ".recording"
WORK_KEPT_S = 86_400.0


def put_aside(root: Path, occasion_id: int) -> Path:
    """Return where a recording lies whose packing was given up."""
    return root / f"{ASIDE}{occasion_id}"


def brought_back(root: Path, occasion_id: int) -> Path:
    """Return a lecture's folder, with what was put aside in it: its end was undone, or it is tried once more.

    A folder without a run, left by whoever looked at the lecture for a moment, does not stand in the way of it; one in
    which a run has begun does, for another agent may be writing there.
    """
    folder, aside = root / str(occasion_id), put_aside(root, occasion_id)
    if aside.exists() and not any(folder.glob("run-*")):
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
    return folder


def of_lectures(root: Path) -> list[Path]:
    """Return the folders of lectures, put aside or not."""
    return [path for path in root.iterdir() if path.name.removeprefix(ASIDE).isdecimal()]


def occasion_of(path: Path) -> int:
    """Return whose folder it is."""
    return int(path.name.removeprefix(ASIDE))


def with_segments(root: Path) -> dict[int, Path]:
    """Return by occasion where something was recorded; what was put aside gives way to what came after it."""
    return {occasion_of(path): path for path in sorted(of_lectures(root), reverse=True) if has_segments(path)}


def has_segments(folder: Path) -> bool:
    """Return whether anything was recorded in it."""
    return any(folder.glob("run-*.m4s"))


def sweep_work(root: Path) -> None:
    """Remove what a killed agent had half put together; the segments themselves lie in the lecture's folder."""
    for path in root.glob(f".*{WORK}"):
        if path.stat().st_mtime < time.time() - WORK_KEPT_S:
            shutil.rmtree(path, ignore_errors=True)


def free_percent(root: Path) -> float:
    """Return how much of the disk is free."""
    usage = shutil.disk_usage(root)
    return usage.free * 100 / usage.total
