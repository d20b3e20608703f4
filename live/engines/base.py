"""What a media engine (an SFU) must be able to do for this site. No engine's own words pass this line.

``live.engines.get_engine(node.url)`` gives the engine of a node: one connection a process, made anew when the engine
was restarted. Everything here runs on the caller's event loop. SDP and candidates are opaque text from and for
browsers; the server chooses everything else.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from live.core.media.scrubber import SPEAKERS


class EngineError(Exception):
    """Base of what an engine may raise. ``code`` is stable and fit for a client."""

    code: ClassVar[str] = "engine_error"


class UnableToReachEngine(EngineError):
    """The engine is down, restarting, or did not answer in time. Try again after a second."""

    code = "engine_unreachable"


class NoSuchRoom(EngineError):
    """The room is not open (any more)."""

    code = "no_such_room"


class RoomFull(EngineError):
    """As many publishers as the room allows are on air already."""

    code = "room_full"


class NoSuchPeer(EngineError):
    """The browser's connection that was to be taken over has ended: a new one must be negotiated."""

    code = "no_such_peer"


class UnableToNegotiate(EngineError):
    """The browser's SDP or candidate was refused: malformed, too long, or out of turn."""

    code = "bad_sdp"


@dataclass(frozen=True, slots=True)
class RoomSpec:
    """What the server decides about a room. ``bitrate`` in bit/s a publisher; a keyframe every ``keyframe_s``.

    ``publishers``: a limit of the engine's own, for what rows of the database decide.
    """

    room_id: str
    publishers: int = 1
    bitrate: int = 800_000
    keyframe_s: int = 2


@dataclass(frozen=True, slots=True)
class Publisher:
    """Somebody on air. ``video`` and ``audio`` are codec names in lower case, "" where there is no such track."""

    participant_id: str
    video: str
    audio: str


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """``version`` as the engine names itself; how many rooms are open."""

    version: str
    rooms: int


class EngineEvent:
    """Base of what an engine tells a publisher, a subscriber or a tap while it is open."""


@dataclass(frozen=True, slots=True)
class Connected(EngineEvent):
    """The peer connection is up: media can flow."""


@dataclass(frozen=True, slots=True)
class MediaFlow(EngineEvent):
    """The engine began or ceased to receive a publisher's ``kind`` ("audio", "video")."""

    kind: str
    receiving: bool


@dataclass(frozen=True, slots=True)
class SlowLink(EngineEvent):
    """Packets are being lost between this browser and the engine."""

    lost: int


@dataclass(frozen=True, slots=True)
class OfferMade(EngineEvent):
    """Subscribers only: set this offer in the browser and bring its answer with ``Subscribing.answer``."""

    sdp: str


@dataclass(frozen=True, slots=True)
class PublisherJoined(EngineEvent):
    publisher: Publisher


@dataclass(frozen=True, slots=True)
class PublisherLeft(EngineEvent):
    participant_id: str


@dataclass(frozen=True, slots=True)
class StagePicture(EngineEvent):
    """Taps only: the picture asked for is forwarded from now on, in this codec; "": none is.

    Of a lecture: the speaker's who is shown, or the presenter's.
    """

    codec: str


@dataclass(frozen=True, slots=True)
class VoiceTapped(EngineEvent):
    """A meeting's taps only: this person's sound is forwarded from now on, under this number (RTP's SSRC)."""

    participant_id: str
    source: int


@dataclass(frozen=True, slots=True)
class VoiceOver(EngineEvent):
    """A meeting's taps only: nothing more comes under this number."""

    source: int


@dataclass(frozen=True, slots=True)
class HungUp(EngineEvent):
    """The peer connection ended (ICE failed, closed by the browser, replaced, kicked). The last event of its object."""

    reason: str


@dataclass(frozen=True, slots=True)
class EngineGone(EngineEvent):
    """The engine died or was restarted. The last event of its object: open a new one, first after about a second."""


