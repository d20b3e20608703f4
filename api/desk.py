"""What of the reports waits for whoever set them up, on the organiser's desk (``attendance/desk.py``)."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from api.models import Webhook
from api.queries.webhooks import switched_off_for
from attendance.desk import MOST, Matter
from attendance.kinds import Step
from attendance.sentences.records import day
from organizations.models import User


def matters(user: User, as_of: datetime) -> list[Matter]:
    """Return the addresses of theirs that were switched off because nothing arrived there for days; one query."""
    return [_matter(one) for one in switched_off_for(user)[:MOST]]


def _matter(one: Webhook) -> Matter:
    return Matter(
        title=_("推送“%(name)s”已自动停用") % {"name": one.name},
        text=_("从 %(day)s 起一直送不到。修好以后重新启用，或者停用。")
        % {"day": day(one.failing_since or one.made_at)},
        step=Step(_("去处理"), reverse("api_webhook", args=[one.pk])),
    )
