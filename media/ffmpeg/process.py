"""One ffprobe or ffmpeg: its limits, what it says while it works, and its end."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from media.ffmpeg.faults import UnableToTranscode, classify
from media.ffmpeg.sandbox import ENVIRONMENT, NICENESS, confined

TAIL_BYTES = 8_192
BEAT_S = 0.5


@dataclass(frozen=True)
class Limits:
    """How much one process may use; ``wall_s`` and ``cpu_s`` in seconds, sizes in bytes.

    ``niceness``: how far it stands back behind other work, up to 19.
    """

    wall_s: float
    cpu_s: int
    memory: int = 6 * 2**30
    file_size: int = 8 * 2**30
    niceness: int = NICENESS

    def arguments(self) -> list[str]:
        return [f"--cpu={self.cpu_s}", f"--as={self.memory}", f"--fsize={self.file_size}", "--core=0", "--nofile=512"]


@dataclass
class _Tail:
    """The last words on standard error; the flood of a broken file is not kept."""

    kept: bytes = b""
    head: bytes = field(default=b"")

    def feed(self, data: bytes) -> None:
        if len(self.head) < TAIL_BYTES:
            self.head += data[: TAIL_BYTES - len(self.head)]
        self.kept = (self.kept + data)[-TAIL_BYTES:]

    def text(self) -> str:
        return (self.head + b"\n" + self.kept if self.kept != self.head else self.head).decode(errors="replace")


def supervise(
    argv: list[str],
    *,
    source: Path,
    folder: Path | None,
    limits: Limits,
    enclosed: bool,
    on_output: Callable[[bytes], None],
    on_beat: Callable[[], None],
    on_words: Callable[[bytes], None] = lambda _words: None,
    shown: Mapping[Path, str] | None = None,
) -> str:
    """Start the confined process, feed its output on, call ``on_beat`` twice a second, end it where it must end.

    ``shown``: what it may read besides (``confined``). Returns beginning and end of what it said on standard error.
    """
    command = confined(
        argv,
        source=source,
        folder=folder,
        limits=limits.arguments(),
        enclosed=enclosed,
        shown=shown,
        niceness=limits.niceness,
    )
    try:
        process = subprocess.Popen(  # noqa: S603 - our own argv, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            cwd=folder,
            env=ENVIRONMENT,
        )
    except OSError as error:
        raise UnableToTranscode("no_ffmpeg", str(error)) from error
    tail = _Tail()

    def on_error(words: bytes) -> None:
        tail.feed(words)
        on_words(words)

    try:
        _listen(process, time.monotonic() + limits.wall_s, {"out": on_output, "err": on_error}, on_beat)
    finally:
        _end(process)
    if process.returncode != 0:
        raise UnableToTranscode(classify(process.returncode, tail.text()), tail.text())
    return tail.text()


def _listen(
    process: "subprocess.Popen[bytes]",
    deadline: float,
    sinks: Mapping[str, Callable[[bytes], None]],
    on_beat: Callable[[], None],
) -> None:
    with selectors.DefaultSelector() as selector:
        for name, pipe in (("out", process.stdout), ("err", process.stderr)):
            selector.register(_opened(pipe), selectors.EVENT_READ, sinks[name])
        beat = time.monotonic()
        while selector.get_map():
            for key, _events in selector.select(timeout=BEAT_S):
                data = os.read(key.fd, 65_536)
                if data:
                    key.data(data)
                else:
                    selector.unregister(key.fileobj)
            now = time.monotonic()
            if now >= deadline:
                raise UnableToTranscode("timeout")
            if now - beat >= BEAT_S:
                beat = now
                on_beat()
    try:
        process.wait(timeout=max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        raise UnableToTranscode("timeout") from error


def _opened(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise TypeError("the process was started without this pipe")
    return pipe


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill the whole group if it still runs, wait for it, close its pipes."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        _opened(pipe).close()
