"""Reports of many phones that come to one process at the same moment are stored together; none waits for others.

Whoever comes while nobody stores, stores at once. Whoever comes meanwhile waits for that one's commit, and then one of
those who wait stores the reports of all of them: one transaction, one synced commit. A lone report waits for nothing.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from prometheus_client import Histogram

from attendance.operations.watch import (
    UnableToReportWatched,
    WatchReport,
    report_all_watched,
    report_one_watched,
)
from attendance.operations.watch_start import WatchState

MOST = 500
BATCHES = Histogram(
    "ledger_watch_batch", "Watched reports that were stored by one transaction", buckets=(1, 2, 4, 8, 16, 64, 256, MOST)
)
Answer = WatchState | UnableToReportWatched
Store = Callable[[Sequence[WatchReport]], list[Answer]]


@dataclass(eq=False, slots=True)
class _Waiting:
    report: WatchReport
    turn: threading.Event = field(default_factory=threading.Event)
    answer: Answer | BaseException | None = None


class ReportQueue:
    """What one process's threads have to store. ``store`` answers for all; ``alone`` for one, where that fails."""

    def __init__(self, *, store: Store, alone: Callable[[WatchReport], Answer]) -> None:
        self._store, self._alone = store, alone
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []
        self._is_storing = False

    def take(self, report: WatchReport) -> WatchState:
        """Store a report, alone or with others; answers after its commit. Raises what storing it raised."""
        mine = _Waiting(report)
        with self._lock:
            is_first = not self._is_storing
            if is_first:
                self._is_storing = True
            else:
                self._waiting.append(mine)
        if not is_first:
            mine.turn.wait()
        if mine.answer is None:  # nobody answered for us: it is our turn to store
            self._store_for(mine)
        answer = mine.answer or UnableToReportWatched("busy")
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _store_for(self, mine: _Waiting) -> None:
        with self._lock:
            batch = [mine, *self._waiting[: MOST - 1]]
            del self._waiting[: MOST - 1]
        try:
            self._answer(batch)
        finally:
            for one in batch:
                if one is not mine:
                    one.answer = one.answer or UnableToReportWatched("busy")
                    one.turn.set()
            self._hand_over()

    def _answer(self, batch: list[_Waiting]) -> None:
        BATCHES.observe(len(batch))
        if len(batch) == 1:
            batch[0].answer = self._one(batch[0].report)
            return
        answers: Sequence[Answer | BaseException]
        try:
            answers = self._store([one.report for one in batch])
        except Exception:  # noqa: BLE001 - one of them, or the database: each is told by itself what is wrong with it
            answers = [self._one(one.report) for one in batch]
        for one, answer in zip(batch, answers, strict=True):
            one.answer = answer

    def _one(self, report: WatchReport) -> "Answer | BaseException":
        try:
            return self._alone(report)
        except Exception as error:  # noqa: BLE001 - raised again in the thread whose report it is
            return error

    def _hand_over(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.pop(0).turn.set()
            else:
                self._is_storing = False


_queue = ReportQueue(
    store=lambda reports: report_all_watched(reports=reports), alone=lambda one: report_one_watched(report=one)
)


def report_together(report: WatchReport) -> WatchState:
    """``report_watched`` along with what other threads of this process report. Never inside a transaction.

    Raises UnableToReportWatched.
    """
    return _queue.take(report)
