"""On PYTHONPATH of a process: its wall clock (``timezone.now``) steps by the seconds that the file CLOCK_STEP says."""

import datetime as dt
import os
from pathlib import Path

from django.utils import timezone

real_now, step = timezone.now, Path(os.environ["CLOCK_STEP"])


def stepped_now() -> dt.datetime:
    return real_now() + dt.timedelta(seconds=float(step.read_text()))


timezone.now = stepped_now
