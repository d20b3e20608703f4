"""What a training that is planned asks about lectures (``attendance.planning``)."""

import datetime as dt
from dataclasses import replace

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from attendance.models import Occasion, Training
from attendance.operations import UnableToPlanOccasion
from live.models import Lecture
from live.operations import UnableToCancelLecture, UnableToScheduleLecture, cancel_lecture, schedule_lecture
from live.queries.series import plan_of
from organizations.models import Role, RoleGrant
from organizations.queries import valid_on


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
        try:
            cancel_lecture(occasion_id=occasion.pk, actor_id=actor_id, as_of=as_of)
        except UnableToCancelLecture as error:
            raise UnableToPlanOccasion(_("这一场已经开始，不能再改安排。")) from error

    def lacks(self, occasions: list[Occasion], *, as_of: dt.datetime) -> list[str]:
        """Name those whose lecturer has no such role there (any more), as when they are planned; two queries."""
        keys = [one.pk for one in occasions]
        lectures = list(Lecture.objects.filter(pk__in=keys).select_related("occasion__node", "lecturer"))
        today, people = timezone.localdate(as_of), {one.lecturer_id for one in lectures}
        grants = RoleGrant.objects.filter(valid_on(today), user__in=people, user__is_active=True, role=Role.LECTURER)
        granted = set(grants.values_list("user_id", "node__path"))
        words = _("“%(title)s”的讲师 %(name)s 在这里没有讲师职责，请换一位。")
        return [
            words % {"title": one.occasion.title, "name": one.lecturer.name}
            for one in lectures
            if not any(who == one.lecturer_id and _are_near(at, one.occasion.node.path) for who, at in granted)
        ]


def _are_near(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
