"""The fallback (ADR 74): how a page comes to it, and what goes over its own sockets, in numbered pieces. Pure.

A piece is eight bytes, the number of its recording and its own number in it, big-endian, and then the recording's bytes
as they come, cut anywhere. To the media agent each piece goes with its length before it. A word is one JSON object.
"""

import struct
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from live.core.wire.bases import Command, Frame

HEAD = struct.Struct(">II")
LENGTH = struct.Struct(">I")
MOST_PIECE = 64 * 1024
"""Bytes of a recording in one piece; with its head below what servers take (--ws-max-size)."""
MOST_HELLO = 1024
DOOR = "fallback.sock"
CLOSES = {
    "replaced": 4409,
    "rights": 4403,
    "off_air": 4410,
    "not_media": 4415,
    "codec": 4415,
    "too_big": 4413,
    "too_much": 4429,
    "slow": 4408,
    "silent": 4408,
    "away": 1013,
}
"""Why the server ends it, and the code with which it closes; docs/protocol.md."""


def door_of(url: str) -> str:
    """Return the socket of the agent whose engine is at this ``MediaNode.url``, on the same host.

    Beside the engine's folder and not in it: the engine, which speaks with strangers, can reach what lies there.
    """
    return str(PurePosixPath(url.rpartition("unix:")[2]).parent.parent / DOOR)


class BadPiece(Exception):
    """Too long, too short, or out of its order."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes ``number`` of recording ``run``, both counted from 1 and from 0."""

    run: int
    number: int
    data: bytes


def read_piece(message: bytes) -> Piece:
    """Read one binary message of a browser. Raises BadPiece."""
    if not HEAD.size < len(message) <= HEAD.size + MOST_PIECE:
        raise BadPiece
    run, number = HEAD.unpack_from(message)
    return Piece(run, number, message[HEAD.size :])


def packed(piece: Piece) -> bytes:
    """The piece as a browser sends it."""
    return HEAD.pack(piece.run, piece.number) + piece.data


@dataclass(slots=True)
class Order:
    """Which piece comes next; what was had already is known by its number and passed over."""

    run: int = 0
    number: int = 0

    def is_new(self, piece: Piece) -> bool:
        """Whether this piece is the next one, of the same recording or of a new one. Raises BadPiece for a gap."""
        if piece.run > self.run and piece.number == 0:
            self.run, self.number = piece.run, 1
            return True
        if (piece.run, piece.number) == (self.run, self.number):
            self.number += 1
            return True
        if piece.run < self.run or (piece.run == self.run and piece.number < self.number):
            return False
        raise BadPiece


@dataclass(frozen=True, slots=True)
class FallBack(Command):
    """Put this page on air without WebRTC, by a recording that it sends over a socket of its own (ADR 74).

    ``source``, ``turn``: as with the offer.
    """

    word = "fall_back"
    host_only = True
    source: str = field(default="", metadata={"max": 64})
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Fallback(Frame):
    """This page is on air: its recording goes to ``url``, with this ``ticket``, which is good for two minutes."""

    word = "fallback"
    ticket: str
    url: str


COMMANDS: tuple[type[Command], ...] = (FallBack,)
FRAMES: tuple[type[Frame], ...] = (Fallback,)
