"""What it costs to seal a day of evidence and to verify it, row by row, and that memory does not grow with it."""

from bench._databases import scratch  # isort: skip - sets Django up
import datetime as dt
import resource
import time

from attendance import append_only, operations
from attendance.models import Evidence
from attendance.queries.verifying import Checked, problems
from bench._figure import figure
from bench.watch import START, stage

ROWS = 60_000
MORNING = START + dt.timedelta(hours=30)


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(kind: str) -> None:
    with scratch(kind):
        occasion_id, members = stage()
        append_only.install()
        for first in range(0, ROWS, 2000):
            Evidence.objects.bulk_create(
                Evidence(
                    occasion_id=occasion_id, member_id=members[n % len(members)], kind="watched", device="p1",
                    client_id=str(n), media="replay", ranges_ms=[[n * 1000, n * 1000 + 15_000]], recorded_at=START,
                )
                for n in range(first, first + 2000)
            )  # fmt: skip
        before, began = peak_mib(), time.process_time()
        operations.seal_days(as_of=MORNING)
        sealed, began = time.process_time() - began, time.process_time()
        checked = Checked()
        if found := list(problems(checked=checked)):
            raise RuntimeError(f"not as it was sealed: {found[0]}")
        verified = time.process_time() - began
    row = {"bench": "chain", "unit": "us CPU of the process"}
    figure(figure=f"row_sealed_{kind}", value=sealed / ROWS * 1e6, **row)
    figure(figure=f"row_verified_{kind}", value=verified / checked.rows * 1e6, **row)
    figure(bench="chain", figure=f"memory_of_both_{kind}", value=peak_mib() - before, unit="MiB", goal=30)


if __name__ == "__main__":
    for kind in ("sqlite", "postgresql"):
        measure(kind)
