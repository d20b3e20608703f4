"""Processor time of some work, in this process and in the database: a measurement that other work on the machine does
not change as it does the clock's."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from django.db import connection


def spent(work: Callable[[], object], turns: int = 1) -> tuple[float, float]:
    """Return seconds of wall time and of processor time, here and in the database, whatever else the machine does."""
    used = backend_s() + time.process_time()
    began = time.perf_counter()
    for _turn in range(turns):
        work()
    wall = time.perf_counter() - began
    used = time.process_time() + backend_s() - used
    return wall / turns, used / turns


def backend_s() -> float:
    """Return the processor seconds of the database's process for this connection; SQLite works in our own."""
    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        words = Path(f"/proc/{cursor.fetchone()[0]}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
