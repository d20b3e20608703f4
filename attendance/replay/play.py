"""Plays a trace through the ledger's own operations: what sockets, players and hall pages call, on a simulated clock.

The simulated site does what web workers do: they receive what phones send, notice silence 40 s late, refresh their
leases every 5 s (naming the phones that answer no more), and die without a word. One more of them, which no trace
names, lives whenever the site is up: when a worker crashes, the others go on. Everything that counts is decided by the
ledger.
"""

import contextlib
import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from attendance import operations as ledger
from attendance.core.reasons import Reason
from attendance.models import Occasion, PresenceSpan, Record, Rule, Training
from attendance.queries import judged
from attendance.replay.trace import Event, Trace
from organizations.models import Membership, Node, NodeKind, User

OTHERS = ""  # no trace can name a worker so
ZERO = datetime(2026, 9, 1, tzinfo=UTC)  # second 0 of every trace
NOTICE_S = 40.0
BEAT_S = 5.0
REAP_S = 20.0
WEEK_DAY = date(2020, 1, 1)
End = PresenceSpan.End


def moment(t: float) -> datetime:
    """Return the trace's second ``t`` as a moment."""
    return ZERO + timedelta(seconds=t)


def ms(t: float) -> int:
    """Return seconds as whole milliseconds."""
    return round(t * 1000)


@dataclass(eq=False)
class Worker:
    """One web worker and its lease."""

    lease_id: int
    started: float

    def last_beat(self, t: float) -> float:
        """Return when it last refreshed its lease, at or before ``t``."""
        return self.started + math.floor((t - self.started) / BEAT_S) * BEAT_S


@dataclass(eq=False)
class Stay:
    """One presence: its joining, and its key as soon as that is written."""

    join: ledger.Join
    presence_id: int = 0


@dataclass(eq=False)
class Socket:
    """One phone's connection as its worker knows it; ``quiet_since`` when it answers no more."""

    member_id: int
    device: str
    worker: Worker
    stay: Stay | None
    heard: float
    last_event: float
    quiet_since: float | None = None


