"""What a restore leaves behind: that it was done outlasts it, for whoever runs the site, the auditor and the people.

The backup may be older than the program: then its tables cannot take the words yet. They wait in a file, and
``migrate``, which comes next, writes them down.
"""

import datetime as dt
import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from config import marks
from organizations.models import Node, User
from organizations.operations import log_list


def note(*, backup: str, made_at: str, as_of: dt.datetime) -> None:
    """Remember that this site's data were replaced, and write it down as soon as the tables can take it."""
    path = _path()
    path.touch(mode=0o600)
    path.write_text(json.dumps({"backup": backup, "made_at": made_at, "at": as_of.isoformat()}), encoding="utf-8")
    write_down()


def write_down(**_signal: Any) -> None:
    """Write what waits: a mark for the doctor, one row that covers everybody for the auditor; if any."""
    path = _path()
    if not path.is_file() or not _is_migrated():
        return
    told = json.loads(path.read_text(encoding="utf-8"))
    at = dt.datetime.fromisoformat(told["at"])
    with transaction.atomic():
        marks.leave(name=marks.RESTORED, as_of=at, data={"backup": told["backup"], "made_at": told["made_at"]})
        for root in Node.get_root_nodes():
            log_list(
                reader_id=None, node_id=root.pk, member_ids=None, what="restored", as_of=at, title=told["backup"],
                count=User.objects.count(), once_in=None,
            )  # fmt: skip
    path.unlink()


def _is_migrated() -> bool:
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError:
        return False
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _path() -> Path:
    return Path(settings.VAR_DIR) / "restored.json"
