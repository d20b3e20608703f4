"""How much louder or softer a sound is to be made, by what EBU R128 measured of it. Pure.

Broadcast aims at -23 LUFS; what is heard from a phone's own speaker is made louder, as streaming services do it.
"""

import math

TARGET_LUFS = -16.0
# What nobody hears is left as it is: a meeting's silence must not become its hum.
SILENT_LUFS = -50.0
MOST_DB = 24.0
# Less than this nobody notices; so well recorded sound can still be copied.
TOLERANCE_DB = 1.5
# What stands out above it is held down, so that nothing clips after the encoder (-1.5 dBFS).
LIMIT = 0.841


def gain_of(measured_lufs: float | None) -> float:
    """Decibels to add; 0 where the sound is silent, loud enough, or could not be measured."""
    if measured_lufs is None or not math.isfinite(measured_lufs) or measured_lufs < SILENT_LUFS:
        return 0.0
    gain = min(MOST_DB, TARGET_LUFS - measured_lufs)
    return gain if abs(gain) > TOLERANCE_DB else 0.0


def read_loudness(tail: str) -> float | None:
    """The last integrated loudness (LUFS) that ffmpeg's filter wrote; None where there is none."""
    values = [line.partition("=")[2] for line in tail.splitlines() if line.startswith("lavfi.r128.I=")]
    try:
        return float(values[-1]) if values else None
    except ValueError:
        return None