OnEvent = Callable[[EngineEvent], None]
"""Called on the event loop, in order. Must not block; whatever takes time goes into a task or a queue."""

Candidate = dict[str, Any]
"""``RTCIceCandidate.toJSON()``: candidate, sdpMid, sdpMLineIndex."""


class Peer(Protocol):
    """One browser's connection with the engine. It lives on for a minute where the process that made it has died."""

    reference: str
    """By which another process takes it over (``resume_…``) or ends it (``end``). Never shown to a browser."""

    def let_go(self) -> None:
        """Hear no more of it and keep it alive no longer: another process has taken it over."""


class Publishing(Peer, Protocol):
    """One browser on air. ``answer_sdp`` is "" where it was taken over."""

    answer_sdp: str

    async def candidate(self, candidate: Candidate | None) -> None:
        """Pass on a candidate of the browser; None says that there are no more. Raises UnableToNegotiate."""

    async def renegotiate(self, offer_sdp: str) -> str:
        """A new offer (ICE restart, another track) for the same connection; returns the answer. Raises EngineError."""

    async def close(self) -> None:
        """Leave the air. Idempotent; never raises because the engine is gone."""


class Subscribing(Peer, Protocol):
    """One browser that watches. ``offer_sdp`` is None while nobody is on air: an OfferMade follows when somebody is.

    The subscription follows the room by itself: when a publisher leaves, comes, or comes back, an OfferMade is sent.
    What changes while an offer is open becomes one offer after its answer.
    """

    offer_sdp: str | None
    whose: dict[str, str]
    """Of the latest offer: the participant's id by the name (mid) of each of its streams."""

    def see(self, publisher_ids: Collection[str]) -> None:
        """Of a meeting: whose pictures are wanted from now on. Nobody's are at first; an OfferMade may follow."""

    async def answer(self, sdp: str) -> None:
        """The browser's answer to the latest offer. Raises UnableToNegotiate."""

    async def candidate(self, candidate: Candidate | None) -> None:
        """As Publishing.candidate."""

    async def close(self) -> None:
        """Idempotent; never raises because the engine is gone."""


class Tap(Protocol):
    """A copy of the presenter's RTP to local UDP ports, and of the speakers' sound to ports of their own.

    The picture of the speaker who is shown goes to a port beside the presenter's. Sends PublisherJoined/Left as the
    presenter who is forwarded changes, and StagePicture.
    """

    def show(self, participant_id: str) -> None:
        """Forward this person's picture, of a lecture beside the presenter's, as soon and as long as there is one.

        "": nobody's.
        """

    async def close(self) -> None:
        """Idempotent; never raises because the engine is gone."""


