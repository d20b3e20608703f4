"""What a training that is planned asks about lectures (``attendance.planning``)."""

import datetime as dt
from dataclasses import replace

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from attendance.models import Occasion, Training
from live.models import Lecture
from live.operations import UnableToScheduleLecture, cancel_lecture, schedule_lecture
from live.queries.series import plan_of


class LecturePlanner:
    """A lecture is copied with its lecturer and rule, at the same hour of the day."""

    add_label = gettext_lazy("加一场直播")

    def add_url(self, training: Training) -> str:
        return f"{reverse('live_schedule_add')}?training={training.pk}"

    def copy(self, occasion: Occasion, *, to: Training, by: dt.timedelta, actor_id: int, as_of: dt.datetime) -> str:
        """Schedule it once more; return why that cannot be."""
        plan = plan_of(Lecture.objects.select_related("occasion").get(pk=occasion.pk))
        starts_at = timezone.make_aware(timezone.localtime(plan.starts_at).replace(tzinfo=None) + by)
        moved = replace(
            plan, training_id=to.pk, starts_at=starts_at, ends_at=starts_at + (plan.ends_at - plan.starts_at)
        )
        try:
            schedule_lecture(plan=moved, as_of=as_of, actor_id=actor_id)
        except UnableToScheduleLecture as error:
            return str(error)
        return ""

    def withdraw(self, occasion: Occasion, *, actor_id: int, as_of: dt.datetime) -> None:
        cancel_lecture(occasion_id=occasion.pk, actor_id=actor_id, as_of=as_of)
