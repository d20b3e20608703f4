"""What a lecturer has to do today, for the page 今天 (``attendance.duties``)."""

import datetime as dt

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.duties import Duty
from attendance.kinds import Step
from live.core import lifecycle
from live.models import Lecture
from organizations.models import Role, User
from organizations.permissions import has_role

MOST = 5


def of_lecturer(user: User, as_of: dt.datetime) -> list[Duty]:
    """Return the lectures that a person gives now or later today, the next first. One query, for lecturers alone."""
    if not has_role(user, Role.LECTURER):
        return []
    tomorrow = timezone.localtime(as_of).replace(hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
    to_give = Q(
        state=Lecture.State.SCHEDULED,
        occasion__starts_at__lt=tomorrow,
        occasion__ends_at__gt=as_of - lifecycle.LATEST,
    )
    mine = Lecture.objects.filter(Q(state=Lecture.State.LIVE) | to_give, lecturer=user, kind=Lecture.Kind.LECTURE)
    return [
        _duty(lecture, as_of)
        for lecture in mine.select_related("occasion__node").order_by("occasion__starts_at")[:MOST]
    ]


def _duty(lecture: Lecture, as_of: dt.datetime) -> Duty:
    occasion = lecture.occasion
    url = reverse("live_host", args=[lecture.pk])
    if lecture.state == Lecture.State.LIVE:
        return Duty(_("您的直播正在进行"), occasion.title, occasion.node.name, Step(_("去主持"), url), is_now=True)
    starts = timezone.localtime(occasion.starts_at)
    is_today = starts.date() == timezone.localdate(as_of)
    said = _("今天 {time} 要讲") if is_today else _("昨天 {time} 要讲")  # begun before midnight: it can still be given
    said = said.format(time=starts.strftime("%H:%M"))
    return Duty(said, occasion.title, occasion.node.name, Step(_("检查设备"), url), is_now=False)
