"""Real little films, made by ffmpeg."""

import subprocess
from pathlib import Path

CLIPS = {
    "h264": "-f lavfi -i testsrc2=s=1280x720:r=25:d={d} -f lavfi -i sine=d={d}"
    " -c:v libx264 -preset ultrafast -g 50 -b:v 900k -maxrate 900k -bufsize 900k -pix_fmt yuv420p -c:a aac -b:a 96k",
    "large": "-f lavfi -i testsrc2=s=1920x1080:r=60:d={d} -f lavfi -i sine=d={d} -c:v libx264 -preset ultrafast"
    " -pix_fmt yuv420p -c:a aac",
    "portrait": "-f lavfi -i testsrc2=s=720x1280:r=30:d={d} -f lavfi -i sine=d={d} -c:v libx264 -preset ultrafast"
    " -b:v 4M -pix_fmt yuv420p -c:a aac",
    "silent": "-f lavfi -i testsrc2=s=640x480:r=25:d={d} -c:v libx264 -preset ultrafast -b:v 3M -g 300"
    " -pix_fmt yuv420p",
    "sound": "-f lavfi -i sine=d={d} -c:a aac",
    "vp9": "-f lavfi -i testsrc2=s=640x360:r=30:d={d} -f lavfi -i sine=d={d} -c:v libvpx-vp9 -deadline realtime"
    " -cpu-used 8 -b:v 500k -c:a libopus",
}


def make_clip(path: Path, kind: str, *, seconds: float = 2) -> Path:
    """Write a real clip of that kind; the container follows the path's suffix."""
    arguments = CLIPS[kind].format(d=seconds).split()
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments, str(path)], check=True, timeout=180)
    return path
