"""Every film is right or refused: as long as a player plays it, with rungs that agree, or with a reason in words."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from media import transcoder
from media.checks import INDEX_BYTES, is_dark
from media.core.fragments import read_lanes, read_spans
from media.core.playlists import read_segments
from media.ffmpeg import UnableToTranscode
from media.sentences import reason
from media.transcoder import MASTER, POSTER, Outcome
from tests.media.films import FILMS, Film
from tests.media.more_films import MORE_FILMS, is_daily

pytestmark = [pytest.mark.integration, pytest.mark.engine]
# A picture's length at twelve a second, and what an encoder adds at an end.
EXACT_S = 0.11
WHOLE = os.environ.get("FILMS") == "whole"
ALL = [*FILMS, *MORE_FILMS]
ASKED = ALL if WHOLE else [*FILMS, *(film for film in MORE_FILMS if is_daily(film.name))]
SUBTITLES = "1\n00:00:00,000 --> 00:00:01,500\n大家好\n"


def spans(folder: Path, playlist: str) -> tuple[float, dict[str, tuple[float, float]]]:
    """What the playlist promises, and where the samples of all segments lie."""
    segments = read_segments((folder / playlist).read_text())
    lanes = read_lanes((folder / segments[0].init).read_bytes())
    joined: dict[str, tuple[float, float]] = {}
    for segment in segments:
        for kind, (start, end) in read_spans((folder / segment.uri).read_bytes()[:INDEX_BYTES], lanes).items():
            before = joined.get(kind, (start, end))
            assert start <= before[1] + 0.1, "a hole between two segments"
            joined[kind] = (min(before[0], start), max(before[1], end))
    return sum(segment.duration_s for segment in segments), joined


def test_the_matrix_is_large_enough() -> None:
    assert len({film.name for film in ALL}) == len(ALL) >= 200


@pytest.mark.parametrize("film", ASKED, ids=lambda film: film.name)
def test_film_is_right_or_refused(film: Film, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    srt = tmp_path / "words.srt"
    srt.write_text(SUBTITLES)
    source = replace(film, steps=tuple(step.replace("{srt}", str(srt)) for step in film.steps)).make(tmp_path)
    if film.code:
        with pytest.raises(UnableToTranscode) as caught:
            transcoder.encode(source, folder, on_tick=lambda _percent: None)
        assert caught.value.code == film.code
        assert reason(film.code).endswith("。")
        return
    check(film, folder, transcoder.encode(source, folder, on_tick=lambda _percent: None))


def check(film: Film, folder: Path, made: Outcome) -> None:
    length = made.duration_ms / 1000
    assert abs(length - film.length_s) <= EXACT_S
    starts = set()
    for rung in made.renditions:
        promised, lanes = spans(folder, rung["file"])
        assert abs(promised - length) <= 0.1
        if rung["kind"] == "video":
            start, end = lanes["video"]
            assert abs(end - start - length) <= 0.1
            starts.add(round(start, 3))
        if "audio" in lanes:
            start, end = lanes["audio"]
            assert 0 <= start < 0.05
            assert abs(end - start - length) <= 0.15
    assert not starts or max(starts) - min(starts) < 0.02
    names = [rung["name"] for rung in made.renditions]
    assert film.rungs in ((), tuple(names))
    assert film.copied in (None, any(rung["copied"] for rung in made.renditions))
    assert film.size in (None, (made.width, made.height))
    assert (folder / POSTER).exists() == (made.width is not None)
    if made.width is not None:
        with Image.open(folder / POSTER) as poster:
            assert not is_dark(ImageStat.Stat(poster.convert("L")).mean[0])
    assert (
        sorted(file.suffix for file in folder.iterdir() if file.suffix not in {".m4s", ".mp4", ".m3u8", ".jpg"}) == []
    )
    if film.sound_at_s is not None:
        assert abs(sound_begins(folder / names_of_top(made)) - film.sound_at_s) < 0.08
    for rung in made.renditions:
        if rung["copied"]:
            assert complaints(folder / rung["file"]) == ""
    assert (folder / MASTER).exists()


def names_of_top(made: Outcome) -> str:
    return str([rung for rung in made.renditions if rung["kind"] == "video"][-1]["file"])


def sound_begins(playlist: Path) -> float:
    """When something is first heard, from the picture's first moment on."""
    command = [
        "ffmpeg",
        "-hide_banner",
        "-i",
        str(playlist),
        "-af",
        "silencedetect=noise=-50dB:d=0.3",
        "-f",
        "null",
        "-",
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=180).stderr
    return float(said.split("silence_end: ")[1].split()[0])


def complaints(playlist: Path) -> str:
    # By the samples' own clock: in steps of the average rate two pictures may fall on one moment.
    clock = ["-fps_mode", "passthrough", "-enc_time_base", "-1"]
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", str(playlist), *clock, "-f", "null", "-"]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False).stderr
