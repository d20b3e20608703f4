"""What the ledger is told about lectures; all addresses come from the occasion's id alone."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from attendance.core.hours import Form
from attendance.kinds import Step
from attendance.models import Occasion
from attendance.queries.windows import HELD
from organizations.models import User


class LectureKind:
    """A live lecture: joined in its room, caught up by its replay."""

    label = gettext_lazy("直播课")
    hours_form = Form.LIVE

    def url_for(self, occasion: Occasion, member: User) -> str:
        """Return the room's page; once a replay exists, the replay's."""
        if occasion.media_ms and occasion.state in HELD:
            return reverse("live_replay", args=[occasion.pk])
        return reverse("live_room", args=[occasion.pk])

    def office_url(self, occasion: Occasion, *, plans: bool) -> str:
        """Return the plan, or what became of it, for an organiser; the desk in the room for the lecturer."""
        return reverse("live_schedule_edit" if plans else "live_host", args=[occasion.pk])

    def catch_up(self, occasion: Occasion, member: User, *, done_ms: int = 0) -> Step | None:
        """Return the step to the replay; None while (or if) there is none, and where nothing is to be made up."""
        if not occasion.media_ms or occasion.state not in HELD:
            return None
        return Step(label=_("看回放补学"), url=reverse("live_replay", args=[occasion.pk]))
