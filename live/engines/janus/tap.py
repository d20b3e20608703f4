"""The agent's taps in a Janus room: RTP of whoever gives a lecture, or is in a meeting, copied to local ports."""

import asyncio
from dataclasses import dataclass

import structlog

from live.engines.base import (
    EngineError,
    EngineGone,
    HungUp,
    OnEvent,
    PublisherJoined,
    PublisherLeft,
    StagePicture,
    VoiceOver,
    VoiceTapped,
    is_guest,
    is_speaker,
)

from .client import Handle, Message, Refused
from .rooms import Feed, Watch

log = structlog.get_logger(__name__)
VIDEO_TYPE, AUDIO_TYPE = 96, 111
AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the presenter's picture and sound go, and the sound of as many speakers as there are ports for.

    ``stage``: where the picture of the speaker who is shown goes; 0: nowhere.
    """

    video: int
    audio: int
    speakers: tuple[int, ...] = ()
    stage: int = 0


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A feed, Janus's numbers of what forwards it, and the SSRC that was given to it; 0: its own."""

    feed: Feed
    streams: tuple[int, ...]
    source: int = 0


class RoomTap:
    """Forwards what is wanted of a room, anew after each change; what was not answered is asked again in a second."""

    def __init__(self, watch: Watch, control: Handle, key: str, on_event: OnEvent) -> None:
        self._watch = watch
        self._control = control
        self._auth = {"room": watch.room_id, "secret": key, "admin_key": key}
        self._on_event = on_event
        self._shown = ""
        self._ended = False
        self._is_settled = True
        self._again: asyncio.TimerHandle | None = None
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._watch.listeners.add(self._room_changed)
        await self._follow()

    def show(self, participant_id: str) -> None:
        if self._shown != participant_id and not self._ended:
            self._shown = participant_id
            self._follow_soon()

    async def close(self) -> None:
        self._ended = True
        self._watch.listeners.discard(self._room_changed)
        self._ask_no_more()
        async with self._lock:
            for each in self._let_go():
                await self._stop(each)

    def _let_go(self) -> list[Forwarded | None]:
        """Forget what is forwarded, and return it."""
        raise NotImplementedError

    async def _follow_all(self) -> None:
        """Bring what is forwarded to who is in the room."""
        raise NotImplementedError

    def _room_changed(self, watch: Watch) -> None:
        if watch.over and not self._ended:
            self._ended = True
            self._ask_no_more()
            watch.listeners.discard(self._room_changed)
            self._on_event(EngineGone() if watch.over == "gone" else HungUp("room closed"))
        elif not self._ended:
            self._follow_soon()

    def _follow_soon(self) -> None:
        task = asyncio.get_running_loop().create_task(self._follow())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _ask_no_more(self) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None

    async def _follow(self) -> None:
        # Under the lock: two changes of the room must not start two forwarders to one port.
        async with self._lock:
            self._ask_no_more()
            self._is_settled = True
            await self._follow_all()
            if not (self._is_settled or self._ended):
                self._again = asyncio.get_running_loop().call_later(AGAIN_S, self._follow_soon)

    async def _forward(
        self, feed: Feed, kinds: tuple[tuple[str, int, int], ...], *, source: int = 0
    ) -> Forwarded | None:
        """``source``: the SSRC under which it arrives; 0: its own."""
        under = {"ssrc": source} if source else {}
        streams = [
            {"mid": feed.mid(kind), "port": port, "pt": pt, **under} for kind, port, pt in kinds if feed.mid(kind)
        ]
        body = {"request": "rtp_forward", **self._auth, "publisher_id": feed.publisher.participant_id}
        try:
            data, _ = await self._control.message({**body, "host": "127.0.0.1", "streams": streams})
        except EngineError as error:
            log.info("forward_failed", room=self._watch.room_id, reason=str(error))
            self._is_settled = False
            return None
        return Forwarded(feed, tuple(each["stream_id"] for each in data.get("forwarders", [])), source)

    async def _stop(self, forwarded: Forwarded | None) -> bool:
        """Whether nothing is forwarded any more: forwarders of a publisher who left are gone with them."""
        if forwarded is None or self._watch.over:
            return True
        body: Message = {"request": "stop_rtp_forward", **self._auth}
        body["publisher_id"] = forwarded.feed.publisher.participant_id
        is_here = forwarded.feed.publisher.participant_id in self._watch.feeds
        for stream in forwarded.streams:
            try:
                await self._control.message({**body, "stream_id": stream})
            except Refused:
                continue  # no such publisher or stream
            except EngineError:
                # Two must not be heard by one port.
                self._is_settled = self._is_settled and not is_here
                return not is_here
        return True


