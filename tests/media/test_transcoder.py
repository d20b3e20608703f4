"""Real films in, playable folders out."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from media import transcoder
from media.core.playlists import read_segments, read_variants
from media.transcoder import MASTER, POSTER

pytestmark = [pytest.mark.integration, pytest.mark.engine]


def encode(source: Path, folder: Path) -> transcoder.Outcome:
    folder.mkdir(exist_ok=True)
    return transcoder.encode(source, folder, on_tick=lambda _percent: None)


@pytest.fixture(scope="module")
def encoded(clips: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """``encoded(kind, suffix)``: a clip of 4.4 s with its folder and outcome, encoded once for all tests here."""
    done: dict[str, tuple[Path, transcoder.Outcome]] = {}

    def once(kind: str, suffix: str = ".mp4") -> tuple[Path, transcoder.Outcome]:
        if kind not in done:
            folder = tmp_path_factory.mktemp(kind)
            done[kind] = (folder, encode(clips(kind, suffix, 4.4), folder))
        return done[kind]

    return once


def decode(playlist: Path) -> str:
    """What ffmpeg complains of when it plays the whole rung."""
    command = ["ffmpeg", "-v", "warning", "-xerror", "-i", str(playlist), "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    return done.stderr if done.returncode else ""


def look(path: Path, entries: str, stream: str = "v:0") -> list[dict[str, Any]]:
    command = ["ffprobe", "-v", "error", "-select_streams", stream, "-show_entries", entries, "-of", "json", str(path)]
    probed = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=180).stdout)
    return probed[entries.split("=")[0] + "s"]


def keyframes(playlist: Path) -> list[float]:
    frames = look(playlist, "packet=pts_time,flags")
    return [round(float(frame["pts_time"]), 2) for frame in frames if frame["flags"].startswith("K")]


@pytest.mark.parametrize(
    ("kind", "suffix", "rungs"),
    [
        ("h264", ".mp4", ["240p", "480p", "720p", "audio"]),
        ("large", ".mp4", ["240p", "480p", "720p", "audio"]),
        ("portrait", ".mov", ["240p", "480p", "720p", "audio"]),
        ("vp9", ".webm", ["240p", "360p", "audio"]),
        ("silent", ".mkv", ["240p", "480p"]),
        ("sound", ".m4a", ["audio"]),
    ],
)
def test_every_rung_plays_to_its_end(encoded: Any, kind: str, suffix: str, rungs: list[str]) -> None:
    folder, made = encoded(kind, suffix)
    assert [rung["name"] for rung in made.renditions] == rungs
    assert abs(made.duration_ms - 4400) <= 60
    variants = read_variants((folder / MASTER).read_text())
    assert [uri for _attributes, uri in variants] == [f"{name}.m3u8" for name in rungs]
    for rung, (attributes, uri) in zip(made.renditions, variants, strict=True):
        assert decode(folder / uri) == ""
        segments = read_segments((folder / uri).read_text())
        assert [(folder / segment.uri).stat().st_size > 0 for segment in segments] == [True] * len(segments)
        assert len(segments) == 2
        assert int(attributes["BANDWIDTH"]) == rung["bandwidth"] > 0
        if rung["kind"] == "video":
            assert attributes["RESOLUTION"] == f"{rung['width']}x{rung['height']}"
            (stream,) = look(folder / uri, "stream=codec_name,profile,pix_fmt,width,height")
            assert (stream["width"], stream["height"]) == (rung["width"], rung["height"])
            assert (stream["codec_name"], stream["pix_fmt"]) == ("h264", "yuv420p")
    assert ((folder / POSTER).exists(), made.height is not None) == (kind != "sound",) * 2


@pytest.mark.parametrize("kind", ["h264", "large"])
def test_all_rungs_cut_at_the_same_keyframes(encoded: Any, kind: str) -> None:
    """Also beside a copied rung: the encoded ones follow the source's keyframes."""
    folder, made = encoded(kind)
    assert any(rung["copied"] for rung in made.renditions) == (kind == "h264")
    videos = [rung["file"] for rung in made.renditions if rung["kind"] == "video"]
    cuts = {name: [segment.duration_s for segment in read_segments((folder / name).read_text())] for name in videos}
    assert len({tuple(cut) for cut in cuts.values()}) == 1
    marks = [keyframes(folder / name) for name in videos]
    assert marks[0] == marks[1] == marks[2]
    assert abs(marks[0][0] - 0.025) < 0.01  # room for what the sound's encoder puts before its first sample


