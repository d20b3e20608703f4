"""Where browsers' recordings come in, of lecturers who cannot send by WebRTC: a unix socket of the agent (ADR 74).

The site's web processes bring them, one connection a page. A page whose line was lost comes back with its key, and goes
on with the piece that is missing; for anything else it begins a new recording.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from live.agent.carrier import Carrier
from live.core.media.pace import OutOfTime, Pace
from live.core.media.scrubber import Frame
from live.core.media.webm import UnableToRead, Unpacker
from live.core.wire.fallback import HEAD, LENGTH, MOST_HELLO, MOST_PIECE, BadPiece, Order, Piece, read_piece
from live.engines.janus.process import let_group_in

log = structlog.get_logger(__name__)
HELLO_S = 5.0
CARRIED_S = 5.0
SILENT_S = 10.0
MOST_UNREAD = 2**18
LOOK_S = 0.1


class Source:
    """One page's recordings, and how far they have come. ``tell``: by whichever connection it has now."""

    def __init__(self, key: str, carrier: Carrier) -> None:
        self.key = key
        self.carrier = carrier
        self.order = Order()
        self.is_over = False
        self.is_seen = False
        self.writer: asyncio.StreamWriter | None = None
        self._unpacker = Unpacker()
        self._pace = Pace()

    def take(self, piece: Piece, now: float) -> None:
        """Raises BadPiece, UnableToRead, OutOfTime."""
        if not self.order.is_new(piece):
            return
        if piece.number == 0:
            self._unpacker, self._pace = (
                Unpacker(),
                Pace(self._pace.placed if self.is_seen else self.carrier.picture_at),
            )
        for sample in self._unpacker.feed(piece.data):
            at = self._pace.place(sample.at, now)
            if sample.kind == "video" and not self.is_seen:
                self.is_seen = True
                self.carrier.begin_fallback(self)
                self.tell({"t": "seen"})
            if self.is_seen:  # before there is a picture no sound is anybody's
                self.carrier.put(Frame(sample.kind, at, sample.data, sample.key, sample.shape), now)

    def tell(self, word: dict[str, Any]) -> None:
        """A word to the page, if it has a line."""
        if self.writer is not None and not self.writer.is_closing():
            self.writer.write(json.dumps(word).encode() + b"\n")

    def stop(self, why: str) -> None:
        """It goes on no more: the page is told why, and nothing of it is taken in."""
        if not self.is_over:
            self.is_over = True
            self.carrier.end_fallback(self)
            self.tell({"t": "over", "why": why})
            log.info("fallback_over", occasion=self.carrier.occasion_id, why=why)


class Door:
    """``carriers``: of the lectures that this agent carries now, by occasion."""

    def __init__(self, path: Path, carriers: Mapping[int, Carrier]) -> None:
        self.path = path
        self._carriers = carriers
        self._sources: dict[int, Source] = {}

    async def serve(self) -> None:
        """Let web processes in, until it is cancelled."""
        self.path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._come, self.path, limit=MOST_UNREAD)
        try:
            let_group_in(self.path.parent, {self.path: 0o660})
            await server.serve_forever()
        finally:
            server.close()
            self.path.unlink(missing_ok=True)

    async def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            source = await self._hello(reader, writer)
            if source is not None:
                await self._follow(source, reader, writer)
        except (OSError, ValueError, TypeError, KeyError, TimeoutError, asyncio.IncompleteReadError) as error:
            log.info("fallback_line_lost", reason=type(error).__name__)
        finally:
            with contextlib.suppress(OSError):
                writer.close()
                await writer.wait_closed()

    async def _hello(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Source | None:
        async with asyncio.timeout(HELLO_S):
            line = await reader.readline()
        if len(line) > MOST_HELLO:
            raise ValueError("too long a hello")
        hello = json.loads(line)
        occasion_id, key = int(hello["occasion"]), str(hello["key"])
        carrier = await self._carrier(occasion_id)
        if carrier is None:
            writer.write(b'{"t": "over", "why": "away"}\n')
            return None
        source, had = self._sources.get(occasion_id), None
        if source is None or source.is_over or source.key != key or source.carrier is not carrier:
            had, source = source, Source(key, carrier)
            self._sources[occasion_id] = source
        # The newer replaces the older, be it another page or the same one by an older line.
        if had is not None:
            had.stop("replaced")
        if source.writer is not None:
            source.writer.close()
        source.writer = writer
        source.tell({"t": "ready", "run": source.order.run, "number": source.order.number})
        if source.is_seen:
            source.tell({"t": "seen"})
        return source

    async def _carrier(self, occasion_id: int) -> Carrier | None:
        """Of a lecture that has just gone live it is there a second later."""
        until = time.monotonic() + CARRIED_S
        while (carrier := self._carriers.get(occasion_id)) is None and time.monotonic() < until:
            await asyncio.sleep(LOOK_S)
        return None if carrier is None or carrier.is_ending else carrier

    async def _follow(self, source: Source, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until it ends, or its line does: then it is waited for a while."""
        why = "silent"
        try:
            while not source.is_over:
                async with asyncio.timeout(SILENT_S):
                    message = await _message(reader)
                if source.writer is not writer:
                    break  # it goes on by another line
                if not message or self._carriers.get(source.carrier.occasion_id) is not source.carrier:
                    source.stop("away" if message else "off_air")
                    break
                source.take(read_piece(message), time.monotonic())
                source.tell({"t": "ack", "run": source.order.run, "number": source.order.number})
                await writer.drain()
            return
        except (UnableToRead, OutOfTime) as error:
            why = error.code
        except BadPiece:
            why = "not_media"
        except TimeoutError:
            pass
        except (OSError, asyncio.IncompleteReadError):
            self._wait(source, writer)
            return
        source.stop(why)

    def _wait(self, source: Source, writer: asyncio.StreamWriter) -> None:
        """Its line is lost: nobody comes back in time, and it is over."""

        def give_up() -> None:
            if source.writer is writer:
                source.stop("silent")

        if source.writer is writer:
            asyncio.get_running_loop().call_later(SILENT_S, give_up)


async def _message(reader: asyncio.StreamReader) -> bytes:
    """One piece, or b"": the page's last word. Raises BadPiece, IncompleteReadError."""
    (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
    if length > HEAD.size + MOST_PIECE:
        raise BadPiece
    return await reader.readexactly(length)