class JanusTap(RoomTap):
    """Forwards one presenter (the one it has, else the latest with video, else any), and each speaker to a free port.

    A speaker's port is free when they leave; whoever finds none free is heard when one becomes so.
    """

    def __init__(self, watch: Watch, control: Handle, ports: Ports, key: str, on_event: OnEvent) -> None:
        super().__init__(watch, control, key, on_event)
        self._ports = ports
        self._presenter: Forwarded | None = None
        self._speakers: dict[int, Forwarded] = {}
        self._stage: Forwarded | None = None

    def _let_go(self) -> list[Forwarded | None]:
        held = [self._presenter, self._stage, *self._speakers.values()]
        self._presenter, self._stage, self._speakers = None, None, {}
        return held

    async def _follow_all(self) -> None:
        await self._follow_presenter()
        await self._follow_speakers()
        await self._follow_stage()

    def _choice(self) -> Feed | None:
        feeds = [feed for key, feed in self._watch.feeds.items() if not is_speaker(key)]
        same = [feed for feed in feeds if self._presenter is not None and feed is self._presenter.feed]
        with_video = [feed for feed in reversed(feeds) if feed.publisher.video]
        return next(iter([*same, *with_video, *reversed(feeds)]), None)

    async def _follow_presenter(self) -> None:
        chosen, now = self._choice(), self._presenter
        if self._ended or (now is not None and chosen is now.feed) or (now is None and chosen is None):
            return
        if now is not None:
            if not await self._stop(now):
                return
            self._presenter = None
            self._on_event(PublisherLeft(now.feed.publisher.participant_id))
        if chosen is not None:
            kinds = (("video", self._ports.video, VIDEO_TYPE), ("audio", self._ports.audio, AUDIO_TYPE))
            self._presenter = await self._forward(chosen, kinds)
            if self._presenter is not None:
                self._on_event(PublisherJoined(chosen.publisher))

    async def _follow_speakers(self) -> None:
        here = [feed for key, feed in self._watch.feeds.items() if is_speaker(key)]
        for port, each in list(self._speakers.items()):
            if not any(feed is each.feed for feed in here) and await self._stop(each):
                del self._speakers[port]
        heard = {each.feed.publisher.participant_id for each in self._speakers.values()}
        waiting = [feed for feed in here if feed.mid("audio") and feed.publisher.participant_id not in heard]
        free = [port for port in self._ports.speakers if port not in self._speakers]
        for port, feed in zip(free, waiting, strict=False):
            if self._ended:
                return
            forwarded = await self._forward(feed, (("audio", port, AUDIO_TYPE),))
            if forwarded is not None:
                self._speakers[port] = forwarded

    async def _follow_stage(self) -> None:
        """The picture of the speaker who is shown. The engine asks a feed that it begins to forward for a keyframe."""
        feed, now = self._watch.feeds.get(self._shown), self._stage
        chosen = feed if feed is not None and self._ports.stage and feed.mid("video") else None
        if self._ended or chosen is (now.feed if now else None):
            return
        if now is not None:
            # The presenter's picture first: of two speakers neither stands still in between.
            self._on_event(StagePicture(""))
            if not await self._stop(now):
                return
            self._stage = None
        if chosen is not None:
            self._stage = await self._forward(chosen, (("video", self._ports.stage, VIDEO_TYPE),))
            if self._stage is not None:
                self._on_event(StagePicture(chosen.publisher.video))


class MeetingTap(RoomTap):
    """Forwards everybody's sound to one port, and the picture of one of them, each time under a new number."""

    def __init__(self, watch: Watch, control: Handle, ports: Ports, key: str, on_event: OnEvent) -> None:
        super().__init__(watch, control, key, on_event)
        self._ports = ports
        self._voices: dict[str, Forwarded] = {}
        self._picture: Forwarded | None = None
        self._sources = 0

    def _let_go(self) -> list[Forwarded | None]:
        held = [self._picture, *self._voices.values()]
        self._picture, self._voices = None, {}
        return held

    async def _follow_all(self) -> None:
        here = {key: feed for key, feed in self._watch.feeds.items() if is_guest(key)}
        for key, each in list(self._voices.items()):
            if here.get(key) is not each.feed and await self._stop(each):
                del self._voices[key]
                self._on_event(VoiceOver(each.source))
        for key, feed in here.items():
            if self._ended:
                return
            if key in self._voices or not feed.mid("audio"):
                continue
            forwarded = await self._forward_anew(feed, "audio", self._ports.audio, AUDIO_TYPE)
            if forwarded is not None:
                self._voices[key] = forwarded
                self._on_event(VoiceTapped(key, forwarded.source))
        await self._follow_picture(here.get(self._shown))

    async def _follow_picture(self, feed: Feed | None) -> None:
        chosen, now = feed if feed is not None and feed.mid("video") else None, self._picture
        if self._ended or chosen is (now.feed if now else None):
            return
        if now is not None:
            if not await self._stop(now):
                return
            self._picture = None
            self._on_event(StagePicture(""))
        if chosen is not None:
            self._picture = await self._forward_anew(chosen, "video", self._ports.video, VIDEO_TYPE)
            if self._picture is not None:
                self._on_event(StagePicture(chosen.publisher.video))

    async def _forward_anew(self, feed: Feed, kind: str, port: int, pt: int) -> Forwarded | None:
        self._sources += 1
        return await self._forward(feed, ((kind, port, pt),), source=self._sources)
