"""Hashing a password is the dearest thing a stranger can ask for: few at a time, a short wait, then a plain refusal.

Argon2id for new hashes, the old ones verified and renewed at the next sign-in (ADR 26). Whatever hashes goes through
the gate here, also for a number that nobody has: there is no way round, and no difference to measure.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.contrib.auth import hashers
from prometheus_client import Counter as Metric

REFUSED = Metric("password_hash_refused", "Hashes that were refused because too many others waited")


class UnableToHash(Exception):
    """Too many passwords are being checked; come back in ``RETRY_AFTER_S``."""


RETRY_AFTER_S = 5


class Gate:
    """At most ``slots`` at a time, at most ``queue`` waiting, nobody longer than ``wait_s``."""

    def __init__(self, *, slots: int, queue: int, wait_s: float) -> None:
        self.slots, self.queue, self.wait_s = slots, queue, wait_s
        self._free = threading.BoundedSemaphore(slots)
        self._lock = threading.Lock()
        self._waiting = 0

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Raises UnableToHash."""
        with self._lock:
            full = self._waiting >= self.queue
            self._waiting += not full
        try:
            if full or not self._free.acquire(timeout=self.wait_s):
                REFUSED.inc()
                raise UnableToHash("too many passwords are being checked")
        finally:
            with self._lock:
                self._waiting -= not full
        try:
            yield
        finally:
            self._free.release()


def cores() -> int:
    return len(os.sched_getaffinity(0))


def gate_of(*, cores: int, processes: int, threads: int, queue: int, wait_s: float) -> Gate:
    """The gate of one of ``processes`` that share the cores: its share of them but one, and never less than one hash.

    Of its ``threads`` (0: as many as come) two are never in the gate: who opens a page waits for no password.
    """
    slots = max(1, (cores - 1) // processes)
    if threads:
        slots = max(1, min(slots, threads - 3))
        queue = max(1, min(queue, threads - slots - 2))
    return Gate(slots=slots, queue=queue, wait_s=wait_s)


gate = gate_of(
    cores=cores(),
    processes=settings.WEB_PROCESSES,
    threads=settings.WEB_THREADS,
    queue=settings.HASH_QUEUE,
    wait_s=settings.HASH_WAIT_S,
)


class Argon2(hashers.Argon2PasswordHasher):
    """Argon2id, 32 MiB twice over, one lane: about 50 ms of one core (bench/signin.py)."""

    time_cost = 2
    memory_cost = 32_768
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        with gate.passed():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with gate.passed():
            return super().verify(password, encoded)


class OldPBKDF2(hashers.PBKDF2PasswordHasher):
    """What was hashed before Argon2."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        with gate.passed():
            return super().encode(password, salt, iterations)

    # ``verify`` encodes again: it has passed the gate by then.
