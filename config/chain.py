"""The ledger's chain as the site watches it: the newest seals each day, all of them by ``manage.py verify_chain``."""

from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from attendance.queries.verifying import Checked, problems
from config import marks

log = structlog.get_logger(__name__)

LOOKED_AT = timedelta(days=3)
NAMED = 5


def look(*, as_of: datetime) -> int:
    """Check the seals of the last days and leave a mark; returns how many problems there are. For a periodic task."""
    checked = Checked()
    found = list(problems(since=timezone.localdate(as_of - LOOKED_AT), checked=checked))
    for problem in found[:NAMED]:
        log.error("chain_broken", problem=str(problem))
    note(checked, len(found), is_whole=False, as_of=as_of)
    return len(found)


def note(checked: Checked, found: int, *, is_whole: bool, as_of: datetime) -> None:
    """Leave a mark. What was found wrong stays so until the whole chain was checked and found right."""
    before = marks.found().get(marks.CHAIN)
    data = dict(before.data) if before else {}
    data |= {"problems": found if is_whole else max(found, data.get("problems", 0)), "head": checked.head}
    if is_whole:
        data["whole_at"] = as_of.isoformat()
    marks.leave(name=marks.CHAIN, as_of=as_of, data=data)
