"""What is planned of a lecture before it goes live."""

from dataclasses import dataclass

from attendance.core.plan import OccasionPlan


@dataclass(frozen=True, kw_only=True)
class LecturePlan(OccasionPlan):
    """The plan of its occasion, who lectures, and how it is carried.

    ``record``: keep it as the replay. ``webrtc_cap``: how many watch with the lowest delay; None: the site's default.
    """

    lecturer_id: int
    record: bool = True
    webrtc_cap: int | None = None
