"""What is planned of a lecture before it goes live."""

from dataclasses import dataclass, replace
from typing import Any

from attendance.core.plan import OccasionPlan


@dataclass(frozen=True, kw_only=True)
class LecturePlan(OccasionPlan):
    """The plan of its occasion, who lectures, and how it is carried.

    ``record``: keep it as the replay. ``webrtc_cap``: how many watch with the lowest delay; None: the site's default.
    """

    lecturer_id: int
    record: bool = True
    webrtc_cap: int | None = None


def followed(own: LecturePlan, *, before: LecturePlan, after: LecturePlan) -> LecturePlan:
    """Return the plan of a later lecture of a series when an earlier one is changed for all that follow.

    Only what is changed there is changed here: another time of day or weekday by as much, another length as it is; what
    was arranged for this one alone stays.
    """
    changed: dict[str, Any] = {
        name: getattr(after, name)
        for name in ("training_id", "title", "node_id", "rule_id", "lecturer_id", "record", "webrtc_cap")
        if getattr(after, name) != getattr(before, name)
    }
    starts_at = own.starts_at + (after.starts_at - before.starts_at)
    length, was = after.ends_at - after.starts_at, before.ends_at - before.starts_at
    ends_at = starts_at + (own.ends_at - own.starts_at if length == was else length)
    return replace(own, starts_at=starts_at, ends_at=ends_at, **changed)
