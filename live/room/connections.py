"""One browser's socket in a room: who it is, what it does, and how it is written to without waiting."""

import collections
import datetime as dt
import time
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from live.core.allowance import Allowance
from live.room.presence import Stay
from live.room.sessions import Claim

if TYPE_CHECKING:
    from live.room.peers import Peer

Send = Callable[[dict[str, Any]], Awaitable[None]]
NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(eq=False, slots=True)
class Connection:
    """One browser's socket, and the member behind it.

    ``heard_at``: monotonic seconds of its last frame; ``came_at``: and of its coming; ``admitted``: the room's lock
    let it in; ``sent_away``: dismissed, and its page is not waited for; ``mark``: of the member's password
    (``live.room.sessions``); ``air``: what its page took the air by, or ""; ``stuck_since``: since when a frame waits
    for this browser to read; ``staged``: its member came on the stage by it; ``sends``: what its
    page says that it sends there, as (sound, picture); ``meets``: the room is a meeting, in
    which it ``sees`` these; ``seated``: its member got a seat there; ``shows``: what is on at its member's
    seat is on here.
    """

    send: Send
    member_id: int
    host: bool
    device: str = ""
    session_key: str = ""
    mark: str = ""
    counted: bool = False
    heard_at: float = 0.0
    came_at: float = field(default_factory=time.monotonic)
    present_at: dt.datetime = NEVER
    stuck_since: float | None = None
    closed: bool = False
    leaving: bool = False
    sent_away: bool = False
    hidden: bool = False
    admitted: bool = False
    joined: bool = False
    hand: bool = False
    air: str = ""
    label: tuple[str, str] | None = None
    label_until: float = 0.0
    stay: Stay | None = None
    publishing: "Peer | None" = None
    subscribing: "Peer | None" = None
    talking: "Peer | None" = None
    meeting: "Peer | None" = None
    meets: bool = False
    sees: frozenset[str] = frozenset()
    seated: bool = False
    shows: bool = False
    staged: bool = False
    sends: tuple[bool, bool] | None = None
    mistakes: collections.deque[float] = field(default_factory=lambda: collections.deque(maxlen=3))
    allowance: Allowance = field(default_factory=lambda: Allowance.full(burst=80, every_s=0.05, at=time.monotonic()))
    chat_allowance: Allowance = field(default_factory=lambda: Allowance.full(burst=5, every_s=2, at=time.monotonic()))
    caption_allowance: Allowance = field(
        default_factory=lambda: Allowance.full(burst=5, every_s=1, at=time.monotonic())
    )
    ask_allowance: Allowance = field(default_factory=lambda: Allowance.full(burst=2, every_s=20, at=time.monotonic()))
    react_allowance: Allowance = field(default_factory=lambda: Allowance.full(burst=3, every_s=2, at=time.monotonic()))

    @property
    def claim(self) -> Claim:
        """What is asked about this connection: whether that session is still that member's."""
        return self.session_key, self.member_id

    def push(self, message: dict[str, Any], *, now: float) -> "Rest | None":
        """Send as far as it goes without waiting; return what is left of it when the browser is slow.

        A task for each frame and socket would cost more than the frame. So the send is run here to its first
        suspension: mostly there is none, because the frame fits into the socket's buffer. Until the rest is done
        ``stuck_since`` is set and nothing else may be sent: two writers would mix their frames.
        """
        work = self.send(message).__await__()
        try:
            waiting = next(work)
        except StopIteration:
            return None
        except (OSError, RuntimeError):
            # Closed under us (uvicorn's ClientDisconnected is an OSError): its own loop hears of that, too.
            self.closed = True
            return None
        self.stuck_since = now
        return Rest(self, work, waiting)

    def abort(self) -> None:
        """Drop the connection without waiting for a browser that does not read.

        ASGI has no word for that; a server whose ``send`` is a method of its protocol (uvicorn) shows its transport.
        """
        transport = getattr(getattr(self.send, "__self__", None), "transport", None)
        if transport is not None:
            transport.abort()


class Rest:
    """The rest of a send that was advanced to its first suspension already."""

    def __init__(self, connection: Connection, work: Generator[Any, Any, None], waiting: Any) -> None:
        self._connection = connection
        self._work = work
        self._waiting = waiting

    async def finish(self) -> None:
        """Wait until the browser has taken the frame, or is gone."""
        try:
            await self
        except (OSError, RuntimeError):
            self._connection.closed = True
        finally:
            self._connection.stuck_since = None

    def __await__(self) -> Generator[Any, Any, None]:
        waiting = self._waiting
        while True:
            try:
                value = yield waiting
            except BaseException as error:  # noqa: BLE001 - handed on to the coroutine, as ``await`` does
                failure: BaseException | None = error
            else:
                failure = None
            try:
                waiting = self._work.send(value) if failure is None else self._work.throw(failure)
            except StopIteration:
                return
