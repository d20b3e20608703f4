"""What a secretary has to do today about meetings, for the page 今天 (``attendance.duties``)."""

from datetime import datetime

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from attendance.duties import Duty
from attendance.kinds import Step
from meetings.models import Meeting
from meetings.queries.meetings import unregistered
from meetings.sentences import when_words
from organizations.models import Node, NodeKind, Role, User
from organizations.permissions import has_role
from organizations.queries import grants_of

MOST = 3


def of_secretary(user: User, as_of: datetime) -> list[Duty]:
    """Return the meetings of a secretary's own units and their groups whose time is over and of which nobody has
    written down who came, the oldest first. One query, for secretaries alone."""
    if not has_role(user, Role.SECRETARY):
        return []
    own = Q(pk__in=())
    for grant in grants_of(user=user):
        if grant.role == Role.SECRETARY:
            groups = Q(occasion__node__path__startswith=grant.path, occasion__node__kind=NodeKind.GROUP)
            depth = len(grant.path) // Node.steplen + 1
            own |= Q(occasion__node__path=grant.path) | groups & Q(occasion__node__depth=depth)
    return [_duty(one) for one in unregistered(as_of=as_of).filter(own)[:MOST]]


def _duty(meeting: Meeting) -> Duty:
    occasion = meeting.occasion
    step = Step(_("登记到会"), reverse("meeting_attendance", args=[meeting.pk]))
    text = _("会议时间已过，还没登记到会：%(when)s") % {"when": when_words(occasion)}
    return Duty(text, occasion.title, occasion.node.name, step, is_now=False)
