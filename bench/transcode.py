"""Processor seconds a minute of 720p film: encoded into the whole ladder, and copied. Peers: one plain ffmpeg run each.

The peer of ``encode`` makes the same picture rungs one after another (a decoding each); the peer of ``copy`` encodes
the 720p rung of the same film anew. The clip is short and made here; nothing is read from outside. Without bubblewrap,
because the processor time of what runs inside is not handed to the parent; nothing else differs.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 10
SOURCE = (
    f"-f lavfi -i testsrc2=s=1280x720:r=25:d={SECONDS} -f lavfi -i sine=d={SECONDS}"
    " -c:v libx264 -preset ultrafast -g 100"
)
HLS = "-f hls -hls_time 4 -hls_list_size 0 -hls_segment_type fmp4"
GOAL_ENCODE_RATIO, GOAL_COPY_RATIO = 1.0, 0.5


def ffmpeg(arguments: str, *paths: Path) -> None:
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments.format(*paths).split()]
    subprocess.run(command, check=True)


def processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def a_minute(work: object) -> float:
    before = processor_seconds()
    work()  # type: ignore[operator]
    return (processor_seconds() - before) * 60 / SECONDS


def line(figure: str, value: float, peer: str, peer_value: float, goal: float) -> None:
    ratio = value / peer_value
    row = {
        "bench": "transcode",
        "figure": figure,
        "value": round(value, 2),
        "unit": "CPU s a minute of film",
        "peer": peer,
        "peer_value": round(peer_value, 2),
        "ratio": round(ratio, 3),
        "goal": f"ratio <= {goal}",
        "pass": ratio <= goal,
    }
    print(json.dumps(row, ensure_ascii=False))


def main() -> None:
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DEBUG", "1")
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        os.environ["VAR_DIR"] = name
        import django

        django.setup()
        from media import transcoder
        from media.ffmpeg import sandbox

        sandbox.sandbox_state = lambda: "measured without"  # type: ignore[assignment]
        rich, lean = base / "rich.mp4", base / "lean.mp4"
        ffmpeg(SOURCE + " -b:v 6M -pix_fmt yuv420p -c:a aac {}", rich)
        # Like slides: so little data that only the copied rung and the sound are worth making.
        ffmpeg(SOURCE + " -b:v 200k -maxrate 220k -bufsize 200k -pix_fmt yuv420p -c:a aac -b:a 64k {}", lean)

        def ours(source: Path) -> object:
            folder = Path(tempfile.mkdtemp(dir=base))
            return lambda: transcoder.encode(source, folder, on_tick=lambda _percent: None)

        def one(source: Path, side: int, kbits: int) -> None:
            folder = Path(tempfile.mkdtemp(dir=base))
            picture = f"-vf scale=-2:{side} -c:v libx264 -preset veryfast -bf 0 -crf 23"
            picture += f" -maxrate {kbits}k -bufsize {2 * kbits}k"
            ffmpeg(f"-i {{}} {picture} -g 100 -c:a aac -b:a 64k {HLS} {{}}", source, folder / "a.m3u8")

        def apart() -> None:
            for side, kbits in ((240, 180), (480, 600), (720, 1200)):
                one(rich, side, kbits)

        line("encode", a_minute(ours(rich)), "one ffmpeg a rung", a_minute(apart), GOAL_ENCODE_RATIO)
        line("copy", a_minute(ours(lean)), "encode 720p anew", a_minute(lambda: one(lean, 720, 1200)), GOAL_COPY_RATIO)


if __name__ == "__main__":
    main()
