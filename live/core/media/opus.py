"""What must be known of an Opus packet (RFC 6716, section 3.1) without decoding it."""

SILENCE = b"\xf8\xff\xfe"
"""20 ms of silence as one packet, mono, full band."""
SILENCE_S = 0.02
LONG_SILENCE = b"\xfb\x06" + b"\xff\xfe" * 6
"""120 ms of the same: six frames in one packet, for a track that is silent most of the time."""
LONG_SILENCE_S = 0.12
MOST_FRAMES = 48
_SILK = (0.01, 0.02, 0.04, 0.06)
_HYBRID = (0.01, 0.02)
_CELT = (0.0025, 0.005, 0.01, 0.02)


def duration(packet: bytes) -> float:
    """Seconds of sound in a packet; 0 where it is malformed."""
    if not packet:
        return 0.0
    configuration, code = packet[0] >> 3, packet[0] & 3
    if configuration < 12:
        frame = _SILK[configuration & 3]
    elif configuration < 16:
        frame = _HYBRID[configuration & 1]
    else:
        frame = _CELT[configuration & 3]
    if code < 3:
        return frame * (1 if code == 0 else 2)
    count = packet[1] & 63 if len(packet) > 1 else 0
    return frame * count if count <= MOST_FRAMES else 0.0
