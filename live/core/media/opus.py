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


QUIET_BYTES = 20
"""A packet of 20 ms that is no larger holds no more than silence, where its bits do not say."""


def has_voice(packet: bytes) -> bool:
    """Whether somebody speaks in a packet, as its sender's encoder has marked it (RFC 6716, section 4.2.3).

    The first bits of a frame that was made for speech say so of each 20 ms in it. Music (CELT alone), and packets of
    three frames and more, have no such bits: there the size tells sound from silence.
    """
    if len(packet) < 3:
        return False  # a sender that is silent says only that it is there
    configuration, code = packet[0] >> 3, packet[0] & 3
    if configuration >= 16 or code == 3:
        return len(packet) > QUIET_BYTES * max(1.0, duration(packet) / SILENCE_S)
    start = 1 if code < 2 else 2 if packet[1] < 252 else 3
    parts = max(1, round((_SILK[configuration & 3] if configuration < 12 else SILENCE_S) / SILENCE_S))
    return start < len(packet) and packet[start] >> (8 - parts) > 0


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