def test_picture_and_sound_begin_together(encoded: Any) -> None:
    folder, _made = encoded("large")
    (picture,), (sound,) = (look(folder / "480p.m3u8", "stream=start_time", stream) for stream in ("v:0", "a:0"))
    assert abs(float(picture["start_time"]) - float(sound["start_time"])) < 0.03


def test_copied_picture_is_the_source_bit_by_bit(encoded: Any, clips: Any) -> None:
    folder, _made = encoded("h264")

    def hashes(path: Path) -> str:
        command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v", "-f", "md5", "-"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=180).stdout

    assert hashes(folder / "720p.m3u8") == hashes(clips("h264", ".mp4", 4.4))


def test_turned_phone_film_stands_upright(tmp_path: Path, clips: Any) -> None:
    source = tmp_path / "turned.mp4"
    command = ["ffmpeg", "-v", "error", "-i", str(clips("h264")), "-c", "copy", "-metadata:s:v", "rotate=90", "-y"]
    subprocess.run([*command, str(source)], check=True, timeout=180)
    made = encode(source, tmp_path / "out")
    assert (made.width, made.height) == (720, 1280)
    assert not any(rung["copied"] for rung in made.renditions)


def test_ten_bits_and_high_dynamic_range_become_what_phones_show(tmp_path: Path) -> None:
    source = tmp_path / "hdr.mp4"
    colours = "-color_trc arib-std-b67 -colorspace bt2020nc -color_primaries bt2020"
    command = (
        f"ffmpeg -v error -f lavfi -i testsrc2=s=320x240:r=25:d=1 -c:v libx265 -x265-params log-level=none {colours}"
    )
    subprocess.run([*command.split(), "-pix_fmt", "yuv420p10le", "-y", str(source)], check=True, timeout=180)
    encode(source, tmp_path / "out")
    (stream,) = look(tmp_path / "out" / "240p.m3u8", "stream=pix_fmt,color_transfer,bits_per_raw_sample")
    assert (stream["pix_fmt"], stream["color_transfer"]) == ("yuv420p", "bt709")


def test_song_with_a_cover_is_sound_only(tmp_path: Path, clips: Any) -> None:
    cover, source = tmp_path / "cover.jpg", tmp_path / "song.m4a"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=s=64x64", "-frames:v", "1", str(cover)], check=True
    )
    attach = ["-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0", "attached_pic"]
    command = ["ffmpeg", "-v", "error", "-i", str(clips("sound", ".m4a")), "-i", str(cover), *attach, str(source)]
    subprocess.run(command, check=True, timeout=180)
    assert [rung["kind"] for rung in encode(source, tmp_path / "out").renditions] == ["audio"]


def test_sound_that_begins_late_stays_in_place(tmp_path: Path, clips: Any) -> None:
    source = tmp_path / "late.mkv"
    inputs = ["-itsoffset", "1", "-i", str(clips("sound", ".m4a")), "-i", str(clips("silent", ".mkv"))]
    subprocess.run(["ffmpeg", "-v", "error", *inputs, "-c", "copy", "-map", "1", "-map", "0", str(source)], check=True)
    encode(source, tmp_path / "out")
    command = [
        "ffmpeg",
        "-i",
        str(tmp_path / "out" / "480p.m3u8"),
        "-af",
        "silencedetect=noise=-50dB:d=0.5",
        "-f",
        "null",
        "-",
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=180).stderr
    ended = float(said.split("silence_end: ")[1].split()[0])
    assert abs(ended - 1.0) < 0.06


def test_progress_only_grows_and_names_no_hundred(tmp_path: Path, clips: Any) -> None:
    seen: list[int] = []
    transcoder.encode(clips("vp9", ".webm", 12.0), tmp_path, on_tick=seen.append)
    assert seen == sorted(seen)
    assert max(seen) in range(1, 99)


def test_film_without_a_length_is_taken_too(tmp_path: Path, clips: Any) -> None:
    """A browser's recorder writes none."""
    source = tmp_path / "recorded.webm"
    with source.open("wb") as file:
        command = [
            "ffmpeg",
            "-v",
            "error",
            "-i",
            str(clips("vp9", ".webm")),
            "-c",
            "copy",
            "-f",
            "webm",
            "-live",
            "1",
            "-",
        ]
        subprocess.run(command, stdout=file, check=True, timeout=180)
    made = encode(source, tmp_path / "out")
    assert abs(made.duration_ms - 2000) <= 60
