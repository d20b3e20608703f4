"""The sheet of small pictures above the seek bar, drawn from the cheapest rung: one keyframe a tile is decoded."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ffmpeg
import structlog

from media.core.playlists import STORYBOARD, Segment, UnableToReadPlaylist, read_segments
from media.core.storyboard import Storyboard, most_bytes, pick, plan_storyboard
from media.ffmpeg import Limits, UnableToTranscode, run

log = structlog.get_logger(__name__)
SOURCE = ".storyboard-source"
# From good to poor; all are drawn in one run, and the best that is small enough is kept.
QUALITIES = (4, 8, 14, 22, 31)
# A keyframe lies where its segment begins, but for an encoder's priming and rounding.
SLACK_S = 0.5


def make_storyboard(
    published: Path,
    folder: Path,
    *,
    renditions: Sequence[Mapping[str, Any]],
    duration_ms: int,
    on_beat: Callable[[], None],
) -> Storyboard | None:
    """Write STORYBOARD into ``folder``, from the rungs that lie in ``published``; return what it holds.

    None where there is nothing to draw, or where that fails: a film can be watched without. Raises what ``on_beat``
    raises.
    """
    rung = next((each for each in renditions if each["kind"] == "video"), None)
    if rung is None:
        return None
    length_s = duration_ms / 1000
    board = plan_storyboard(length_s=length_s, width=rung["width"], height=rung["height"])
    if board is None:
        return None
    try:
        picked, first_s = pick(board, read_segments((published / rung["file"]).read_text(encoding="utf-8")))
        if not picked:
            return None
        _join(published, picked, folder / SOURCE)
        _draw(folder, board, first_s, on_beat=on_beat)
        return board if _keep_the_best(folder, most_bytes(length_s)) else None
    except (OSError, UnableToReadPlaylist, UnableToTranscode) as error:
        log.warning("storyboard_not_made", folder=published.name, error=str(error))
        return None
    finally:
        for path in (folder / SOURCE, *(folder / _name(quality) for quality in QUALITIES)):
            path.unlink(missing_ok=True)


def _join(published: Path, picked: Sequence[Segment], target: Path) -> None:
    with target.open("wb") as joined:
        for name in (picked[0].init, *(segment.uri for segment in picked)):
            if name:
                joined.write((published / name).read_bytes())


def _draw(folder: Path, board: Storyboard, first_s: float, *, on_beat: Callable[[], None]) -> None:
    every_s = board.every_ms / 1000

    def sheet(node: Any) -> Any:
        # The last keyframe up to the middle of each tile's time; ffmpeg counts from where the first segment begins.
        middle_s = every_s / 2 - first_s + SLACK_S
        # Without what follows it the last one would be dropped.
        shown = node["v:0"].filter("tpad", stop_mode="clone", stop_duration=f"{every_s:.3f}")
        shown = shown.filter("fps", fps=f"1000/{board.every_ms}", start_time=f"{middle_s:.3f}", round="up")
        shown = shown.filter("scale", board.width, board.height, flags="area").filter("setsar", "1")
        shown = shown.filter("format", pix_fmts="yuvj420p")
        shown = shown.filter("tile", layout=f"{board.columns}x{board.rows}", color="black")
        drawn = {"f": "image2", "update": 1, "vframes": 1, "c:v": "mjpeg"}
        split = shown.filter_multi_output("split", len(QUALITIES))
        return ffmpeg.merge_outputs(
            *(
                ffmpeg.output(split[str(number)], _name(quality), **drawn, **{"q:v": quality})
                for number, quality in enumerate(QUALITIES)
            )
        )  # fmt: skip

    run(
        sheet,
        source=folder / SOURCE,
        folder=folder,
        limits=Limits(wall_s=300, cpu_s=300),
        on_progress=lambda _seconds: on_beat(),
        options={"skip_frame": "nokey"},
    )


def _keep_the_best(folder: Path, most: int) -> bool:
    for quality in QUALITIES:
        path = folder / _name(quality)
        if path.exists() and 0 < path.stat().st_size <= most:
            path.rename(folder / STORYBOARD)
            return True
    return False


def _name(quality: int) -> str:
    return f".storyboard-{quality}.jpg"
