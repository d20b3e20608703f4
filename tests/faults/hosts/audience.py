"""Who takes part: simulated phones on their sockets, and viewers by HLS, beside a test that waits for other things."""

import asyncio
import contextlib
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from tests.faults.phones import Crowd

LOOK_S = 1.0


class Phones:
    """A crowd on a loop of its own thread, for a test whose browser has this one."""

    def __init__(self, url: str, occasion: int, cookies: list[str]) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.crowd = Crowd(url, occasion, cookies)
        self._loop.call_soon_threadsafe(self.crowd.start)

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    @property
    def missing(self) -> int:
        """How many have no line now."""
        return sum(not phone.is_in for phone in self.crowd.phones)

    @property
    def acked(self) -> set[str]:
        return {word for phone in self.crowd.phones for word in phone.acked}

    def say(self, word: str, *, only: int | None = None) -> None:
        self._do(self.crowd.say(word, only=only))

    def heard_by(self, word: str) -> int:
        return sum(word in phone.heard for phone in self.crowd.phones)

    def stop(self) -> None:
        self._do(self.crowd.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@dataclass
class Seen:
    """A playlist, as it was at a moment (``time.monotonic``): its sequence, its last segment, and whether that came."""

    at: float
    sequence: int
    segment: str


@dataclass
class Viewer:
    """Watches by HLS as a player does: the playlist each second, and each new segment as it comes.

    ``turned_back``: how often the playlist's numbers went back, which players must not be shown.
    """

    url: str
    occasion: int
    cookie: str
    seen: list[Seen] = field(default_factory=list)
    turned_back: int = 0
    _ends: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ends.set()
        if self._thread is not None:
            self._thread.join()

    def came_since(self, moment: float, *, marked: str = "") -> float | None:
        """When the first new segment came after that moment; ``marked``: how its name begins. None: none has."""
        known = {one.segment for one in self.seen if one.at <= moment}
        fresh = (one for one in list(self.seen) if one.at > moment and one.segment not in known)
        return next((one.at for one in fresh if one.segment.startswith(marked)), None)

    def _get(self, address: str) -> bytes:
        asking = urllib.request.Request(self.url + address, headers={"Cookie": self.cookie})
        with urllib.request.urlopen(asking, timeout=5) as answer:
            return bytes(answer.read())

    def _watch(self) -> None:
        playlist = ""
        while not self._ends.wait(LOOK_S):
            with contextlib.suppress(OSError, ValueError):  # an answer that says no, or none: the player asks again
                playlist = playlist or str(json.loads(self._get(f"/live/{self.occasion}/state.json"))["hls_url"])
                self._look(playlist)

    def _look(self, playlist: str) -> None:
        lines = self._get(playlist).decode().splitlines()
        sequence = next((int(line.partition(":")[2]) for line in lines if "MEDIA-SEQUENCE" in line), 0)
        named = [line for line in lines if line and not line.startswith("#")]
        if self.seen and sequence < self.seen[-1].sequence:
            self.turned_back += 1
        if named and not (self.seen and self.seen[-1].segment == named[-1]):
            self._get(playlist.rpartition("/")[0] + "/" + named[-1])
            self.seen.append(Seen(time.monotonic(), sequence, named[-1]))
