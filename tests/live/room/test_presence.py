"""A lease that is lost is lost once, whoever notices it first; one bad row costs no lease; each end is written."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from attendance import operations as ledger
from live.room import presence
from live.room.presence import Recorder, Stay

pytestmark = pytest.mark.unit


class Rows:
    """What the database would hold: leases that live, rows by the lease that they hang on, and how each ended."""

    def __init__(self) -> None:
        self.alive: set[int] = set()
        self.leases = 0
        self.open: dict[int, int] = {}
        self.ended: dict[int, str] = {}
        self.bad_member = 0

    def start_lease(self, **_of: Any) -> int:
        self.leases += 1
        self.alive.add(self.leases)
        return self.leases

    def beat_lease(self, *, lease_id: int, **_of: Any) -> bool:
        return lease_id in self.alive

    def reap_leases(self, **_of: Any) -> int:
        return 0

    def open_presences(self, *, joins: list[ledger.Join]) -> list[int]:
        if any(join.lease_id not in self.alive or join.member_id == self.bad_member for join in joins):
            raise IntegrityError
        ids = [len(self.open) + 1 + place for place in range(len(joins))]
        self.open |= {row: join.lease_id for row, join in zip(ids, joins, strict=True)}
        return ids

    def close_presences(self, *, ends: list[ledger.End]) -> None:
        self.ended |= {end.presence_id: end.reason for end in ends}


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> Rows:
    held = Rows()
    for name in ("start_lease", "beat_lease", "reap_leases", "open_presences", "close_presences"):
        monkeypatch.setattr(ledger, name, getattr(held, name))

    async def at_once(work: Callable[[], Any]) -> Any:
        answer = work()
        await asyncio.sleep(0)
        return answer

    monkeypatch.setattr(presence, "in_database", at_once)
    return held


def begin(recorder: Recorder, member: int) -> Stay:
    return recorder.begin(
        occasion_id=1, member_id=member, device="a", started_at=timezone.now(), on_stored=lambda: None
    )


def test_a_beat_that_was_on_its_way_takes_nothing_from_the_next_lease(rows: Rows) -> None:
    async def play() -> Stay:
        recorder = Recorder(name="web")
        await recorder.lease()
        rows.alive.clear()
        beat = asyncio.create_task(recorder._beat())
        await asyncio.sleep(0)
        stay = begin(recorder, 1)
        await recorder.flush()
        await beat
        await recorder.flush()
        return stay

    stay = asyncio.run(play())
    assert (stay.presence_id, rows.open, rows.ended, rows.leases) == (1, {1: 2}, {}, 2)


def test_rows_on_a_lost_lease_end_and_begin_anew_on_the_next(rows: Rows) -> None:
    async def play() -> None:
        recorder = Recorder(name="web")
        begin(recorder, 1)
        await recorder.flush()
        rows.alive.clear()
        begin(recorder, 2)
        await recorder.flush()

    asyncio.run(play())
    assert (rows.open, rows.ended) == ({1: 1, 2: 2, 3: 2}, {1: "worker_lost"})


def test_a_row_that_cannot_be_stored_costs_the_others_neither_place_nor_lease(rows: Rows) -> None:
    async def play() -> list[Stay]:
        recorder = Recorder(name="web")
        rows.bad_member = 2
        stays = [begin(recorder, member) for member in (1, 2, 3)]
        await recorder.flush()
        await recorder._beat()
        assert recorder.open == {stays[0], stays[2]}
        return stays

    stays = asyncio.run(play())
    assert [stay.presence_id for stay in stays] == [1, None, 2]
    assert (rows.open, rows.ended, rows.leases) == ({1: 1, 2: 1}, {}, 1)


def test_who_comes_and_goes_while_ends_are_written_does_not_stay_for_ever(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their row is not there yet: an end that is passed over then would leave it open up to the end of the process."""

    def leave(stay: Stay) -> None:
        recorder.end(stay, ended_at=timezone.now(), reason="left")

    def meanwhile(*, ends: list[ledger.End]) -> None:
        rows.close_presences(ends=ends)
        if coming:
            leave(begin(recorder, coming.pop()))

    async def play() -> None:
        leave(begin(recorder, 1))
        await recorder.flush()
        await recorder.flush()

    coming = [2]
    monkeypatch.setattr(ledger, "close_presences", meanwhile)
    recorder = Recorder(name="web")
    asyncio.run(play())
    assert (rows.open, rows.ended, recorder.unwritten()) == ({1: 1, 2: 1}, {1: "left", 2: "left"}, 0)
