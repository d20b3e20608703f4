"""What the ledger is told about meetings in person; all addresses come from the occasion's id alone."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from attendance.core.hours import Form
from attendance.kinds import Step
from attendance.models import Occasion
from organizations.models import User


class GatheringKind:
    """A meeting in person: its witness is whoever keeps the book, and it is made up with the secretary."""

    label = gettext_lazy("现场会议")
    is_in_person = True
    hours_form = Form.GATHERING

    def url_for(self, occasion: Occasion, member: User) -> str:
        """Return the meeting's page: when and where, afterwards what was studied and decided."""
        return reverse("meeting", args=[occasion.pk])

    def catch_up(self, occasion: Occasion, member: User, *, done_ms: int = 0) -> Step | None:
        """Return the way to what was studied; the secretary writes down that it was made up."""
        return Step(_("看会议内容，再联系书记补课"), self.url_for(occasion, member))
