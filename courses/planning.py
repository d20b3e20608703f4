"""What a training that is planned asks about courses (``attendance.planning``)."""

import datetime as dt

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from attendance.models import Occasion, Training
from attendance.operations import UnableToPlanOccasion
from cms.permissions import may_edit_at
from cms.queries import lessons_by_course
from courses.forms import WHY, hindrance
from courses.models import CourseRun
from courses.operations import CoursePlan, UnableToScheduleCourse, schedule_course
from courses.plans import withdraw_course
from organizations.models import User


class CoursePlanner:
    """A course is given again as its page is now, for as long as before."""

    add_label = gettext_lazy("加一门课程")

    def add_url(self, training: Training) -> str:
        return f"{reverse('course_runs:add')}?training={training.pk}"

    def copy(self, occasion: Occasion, *, to: Training, by: dt.timedelta, actor_id: int, as_of: dt.datetime) -> str:
        """Give it once more; return why that cannot be."""
        starts_at, ends_at = (
            timezone.make_aware(timezone.localtime(at).replace(tzinfo=None) + by)
            for at in (occasion.starts_at, occasion.ends_at)
        )
        plan = CoursePlan(
            training_id=to.pk, node_id=occasion.node_id, starts_at=starts_at, ends_at=ends_at, rule_id=occasion.rule_id
        )
        page = CourseRun.objects.select_related("page__node").get(pk=occasion.pk).page
        if not may_edit_at(User.objects.get(pk=actor_id), page.node):
            return _("这门课不在您的范围内，请另选一门。")
        try:
            schedule_course(page_id=page.pk, plan=plan, as_of=as_of)
        except UnableToScheduleCourse as error:
            return str(WHY[error.code])
        except UnableToPlanOccasion as error:
            return str(error)
        return ""

    def withdraw(self, occasion: Occasion, *, actor_id: int, as_of: dt.datetime) -> None:
        withdraw_course(occasion_id=occasion.pk, actor_id=actor_id, as_of=as_of)

    def lacks(self, occasions: list[Occasion], *, as_of: dt.datetime) -> list[str]:
        """Name those whose course could not be given as it is now; three queries."""
        runs = list(CourseRun.objects.filter(pk__in=[one.pk for one in occasions]).select_related("page"))
        lessons = lessons_by_course([run.page for run in runs])
        codes = [(run, hindrance(lessons[run.page.path]) if run.page.live else "unpublished") for run in runs]
        words = _("“%(title)s”：%(why)s")
        return [words % {"title": run.page.title, "why": WHY[code]} for run, code in codes if code]
