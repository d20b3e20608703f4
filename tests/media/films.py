"""The matrix of films: what people's phones, recorders and editors make, made here by ffmpeg, small and short.

Each film says how long it plays, known from how it is made, or with which code it is refused.
"""
# ruff: noqa: E501 - one film a line reads as a table

import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

H264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 50 -b:v 120k"
REORDERED = "-c:v libx264 -preset fast -bf 3 -b_strategy 0 -pix_fmt yuv420p -g 50 -b:v 120k"
AAC = "-c:a aac -b:a 64k -ar 48000"
STILL = "-frames:v 1"
COVER = "-map 0:a -map 1:v -disposition:v attached_pic"


def seen(seconds: float, rate: str = "25", size: str = "128x96") -> str:
    return f"-f lavfi -i testsrc2=s={size}:r={rate}:d={seconds}"


def heard(seconds: float, frequency: int = 440) -> str:
    return f"-f lavfi -i sine=f={frequency}:d={seconds}"


Change = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Film:
    """``steps``: ffmpeg's arguments one after another, each reading ``{0}``, ``{1}``… and writing the next file."""

    name: str
    length_s: float = 0.0
    code: str = ""
    steps: tuple[str, ...] = ()
    suffix: str = ".mp4"
    suffixes: tuple[str, ...] = ()
    copied: bool | None = None
    rungs: tuple[str, ...] = ()
    size: tuple[int, int] | None = None
    sound_at_s: float | None = None
    change: Change | None = field(default=None, compare=False)

    def make(self, folder: Path) -> Path:
        files: list[Path] = []
        for number, step in enumerate(self.steps):
            last = number == len(self.steps) - 1
            suffix = self.suffix if last else self.suffixes[number] if self.suffixes else ".mp4"
            made = folder / f"{number}{suffix}"
            arguments = step.format(*files).split()
            subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments, str(made)], check=True, timeout=180)
            files.append(made)
        source = folder / "film"  # without an ending, as what was uploaded is kept
        data = files[-1].read_bytes() if files else b""
        source.write_bytes(self.change(data) if self.change else data)
        return source


def cut_to(share: float) -> Change:
    return lambda data: data[: int(len(data) * share)]


def scratch(share: float) -> Change:
    """Overwrite that share of the samples, in the middle of each of ten parts."""

    def change(data: bytes) -> bytes:
        start = data.index(b"mdat") + 4
        end = start + struct.unpack_from(">I", data, start - 8)[0] - 8
        spoiled, part = bytearray(data), (end - start) // 10
        for number in range(10):
            at = start + number * part + int(part * (1 - share) / 2)
            length = int(part * share)
            spoiled[at : at + length] = bytes((7 * index) % 251 for index in range(length))
        return bytes(spoiled)

    return change


def claim_hours(data: bytes) -> bytes:
    """The film's head says 13 hours; its tracks and samples say what is true."""
    at = data.index(b"mvhd")
    scale = struct.unpack_from(">I", data, at + 16)[0]
    return data[: at + 20] + struct.pack(">I", 13 * 3600 * scale) + data[at + 24 :]


