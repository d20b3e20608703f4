"""The one door: hostile files, limits, and what is left when a worker dies."""

import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ffmpeg as ffmpeg_python
import pytest

from media import ffmpeg, transcoder
from media.ffmpeg import MAX_PIXELS, Limits, UnableToTranscode, faults, sandbox
from media.sentences import REASONS, reason

pytestmark = [pytest.mark.integration, pytest.mark.engine]
SECRET = "root:x:0:0"


def hls_of_local_files(path: Path) -> None:
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n")


def endless(path: Path) -> None:
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{path}\n")


def concat_script(path: Path) -> None:
    path.write_text("ffconcat version 1.0\nfile /etc/hostname\nfile /etc/passwd\n")


def dash(path: Path) -> None:
    path.write_text(
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
        '<Representation id="1" mimeType="video/mp4"><BaseURL>file:///etc/passwd</BaseURL></Representation>'
        "</AdaptationSet></Period></MPD>"
    )


def packed(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "x" * 1000)


def picture(path: Path) -> None:
    run = [
        "ffmpeg",
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "color=s=16x16",
        "-frames:v",
        "1",
        "-f",
        "image2",
        "-c:v",
        "png",
    ]
    subprocess.run([*run, "-y", str(path)], check=True)


def svg(path: Path) -> None:
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>')


HOSTILE: list[Callable[[Path], Any]] = [
    hls_of_local_files,
    endless,
    concat_script,
    dash,
    packed,
    picture,
    svg,
    lambda path: path.write_bytes(os.urandom(50_000)),
    lambda path: path.write_text("你好\n" * 1000),
]


@pytest.mark.parametrize("make", HOSTILE, ids=lambda make: make.__name__)
@pytest.mark.parametrize("suffix", [".mp4", ".m3u8"])
def test_what_is_no_film_is_refused_and_reads_nothing_else(
    tmp_path: Path, make: Callable[[Path], Any], suffix: str
) -> None:
    source, folder = tmp_path / f"讲座{suffix}", tmp_path / "out"
    folder.mkdir()
    make(source)
    with pytest.raises(UnableToTranscode) as caught:
        transcoder.encode(source, folder, on_tick=lambda _percent: None)
    assert caught.value.code in {"unrecognised", "nothing", "broken"}
    assert list(folder.iterdir()) == []
    assert SECRET not in caught.value.detail


def test_empty_file_is_called_empty(tmp_path: Path) -> None:
    source = tmp_path / "a.mp4"
    source.touch()
    with pytest.raises(UnableToTranscode) as caught:
        ffmpeg.probe(source)
    assert caught.value.code == "empty"


def test_file_that_is_gone_is_called_gone(tmp_path: Path) -> None:
    with pytest.raises(UnableToTranscode) as caught:
        ffmpeg.probe(tmp_path / "a.mp4")
    assert caught.value.code == "source_gone"


def test_file_cut_off_before_its_index_is_called_incomplete(tmp_path: Path, clips: Any) -> None:
    source = tmp_path / "a.mp4"
    source.write_bytes(clips("h264").read_bytes()[:100_000])
    with pytest.raises(UnableToTranscode) as caught:
        ffmpeg.probe(source)
    assert caught.value.code == "truncated"


def test_file_cut_off_in_the_middle_is_called_incomplete(tmp_path: Path, clips: Any) -> None:
    whole = clips("vp9", ".webm", 4).read_bytes()
    source, folder = tmp_path / "a.webm", tmp_path / "out"
    folder.mkdir()
    source.write_bytes(whole[: len(whole) // 4])
    with pytest.raises(UnableToTranscode) as caught:
        transcoder.encode(source, folder, on_tick=lambda _percent: None)
    assert caught.value.code == "truncated"


def test_picture_that_is_too_large_is_refused(tmp_path: Path) -> None:
    source, folder = tmp_path / "a.mkv", tmp_path / "out"
    folder.mkdir()
    size = "8192x4320"
    assert MAX_PIXELS < 8192 * 4320
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"color=s={size}:d=0.08:r=25", "-c:v", "mjpeg"]
    subprocess.run([*command, "-y", str(source)], check=True, timeout=180)
    with pytest.raises(UnableToTranscode) as caught:
        transcoder.encode(source, folder, on_tick=lambda _percent: None)
    assert caught.value.code == "too_big"


def test_slow_work_is_stopped_and_its_process_gone(tmp_path: Path, clips: Any) -> None:
    def forever(node: Any) -> Any:
        return ffmpeg_python.output(node.video.filter("loop", loop=-1, size=25), "forever.mkv", vcodec="mpeg4")

    limits = Limits(wall_s=2, cpu_s=60)
    with pytest.raises(UnableToTranscode) as caught:
        ffmpeg.run(forever, source=clips("h264"), folder=tmp_path, limits=limits, on_progress=lambda _seconds: None)
    assert caught.value.code == "timeout"
    wait_until(lambda: not running("forever.mkv"))


def test_processor_limit_ends_the_work(tmp_path: Path, clips: Any) -> None:
    def forever(node: Any) -> Any:
        return ffmpeg_python.output(node.video.filter("loop", loop=-1, size=25), "burns.mkv", vcodec="libx264")

    limits = Limits(wall_s=60, cpu_s=2)
    with pytest.raises(UnableToTranscode) as caught:
        ffmpeg.run(forever, source=clips("h264"), folder=tmp_path, limits=limits, on_progress=lambda _seconds: None)
    assert caught.value.code in {"timeout", "killed"}


def test_output_limit_ends_the_work(tmp_path: Path, clips: Any) -> None:
    def flood(node: Any) -> Any:
        return ffmpeg_python.output(node.video.filter("loop", loop=-1, size=25), "flood.avi", vcodec="rawvideo")

    limits = Limits(wall_s=60, cpu_s=60, file_size=3_000_000)
    with pytest.raises(UnableToTranscode) as caught:
        ffmpeg.run(flood, source=clips("h264"), folder=tmp_path, limits=limits, on_progress=lambda _seconds: None)
    assert caught.value.code == "too_big"
    assert (tmp_path / "flood.avi").stat().st_size <= 3_000_000


def test_whoever_stops_the_progress_stops_the_work(tmp_path: Path, clips: Any) -> None:
    class Enough(Exception):
        pass

    def stop(_seconds: float) -> None:
        raise Enough

    def forever(node: Any) -> Any:
        return ffmpeg_python.output(node.video.filter("loop", loop=-1, size=25), "enough.mkv", vcodec="mpeg4")

    with pytest.raises(Enough):
        ffmpeg.run(forever, source=clips("h264"), folder=tmp_path, limits=Limits(wall_s=60, cpu_s=60), on_progress=stop)
    wait_until(lambda: not running("enough.mkv"))


CHILD = """
import sys, threading
from pathlib import Path
import django
django.setup()
import ffmpeg as ffmpeg_python
from media import ffmpeg
def forever(node):
    return ffmpeg_python.output(node.video.filter("loop", loop=-1, size=25), sys.argv[3], vcodec="mpeg4")
work = lambda: ffmpeg.run(forever, source=Path(sys.argv[1]), folder=Path(sys.argv[2]),
                          limits=ffmpeg.Limits(wall_s=60, cpu_s=60), on_progress=lambda s: None)
threading.Thread(target=work).start()
"""


def test_no_ffmpeg_outlives_a_killed_worker(tmp_path: Path, clips: Any) -> None:
    name = f"orphan-{os.getpid()}.mkv"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "1", "VAR_DIR": str(tmp_path)}
    worker = subprocess.Popen([sys.executable, "-c", CHILD, str(clips("h264")), str(tmp_path), name], env=environment)
    try:
        wait_until(lambda: running(name))
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    wait_until(lambda: not running(name))


