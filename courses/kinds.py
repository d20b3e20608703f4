"""What the ledger is told about courses (attendance/kinds.py). No method touches the database but ``held_back``."""

from collections.abc import Collection
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from attendance.core.hours import Form
from attendance.kinds import HeldBack, Step
from attendance.models import Occasion
from attendance.standing import asks_nothing
from courses.before import held_back
from courses.steps import step_word
from organizations.models import User


class CourseKind:
    """A course studied on one's own phone, in one's own time, until the occasion ends."""

    label = _("课程")
    hours_form = Form.COURSE

    def url_for(self, occasion: Occasion, member: User) -> str:
        """Return the course page where ``member`` studies."""
        return reverse("courses_course", args=[occasion.pk])

    def office_url(self, occasion: Occasion, *, plans: bool) -> str:
        """Return how it is given, for an organiser; else the course."""
        name = "course_runs:edit" if plans else "courses_course"
        return reverse(name, args=[occasion.pk])

    def catch_up(self, occasion: Occasion, member: User, *, done_ms: int = 0) -> Step | None:
        """Return the way on: a course is made up where it is studied. None while there is nothing to study."""
        if asks_nothing(occasion):
            return None
        return Step(step_word(done_ms), self.url_for(occasion, member))

    def held_back(self, occasions: Collection[Occasion], *, member: User, as_of: datetime) -> dict[int, HeldBack]:
        """Return which of these courses wait for another one that ``member`` has to finish first."""
        return held_back(occasions, member_id=member.pk, as_of=as_of)
