"""What is wrong with this site, worst first, and what to do next: for ``manage.py doctor`` and the operator's page."""

from datetime import datetime

from django.db import DatabaseError, InterfaceError
from django.utils.translation import gettext as _

from config.doctor import keeping, parts, setup, work
from config.doctor.findings import Finding, Level, how_long
from config.doctor.keeping import confirm_key_kept, is_key_kept
from config.doctor.work import oldest_unsettled

__all__ = ["Finding", "Level", "confirm_key_kept", "examine", "how_long", "is_key_kept", "oldest_unsettled", "worst"]


def examine(*, as_of: datetime) -> list[Finding]:
    """Return everything that was looked at, worst first; whatever needs the database is left out when it is away."""
    found = list(parts.database(as_of))
    checks = [*(WITH_DATABASE if found[0].level == Level.FINE else []), *ALONE]
    for check in checks:
        try:
            found += check(as_of)
        except (DatabaseError, InterfaceError) as error:
            found.append(Finding(Level.WRONG, _("数据库"), type(error).__name__, _("请再运行一次。")))
    return sorted(found, key=lambda finding: -finding.level)


def worst(found: list[Finding]) -> Level:
    return max((finding.level for finding in found), default=Level.FINE)


WITH_DATABASE = [*parts.WITH_DATABASE, *work.WITH_DATABASE, *keeping.WITH_DATABASE]
ALONE = [*parts.ALONE, *setup.ALONE]
