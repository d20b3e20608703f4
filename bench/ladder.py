"""What the whole ladder of a minute of large film costs.

``ladder``: processor seconds of all rungs of a 60 s source (1080p, so that 1080p itself is left to a later phase),
against one plain ffmpeg run a rung in the same run of this script; goal: at most 0.8 of it, and at most 600 MB at
once. Without bubblewrap, because the processor time of what runs inside is not handed to the parent.
"""

import resource
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bench import _databases  # noqa: F401 - Django, with a private folder
from bench._figure import figure
from bench._films import encode, make, processor_seconds, rung_alone
from media.core.ladder import Phase

SECONDS = 60
SIDES = ((240, 180), (480, 600), (720, 1200))
SOURCE = "-f lavfi -i testsrc2=s=1920x1080:r=25:d={0} -f lavfi -i sine=d={0} -c:v libx264 -preset ultrafast -g 100"
GOAL_RATIO, GOAL_MB = 0.8, 600


def peak_mb(work: Callable[[], object]) -> float:
    """The most memory that all child processes held together, looked at twenty times a second."""
    most, done = 0.0, threading.Event()

    def look() -> None:
        nonlocal most
        while not done.wait(0.05):
            most = max(most, children_mb())

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    return most


def children_mb() -> float:
    held = 0
    for path in Path("/proc/self/task").glob("*/children"):
        for pid in path.read_text().split():
            try:
                held += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            except OSError:
                continue
    return held * resource.getpagesize() / 1e6


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        source = make(base / "rich.mp4", SOURCE.format(SECONDS) + " -b:v 6M -pix_fmt yuv420p -c:a aac")
        before = processor_seconds()

        def ours() -> None:
            encode(source, Path(tempfile.mkdtemp(dir=base)), phase=Phase.LADDER)

        began = time.perf_counter()
        most = peak_mb(ours)
        wall, used = time.perf_counter() - began, processor_seconds() - before
        before = processor_seconds()
        for side, kbits in SIDES:
            rung_alone(source, base / f"{side}", side=side, kbits=kbits)
        apart = processor_seconds() - before
    figure(
        bench="ladder", figure="cpu", value=used, unit="CPU s", peer="one ffmpeg a rung", peer_value=apart,
        goal=round(GOAL_RATIO * apart, 3),
    )  # fmt: skip
    figure(bench="ladder", figure="peak", value=most, unit="MB", goal=GOAL_MB)
    figure(bench="ladder", figure="speed", value=SECONDS / wall, unit="s of film a second")


if __name__ == "__main__":
    main()
