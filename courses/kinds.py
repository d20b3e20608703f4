"""What the ledger is told about courses (attendance/kinds.py). No method touches the database."""

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from attendance.kinds import Step
from attendance.models import Occasion
from organizations.models import User


class CourseKind:
    """A course studied on one's own phone, in one's own time, until the occasion ends."""

    label = _("课程")

    def url_for(self, occasion: Occasion, member: User) -> str:
        """Return the course page where ``member`` studies."""
        return reverse("courses_course", args=[occasion.pk])

    def catch_up(self, occasion: Occasion, member: User) -> Step | None:
        """Return the way on: a course is made up in the same place where it is studied."""
        return Step(gettext("继续学习"), self.url_for(occasion, member))
