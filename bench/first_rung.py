"""How soon a phone's film of five minutes can be played: its first phase against all that is made of it.

Processor seconds and the clock's of the first phase (the picture copied, the sound too), and of the ladder that
follows in the same run; goal: at most 2 % of the ladder's.
"""

import tempfile
import time
from pathlib import Path

from bench import _databases  # noqa: F401 - Django, with a private folder
from bench._figure import figure
from bench._films import encode, make, processor_seconds
from media.core.ladder import Phase

SECONDS = 300
SOURCE = (
    "-f lavfi -i testsrc2=s=1280x720:r=25:d={0} -f lavfi -i sine=d={0} -c:v libx264 -preset ultrafast -g 50"
    " -b:v 1200k -maxrate 1200k -bufsize 1200k -pix_fmt yuv420p -c:a aac -b:a 96k"
)
GOAL_SHARE = 0.02


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        source = make(base / "phone.mp4", SOURCE.format(SECONDS))
        took: dict[Phase, tuple[float, float]] = {}
        earlier = None
        for phase in (Phase.FIRST, Phase.LADDER):
            folder = base / phase.name
            folder.mkdir()
            began, used = time.perf_counter(), processor_seconds()
            encode(source, folder, phase=phase, earlier=earlier)
            took[phase] = (time.perf_counter() - began, processor_seconds() - used)
            earlier = folder
    for number, (name, unit) in enumerate((("time", "s"), ("cpu", "CPU s"))):
        first, ladder = took[Phase.FIRST][number], took[Phase.LADDER][number]
        figure(
            bench="first_rung", figure=name, value=first, unit=unit, peer="the ladder after it", peer_value=ladder,
            goal=round(GOAL_SHARE * ladder, 3),
        )  # fmt: skip


if __name__ == "__main__":
    main()
