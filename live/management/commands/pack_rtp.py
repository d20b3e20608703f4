"""Play a recorded RTP trace through the scrubber and the packager, as a lecture would be."""

import asyncio
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from live.agent.packager import POLL_S, Packager
from live.agent.recording import pack_recording
from live.agent.trace import UnableToReadTrace, read_trace
from live.core.media.scrubber import CODECS, Frame, Scrubber

TICK_S = 0.1


class Command(BaseCommand):
    requires_system_checks = ()  # they would load every page of the site into this small process
    help = "Scrubs and packs an RTP trace into HLS as fast as the machine can; prints one JSON object with the counts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="records of kind u8, time f64, length u32, packet")
        parser.add_argument("--output", type=Path, required=True, help="an empty or new folder for master.m3u8")
        parser.add_argument("--codec", choices=sorted(CODECS), default="h264", help="the video's codec in the trace")

    def handle(self, *, file: Path, output: Path, codec: str, **options: Any) -> None:
        if output.exists() and any(output.iterdir()):
            raise CommandError(f"{output} is not empty")
        try:
            answer = asyncio.run(pack(file, output, codec))
        except (UnableToReadTrace, OSError) as error:
            raise CommandError(f"{file}: {error}") from error
        self.stdout.write(json.dumps(answer, ensure_ascii=False))
        if not answer["segments"]:
            raise CommandError("no whole keyframe in the trace")


async def pack(file: Path, output: Path, codec: str) -> dict[str, Any]:
    """Play the trace; returns the scrubber's counts and what was made. Raises UnableToReadTrace, OSError."""
    began = time.monotonic()
    scrubber = Scrubber(codec)
    packager = Packager(output / "live", epoch=datetime.fromtimestamp(0, UTC))
    ticked = polled = 0.0
    for kind, at, datagram in read_trace(file):
        frames: list[Frame] = scrubber.feed(kind, datagram, at)
        if at - ticked > TICK_S:
            ticked = at
            frames += scrubber.tick(at)
        for frame in frames:
            await packager.take(frame)
        await packager.drain()
        if time.monotonic() - polled > POLL_S:
            polled = time.monotonic()
            await packager.poll(at)
    await packager.finish()
    recording = pack_recording(packager, output / "recording")
    if recording is not None:
        for path in sorted(recording.folder.iterdir()):
            path.rename(output / path.name)
        recording.folder.rmdir()
    return {
        **scrubber.counts.as_dict(),
        "segments": sum(len(run.segments) for run in packager.tracks()[0]),
        "runs": len(packager.listings()),
        "duration_ms": recording.duration_ms if recording else 0,
        "width": recording.width if recording else 0,
        "height": recording.height if recording else 0,
        "playlist": str(output / "master.m3u8") if recording else None,
        "took_s": round(time.monotonic() - began, 2),
    }
