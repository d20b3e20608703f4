"""From what ffmpeg said to why it did not work."""

import re
import signal


class UnableToTranscode(Exception):
    """``code`` names the reason (sentences: media/sentences.py), with a name after a colon where one helps
    ("codec:dts"); ``detail`` is the end of ffmpeg's own words.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


SAID = [
    (re.compile(r"No space left on device|Disk quota exceeded"), "no_space"),
    # Only where it ended the work: a cover that ffmpeg may not open is passed over by itself.
    (
        re.compile(
            r"Codec \((\w{1,20})\) not on whitelist[^\n]*\s+(?:Could not open codec|Error while opening decoder)"
        ),
        "codec",
    ),
    (re.compile(r"(?:Format|Protocol) [^\n]*not on whitelist|whitelist of allowed"), "unrecognised"),
    (re.compile(r"Audio object type 42 is not implemented"), "codec:xHE-AAC"),
    (re.compile(r"moov atom not found|Truncating packet|partial file|File ended prematurely"), "truncated"),
    (
        re.compile(r"Picture size \S+ is invalid|exceeds specified max pixel|Cannot allocate memory|File too large"),
        "too_big",
    ),
    (
        re.compile(r"Invalid data found when processing input|could not find codec|EBML header parsing failed"),
        "unrecognised",
    ),
    (re.compile(r"Decoder .*not found|Unsupported codec|no decoder"), "codec"),
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
        if found := pattern.search(said):
            return f"{code}:{found.group(1)}" if pattern.groups else code
    return "killed" if number == signal.SIGKILL else "broken"
