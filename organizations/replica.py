"""Reports are read from a replica of the database where there is one, and say as of when (ADR 91).

Only what is shown is read there: rights, whatever decides, and every row that is written stay with the database that
decides. A replica that lags, is away or is none at all is left out without an error, and asked again later.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

import structlog
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import MiddlewareNotUsed
from django.db import DatabaseError, InterfaceError, ProgrammingError, connection, connections, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

log = structlog.get_logger(__name__)
DEFAULT, REPLICA = "default", "replica"
KEPT_S, AGAIN_S = 5.0, 15.0  # how long it is known that a replica can be read, and that it cannot
# Between the clock of a web host, which notes when somebody wrote, and that of the database; doctor names larger ones.
SKEW = timedelta(seconds=2)
HEADER = "X-Data-As-Of"  # of files and of what programs read: the moment, with its offset
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
TOO_LONG, CONFLICT = "57014", "40001"  # SQLSTATE: statement_timeout; what was read was cleared away on the primary
# In this order: whatever was committed by that moment is in the log up to that place (with synchronous_commit off all
# but the last half second, which SKEW covers). Not the place of insertion: behind a full segment it is one that no
# replica of an idle primary reaches.
PRIMARY = (
    "SELECT clock_timestamp(), pg_current_wal_flush_lsn()::text, (SELECT system_identifier FROM pg_control_system())"
)
COPY = (
    "SELECT pg_is_in_recovery(), coalesce(pg_last_wal_replay_lsn() >= %s::pg_lsn, false),"
    " pg_last_xact_replay_timestamp(), (SELECT system_identifier FROM pg_control_system()),"
    " (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid())"
)
T = TypeVar("T")
GetResponse = Callable[[HttpRequest], HttpResponseBase]
_is_reading: ContextVar[bool] = ContextVar("is_reading_replica", default=False)


class Code(StrEnum):
    """How a replica is."""

    FINE = "fine"
    LATE = "late"  # further behind than DATABASE_REPLICA_MAX_LAG_S, or nobody knows how far
    AWAY = "away"
    FOREIGN = "foreign"  # no replica, no longer one, or one of another database


@dataclass(frozen=True)
class State:
    """What was found when it was asked last.

    ``as_of``: whatever was committed by then, on the primary's clock, is there; ``lag_s``: how long before the question
    that was. Both are None where nobody knows.
    """

    code: Code
    as_of: datetime | None = None
    lag_s: float | None = None
    why: str = ""
    is_encrypted: bool = True
    asked_at: float = 0.0

    @property
    def is_known(self) -> bool:
        """Whether nobody has to ask again yet."""
        return time.monotonic() - self.asked_at < (KEPT_S if self.code == Code.FINE else AGAIN_S)


@dataclass(frozen=True)
class Shown(Generic[T]):
    """What was read, as of when it is true, and whether it is the replica's."""

    value: T
    as_of: datetime
    is_copy: bool

    @property
    def words(self) -> str:
        """The age of what is shown, for the page; "" where it is that of this moment."""
        if not self.is_copy:
            return ""
        return _("数据截至 %(time)s，之后的变动稍后出现。") % {"time": f"{timezone.localtime(self.as_of):%H:%M}"}


class Router:
    """Where Django reads and writes: within ``read`` the replica, all else and every write the default.

    Also for what was read there and is used later: it is written, and what belongs to it is read, in the default.
    """

    def db_for_read(self, _model: Any, **_hints: Any) -> str:
        return REPLICA if _is_reading.get() else DEFAULT

    def db_for_write(self, _model: Any, **_hints: Any) -> str:
        return DEFAULT

    def allow_relation(self, _one: Any, _other: Any, **_hints: Any) -> bool:
        return True  # both are the same database

    def allow_migrate(self, db: str, _app_label: str, **_hints: Any) -> bool:
        return db == DEFAULT