@dataclass
class Room:
    """The simulated room of one occasion."""

    occasion_id: int
    member_ids: dict[str, int]
    workers: dict[str, Worker] = field(default_factory=dict)
    sockets: dict[tuple[str, str], Socket] = field(default_factory=dict)
    gone: set[Socket] = field(default_factory=set)
    sessions: dict[tuple[str, str], int] = field(default_factory=dict)
    timers: list[tuple[float, int, Callable[[float], None]]] = field(default_factory=list)
    turns: Any = field(default_factory=count)
    is_down: bool = False
    reports: dict[int, ledger.WatchReport] = field(default_factory=dict)  # by member: one of each, as in a batch
    joining: list[Stay] = field(default_factory=list)
    ending: list[tuple[Stay, float, End]] = field(default_factory=list)

    def at(self, t: float, what: Callable[[float], None]) -> None:
        heapq.heappush(self.timers, (t, next(self.turns), what))

    def run_until(self, t: float) -> None:
        """Let everything happen that is due before ``t``; while the site is down nothing does, and waits for it."""
        while not self.is_down and self.timers and self.timers[0][0] < t:
            self.store_reports()
            due, _turn, what = heapq.heappop(self.timers)
            what(due)

    def start(self, t: float) -> None:
        """The site comes up: of its workers one is known by no name, and holds its lease until the site goes down."""
        self.is_down = False
        self.workers[OTHERS] = self._worker(OTHERS, t)

    # --- What the server does by itself ---------------------------------------------------------------------------
    def flush(self) -> None:
        """Write what waits, as workers do: many joins and ends at once."""
        joining, ending = self.joining, self.ending
        self.joining, self.ending = [], []
        for stay, key in zip(joining, ledger.open_presences(joins=[stay.join for stay in joining]), strict=True):
            stay.presence_id = key
        ledger.close_presences(
            ends=[ledger.End(stay.presence_id, moment(t), reason.value) for stay, t, reason in ending]
        )

    def store_reports(self) -> None:
        """Store what players have reported since anything else happened, as a process does: many at once."""
        reports, self.reports = list(self.reports.values()), {}
        for answer in ledger.report_all_watched(reports=reports) if reports else ():
            if isinstance(answer, Exception):
                raise answer

    def close(self, t: float) -> None:
        """The window ends: the organiser ends the room, or its time is over; then the task settles."""
        self.beat(t)
        ledger.close_occasion(occasion_id=self.occasion_id, as_of=moment(t))
        if Occasion.objects.filter(pk=self.occasion_id, state=Occasion.State.CLOSED).exists():
            ledger.settle(occasion_id=self.occasion_id, as_of=moment(t))

    def beat(self, t: float) -> None:
        self.flush()
        for worker in self.workers.values():
            self._beat(worker, t)

    def _beat(self, worker: Worker, t: float) -> None:
        last = worker.last_beat(t)
        quiet = {
            socket.stay.presence_id: moment(socket.heard)
            for socket in self.gone
            if socket.worker is worker and socket.stay and (socket.quiet_since or 0) <= last
        }
        ledger.beat_lease(lease_id=worker.lease_id, as_of=moment(last), quiet=quiet)

    def _lose(self, socket: Socket, t: float) -> None:
        """A phone answers no more; its worker notices later."""
        socket.quiet_since = t
        self.gone.add(socket)
        self.at(t + NOTICE_S, lambda _due: self._notice(socket))

    def _notice(self, socket: Socket) -> None:
        if socket in self.gone:
            self.gone.discard(socket)
            self._end(socket, socket.heard, End.SILENT)

    def _end(self, socket: Socket, t: float, reason: End) -> None:
        if socket.stay is not None:
            self.ending.append((socket.stay, t, reason))
            socket.stay = None

    def _open(self, socket: Socket, t: float) -> None:
        join = ledger.Join(self.occasion_id, socket.member_id, socket.device, socket.worker.lease_id, moment(t))
        socket.stay = Stay(join)
        self.joining.append(socket.stay)

    # --- What happens in the trace --------------------------------------------------------------------------------
    def play_event(self, event: Event) -> None:
        self.run_until(event.t)
        if event.do != "watched":
            self.store_reports()
        getattr(self, f"on_{event.do}")(event.t, **{f"{key}_" if key in ("from", "id") else key: value
                                                    for key, value in event.values.items()})  # fmt: skip

    def on_join(self, t: float, member: str, device: str, worker: str) -> None:
        if self.is_down:
            return
        if worker not in self.workers:
            self.workers[worker] = self._worker(worker, t)
        here = self.workers[worker]
        before = self.sockets.pop((member, device), None)
        if before is not None:
            self._lose(before, t)
        # A worker that meets the same device again knows that the old connection is dead.
        for socket in [one for one in self.gone if one.worker is here and one.device == device]:
            if socket.member_id == self.member_ids[member]:
                self._notice(socket)
        socket = Socket(self.member_ids[member], device, here, None, t, t)
        self._open(socket, t)
        self.sockets[member, device] = socket

    def on_stay(self, t: float, member: str, device: str, every: float) -> None:
        socket = self.sockets.get((member, device))
        if socket is not None:
            socket.heard = socket.last_event + math.floor((t - socket.last_event) / every) * every
            socket.last_event = t

    def on_hide(self, t: float, member: str, device: str) -> None:
        socket = self.sockets.get((member, device))
        if socket is not None:
            self._end(socket, t, End.HIDDEN)
            socket.heard = socket.last_event = t

    def on_show(self, t: float, member: str, device: str) -> None:
        socket = self.sockets.get((member, device))
        if socket is not None:
            if socket.stay is None:
                self._open(socket, t)
            socket.heard = socket.last_event = t

    def on_leave(self, t: float, member: str, device: str) -> None:
        socket = self.sockets.pop((member, device), None)
        if socket is not None:
            self._end(socket, t, End.LEFT)

    def on_silent(self, t: float, member: str, device: str) -> None:
        socket = self.sockets.pop((member, device), None)
        if socket is not None:
            self._lose(socket, t)

    def on_crash(self, t: float, worker: str) -> None:
        if worker in self.workers:
            self._kill(worker, t)
            self.at(t + REAP_S, self._reap)

    def on_down(self, t: float) -> None:
        for worker in list(self.workers):
            self._kill(worker, t)
        self.is_down = True
        self.at(t + REAP_S, self._reap)

    def on_up(self, t: float) -> None:
        if not self.is_down:
            return
        self.start(t)
        # What was due while it was down happens now.
        late = [(max(due, t), turn, what) for due, turn, what in self.timers]
        heapq.heapify(late)
        self.timers = late

    def _worker(self, name: str, t: float) -> Worker:
        return Worker(ledger.start_lease(name=f"{name or 'the others'} at {t}", as_of=moment(t)), t)

    def _kill(self, name: str, t: float) -> None:
        self.flush()
        dead = self.workers.pop(name)
        self._beat(dead, t)
        self.sockets = {key: socket for key, socket in self.sockets.items() if socket.worker is not dead}
        self.gone = {socket for socket in self.gone if socket.worker is not dead}

    def _reap(self, t: float) -> None:
        self.beat(t)
        ledger.reap_leases(as_of=moment(t))

    def on_outbox(self, t: float, member: str, device: str, id_: str, from_: float, to: float) -> None:
        # A phone claims nothing before it was told that it counts, which is after the commit.
        self.flush()
        with contextlib.suppress(ledger.UnableToRecordPresence):
            ledger.record_outbox(
                occasion_id=self.occasion_id,
                member_id=self.member_ids[member],
                device=device,
                client_id=id_,
                started_at=moment(from_),
                ended_at=moment(to),
                as_of=moment(t),
            )

    def on_hall(self, t: float, member: str, from_: float, to: float) -> None:
        with contextlib.suppress(ledger.UnableToRecord):  # a span that lies outside is refused, and earns nothing
            ledger.record_hall(
                occasion_id=self.occasion_id,
                member_ids=[self.member_ids[member]],
                started_at=moment(from_),
                ended_at=moment(to),
                recorded_by_id=None,
                as_of=moment(t),
            )

    def on_play(self, t: float, member: str, device: str) -> None:
        key = self.member_ids[member]
        with contextlib.suppress(ledger.UnableToStartWatch):
            state = ledger.start_watch(
                occasion_id=self.occasion_id, member_id=key, device=device, media="replay", as_of=moment(t)
            )
            self.sessions[member, device] = state.session_id

    def on_watched(
        self, t: float, member: str, device: str, id_: str, ranges: tuple[tuple[float, float], ...], rate: float
    ) -> None:
        session_id = self.sessions.get((member, device))
        if session_id is not None:
            member_id = self.member_ids[member]
            if member_id in self.reports:
                self.store_reports()
            self.reports[member_id] = ledger.WatchReport(
                session_id=session_id,
                member_id=member_id,
                client_id=id_,
                ranges_ms=[(ms(start), ms(end)) for start, end in ranges],
                rate=rate,
                position_ms=max(0, ms(ranges[-1][1])) if ranges else 0,
                as_of=moment(t),
                occasion_id=self.occasion_id,
            )

    def on_excuse(self, t: float, member: str) -> None:
        ledger.approve_leave(
            occasion_id=self.occasion_id,
            member_id=self.member_ids[member],
            category="other",
            recorded_by_id=None,
            as_of=moment(t),
        )

    def on_end(self, t: float) -> None:
        self.close(t)

    def on_reopen(self, t: float) -> None:
        """The ledger's window stays as it is, what follows is kept and ignored."""


