"""One browser's socket in a room: who it is, what it does, and how it is written to without waiting."""

import datetime as dt
import time
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN

from live.core.allowance import Allowance
from live.room.presence import Stay
from live.room.sessions import Claim

if TYPE_CHECKING:
    from live.room.peers import Peer

Send = Callable[[dict[str, Any]], Awaitable[None]]
NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A frame for browsers, made once for all who get it: as ASGI has it, and its bytes on the line (RFC 6455, 5.2)."""

    message: dict[str, Any]
    wire: bytes

    @classmethod
    def of(cls, text: str) -> Self:
        wire = Frame(Opcode.TEXT, text.encode()).serialize(mask=False)
        return cls({"type": "websocket.send", "text": text}, wire)


@dataclass(eq=False, slots=True)
class Connection:
    """One browser's socket, and the member behind it.

    ``heard_at``: monotonic seconds of its last frame; ``came_at``: and of its coming; ``admitted``: the room's lock
    let it in; ``sent_away``: dismissed, and its page is not waited for; ``mark``: of the member's password
    (``live.room.sessions``); ``air``: what its page took the air by, or ""; ``stuck_since``: since when a frame waits
    for this browser to read; ``staged``: its member came on the stage by it; ``sends``: what its
    page says that it sends there, as (sound, picture); ``meets``: the room is a meeting, in
    which it ``sees`` these; ``withheld``: its member's role there waits for a second step; ``seated``: its member got
    a seat there; ``shows``: what is on at its member's seat is on here.
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
    withheld: bool = False
    sees: frozenset[str] = frozenset()
    seated: bool = False
    shows: bool = False
    staged: bool = False
    sends: tuple[bool, bool] | None = None
    mistakes: tuple[float, ...] = ()
    allowance: Allowance = field(default_factory=lambda: Allowance.full(burst=80, every_s=0.05, at=time.monotonic()))
    chat_allowance: Allowance = field(default_factory=lambda: Allowance.full(burst=5, every_s=2, at=time.monotonic()))
    caption_allowance: Allowance = field(
        default_factory=lambda: Allowance.full(burst=5, every_s=1, at=time.monotonic())
    )
    ask_allowance: Allowance = field(default_factory=lambda: Allowance.full(burst=2, every_s=20, at=time.monotonic()))
    react_allowance: Allowance = field(default_factory=lambda: Allowance.full(burst=3, every_s=2, at=time.monotonic()))
    line: WebSocketsSansIOProtocol | None = field(init=False)

    def __post_init__(self) -> None:
        server = getattr(self.send, "__self__", None)
        is_plain = isinstance(server, WebSocketsSansIOProtocol) and not server.conn.extensions
        self.line = server if is_plain else None

    @property
    def claim(self) -> Claim:
        """What is asked about this connection: whether that session is still that member's."""
        return self.session_key, self.member_id

    def push(self, frame: Outgoing, *, now: float) -> "Rest | None":
        """Send as far as it goes without waiting; return what is left of it when the browser is slow.

        Where the server is uvicorn's, the socket is open and takes more, and nothing is compressed, the bytes that are
        the same for everybody are handed to the transport: 23 us a frame and not 32 (bench/fanout.py), which is what
        the server would do after making them anew for each. Else its ``send`` decides.

        A task for each frame and socket would cost more than the frame. So the send is run here to its first
        suspension: mostly there is none, because the frame fits into the socket's buffer. Until the rest is done
        ``stuck_since`` is set and nothing else may be sent: two writers would mix their frames.
        """
        if (line := self.line) is not None and _takes(line):
            line.transport.write(frame.wire)
            return None
        work = self.send(frame.message).__await__()
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

    def forget_handshake(self) -> None:
        """Drop the headers of the accepted handshake, which the server would keep as long as the socket lives.

        Three tables of them are 5 KiB a socket (bench/memory.py), more with a browser's longer headers; nobody reads
        them again. As in ``abort``, this is of uvicorn's protocol; another server keeps them.
        """
        server = getattr(self.send, "__self__", None)
        for kept in (getattr(server, "request", None), getattr(server, "response", None)):
            if headers := getattr(kept, "headers", None):
                headers.clear()
        if scope := getattr(server, "scope", None):
            scope["headers"].clear()


def _takes(line: WebSocketsSansIOProtocol) -> bool:
    """Whether the server would write a frame at once: what its ``send`` looks at before it does."""
    is_open = line.handshake_complete and not (line.disconnected or line.close_sent)
    return is_open and line.conn.state is OPEN and line.writable.is_set()


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
