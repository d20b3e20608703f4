"""What is looked at of an offer before anybody is taken off the air for it. The engine judges the rest. Pure."""

NEEDED = ("a=ice-ufrag:", "a=fingerprint:")


def is_offer_to_send(sdp: str) -> bool:
    """Whether this can be an offer that sends a picture or sound: an SDP with media, ICE and DTLS."""
    lines = sdp.splitlines()
    has_media = any(line.startswith(("m=video ", "m=audio ")) for line in lines)
    is_whole = all(any(line.startswith(start) for line in lines) for start in NEEDED)
    return bool(lines) and lines[0] == "v=0" and "\x00" not in sdp and has_media and is_whole