class _Memory:
    """What this process knows of its replica; asked by one thread at a time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.state: State | None = None


_memory = _Memory()


def is_configured() -> bool:
    return REPLICA in connections.settings


def read(work: Callable[[datetime], T], *, as_of: datetime, reader_id: int | None = None) -> Shown[T]:
    """Return what ``work`` reads, in the replica if it can be used, else (also if that breaks off) in the primary.

    ``work`` is given the moment for which what it reads is true, ``as_of`` in the primary. It may be called twice: it
    changes nothing, and returns nothing that is still to be read. ``reader_id``: who is shown it, and always sees what
    they wrote before.
    """
    state = _usable(reader_id) if is_configured() else None
    if state is not None and state.as_of is not None:
        try:
            with _from_replica():
                return Shown(work(state.as_of), state.as_of, True)
        except (DatabaseError, InterfaceError) as error:
            if _sqlstate(error) == TOO_LONG:
                raise  # it would take as long again, where everybody else works
            _give_up(error)
    return Shown(work(as_of), as_of, False)


def found(*, anew: bool = False) -> State:
    """Return how the replica is, from memory if it was asked lately; within two seconds or so.

    Raises what the primary raises, without which nobody knows how old a replica is.
    """
    known = _memory.state
    if known is not None and known.is_known and not (anew and known.code == Code.FINE):
        return known
    if not _memory.lock.acquire(blocking=False):  # another thread asks: nobody else waits for a replica
        return known or State(Code.AWAY, why="being asked")
    try:
        state = _ask()
    finally:
        _memory.lock.release()
    if known is None or known.code != state.code:
        say = log.info if state.code == Code.FINE else log.warning
        say("replica", state=str(state.code), lag_s=state.lag_s, why=state.why)
    _memory.state = state
    return state


def host() -> str:
    """Where it is: "" or a path for this machine."""
    return str(connections.settings[REPLICA].get("HOST") or "")


def forget() -> None:
    """Ask again before the next read."""
    _memory.state = None


def note_write(person_id: int) -> None:
    """What this person reads from now on holds what they did until now."""
    if is_configured():
        cache.set(_wrote(person_id), timezone.now().timestamp(), settings.REPLICA_MAX_LAG_S + 60)


def own_writes(get_response: GetResponse) -> GetResponse:
    """Note who sent something: their next report is not older than that. Only where there is a replica."""
    if not is_configured():
        raise MiddlewareNotUsed

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        person = getattr(request, "_cached_user", None)  # django.contrib.auth's, once somebody has asked
        if request.method not in SAFE and person is not None and person.pk:
            note_write(person.pk)
        return response

    return middleware


def _wrote(person_id: int) -> str:
    return f"replica/wrote/{person_id}"


def _usable(reader_id: int | None) -> State | None:
    stamp = cache.get(_wrote(reader_id)) if reader_id is not None else None
    since = datetime.fromtimestamp(stamp, tz=timezone.get_current_timezone()) + SKEW if stamp else None
    state = found()
    if since and state.as_of and state.as_of < since:
        state = found(anew=True)
    if state.code != Code.FINE or state.as_of is None or (since and state.as_of < since):
        return None
    return state


@contextmanager
def _from_replica() -> Iterator[None]:
    token = _is_reading.set(True)
    try:
        # In a transaction, so that rows come as they are read, not all of them at once.
        with transaction.atomic(using=REPLICA):
            yield
    finally:
        _is_reading.reset(token)


def _ask() -> State:
    now = time.monotonic
    try:
        with transaction.atomic(), connection.cursor() as cursor:  # a page may be in the middle of its own
            cursor.execute(PRIMARY)
            moment, place, identity = cursor.fetchone()
    except ProgrammingError as error:  # a hosted database that does not let everybody ask
        return State(Code.AWAY, why=f"primary: {type(error.__cause__).__name__}", asked_at=now())
    try:
        with connections[REPLICA].cursor() as cursor:
            cursor.execute(COPY, [place])
            is_copy, is_level, replayed_at, its_identity, is_encrypted = cursor.fetchone()
    except (DatabaseError, InterfaceError) as error:
        _close()
        return State(Code.AWAY, why=type(error.__cause__ or error).__name__, asked_at=now())
    # An idle primary is no lag: what has replayed everything is as of now, however long ago the last commit was.
    as_of = moment if is_level else replayed_at
    lag = max((moment - as_of).total_seconds(), 0.0) if as_of is not None else None
    code, why = Code.FINE, ""
    if its_identity != identity:
        code, as_of, lag, why = Code.FOREIGN, None, None, "another database"
    elif not is_copy:  # promoted, it goes its own way
        code, as_of, lag, why = Code.FOREIGN, None, None, "not in recovery"
    elif lag is None or lag > settings.REPLICA_MAX_LAG_S:
        code = Code.LATE
    return State(code, as_of, lag, why, is_encrypted=bool(is_encrypted), asked_at=now())


def _give_up(error: Exception) -> None:
    """Reading broke off: the primary goes on. What was only in the way of the replica's own work is no fault of it."""
    why = type(error.__cause__ or error).__name__
    log.warning("replica_left", error=why, detail=str(error)[:200])
    _close()
    if _sqlstate(error) != CONFLICT:
        _memory.state = State(Code.AWAY, why=why, asked_at=time.monotonic())


def _close() -> None:
    if not connections[REPLICA].in_atomic_block:
        connections[REPLICA].close()


def _sqlstate(error: Exception) -> str:
    return str(getattr(error.__cause__, "sqlstate", "") or "")
