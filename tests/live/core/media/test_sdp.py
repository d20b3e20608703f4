"""What is looked at of an offer before anybody is taken off the air for it."""

import pytest

from live.core.media.sdp import is_offer_to_send

pytestmark = pytest.mark.unit
GOOD = "v=0\r\nm=audio 9 X 111\r\na=ice-ufrag:x\r\na=fingerprint:sha-256 0\r\n"


@pytest.mark.parametrize(
    ("sdp", "fits"),
    [
        (GOOD, True),
        (GOOD.replace("audio", "video"), True),
        ("", False),
        (GOOD.replace("v=0", "v=1"), False),
        (GOOD.replace("m=audio", "m=application"), False),
        (GOOD.replace("a=ice-ufrag", "a=other"), False),
        (GOOD.replace("a=fingerprint", "a=other"), False),
        (GOOD + "\x00", False),
    ],
)
def test_offers(sdp: str, fits: bool) -> None:
    assert is_offer_to_send(sdp) is fits
