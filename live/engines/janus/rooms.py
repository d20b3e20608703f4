"""What one connection knows of one room: a silent participant that is told who comes on air and who leaves."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from live.engines.base import Publisher

from .client import Connection, Handle, Message

PLUGIN = "janus.plugin.videoroom"


@dataclass(frozen=True, slots=True)
class Feed:
    """A publisher and the names (mids) of its streams, as Janus gives them; they are not fixed."""

    publisher: Publisher
    streams: tuple[tuple[str, str], ...]
    """Pairs of kind ("audio", "video") and mid."""

    @classmethod
    def read(cls, data: Message) -> "Feed":
        live = [stream for stream in data.get("streams", []) if not stream.get("disabled")]
        codecs = {stream["type"]: str(stream.get("codec", "")).lower() for stream in reversed(live)}
        publisher = Publisher(str(data["id"]), codecs.get("video", ""), codecs.get("audio", ""))
        return cls(publisher, tuple((stream["type"], str(stream["mid"])) for stream in live))

    def mid(self, kind: str) -> str | None:
        return next((mid for each, mid in self.streams if each == kind), None)


@dataclass(slots=True, eq=False)
class Watch:
    """The feeds of a room, kept up to date. Listeners are called after each change; ``over`` when the room is gone.

    ``shown``: the speaker whose picture was chosen; "": the presenter's.
    """

    room_id: str
    connection: Connection
    feeds: dict[str, Feed] = field(default_factory=dict)
    listeners: set[Callable[["Watch"], None]] = field(default_factory=set)
    over: str = ""
    shown: str = ""
    handle: Handle | None = None

    async def start(self) -> None:
        """Raises Refused, UnableToReachEngine."""
        self.handle = await self.connection.attach(PLUGIN, self._hear)
        body = {"request": "join", "ptype": "publisher", "room": self.room_id, "id": f"watch-{secrets.token_hex(6)}"}
        data, _ = await self.handle.message(body)
        self._read(data)

    def show(self, participant_id: str) -> None:
        """Another picture was chosen, or the same again."""
        if self.shown != participant_id:
            self.shown = participant_id
            self._tell()

    def _hear(self, message: Message) -> None:
        if message["janus"] in ("gone", "detached"):
            self._end(message["janus"])
        elif message["janus"] == "event":
            self._read(message.get("plugindata", {}).get("data", {}))

    def _read(self, data: Message) -> None:
        if data.get("videoroom") == "destroyed":
            self._end("destroyed")
            return
        before = dict(self.feeds)
        for each in data.get("publishers", []):
            feed = Feed.read(each)
            # One object as long as somebody is on air: who leaves and comes back between two looks is seen to be new.
            if self.feeds.get(feed.publisher.participant_id) != feed:
                self.feeds[feed.publisher.participant_id] = feed
        for word in ("unpublished", "leaving", "kicked"):
            self.feeds.pop(str(data.get(word)), None)
        if before != self.feeds:
            self._tell()

    def _end(self, why: str) -> None:
        if not self.over:
            self.over = why
            self.feeds.clear()
            self._tell()

    def _tell(self) -> None:
        for listener in list(self.listeners):
            listener(self)
