"""The frames by which a browser gets its media connection, gives the picture or takes it, and keeps it. Pure.

Part of the wire (``live.core.wire.protocol``), which holds the tables and reads the frames.
"""

from dataclasses import dataclass, field
from typing import Literal, TypedDict

from live.core.wire.bases import Command, Frame
from live.core.wire.reading import MAX_SDP


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a browser's ``RTCIceCandidate.toJSON()`` gives."""

    candidate: str = field(metadata={"max": 1024})
    sdpMid: str | None = field(default=None, metadata={"max": 64})
    sdpMLineIndex: int | None = None


Pc = Literal["pub", "sub", "talk", "meet"]
"""Which of a browser's connections: the one on the air, the one that receives, that of a speaker on the stage, or of
somebody in a meeting."""


class IceServer(TypedDict):
    """A relay for this browser's connection, as ``RTCPeerConnection`` takes it; its credentials last some hours."""

    urls: list[str]
    username: str
    credential: str


@dataclass(frozen=True, slots=True)
class Watch(Command):
    """Ask for the picture. The server chooses the way; "hls" gives up WebRTC (it failed, or saves data).

    "stage", for hosts: the sound of the speakers alone, so that the lecturer hears them.
    """

    word = "watch"
    via: Literal["auto", "hls", "stage"]


@dataclass(frozen=True, slots=True)
class Answer(Command):
    """The browser's answer to the server's latest ``offer``."""

    word = "answer"
    sdp: str = field(metadata={"max": MAX_SDP})


@dataclass(frozen=True, slots=True)
class Trickle(Command):
    """An ICE candidate of the browser's connection; null: there are no more."""

    word = "candidate"
    pc: Pc
    candidate: Candidate | None


@dataclass(frozen=True, slots=True)
class Reclaim(Command):
    """The socket was away: go on with the media connection that ``held`` named. On the air only for a host.

    ``source``: the page's own name, as with the offer.
    """

    word = "reclaim"
    pc: Pc
    key: str = field(metadata={"ident": True})
    source: str = field(default="", metadata={"max": 64})


@dataclass(frozen=True, slots=True)
class Offer(Command):
    """Put this browser on air, or negotiate its connection anew (``again``).

    ``source``: the page's own name, kept over a reload; ``turn``: of the ``on_air`` that the person confirmed to take
    over, 0 for none. Somebody else on the air and no such turn: ``taken``.
    """

    word = "offer"
    host_only = True
    sdp: str = field(metadata={"max": 14_000})
    again: bool
    source: str = field(default="", metadata={"max": 64})
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Media(Frame):
    """How this browser gets the picture; "wait": nothing is on the air yet. ``ice``: relays, for WebRTC alone."""

    word = "media"
    via: Literal["webrtc", "hls", "wait"]
    ice: list[IceServer] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ServerOffer(Frame):
    """Set this offer in the receiving connection and send the ``answer``."""

    word = "offer"
    sdp: str


@dataclass(frozen=True, slots=True)
class ServerAnswer(Frame):
    """The answer to the host's ``offer``."""

    word = "answer"
    sdp: str


@dataclass(frozen=True, slots=True)
class Link(Frame):
    """News of a media connection. "hung_up", "gone" and "replaced" are its last; "resumed": it has been reclaimed.

    "gone": the engine restarts, try again; "replaced": another page of the host went on the air.
    """

    word = "link"
    pc: Pc
    state: Literal["connected", "slow", "silent", "flowing", "hung_up", "gone", "replaced", "resumed"]


@dataclass(frozen=True, slots=True)
class Held(Frame):
    """This media connection outlives the socket: ``reclaim`` it by this key, within a minute or so."""

    word = "held"
    pc: Pc
    key: str
