"""RTP parsing, opus, H.264 and VP8 payloads: hostile bytes never raise what is not promised."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.core.media import h264, opus, rtp, vp8
from live.core.media.h264 import Broken, Dimensions

pytestmark = pytest.mark.unit
SPS_640 = bytes.fromhex("6742c01f8c8d405017f2e01e1108d4")


def packet(payload: bytes, *, first: int = 0x80, marker: bool = False, tail: bytes = b"") -> bytes:
    return pack(">BBHII", first, 96 | marker << 7, 7, 9000, 5) + payload + tail


def test_a_plain_packet() -> None:
    assert rtp.parse(packet(b"abc", marker=True)) == rtp.Packet(7, 9000, 5, True, b"abc")


def test_sources_extension_and_padding_are_taken_off() -> None:
    extension = pack(">HH", 0xBEDE, 1) + b"wxyz"
    assert rtp.parse(packet(b"\0" * 8 + extension + b"abc", first=0xB2, tail=b"\0\0\3")) == rtp.Packet(
        7, 9000, 5, False, b"abc"
    )


def test_a_packet_of_nothing_but_padding_has_an_empty_payload() -> None:
    parsed = rtp.parse(packet(b"", first=0xA0, tail=b"\0\2"))
    assert parsed is not None
    assert parsed.payload == b""


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x80",
        packet(b"abc", first=0x40),
        b"\x80\xc8" + b"\0" * 20,
        packet(b"ab", first=0x90),
        packet(pack(">HH", 1, 9), first=0x90),
        packet(b"a", first=0xA0, tail=b"\0"),
        packet(b"a", first=0xA0, tail=b"\x63"),
        packet(b"", first=0x8F),
    ],
    ids=["empty", "short", "version", "rtcp", "no-extension", "long-extension", "pad-0", "pad-99", "sources"],
)
def test_what_does_not_add_up_is_no_packet(datagram: bytes) -> None:
    assert rtp.parse(datagram) is None


@given(st.binary(max_size=80))
def test_any_bytes_can_be_asked(datagram: bytes) -> None:
    parsed = rtp.parse(datagram)
    assert parsed is None or len(parsed.payload) <= len(datagram) - 12


@given(st.integers(0, 65535), st.integers(-30000, 30000))
def test_how_far_ahead_survives_the_wrap(base: int, distance: int) -> None:
    assert rtp.ahead((base + distance) % 65536, base, 65536) == distance


@given(st.lists(st.binary(min_size=1, max_size=30).map(lambda b: b"\x41" + b), min_size=1, max_size=4))
def test_units_survive_every_way_of_packing(units: list[bytes]) -> None:
    singles = h264.unpack(units)
    together = h264.unpack([b"\x18" + b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)])
    split = []
    for unit in units:
        halves = [unit[1 : 1 + len(unit) // 2] or b"", unit[1 + len(unit) // 2 :]]
        if not all(halves):
            split.append(unit)
            continue
        split += [b"\x5c\x81" + halves[0], b"\x5c\x41" + halves[1]]
    assert singles == together == h264.unpack(split) == units


@pytest.mark.parametrize(
    "payloads",
    [
        [b"\x18\x00\x05ab"],
        [b"\x18\x00\x00"],
        [b"\x7c\x85"],
        [b"\x7c\x05abc"],
        [b"\x7c\x85abc"],
        [b"\x7c\x85abc", b"\x41x"],
        [b"\x7c\x85abc", b"\x7c\x85abc"],
        [b"\x1dabc"],
        [b"\x00abc"],
    ],
    ids=["cut", "zero", "empty-fragment", "no-start", "no-end", "interrupted", "twice", "fu-b", "type-0"],
)
def test_half_a_frame_is_broken(payloads: list[bytes]) -> None:
    with pytest.raises(Broken):
        h264.unpack(payloads)


def bits(*parts: int | tuple[int, int]) -> bytes:
    """A parameter set from Exp-Golomb numbers and (value, width) pairs."""
    text = ""
    for part in parts:
        if isinstance(part, tuple):
            text += format(part[0], f"0{part[1]}b")
        else:
            code = format(part + 1, "b")
            text += "0" * (len(code) - 1) + code
    text += "1"
    text += "0" * (-len(text) % 8)
    return b"\x67" + int(text, 2).to_bytes(len(text) // 8, "big")


BASE = ((66, 8), (0, 16), 0)
SIZE = (39, 22, (1, 1), (1, 1))


@pytest.mark.parametrize(
    ("sps", "expected"),
    [
        (bits(*BASE, 0, 2, 1, (0, 1), *SIZE, (0, 1)), Dimensions(640, 368)),
        (bits(*BASE, 0, 0, 4, 1, (0, 1), *SIZE, (1, 1), 0, 0, 0, 4), Dimensions(640, 360)),
        (bits(*BASE, 0, 1, (0, 1), 0, 2, 2, 1, 3, 1, (0, 1), *SIZE, (0, 1)), Dimensions(640, 368)),
        (bits(*BASE, 0, 2, 1, (0, 1), 39, 10, (0, 1), (0, 1), (1, 1), (1, 1), 0, 0, 0, 2), Dimensions(640, 344)),
        (bits((100, 8), (0, 16), 0, 1, 0, 0, (0, 1), (0, 1), 0, 2, 1, (0, 1), *SIZE, (0, 1)), Dimensions(640, 368)),
        (
            bits((244, 8), (0, 16), 0, 3, (0, 1), 0, 0, (0, 1), (0, 1), 0, 2, 1, (0, 1), *SIZE, (1, 1), 0, 0, 0, 8),
            Dimensions(640, 360),
        ),
        (
            bits(
                *((100, 8), (0, 16), 0, 1, 0, 0, (0, 1), (1, 1), (1, 1), *[0] * 16, *[(0, 1)] * 5, (1, 1), 16),
                *((0, 1), 0, 2, 1, (0, 1), *SIZE, (0, 1)),
            ),
            Dimensions(640, 368),
        ),
        (
            bits((244, 8), (0, 16), 0, 3, (0, 1), 0, 0, (0, 1), (1, 1), *[(0, 1)] * 12, 0, 2, 1, (0, 1), *SIZE, (0, 1)),
            Dimensions(640, 368),
        ),
    ],
    ids=["plain", "order-0-cropped", "order-1", "fields", "high", "high-444", "scaling", "scaling-444"],
)
def test_the_size_in_a_parameter_set(sps: bytes, expected: Dimensions) -> None:
    assert h264.dimensions(sps) == expected


def test_a_size_that_cannot_be_is_refused() -> None:
    with pytest.raises(Broken):
        h264.dimensions(bits(*BASE, 0, 2, 1, (0, 1), 5000, 22, (1, 1), (1, 1), (0, 1)))


@given(st.binary(max_size=60))
def test_any_parameter_set_is_a_size_or_broken(sps: bytes) -> None:
    try:
        size = h264.dimensions(b"\x67" + sps)
    except Broken:
        return
    assert 0 < size.width <= 8192
    assert 0 < size.height <= 8192


def test_the_decoder_configuration_names_the_profile() -> None:
    record = h264.configuration(b"\x67\x42\xc0\x1fabc", b"\x68xy")
    assert record == b"\x01\x42\xc0\x1f\xff\xe1\x00\x07\x67\x42\xc0\x1fabc\x01\x00\x03\x68xy"
    assert h264.codec_name(b"\x67\x42\xc0\x1f") == "avc1.42c01f"


def test_a_sample_carries_no_parameter_sets() -> None:
    assert h264.sample([b"\x09x", b"\x67s", b"\x68p", b"\x06i", b"\x65key"]) == b"\0\0\0\2\x06i\0\0\0\4\x65key"


KEY = b"\x10\x02\x00\x9d\x01\x2a\x80\x02\x68\x01rest"


def test_a_vp8_frame_with_every_kind_of_descriptor() -> None:
    for first in (b"\x10", b"\x90\x80\x05", b"\x90\x80\x85\x05", b"\x90\xe0\x05\x01\x07", b"\x90\x10\x07"):
        frame = vp8.unpack([first + KEY, b"\x00more"])
        assert frame == KEY + b"more"
        assert vp8.is_key(frame)
        assert vp8.dimensions(frame) == Dimensions(640, 360)
    assert not vp8.is_key(b"\x11")


@pytest.mark.parametrize("payloads", [[b"\x10"], [b"\x00abc"], [b"\x10abc", b"\x10abc"], [b"\x90"]])
def test_half_a_vp8_frame_is_broken(payloads: list[bytes]) -> None:
    with pytest.raises(Broken):
        vp8.unpack(payloads)


@pytest.mark.parametrize("frame", [b"\x10\x02\x00", KEY[:3] + b"xyz" + KEY[6:], KEY[:6] + b"\0\0\0\0"])
def test_a_vp8_keyframe_without_a_size_is_broken(frame: bytes) -> None:
    with pytest.raises(Broken):
        vp8.dimensions(frame)


@given(st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=3))
def test_any_payloads_are_a_frame_or_broken(payloads: list[bytes]) -> None:
    for unpack in (h264.unpack, vp8.unpack):
        try:
            unpack(payloads)
        except Broken:
            continue


@pytest.mark.parametrize(
    ("packet", "seconds"),
    [
        (b"", 0.0),
        (opus.SILENCE, 0.02),
        (b"\x08", 0.02),
        (b"\x18", 0.06),
        (b"\x60", 0.01),
        (b"\x80", 0.0025),
        (b"\xf9", 0.04),
        (b"\xfa", 0.04),
        (b"\xfb\x03", 0.06),
        (b"\xfb", 0.0),
        (b"\xfb\x3f", 0.0),
    ],
)
def test_how_long_an_opus_packet_sounds(packet: bytes, seconds: float) -> None:
    assert opus.duration(packet) == pytest.approx(seconds)