class MediaEngine(Protocol):
    async def open_room(self, spec: RoomSpec) -> None:
        """Make the room exist. Idempotent. Raises UnableToReachEngine."""

    async def close_room(self, room_id: str) -> None:
        """Hang up everyone in the room and forget it. Idempotent. Raises UnableToReachEngine."""

    async def rooms(self) -> list[str]:
        """The ids of all rooms that are open."""

    async def publishers(self, room_id: str) -> list[Publisher]:
        """Who is on air: connected, not only admitted. Raises NoSuchRoom."""

    async def publish(self, *, room_id: str, participant_id: str, offer_sdp: str, on_event: OnEvent) -> Publishing:
        """Put a browser on air. The same participant on air already is hung up first: the newest page wins.

        Raises NoSuchRoom, RoomFull, UnableToNegotiate, UnableToReachEngine.
        """

    async def subscribe(
        self, *, room_id: str, publisher_ids: Sequence[str] | None = None, but: str = "", on_event: OnEvent
    ) -> Subscribing:
        """Watch these publishers, or everyone on air (None), ``but`` one, who does not want to hear themselves.

        Raises NoSuchRoom, UnableToReachEngine.
        """

    def show(self, room_id: str, participant_id: str) -> None:
        """Give those who watch the picture of this speaker while there is one, "" the presenter's. Idempotent.

        Whoever is shown sees the presenter, and so does everybody where the speaker sends no picture.
        """

    async def resume_publishing(self, *, room_id: str, reference: str, on_event: OnEvent) -> Publishing:
        """Take over a browser on air from the process that put it there, alive or not; media goes on meanwhile.

        Raises NoSuchPeer where it has ended or was replaced, UnableToReachEngine.
        """

    async def resume_subscribing(
        self, *, room_id: str, reference: str, but: str = "", on_event: OnEvent
    ) -> Subscribing:
        """The same for one that sees who is shown now: whose picture stands, or is another's, must subscribe anew.

        Speakers may have come or gone while nobody looked: they are negotiated again.

        Raises NoSuchPeer, NoSuchRoom, UnableToReachEngine.
        """

    async def end(self, reference: str) -> None:
        """End a connection that any process made. Idempotent; never raises because the engine is gone."""

    async def tap(
        self,
        *,
        room_id: str,
        video_port: int,
        audio_port: int,
        speaker_ports: Sequence[int] = (),
        stage_port: int = 0,
        on_event: OnEvent,
    ) -> Tap:
        """Forward the RTP of whoever is on air to 127.0.0.1, each speaker's sound to a free one of ``speaker_ports``.

        ``stage_port``: where the picture of the speaker who is shown goes; 0: nowhere.

        Raises NoSuchRoom, UnableToReachEngine.
        """

    async def tap_meeting(self, *, room_id: str, video_port: int, audio_port: int, on_event: OnEvent) -> Tap:
        """Forward everybody's sound to one port, each under a number of its own, and the picture that is asked for.

        Raises NoSuchRoom, UnableToReachEngine.
        """

    async def health(self) -> EngineHealth:
        """Ask the engine something cheap. Raises UnableToReachEngine."""

    async def aclose(self) -> None:
        """Let go of the connection; browsers' connections can be taken over by another process for a minute."""


PRESENTER = "presenter"
_SPEAKER = "speaker-"


def speaker_id(member_id: int) -> str:
    """The participant's id of a member on the stage."""
    return f"{_SPEAKER}{member_id}"


def is_speaker(participant_id: str) -> bool:
    """Whether this is a member on the stage; else it is whoever gives the lecture."""
    return participant_id.startswith(_SPEAKER)


_GUEST = "member-"


def guest_id(member_id: int) -> str:
    """The participant's id of somebody in a meeting."""
    return f"{_GUEST}{member_id}"


def is_guest(participant_id: str) -> bool:
    """Whether this is somebody in a meeting: heard by all, seen by whom wants to see them."""
    return participant_id.startswith(_GUEST)


def guest_of(participant_id: str) -> int:
    """The person whose ``guest_id`` this is; 0 where it is none."""
    number = participant_id.removeprefix(_GUEST)
    return int(number) if is_guest(participant_id) and number.isdigit() else 0


def lecture_room(occasion_id: int) -> str:
    """The room's id of a lecture, the same for the web process and the media agent."""
    return f"lecture-{occasion_id}"


def lecture_spec(occasion_id: int) -> RoomSpec:
    """How a lecture's room is made, whoever comes first to make it."""
    # Twice the stage: who is leaving it and who comes may be there at once.
    return RoomSpec(room_id=lecture_room(occasion_id), publishers=1 + 2 * SPEAKERS)


MEETING_MOST = 50
MEETING_BITRATE = 600_000


def meeting_spec(occasion_id: int) -> RoomSpec:
    """How a meeting's room is made; browsers send less than its bit rate as more of them are seen (ADR 63)."""
    # Twice the seats: who is leaving and who comes may be there at once.
    return RoomSpec(room_id=lecture_room(occasion_id), publishers=2 * MEETING_MOST, bitrate=MEETING_BITRATE)
