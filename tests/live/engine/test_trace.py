"""The recorded trace of a browser that sent a truncated frame becomes HLS that decodes without a word."""

import json
import shutil
import subprocess
from io import StringIO
from pathlib import Path
from struct import pack
from typing import Any

import pytest
from django.core.management import CommandError, call_command

ROOT = Path(__file__).resolve().parents[3]
TRIMMED = ROOT / "tests" / "data" / "rtp-truncated.rtp"
WHOLE = ROOT.parent / "shared" / "data" / "rtp-truncated.rtp"

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed"),
]


def pack_rtp(file: Path, output: Path) -> dict[str, Any]:
    out = StringIO()
    call_command("pack_rtp", str(file), output=output, stdout=out)
    return json.loads(out.getvalue())  # type: ignore[no-any-return]


def decode(path: Path) -> str:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.stderr or str(done.returncode or "")


@pytest.mark.parametrize(
    ("trace", "gated"),
    [
        pytest.param(TRIMMED, 38, id="trimmed"),
        pytest.param(
            WHOLE, 24, id="whole", marks=pytest.mark.skipif(not WHOLE.exists(), reason="only beside the shared data")
        ),
    ],
)
def test_the_truncated_frame_never_reaches_a_player(trace: Path, gated: int, tmp_path: Path) -> None:
    answer = pack_rtp(trace, tmp_path / "out")
    assert (answer["truncated"], answer["lost"], answer["broken"]) == (1, 0, 0)
    assert answer["gated"] == gated
    assert answer["runs"] == 1
    assert (answer["width"], answer["height"]) == (640, 360)
    for name in ("master.m3u8", "video.m3u8", "audio.m3u8"):
        assert decode(tmp_path / "out" / name) == ""
    probe = [
        "ffprobe",
        "-v",
        "error",
        "-count_frames",
        "-select_streams",
        "v",
        "-show_entries",
        "stream=nb_read_frames",
    ]
    command = [*probe, "-of", "json", str(tmp_path / "out" / "video.m3u8")]
    streams = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["streams"]
    assert int(streams[0]["nb_read_frames"]) == answer["frames"]


def test_without_the_scrubber_the_same_trace_does_not_decode(tmp_path: Path) -> None:
    """The trace shows the fault: every packet of it, put together blindly, makes the decoder complain."""
    from live.agent.trace import read_trace
    from live.core.media.rtp import parse

    stream = bytearray()
    for kind, _, datagram in read_trace(TRIMMED):
        packet = parse(datagram)
        if kind != "video" or packet is None or not packet.payload:
            continue
        payload, start = packet.payload, b"\0\0\0\1"
        if payload[0] & 31 == 24:
            at = 1
            while at < len(payload):
                size = int.from_bytes(payload[at : at + 2], "big")
                stream += start + payload[at + 2 : at + 2 + size]
                at += 2 + size
        elif payload[0] & 31 == 28:
            if payload[1] & 0x80:
                stream += start + bytes([payload[0] & 0xE0 | payload[1] & 31])
            stream += payload[2:]
        else:
            stream += start + payload
    (tmp_path / "raw.h264").write_bytes(stream)
    assert "error while decoding" in decode(tmp_path / "raw.h264")


@pytest.mark.parametrize("content", [b"\0", pack(">BdI", 7, 0, 0), pack(">BdI", 0, 0, 9) + b"cut"])
def test_what_is_no_trace_is_refused(content: bytes, tmp_path: Path) -> None:
    trace = tmp_path / "trace.rtp"
    trace.write_bytes(content)
    with pytest.raises(CommandError):
        pack_rtp(trace, tmp_path / "out")


def test_a_trace_without_a_keyframe_is_refused_and_a_full_folder_too(tmp_path: Path) -> None:
    (tmp_path / "trace.rtp").write_bytes(pack(">BdI", 0, 0, 13) + b"\x80\x60" + b"\0" * 10 + b"\x41")
    with pytest.raises(CommandError, match="keyframe"):
        pack_rtp(tmp_path / "trace.rtp", tmp_path / "out")
    with pytest.raises(CommandError, match="not empty"):
        pack_rtp(TRIMMED, tmp_path)
