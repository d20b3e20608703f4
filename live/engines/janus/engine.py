"""Janus behind the MediaEngine protocol: one connection a process, one silent watcher a room."""

import asyncio
import contextlib
import json
from collections.abc import Sequence
from pathlib import Path

from live.engines.base import (
    EngineError,
    EngineHealth,
    NoSuchPeer,
    NoSuchRoom,
    OnEvent,
    Publisher,
    RoomFull,
    RoomSpec,
    UnableToNegotiate,
    UnableToReachEngine,
)

from .client import Connection, Handle, Message, Refused
from .config import REMOTE, SECRETS, Secrets
from .peers import JanusPublishing, JanusSubscribing, answer_of, checked_sdp, parse_reference
from .rooms import PLUGIN, Watch
from .tap import JanusTap, MeetingTap, Ports

NO_SUCH_ROOM = 426
ROOM_EXISTS = 427
NO_SUCH_PARTICIPANT = 428
PUBLISHERS_FULL = 432
ID_EXISTS = 436


class JanusEngine:
    """The engine behind ``unix:<path of janus.sock>``, its secrets beside the socket; or ``tcp:<address:port>``."""

    def __init__(self, where: str) -> None:
        self._socket: Path | str = Path(where.removeprefix("unix:"))
        if where.startswith(REMOTE):
            self._socket = where.removeprefix(REMOTE)
        self._connecting = asyncio.Lock()
        self._connection: Connection | None = None
        self._control: Handle | None = None
        self._key = ""
        self._watches: dict[str, Watch] = {}
        self._watching: dict[str, asyncio.Lock] = {}
        self._opened: set[str] = set()
        self._shown: dict[str, str] = {}

    async def open_room(self, spec: RoomSpec) -> None:
        body: Message = {
            "request": "create",
            "room": spec.room_id,
            "permanent": False,
            # Not listed to whoever else speaks to this Janus; ``rooms`` asks with the key.
            "is_private": True,
            # One more would be refused: the newest page of the host takes the place of the older one by its id.
            "publishers": spec.publishers,
            "bitrate": spec.bitrate,
            "bitrate_cap": True,
            "fir_freq": spec.keyframe_s,
            "audiocodec": "opus",
            "videocodec": "h264,vp8",
            "h264_profile": "42e01f",
            "videoorient_ext": False,
            "notify_joining": False,
        }
        try:
            await self._ask(body)
        except Refused as error:
            # Several processes open the room as soon as somebody comes: the second finds it there.
            if error.number != ROOM_EXISTS:
                raise UnableToReachEngine(str(error)) from error
            await self._bring_up_to(spec)
        self._opened.add(spec.room_id)

    async def _bring_up_to(self, spec: RoomSpec) -> None:
        """Rooms outlive web processes: one that an older release has made may allow fewer. Asked once a connection."""
        if spec.room_id in self._opened:
            return
        try:
            await self._ask({"request": "edit", "room": spec.room_id, "new_publishers": spec.publishers})
        except Refused as error:
            raise UnableToReachEngine(str(error)) from error

    async def close_room(self, room_id: str) -> None:
        self._opened.discard(room_id)
        try:
            await self._ask({"request": "destroy", "room": room_id})
        except Refused as error:
            if error.number != NO_SUCH_ROOM:
                raise UnableToReachEngine(str(error)) from error

    async def rooms(self) -> list[str]:
        data = await self._ask({"request": "list"})
        return [str(room["room"]) for room in data.get("list", [])]

    async def publishers(self, room_id: str) -> list[Publisher]:
        return [feed.publisher for feed in (await self._watch(room_id)).feeds.values()]

    async def publish(self, *, room_id: str, participant_id: str, offer_sdp: str, on_event: OnEvent) -> JanusPublishing:
        offer = {"type": "offer", "sdp": checked_sdp(offer_sdp)}
        connection = await self._connected()
        publishing = JanusPublishing(on_event)
        publishing.handle = await connection.attach_guest(PLUGIN, publishing.on_message)
        try:
            await self._join(publishing.handle, room_id, participant_id)
            _, jsep = await publishing.handle.message({"request": "publish"}, offer)
            publishing.answer_sdp = answer_of(jsep)
        except Refused as error:
            await publishing.close()
            raise _in_our_words(error) from error
        except (UnableToNegotiate, UnableToReachEngine):
            await publishing.close()
            raise
        return publishing

    async def subscribe(
        self, *, room_id: str, publisher_ids: Sequence[str] | None = None, but: str = "", on_event: OnEvent
    ) -> JanusSubscribing:
        subscribing = JanusSubscribing(await self._watch(room_id), publisher_ids, on_event, but=but)
        try:
            await subscribing.start()
        except Refused as error:
            raise _in_our_words(error) from error
        return subscribing

    def show(self, room_id: str, participant_id: str) -> None:
        if participant_id:
            self._shown[room_id] = participant_id
        else:
            self._shown.pop(room_id, None)
        if (watch := self._watches.get(room_id)) is not None:
            watch.show(participant_id)

    async def resume_publishing(self, *, room_id: str, reference: str, on_event: OnEvent) -> JanusPublishing:
        publishing = JanusPublishing(on_event)
        try:
            publishing.handle = await self._claim(reference, publishing)
            # Says nothing new, and tells whether it is on air yet: who was replaced is in no room.
            await publishing.handle.message({"request": "configure"})
        except Refused as error:
            await self.end(reference)
            raise NoSuchPeer(str(error)) from error
        return publishing

    async def resume_subscribing(
        self, *, room_id: str, reference: str, but: str = "", on_event: OnEvent
    ) -> JanusSubscribing:
        subscribing = JanusSubscribing(await self._watch(room_id), None, on_event, but=but)
        try:
            await subscribing.resume(await self._claim(reference, subscribing))
        except Refused as error:
            subscribing.forget()
            await self.end(reference)
            raise NoSuchPeer(str(error)) from error
        return subscribing

    async def end(self, reference: str) -> None:
        with contextlib.suppress(EngineError):
            connection = await self._connected()
            await connection.destroy(parse_reference(reference)[0])

    async def _claim(self, reference: str, peer: JanusPublishing | JanusSubscribing) -> Handle:
        return await (await self._connected()).claim(*parse_reference(reference), peer.on_message)

    async def tap(
        self,
        *,
        room_id: str,
        video_port: int,
        audio_port: int,
        speaker_ports: Sequence[int] = (),
        stage_port: int = 0,
        on_event: OnEvent,
    ) -> JanusTap:
        watch, ports = await self._watch(room_id), Ports(video_port, audio_port, tuple(speaker_ports), stage_port)
        tap = JanusTap(watch, await self._controlled(), ports, self._key, on_event)
        await tap.start()
        return tap

    async def tap_meeting(self, *, room_id: str, video_port: int, audio_port: int, on_event: OnEvent) -> MeetingTap:
        watch, ports = await self._watch(room_id), Ports(video_port, audio_port)
        tap = MeetingTap(watch, await self._controlled(), ports, self._key, on_event)
        await tap.start()
        return tap

    async def health(self) -> EngineHealth:
        try:
            info = await (await self._connected()).request({"janus": "info"})
        except Refused as error:
            raise UnableToReachEngine(str(error)) from error
        return EngineHealth(version=str(info.get("version_string", "")), rooms=len(await self.rooms()))

    async def aclose(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _connected(self) -> Connection:
        """The connection, made anew (with fresh secrets) when the last one ended. Raises UnableToReachEngine."""
        # A hundred phones that come at once share one connection instead of opening a hundred.
        async with self._connecting:
            if self._connection is None or self._connection.closed.is_set():
                # They hang on the connection that has ended.
                self._watches.clear()
                self._opened.clear()
                self._control = None
                keys = self._secrets()
                self._connection = await Connection.open(self._socket, keys.api)
                self._control = await self._connection.attach(PLUGIN, lambda message: None)
                self._key = keys.room
            return self._connection

    async def _controlled(self) -> Handle:
        await self._connected()
        if self._control is None:
            raise UnableToReachEngine("the engine is gone")
        return self._control

    def _secrets(self) -> Secrets:
        if isinstance(self._socket, str):
            return Secrets.shared(self._socket)
        try:
            return Secrets(**json.loads((self._socket.parent / SECRETS).read_text()))
        except (OSError, ValueError, TypeError) as error:
            raise UnableToReachEngine(f"no secrets: {error}") from error

    async def _ask(self, body: Message) -> Message:
        """Ask the plugin for no guest, with the site's key. Raises Refused, UnableToReachEngine."""
        control = await self._controlled()
        data, _ = await control.message({**body, "admin_key": self._key, "secret": self._key})
        return data

    async def _watch(self, room_id: str) -> Watch:
        """The room's watcher, started at the first need. Raises NoSuchRoom, UnableToReachEngine."""
        connection = await self._connected()
        # One watcher a room, also where many subscribe in the same moment; other rooms do not wait for it.
        async with self._watching.setdefault(room_id, asyncio.Lock()):
            watch = self._watches.get(room_id)
            if watch is None or watch.over or watch.connection is not connection:
                watch = Watch(room_id, connection, shown=self._shown.get(room_id, ""))
                try:
                    await watch.start()
                except Refused as error:
                    raise _in_our_words(error) from error
                self._watches = {key: each for key, each in self._watches.items() if not each.over}
                self._watches[room_id] = watch
                watch.listeners.add(self._forget_shown)
            return watch

    def _forget_shown(self, watch: Watch) -> None:
        """Whoever was shown in a room that was closed is not in the next one of its name."""
        if watch.over == "destroyed":
            self._shown.pop(watch.room_id, None)

    async def _join(self, handle: Handle, room_id: str, participant_id: str) -> None:
        body = {"request": "join", "ptype": "publisher", "room": room_id, "id": participant_id}
        try:
            await handle.message(body)
        except Refused as error:
            # The host reloaded the page, and Janus has not noticed yet that the old one is gone: the newest wins.
            if error.number != ID_EXISTS:
                raise
            await self._kick(room_id, participant_id)
            await handle.message(body)

    async def _kick(self, room_id: str, participant_id: str) -> None:
        try:
            await self._ask({"request": "kick", "room": room_id, "id": participant_id})
        except Refused as error:
            if error.number != NO_SUCH_PARTICIPANT:
                raise


def _in_our_words(error: Refused) -> NoSuchRoom | RoomFull | UnableToNegotiate:
    if error.number == NO_SUCH_ROOM:
        return NoSuchRoom(str(error))
    if error.number == PUBLISHERS_FULL:
        return RoomFull(str(error))
    return UnableToNegotiate(str(error))
