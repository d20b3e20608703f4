"""Many phones in a room, each coming back as the page does (frontend/src/room/socket.ts)."""

import asyncio
import contextlib
import json
import random
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

DEPLOY, DEPLOY_SPREAD_S = 1012, 8.0
FIRST_S, MOST_S = 0.3, 20.0
BEAT_S = 15.0
DEAD_S = 20.0  # a line that says nothing for so long is none: the server speaks every 5 s


@dataclass
class Phone:
    """One browser: its cookie, when it (re)joined and why it was closed.

    ``acked``: chat that the server confirmed; ``heard``: what others said while it was there.
    """

    cookie: str
    number: int
    joined: list[float] = field(default_factory=list)
    closed: list[tuple[float, int]] = field(default_factory=list)
    acked: set[str] = field(default_factory=set)
    heard: set[str] = field(default_factory=set)
    line: ClientConnection | None = None
    says: list[str] = field(default_factory=list)

    @property
    def is_in(self) -> bool:
        return len(self.joined) > len(self.closed)


class Crowd:
    """All of them, on one loop; ``stop`` hangs up."""

    def __init__(self, url: str, occasion: int, cookies: list[str]) -> None:
        self.url, self.occasion = url, occasion
        self.phones = [Phone(cookie, number) for number, cookie in enumerate(cookies)]
        self._tasks: list[asyncio.Task[None]] = []
        self._asking = ThreadPoolExecutor(32)

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._live(phone)) for phone in self.phones]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._asking.shutdown(wait=False)

    async def say(self, word: str, *, only: int | None = None) -> None:
        """Everybody who is in says this, each in their own words, or one alone; what is confirmed is ``acked``."""
        for phone in self.phones if only is None else [self.phones[only]]:
            if phone.line is not None and phone.is_in:
                with contextlib.suppress(OSError, WebSocketException):
                    await self._tell(phone.line, f"{word}-{phone.number}")

    async def until(self, share: float, *, since: float, within: float) -> float:
        """Seconds from ``since`` (the loop's clock) until this share is in again; more than ``within`` if never."""
        wanted = share * len(self.phones)
        while time.monotonic() - since <= within:
            back = sorted(phone.joined[-1] for phone in self.phones if phone.is_in and phone.joined[-1] > since)
            if len(back) >= wanted:
                return back[int(wanted) - 1] - since
            await asyncio.sleep(0.1)
        return within + 1

    async def _live(self, phone: Phone) -> None:
        await asyncio.sleep(random.random() * 3)
        tries = 0
        while True:
            code = await self._visit(phone)
            tries = 1 if code else tries + 1
            doubled = min(tries - 1, 3) + max(0, tries - 7)
            wait = min(MOST_S, FIRST_S * 2 ** min(doubled, 7)) * (0.5 + random.random())
            await asyncio.sleep(random.random() * DEPLOY_SPREAD_S if code == DEPLOY else wait)

    async def _visit(self, phone: Phone) -> int:
        """One life of the line: its close code once it had joined, else 0."""
        code = 0
        with contextlib.suppress(OSError, WebSocketException, TimeoutError, ValueError):
            ticket = await asyncio.get_running_loop().run_in_executor(self._asking, self._ticket, phone)
            address = f"{self.url.replace('http', 'ws')}/ws/live/{self.occasion}/?ticket={ticket}"
            cookie = {"Cookie": phone.cookie}
            async with connect(
                address,
                origin=self.url,
                additional_headers=cookie,
                compression=None,
                close_timeout=1,  # type: ignore[arg-type]
            ) as line:
                phone.line = line
                beats = asyncio.create_task(self._beat(line))
                try:
                    while True:
                        await self._heard(phone, line, json.loads(await asyncio.wait_for(line.recv(), DEAD_S)))
                finally:
                    beats.cancel()
                    phone.line = None
                    if phone.is_in:
                        code = line.close_code or 1006
                        phone.closed.append((time.monotonic(), code))
        return code

    async def _beat(self, line: ClientConnection) -> None:
        with contextlib.suppress(WebSocketException):
            while True:
                await asyncio.sleep(BEAT_S)
                await line.send(json.dumps({"t": "beat"}))

    async def _heard(self, phone: Phone, line: ClientConnection, frame: dict[str, object]) -> None:
        if frame.get("t") == "joined":
            phone.joined.append(time.monotonic())
            for word in phone.says:
                await self._tell(line, word)
        elif frame.get("t") == "tick":
            events: list[dict[str, object]] = frame["events"]  # type: ignore[assignment]
            phone.heard |= {str(event["text"]) for event in events if event["t"] == "chat"}
        elif frame.get("t") == "ack":
            phone.acked.add(str(frame["id"]))

    async def _tell(self, line: ClientConnection, word: str) -> None:
        await line.send(json.dumps({"t": "chat", "id": word, "text": word}))

    def _ticket(self, phone: Phone) -> str:
        address = f"{self.url}/live/{self.occasion}/ticket.json?device={phone.number:032x}"
        asking = urllib.request.Request(address, headers={"Cookie": phone.cookie})
        with urllib.request.urlopen(asking, timeout=10) as answer:
            return str(json.load(answer)["ticket"])
