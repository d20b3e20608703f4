"""What is asked of every file before ffprobe or ffmpeg opens it: short lists, no other protocol, a bound on pixels."""

from pathlib import Path

from media.ffmpeg.faults import UnableToTranscode
from media.ffmpeg.formats import SIGNATURE_BYTES, formats, sound_format
from media.ffmpeg.sandbox import UnableToConfine, is_enclosed

MAX_PIXELS = 17_000_000
TAGS_READ = 16  # honest files have a handful; a file of nothing else is not read to its end


def is_enclosed_or_refused() -> bool:
    try:
        return is_enclosed()
    except UnableToConfine as error:
        raise UnableToTranscode("no_sandbox", str(error)) from error


def safe_input(whitelist: str, enclosed: bool) -> dict[str, str]:
    return {
        "format_whitelist": formats(confined=enclosed),
        "protocol_whitelist": "file",
        "codec_whitelist": whitelist,
        "max_pixels": str(MAX_PIXELS),
    }


def format_of(path: Path) -> str:
    """The format of a sound file behind an ID3 tag; empty for all else, which the prober recognises.

    It looks at a megabyte only, goes by the name's end beyond, and ours have none: a large cover in the tag would be
    searched for films.
    """
    with path.open("rb") as file:
        start = 0
        for _ in range(TAGS_READ):
            head = file.read(10)
            if len(head) < 10 or not head.startswith(b"ID3") or max(head[6:10]) >= 0x80:
                break
            a, b, c, d = head[6:10]
            has_footer = head[5] & 0x10
            start += 10 + (a << 21 | b << 14 | c << 7 | d) + (10 if has_footer else 0)
            file.seek(start)
        if not start:
            return ""
        file.seek(start)
        return sound_format(file.read(SIGNATURE_BYTES))
