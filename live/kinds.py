"""What the ledger is told about lectures; all addresses come from the occasion's id alone."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from attendance.core.hours import Form
from attendance.kinds import Step
from attendance.models import Occasion
from attendance.queries.windows import ENDED, HELD
from live.permissions import lecture_for_rights, may_read_meeting_recording
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


class MeetingKind(LectureKind):
    """A meeting in a live room: joined there, and made up with the secretary; by no recording of it."""

    label = gettext_lazy("线上会议")
    hours_form = Form.GATHERING

    def url_for(self, occasion: Occasion, member: User) -> str:
        """Return the room's page, afterwards what was studied and decided."""
        return reverse("meeting" if occasion.closed_at else "live_room", args=[occasion.pk])

    def office_url(self, occasion: Occasion, *, plans: bool) -> str:
        """Return the book, from which it is led, changed and read."""
        return reverse("meeting", args=[occasion.pk])

    def catch_up(self, occasion: Occasion, member: User, *, done_ms: int = 0) -> Step | None:
        """Return the way to what was studied; the secretary writes down that it was made up."""
        return Step(_("看会议内容，再联系书记补课"), reverse("meeting", args=[occasion.pk]))

    def plan_step(self, *, node_id: int, form_code: str) -> Step:
        """Return the way to plan a meeting of this form by video."""
        return Step(_("改为线上开会"), f"{reverse('live_meeting_plan')}?node={node_id}&form={form_code}")

    def book_steps(self, occasion: Occasion, *, plans: bool) -> list[Step]:
        """Return the way in, and for who plans it what may be done with it now."""
        steps, key = [], [occasion.pk]
        if not occasion.closed_at:
            steps.append(Step(_("进入会议室"), reverse("live_room", args=key)))
        if plans and occasion.state == Occasion.State.SCHEDULED:
            steps.append(Step(_("改安排或取消"), reverse("live_meeting_change", args=key)))
        if plans and occasion.state in ENDED:
            steps.append(Step(_("作废"), reverse("live_void", args=key)))
        return steps

    def recorded_steps(self, occasion: Occasion, *, member: User) -> list[Step]:
        """Return the way to the recording, or to what became of it, for whom it is for."""
        lecture = lecture_for_rights(occasion.pk) if occasion.closed_at else None
        if lecture is None or not lecture.record or not may_read_meeting_recording(member, lecture):
            return []
        return [Step(_("会议录像"), reverse("live_meeting_recording", args=[occasion.pk]))]
