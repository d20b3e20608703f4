"""``python -m tests.faults.ledger``: end what is on air, have everybody judged, seal these days and count.

Prints one line of JSON: how many roster rows wait for a verdict, how many people were judged, and how many rows of
evidence lie under a seal.
"""

import json
import os
import sys
import time
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.utils import timezone  # noqa: E402

from attendance.models import Occasion, Record, RosterEntry, Seal  # noqa: E402
from attendance.operations import fold_summary, seal_days  # noqa: E402
from live.models import Lecture  # noqa: E402
from live.operations import end_lecture  # noqa: E402

PATIENCE_S = 120


def end_all() -> None:
    """End every lecture, and wait until the site's own worker has judged its people."""
    for occasion_id in Lecture.objects.filter(state=Lecture.State.LIVE).values_list("pk", flat=True):
        end_lecture(occasion_id=occasion_id, as_of=timezone.now())
    unsettled = Occasion.objects.filter(state__in=(Occasion.State.OPEN, Occasion.State.CLOSED))
    deadline = time.monotonic() + PATIENCE_S
    while unsettled.exists():
        if time.monotonic() > deadline:
            raise SystemExit("not everybody was judged in time")
        time.sleep(1)


if __name__ == "__main__":
    end_all()
    seal_days(as_of=timezone.now() + timedelta(days=3))  # today is over as well
    fold_summary()
    found = {
        "waiting": RosterEntry.objects.exclude(dirty_at=None).count(),
        "judged": Record.objects.count(),
        "sealed": sum(Seal.objects.values_list("rows", flat=True)),
    }
    sys.stdout.write(json.dumps(found) + "\n")