def test_without_bubblewrap_the_same_rules_of_input_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clips: Any
) -> None:
    monkeypatch.setattr(sandbox, "sandbox_state", lambda: "bwrap is not installed")
    bad, folder = tmp_path / "a.mp4", tmp_path / "out"
    folder.mkdir()
    hls_of_local_files(bad)
    with pytest.raises(UnableToTranscode) as caught:
        transcoder.encode(bad, folder, on_tick=lambda _percent: None)
    assert caught.value.code == "unrecognised"
    assert transcoder.encode(clips("sound", ".m4a"), folder, on_tick=lambda _percent: None).duration_ms > 1900


def test_missing_ffmpeg_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clips: Any) -> None:
    monkeypatch.setattr("media.ffmpeg.process.confined", lambda *_args, **_kwargs: ["/nonexistent/ffmpeg"])
    with pytest.raises(UnableToTranscode) as caught:
        ffmpeg.probe(clips("h264"))
    assert caught.value.code == "no_ffmpeg"


@pytest.mark.parametrize(
    ("status", "said", "code"),
    [
        (1, "a.mp4: Invalid data found when processing input", "unrecognised"),
        (1, "[mov] moov atom not found\nInvalid data found when processing input", "truncated"),
        (1, "av_interleaved_write_frame(): No space left on device", "no_space"),
        (-signal.SIGXCPU, "", "timeout"),
        (128 + signal.SIGXFSZ, "", "too_big"),
        (-signal.SIGKILL, "", "killed"),
        (69, "whatever", "broken"),
        (1, "[png @ 0x1] Codec (png) not on whitelist 'h264'\nwhatever", "broken"),
    ],
)
def test_words_of_ffmpeg_become_a_reason(status: int, said: str, code: str) -> None:
    assert faults.classify(status, said) == code
    assert reason(code)[:6] == str(REASONS[code])[:6]


@pytest.mark.parametrize(
    ("said", "code", "name"),
    [
        (
            "[cook @ 0x1] Codec (cook) not on whitelist 'h264'\nCould not open codec for input stream 0",
            "codec:cook",
            "cook",
        ),
        ("[aac @ 0x1] Audio object type 42 is not implemented. Update", "codec:xHE-AAC", "xHE-AAC"),
    ],
)
def test_what_cannot_be_taken_is_named_with_a_next_step(said: str, code: str, name: str) -> None:
    assert faults.classify(1, said) == code
    assert name in reason(code)
    assert "请另存为 MP4（H.264）后再上传" in reason(code)


def test_limits_are_named(settings: Any) -> None:
    settings.MEDIA_MAX_UPLOAD_BYTES = 8 * 2**30
    said = reason("too_big").replace("\xa0", " ")
    assert "8.0 GB" in said
    assert f"{MAX_PIXELS // 10_000} 万像素" in said
    assert "12 小时" in reason("too_long")


def test_every_reason_can_be_said() -> None:
    for code in REASONS:
        said = reason(code, limit=1, room=1, needed=1)
        assert said.endswith("。")
        assert "%" not in said


def running(name: str) -> bool:
    """Whether some ffmpeg that writes ``name`` is alive."""
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else [b""]
        except OSError:
            continue
        if words[0].endswith(b"ffmpeg") and name.encode() in words:
            return True
    return False


def wait_until(condition: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
