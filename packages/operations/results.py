"""What packages report is kept before it is acknowledged; two devices do not overwrite each other unseen."""

from datetime import datetime

import structlog
from django.db import transaction

from packages.core.reports import Report
from packages.models import Package, Replaced, Result

log = structlog.get_logger(__name__)


class UnableToKeep(Exception):
    """The report is not kept. ``code``: withdrawn, replaced (the package has been another version for a day), or newer
    (something was kept that this report has not seen: another device)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@transaction.atomic
def keep_report(*, package_id: int, member_id: int, report: Report, as_of: datetime) -> Result:
    """Keep what a package says of a member now, and return it. The same report sent again is kept once.

    What it said done once stays done, whatever it says later. Of a version that was replaced it is kept as long as that
    one's files are: whoever is in the middle of it finishes it. Raises UnableToKeep.
    """
    package = Package.objects.get(pk=package_id)
    if package.withdrawn_at is not None:
        raise UnableToKeep("withdrawn")
    if report.version != package.version and not _plays_still(package_id, report.version):
        raise UnableToKeep("replaced")
    result, _made = Result.objects.select_for_update().get_or_create(
        package=package, member_id=member_id, version=report.version,
        defaults={"began_at": as_of, "changed_at": as_of},
    )  # fmt: skip
    if result.report_id == report.report_id:
        return result
    if result.revision != report.seen:
        raise UnableToKeep("newer")
    result.status, result.success, result.score = report.status, report.success, report.score
    result.location, result.suspend_data = report.location, report.suspend_data
    result.total_ms = max(result.total_ms, report.total_ms)
    result.report_id, result.revision, result.changed_at = report.report_id, result.revision + 1, as_of
    if report.is_done and result.done_at is None:
        result.done_at = as_of
        log.info("package_said_done", package_id=package_id, version=report.version)
    result.save()
    return result


def _plays_still(package_id: int, version: int) -> bool:
    return Replaced.objects.filter(package_id=package_id, version=version).exists()
