"""The still by which a film is known: from early on, where the title is usually up, and not from the dark."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ffmpeg

from media.checks import is_dark
from media.core.facts import Picture, UnableToPlayBack, read_facts
from media.core.playlists import (
    MASTER,
    POSTER,
    read_segments,
    read_variants,
)
from media.ffmpeg import Limits, UnableToTranscode, probe, run

POSTER_SIDE = 720

# What a poster's brightness is measured on, and the sound that was decoded, before anything was filled in.
GLANCE, GLANCE_SIDE = "glance.gray", 16

HDR_TO_SDR = (
    ("zscale", {"t": "linear", "npl": "100"}),
    ("format", {"pix_fmts": "gbrpf32le"}),
    ("zscale", {"p": "bt709"}),
    ("tonemap", {"tonemap": "hable", "desat": "0"}),
    ("zscale", {"t": "bt709", "m": "bt709", "r": "tv"}),
)


def add_recording_poster(folder: Path) -> bool:
    """Make a poster from the first segment of a recording; False where there is none to be had (it plays without)."""
    if (folder / POSTER).exists():
        return True
    variants = read_variants((folder / MASTER).read_text(encoding="utf-8"))
    playlist = variants[0][1] if variants else MASTER
    segment = read_segments((folder / playlist).read_text(encoding="utf-8"))[0]
    sample = folder / ".poster-source"
    parts = [folder / name for name in (segment.init, segment.uri) if name]
    sample.write_bytes(b"".join(part.read_bytes() for part in parts))
    try:
        facts = read_facts(probe(sample))
        if facts.picture is None:
            return False
        make_poster(sample, folder, facts.picture, 0.0, on_beat=lambda: None)
    except (UnableToTranscode, UnableToPlayBack):
        return False
    finally:
        sample.unlink()
    return True


def as_shown(stream: Any, picture: Picture, width: int, height: int) -> Any:
    stream = stream.filter("scale", width, height, flags="bicubic").filter("setsar", "1")
    for name, options in HDR_TO_SDR if picture.hdr else ():
        stream = stream.filter(name, **options)
    return stream.filter("format", pix_fmts="yuv420p")


def make_poster(
    source: Path,
    folder: Path,
    picture: Picture,
    duration_s: float,
    *,
    on_beat: Callable[[], None],
    is_cover: bool = False,
) -> None:
    """A still from early on, where the title is usually up; a later one where that is dark, else the brightest."""
    side = min(picture.width, picture.height, POSTER_SIDE)
    scale = side / min(picture.width, picture.height)
    size = (max(2, round(picture.width * scale)), max(2, round(picture.height * scale)))

    def still(node: Any) -> Any:
        shown = as_shown(node[str(picture.index)], picture, *size).filter("format", pix_fmts="yuvj420p")
        split = shown.filter_multi_output("split", 2)
        glance = split["1"].filter("scale", GLANCE_SIDE, GLANCE_SIDE, flags="area").filter("format", pix_fmts="gray")
        return ffmpeg.merge_outputs(
            ffmpeg.output(split["0"], POSTER, f="image2", update=1, vframes=1, **{"q:v": 4}),
            ffmpeg.output(glance, GLANCE, f="rawvideo", vframes=1),
        )

    best, brightest = b"", -1.0
    moments = (min(5.0, duration_s * 0.1), duration_s * 0.15, duration_s * 0.3, duration_s * 0.5, 0.0)
    for moment in dict.fromkeys(moments):
        run(
            still,
            source=source,
            folder=folder,
            limits=Limits(wall_s=120, cpu_s=120),
            on_progress=lambda _seconds: on_beat(),
            options={} if is_cover else {"ss": f"{moment:.3f}"},
            with_covers=is_cover,
        )
        brightness = _brightness(folder)
        if brightness > brightest:
            best, brightest = (folder / POSTER).read_bytes(), brightness
        if not is_dark(brightness):
            break
    if not best:
        raise UnableToTranscode("truncated")
    (folder / POSTER).write_bytes(best)


def _brightness(folder: Path) -> float:
    """The average (0-255) of the still that was just made; -1 where none was."""
    glance = folder / GLANCE
    grays = glance.read_bytes() if glance.exists() else b""
    glance.unlink(missing_ok=True)
    return sum(grays) / len(grays) if grays and (folder / POSTER).exists() else -1.0
