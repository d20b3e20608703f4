"""The demo's videos: slides with text, read aloud by espeak-ng, joined by ffmpeg."""

import shutil
import subprocess
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIZE = (1280, 720)
PAPER, INK, RED = "#f7f3ea", "#2b241e", "#7c2019"
FONT = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
PAUSE_S = 2.5
FRAME_RATE = 10
WITH_PARENT = ["setpriv", "--pdeathsig", "KILL"]


@dataclass(frozen=True)
class Slide:
    title: str
    lines: tuple[str, ...]


def draw(slide: Slide, number: int, total: int, path: Path) -> None:
    """Draw one slide as a PNG of 1280 x 720 pixels."""
    picture = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(picture)
    heading, body, small = (ImageFont.truetype(FONT, size) for size in (72, 48, 28))
    pen.rectangle((0, 0, 18, SIZE[1]), fill=RED)
    pen.text((90, 80), slide.title, font=heading, fill=RED)
    for row, line in enumerate(slide.lines):
        pen.text((90, 230 + row * 92), line, font=body, fill=INK)
    pen.text((90, 650), f"云溪县 · 指尖上的课堂　{number}/{total}", font=small, fill=INK)
    picture.save(path)


def speak(slide: Slide, path: Path) -> float:
    """Write the slide's words as speech to a WAV file; return its seconds."""
    words = "。".join([slide.title, *slide.lines])
    program = shutil.which("espeak-ng")
    if program is None:
        raise FileNotFoundError("espeak-ng is missing (Debian package espeak-ng)")
    command = [*WITH_PARENT, program, "-v", "cmn", "-s", "105", "-w", str(path), words]
    subprocess.run(command, check=True, capture_output=True, timeout=60)  # noqa: S603 - fixed program, our own text
    with wave.open(str(path)) as sound:
        return sound.getnframes() / sound.getframerate()


def make_video(slides: list[Slide], target: Path, *, minutes: float) -> None:
    """Write an H.264 and AAC video of about ``minutes``: each slide stays while it is read, then for an equal rest.

    What does not fit into the minutes any more is left out; the first slide always stays.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spoken: list[float] = []
        for index, slide in enumerate(slides):
            if spoken and sum(spoken) + PAUSE_S * len(spoken) > minutes * 60:
                break
            draw(slide, index + 1, len(slides), folder / f"{index}.png")
            spoken.append(speak(slide, folder / f"{index}.wav"))
        rest = max(PAUSE_S, (minutes * 60 - sum(spoken)) / len(spoken))
        encode(folder, [seconds + rest for seconds in spoken], target)


def encode(folder: Path, seconds: list[float], target: Path) -> None:
    """Join the pictures and voices in ``folder``; every slide lasts its ``seconds``."""
    argv = [*WITH_PARENT, "ffmpeg", "-nostdin", "-loglevel", "error", "-y"]
    for index, length in enumerate(seconds):
        argv += ["-loop", "1", "-framerate", str(FRAME_RATE), "-t", f"{length:.2f}", "-i", str(folder / f"{index}.png")]
    for index in range(len(seconds)):
        argv += ["-i", str(folder / f"{index}.wav")]
    count = len(seconds)
    sounds = [
        f"[{count + i}:a]apad,atrim=0:{length:.2f},asetpts=PTS-STARTPTS[a{i}]" for i, length in enumerate(seconds)
    ]
    pairs = "".join(f"[{i}:v][a{i}]" for i in range(count))
    graph = ";".join([*sounds, f"{pairs}concat=n={count}:v=1:a=1[v][a]"])
    argv += [
        "-filter_complex",
        graph,
        "-map",
        "[v]",
        "-map",
        "[a]",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-tune",
        "stillimage",
    ]
    argv += ["-pix_fmt", "yuv420p", "-g", str(FRAME_RATE * 2), "-c:a", "aac", "-b:a", "64k", "-ar", "44100", "-ac", "1"]
    argv += ["-movflags", "+faststart", str(target)]
    subprocess.run(argv, check=True, capture_output=True, timeout=600)  # noqa: S603 - fixed program, our own files
