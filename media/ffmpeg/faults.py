"""From what ffmpeg said to why it did not work."""

import re
import signal


class UnableToTranscode(Exception):
    """``code`` names the reason (sentences: media/messages.py); ``detail`` is the end of ffmpeg's own words."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


SAID = [
    (re.compile(r"No space left on device|Disk quota exceeded"), "no_space"),
    (re.compile(r"not on whitelist|whitelist of allowed"), "unrecognised"),
    (re.compile(r"moov atom not found|Truncating packet|partial file|File ended prematurely"), "truncated"),
    (
        re.compile(r"Picture size \S+ is invalid|exceeds specified max pixel|Cannot allocate memory|File too large"),
        "too_big",
    ),
    (
        re.compile(r"Invalid data found when processing input|could not find codec|EBML header parsing failed"),
        "unrecognised",
    ),
    (re.compile(r"Decoder .*not found|Unsupported codec|no decoder|Codec .*not on"), "codec"),
]
TOO_LONG = {signal.SIGXCPU}
TOO_BIG = {signal.SIGXFSZ}


def classify(status: int, said: str) -> str:
    """Return a code for an exit status (negative or above 128: a signal) and the end of standard error."""
    number = -status if status < 0 else status - 128
    if number in TOO_LONG:
        return "timeout"
    if number in TOO_BIG:
        return "too_big"
    for pattern, code in SAID:
        if pattern.search(said):
            return code
    return "killed" if number == signal.SIGKILL else "broken"