def replay(trace: Trace) -> dict[str, dict[str, Any]]:
    """Play ``trace`` on an empty database and return what the ledger says of each member, in the trace's order."""
    occasion_id, member_ids = _stage(trace)
    first = min([trace.start, *(event.t for event in trace.events[:1])])
    ledger.open_occasion(occasion_id=occasion_id, as_of=moment(first))
    if trace.media_s:
        ledger.set_replay(
            occasion_id=occasion_id, media_ms=ms(trace.media_s), media_offset_ms=0, as_of=moment(trace.start)
        )
    room = Room(occasion_id, member_ids)
    room.start(first)
    room.at(trace.end, room.close)
    for event in trace.events:
        room.play_event(event)
    room.store_reports()
    last = max([trace.end, *(event.t for event in trace.events[-1:])])
    _finish(room, last)
    return _answer(occasion_id, member_ids, moment(last + 600))


def _finish(room: Room, last: float) -> None:
    """Nothing more is heard of anybody: silence is the end. A site that is down comes up in the end."""
    room.on_up(last)
    for socket in list(room.sockets.values()):
        room._lose(socket, last)  # noqa: SLF001 - the same module
    room.sockets.clear()
    room.run_until(last + 60)
    room.flush()
    ledger.reconcile(as_of=moment(last + 600))


def _stage(trace: Trace) -> tuple[int, dict[str, int]]:
    node = Node.add_root(name="trace", code="trace", kind=NodeKind.BRANCH)
    people = User.objects.bulk_create(
        User(username=f"trace-{index}", name=name, password="") for index, name in enumerate(trace.members)
    )
    Membership.objects.bulk_create(
        Membership(member=person, node=node, active_from_date=WEEK_DAY - timedelta(days=40_000)) for person in people
    )
    rule = Rule(name="trace", **trace.rule)
    rule.save()
    training = Training.objects.create(
        title="trace", node=node, starts_date=WEEK_DAY, deadline_at=moment(trace.end), state=Training.State.PUBLISHED
    )
    plan = ledger.OccasionPlan(
        training_id=training.pk,
        title="trace",
        node_id=node.pk,
        starts_at=moment(trace.start),
        ends_at=moment(trace.end),
        rule_id=rule.pk,
    )
    occasion = ledger.create_occasion(kind="lecture", plan=plan)
    return occasion.pk, {person.name: person.pk for person in people}


def _answer(occasion_id: int, member_ids: dict[str, int], as_of: datetime) -> dict[str, dict[str, Any]]:
    """Say what is recorded; where nothing is, for the occasion was not held, what the judge would say."""
    occasion = Occasion.objects.get(pk=occasion_id)
    records = {record.member_id: record for record in Record.objects.filter(occasion_id=occasion_id)}
    answer = {}
    for name, key in member_ids.items():
        found = records.get(key) or judged(occasion=occasion, member_id=key, as_of=as_of)
        answer[name] = {
            "live_s": found.live_ms / 1000,
            "replay_s": found.replay_ms / 1000,
            "hall_s": found.hall_ms / 1000,
            "union_s": found.union_ms / 1000,
            "state": str(found.state),
            "reasons": [_code(reason) for reason in found.reasons],
        }
    return answer


def _code(reason: Reason | dict[str, Any]) -> str:
    return str(reason.code) if isinstance(reason, Reason) else str(reason["code"])