def cut_in_the_index(data: bytes) -> bytes:
    """The last thing in the file is its index; the end of it never came."""
    start = data.index(b"moov") - 4
    return data[: start + struct.unpack_from(">I", data, start)[0] * 9 // 10]


def large_cover(data: bytes) -> bytes:
    """A tag in front with a cover of two megabytes, in which there is what programme streams begin with."""
    picture = (
        b"image/jpeg\0\x03\0"
        + b"\xff\xd8"
        + (b"\0\0\1\xba" + b"\x44" * 10 + b"\0\0\1\xe0\0\x10" + b"\x80" * 16) * 60_000
    )
    frame = b"APIC" + struct.pack(">I", len(picture) + 1) + b"\0\0" + b"\0" + picture
    size = bytes(len(frame) >> bits & 0x7F for bits in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + frame + data


def film(name: str, length_s: float, *steps: str, **more: object) -> Film:
    return Film(name, length_s, steps=steps, **more)  # type: ignore[arg-type]


def refused(name: str, code: str, *steps: str, **more: object) -> Film:
    return Film(name, code=code, steps=steps, **more)  # type: ignore[arg-type]


LONG = f"{seen(6)} {heard(6)} {H264} {AAC}"
LONG_REORDERED = f"{seen(6)} {heard(6)} {REORDERED} {AAC}"
PNG = "-f lavfi -i testsrc=s=64x64 -frames:v 1"
HUGE_PNG = "-f lavfi -i color=red:s=5000x4000 -frames:v 1"

EDIT_LISTS = [
    film("plain", 3, f"{seen(3)} {heard(3)} {H264} {AAC}", copied=True),
    film("trimmed", 3, LONG, "-ss 1.3 -i {0} -t 3 -c copy", copied=False),
    film("trimmed_reordered", 3.2, LONG_REORDERED, "-ss 1.3 -i {0} -t 3 -c copy", copied=False),
    film("trimmed_mov", 2.5, LONG, "-ss 0.7 -i {0} -t 2.5 -c copy", suffix=".mov", copied=False),
    film("trimmed_twice", 2, LONG, "-ss 1 -i {0} -t 4 -c copy", "-ss 0.6 -i {1} -t 2 -c copy", copied=False),
    film("trimmed_silent", 3, f"{seen(6)} {H264}", "-ss 1.3 -i {0} -t 3 -c copy", copied=False),
    film("cut_at_a_keyframe", 4, LONG, "-ss 2 -i {0} -t 4 -c copy"),
    film("cut_off_at_the_end", 3, LONG, "-i {0} -t 3 -c copy", copied=True),
]
STARTS = [
    film("picture_1s_late", 4, LONG, "-itsoffset 1 -i {0} -i {0} -map 0:v -map 1:a -c copy -t 4"),
    film(
        "picture_3s_late",
        5,
        f"{seen(2)} {heard(2)} {H264} {AAC}",
        "-itsoffset 3 -i {0} -i {0} -map 0:v -map 1:a -c copy",
    ),
    film(
        "picture_half_second_late_mkv",
        2.5,
        f"{seen(2)} {heard(2)} {H264} {AAC}",
        "-itsoffset 0.5 -i {0} -i {0} -map 0:v -map 1:a -c copy",
        suffix=".mkv",
        copied=False,
    ),
    film(
        "sound_1s_late",
        4,
        f"{seen(4)} {heard(3)} {H264} {AAC}",
        "-i {0} -itsoffset 1 -i {0} -map 0:v -map 1:a -c copy",
        sound_at_s=1.0,
    ),
    film(
        "sound_3s_late",
        5,
        f"{seen(2)} {heard(2)} {H264} {AAC}",
        "-i {0} -itsoffset 3 -i {0} -map 0:v -map 1:a -c copy",
        sound_at_s=3.0,
    ),
    film(
        "sound_1s_late_mkv",
        3,
        f"{seen(3)} {heard(2)} {H264} {AAC}",
        "-i {0} -itsoffset 1 -i {0} -map 0:v -map 1:a -c copy",
        suffix=".mkv",
        sound_at_s=1.0,
    ),
    film(
        "sound_1s_late_reordered",
        3,
        f"{seen(3)} {heard(2)} {REORDERED} {AAC}",
        "-i {0} -itsoffset 1 -i {0} -map 0:v -map 1:a -c copy",
        sound_at_s=1.0,
    ),
    film(
        "sound_60ms_late",
        3,
        f"{seen(3)} {heard(3)} {H264} {AAC}",
        "-i {0} -itsoffset 0.06 -i {0} -map 0:v -map 1:a -c copy",
    ),
    film("both_5s_late", 2, f"{seen(2)} {heard(2)} {H264} {AAC}", "-i {0} -c copy -output_ts_offset 5", suffix=".mkv"),
    film("silent_5s_late", 2, f"{seen(2)} {H264}", "-i {0} -c copy -output_ts_offset 5"),
    film("reordered", 3, f"{seen(3)} {heard(3)} {REORDERED} {AAC}", copied=True),
    film("reordered_mkv", 3, f"{seen(3)} {heard(3)} {REORDERED} {AAC}", suffix=".mkv"),
    film("reordered_mov", 3, f"{seen(3)} {heard(3)} {REORDERED} {AAC}", suffix=".mov", copied=True),
    film("reordered_silent", 3, f"{seen(3)} {REORDERED}", copied=True),
]
STILLS = [
    film("one_frame_and_sound", 3, f"{seen(0.04)} {heard(3)} {H264} {AAC}", rungs=("audio",), size=(128, 96)),
    film("one_frame_and_sound_mkv", 3, f"{seen(0.04)} {heard(3)} {H264} {AAC}", suffix=".mkv", rungs=("audio",)),
    film("one_jpeg_and_sound", 3, f"{seen(0.04)} {heard(3)} -c:v mjpeg {AAC}", rungs=("audio",), size=(128, 96)),
    film("one_long_frame_and_sound", 3, f"{seen(3, '1/3')} {heard(3)} {H264} {AAC}", rungs=("audio",)),
    film("song_with_a_png_cover", 2, PNG, f"{heard(2)} -i {{0}} {COVER} {AAC} -c:v copy", suffix=".m4a", suffixes=(".png",),
         rungs=("audio",), size=(64, 64)),
    film("song_with_a_jpeg_cover", 2, PNG, f"{heard(2)} -i {{0}} {COVER} {AAC} -c:v mjpeg -pix_fmt yuvj420p", suffix=".m4a",
         suffixes=(".png",), rungs=("audio",), size=(64, 64)),
    film("mp3_with_a_png_cover", 2, PNG, f"{heard(2)} -i {{0}} {COVER} -c:a libmp3lame -c:v copy", suffix=".mp3",
         suffixes=(".png",), rungs=("audio",), size=(64, 64)),
    film("flac_with_a_png_cover", 2, PNG, f"{heard(2)} -i {{0}} {COVER} -c:a flac -c:v copy", suffix=".flac",
         suffixes=(".png",), rungs=("audio",), size=(64, 64)),
    film("film_with_a_png_cover", 2, PNG, f"{seen(2)} {heard(2)} -i {{0}} -map 0 -map 1 -map 2 {H264} {AAC} -c:v:1 copy"
         " -disposition:v:1 attached_pic", suffixes=(".png",)),
    film("song_with_a_huge_cover", 2, HUGE_PNG, f"{heard(2)} -i {{0}} {COVER} -c:a libmp3lame -c:v copy", suffix=".mp3",
         suffixes=(".png",), rungs=("audio",)),
    film("film_with_a_huge_cover", 2, HUGE_PNG, f"{seen(2)} {heard(2)} -i {{0}} -map 0 -map 1 -map 2 {H264} {AAC} -c:v:1 copy"
         " -disposition:v:1 attached_pic", suffixes=(".png",)),
    film("mp3_behind_two_megabytes_of_cover", 3, f"{heard(3)} -c:a libmp3lame", suffix=".mp3", rungs=("audio",), change=large_cover),
    film("aac_behind_two_megabytes_of_cover", 3, f"{heard(3)} {AAC}", suffix=".aac", rungs=("audio",), change=large_cover),
    film("flac_behind_two_megabytes_of_cover", 3, f"{heard(3)} -c:a flac", suffix=".flac", rungs=("audio",), change=large_cover),
    refused("a_photo", "still", f"{seen(0.04)} {H264}"),
]  # fmt: skip
LENGTHS = [
    film("sound_longer", 5, f"{seen(2)} {heard(5)} {H264} {AAC}", copied=False),
    film("sound_longer_mkv", 4, f"{seen(2)} {heard(4)} {H264} {AAC}", suffix=".mkv", copied=False),
    film(
        "sound_longer_vp8",
        4,
        f"{seen(1)} {heard(4)} -c:v libvpx -b:v 100k -deadline realtime -c:a libvorbis",
        suffix=".webm",
    ),
    film("sound_half_a_second_longer", 2.5, f"{seen(2)} {heard(2.5)} {H264} {AAC}", copied=False),
    film("sound_a_little_longer", 2.05, f"{seen(2)} {heard(2.05)} {H264} {AAC}", copied=True),
    film("sound_shorter", 4, f"{seen(4)} {heard(1)} {H264} {AAC}", copied=True),
    film("sound_shorter_mkv", 4, f"{seen(4)} {heard(1)} {H264} {AAC}", suffix=".mkv"),
    film("sound_very_short", 3, f"{seen(3)} {heard(0.2)} {H264} {AAC}"),
    film("longer_than_a_segment", 9, f"{seen(9)} {heard(9)} {H264} {AAC}", copied=True),
    film("half_a_second", 0.5, f"{seen(0.5)} {heard(0.5)} {H264} {AAC}"),
    film("half_a_second_of_sound", 0.5, f"{heard(0.5)} {AAC}", suffix=".m4a", rungs=("audio",)),
    film("far_keyframes", 9, f"{seen(9)} {heard(9)} {H264} -g 300 -keyint_min 300 -sc_threshold 0 {AAC}", copied=False),
]
TRACKS = [
    film("two_sounds", 2, f"{seen(2)} {heard(2)} {heard(2, 880)} -map 0 -map 1 -map 2 {H264} {AAC} -disposition:a:1 default",
         suffix=".mkv"),
    film("two_pictures", 2, f"{seen(2)} {seen(2, '10', '64x48')} {heard(2)} -map 0 -map 1 -map 2 {H264} {AAC}"),
    film("dts_beside_aac", 2, f"{seen(2)} {heard(2)} {heard(2)} -map 0 -map 1 -map 2 {H264} -c:a:0 dca -strict -2 -ar 48000"
         " -c:a:1 aac", suffix=".mkv"),
    refused("dts_alone", "codec:dts", f"{seen(1)} {heard(1)} {H264} -c:a dca -strict -2 -ar 48000", suffix=".mkv"),
    film("subtitles_mov_text", 2, f"{seen(2)} {heard(2)} -i {{srt}} -map 0 -map 1 -map 2 {H264} {AAC} -c:s mov_text"),
    film("subtitles_srt", 2, f"{seen(2)} {heard(2)} -i {{srt}} -map 0 -map 1 -map 2 {H264} {AAC} -c:s srt", suffix=".mkv"),
    film("subtitles_ass", 2, f"{seen(2)} {heard(2)} -i {{srt}} -map 0 -map 1 -map 2 {H264} {AAC} -c:s ass", suffix=".mkv"),
    film("subtitles_webvtt", 2, f"{seen(2)} -i {{srt}} -map 0 -map 1 -c:v libvpx -b:v 100k -c:s webvtt", suffix=".webm"),
    film("sound_only", 3, f"{heard(3)} {AAC}", suffix=".m4a", rungs=("audio",)),
    film("sound_only_mp3", 3, f"{heard(3)} -c:a libmp3lame", suffix=".mp3", rungs=("audio",)),
    film("sound_only_wav", 3, f"{heard(3)}", suffix=".wav", rungs=("audio",)),
    film("sound_only_ima_adpcm", 3, f"{heard(3)} -c:a adpcm_ima_wav", suffix=".wav", rungs=("audio",)),
    film("sound_only_ms_adpcm", 3, f"{heard(3)} -c:a adpcm_ms", suffix=".wav", rungs=("audio",)),
    film("sound_only_opus", 3, f"{heard(3)} -c:a libopus", suffix=".ogg", rungs=("audio",)),
    film("six_channels", 2, f"{seen(2)} {heard(2)} {H264} -c:a ac3 -ac 6", suffix=".mkv"),
    film("telephone_sound", 2, f"{seen(2)} {heard(2)} {H264} -c:a aac -ar 8000 -ac 1"),
]  # fmt: skip
PICTURES = [
    film("turned_90", 2, f"{seen(2)} {heard(2)} {H264} {AAC}", "-i {0} -c copy -metadata:s:v rotate=90", size=(96, 128)),
    film("turned_180", 2, f"{seen(2)} {heard(2)} {H264} {AAC}", "-i {0} -c copy -metadata:s:v rotate=180", size=(128, 96)),
    film("turned_270", 2, f"{seen(2)} {heard(2)} {H264} {AAC}", "-i {0} -c copy -metadata:s:v rotate=270", size=(96, 128)),
    film("portrait", 2, f"{seen(2, size='96x160')} {heard(2)} {H264} {AAC}", size=(96, 160)),
    film("oblong_pixels", 2, f"{seen(2)} {heard(2)} -vf setsar=4/3 {H264} {AAC}", size=(172, 96)),
    film("odd_size", 2, f"{seen(2, size='161x121')} {heard(2)} -c:v mjpeg -pix_fmt yuvj444p {AAC}", suffix=".mov"),
    film("five_seconds_a_picture", 10, f"{seen(10, '1/5')} {heard(10)} {H264} {AAC}"),
    film("one_picture_a_second", 4, f"{seen(4, '1')} {heard(4)} {H264} {AAC}"),
    film("rate_5", 3, f"{seen(3, '5')} {heard(3)} {H264} {AAC}"),
    film("rate_7_5", 4, f"{seen(4, '15/2')} {heard(4)} {H264} {AAC}"),
    film("rate_29_97", 3, f"{seen(3.003, '30000/1001')} {heard(3)} {H264} {AAC}", copied=True),
    film("rate_59_94", 2, f"{seen(2.002, '60000/1001')} {heard(2)} {H264} {AAC}"),
    film("rate_120", 2, f"{seen(2, '120')} {heard(2)} {H264} {AAC}", copied=False),
    film("rate_uneven", 3, f"{seen(3, '58')} {heard(3)} -vf select=mod(n\\,7) -fps_mode vfr {H264} {AAC}", suffix=".mkv"),
    film("rate_uneven_mp4", 3, f"{seen(3, '30')} {heard(3)} -vf select=mod(n\\,5) -fps_mode vfr {H264} {AAC}"),
    film("black_at_first", 6, f"-f lavfi -i color=black:s=128x96:d=3:r=25 {seen(3)} {heard(6)}"
         f" -filter_complex [0][1]concat=n=2 {H264} {AAC}"),
    film("heavy", 2, f"-f lavfi -i nullsrc=s=128x96:r=25:d=2,geq=random(1)*255 {heard(2)} {H264} -b:v 900k -maxrate 900k"
         f" -bufsize 300k {AAC}", rungs=("96p", "240p-source", "audio"), copied=True),
    film("hlg", 1, f"{seen(1)} -c:v libx265 -preset ultrafast -x265-params log-level=none -color_trc arib-std-b67"
         " -colorspace bt2020nc -color_primaries bt2020 -pix_fmt yuv420p10le"),
    film("interlaced_mpeg2", 2, f"{seen(2)} {heard(2)} -c:v mpeg2video -flags +ilme+ildct -b:v 300k -c:a mp2", suffix=".ts"),
]  # fmt: skip
CONTAINERS = [
    film("avi", 2, f"{seen(2)} {heard(2)} -c:v mpeg4 -b:v 300k -c:a libmp3lame", suffix=".avi"),
    film("wmv", 2, f"{seen(2)} {heard(2)} -c:v wmv2 -b:v 300k -c:a wmav2", suffix=".wmv"),
    film("transport_stream", 2, f"{seen(2)} {heard(2)} {H264} {AAC}", suffix=".ts"),
    film("programme_stream", 2, f"{seen(2)} {heard(2)} -c:v mpeg2video -b:v 300k -c:a mp2", suffix=".mpg"),
    film("flv", 2, f"{seen(2)} {heard(2)} {H264} {AAC}", suffix=".flv"),
    film("dv", 1, f"{seen(1, size='720x576')} -target pal-dv -an", suffix=".avi"),
    film("fragmented", 3, f"{seen(3)} {heard(3)} {H264} {AAC} -movflags frag_keyframe+empty_moov"),
    film("fragmented_reordered", 3, f"{seen(3)} {heard(3)} {REORDERED} {AAC} -movflags frag_keyframe+empty_moov"),
    film("recorder_without_a_length", 2, f"{seen(2)} {heard(2)} -c:v libvpx -b:v 100k -c:a libopus -f webm -live 1",
         suffix=".webm"),
    film("lying_head", 2, f"{seen(2)} {heard(2)} {H264} {AAC}", change=claim_hours),
    refused("moments_13_hours_apart", "duration", f"{seen(2)} {H264}",
            "-i {0} -c copy -bsf:v setts=ts=TS+if(gt(N\\,30)\\,46800/TB\\,0)", suffix=".mkv"),
    refused("encrypted", "encrypted", f"{seen(1)} {heard(1)} {H264} {AAC} -encryption_scheme cenc-aes-ctr"
            " -encryption_key 76a6c65c5ea762046bd749a2e632ccbb -encryption_kid a7e61c373e219033c21091fa607bf3b8"),
    refused("mxf", "container:MXF", f"{seen(1, size='720x576')} -c:v mpeg2video -b:v 2M", suffix=".mxf"),
    refused("a_letter", "unrecognised", change=lambda _data: "同志们好\n".encode() * 500),
]  # fmt: skip
DAMAGED = [
    film("scratched", 4, f"{seen(4)} {heard(4)} {H264} {AAC}", change=scratch(0.004)),
    film("scratched_silent", 4, f"{seen(4)} {H264}", change=scratch(0.004), copied=False),
    refused("ruined", "broken", f"{seen(4)} {H264}", change=scratch(0.9)),
    refused("half_of_it", "truncated", f"{seen(8)} {heard(8)} {H264} {AAC} -movflags faststart", change=cut_to(0.4)),
    refused("half_of_it_mkv", "truncated", f"{seen(8)} {heard(8)} {H264} {AAC}", suffix=".mkv", change=cut_to(0.4)),
    refused("without_the_end_of_its_index", "truncated", f"{seen(2)} {heard(2)} {H264} {AAC}", change=cut_in_the_index),
    refused(
        "without_the_end_of_its_index_in_front",
        "truncated",
        f"{seen(2)} {heard(2)} {H264} {AAC} -movflags faststart",
        change=cut_in_the_index,
    ),
    refused("without_its_index", "truncated", f"{seen(2)} {heard(2)} {H264} {AAC}", change=cut_to(0.7)),
]
FILMS = [*EDIT_LISTS, *STARTS, *STILLS, *LENGTHS, *TRACKS, *PICTURES, *CONTAINERS, *DAMAGED]
