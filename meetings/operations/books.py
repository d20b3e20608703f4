"""The standing training of a unit's year, and the rule that its meetings are judged by."""

from datetime import date, datetime, time, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from attendance.models import Rule, Training
from meetings.models import YearBook
from meetings.queries import nearest_rule
from organizations.models import Node

log = structlog.get_logger(__name__)
RULE_NAME = "现场会议规则"
# After that much of the new year nothing of the old one is made up any more.
KEPT_OPEN = timedelta(days=90)


@transaction.atomic
def year_book(*, node_id: int, year: int) -> Training:
    """Return the training under which a unit's own meetings of a year stand; made with the first of them."""
    # The unit's row is held: of two first meetings at once, the later sees the earlier's book.
    node = Node.objects.select_for_update(no_key=True).get(pk=node_id)
    known = YearBook.objects.select_related("training").filter(node=node, year=year).first()
    if known is not None:
        return known.training
    with translation.override(settings.LANGUAGE_CODE):  # stored once, read by everybody
        title, summary = _("%(year)s 年组织生活") % {"year": year}, _("本单位自己的会议，随第一次会议建立。")
    training = Training.objects.create(
        title=title,
        summary=summary,
        node=node,
        starts_date=date(year, 1, 1),
        deadline_at=_midnight(date(year + 1, 1, 1)),
        state=Training.State.PUBLISHED,
        is_standing=True,
    )
    YearBook.objects.create(node=node, year=year, training=training)
    log.info("year_book_made", node_id=node_id, year=year, training_id=training.pk)
    return training


def close_year_books(*, as_of: datetime) -> int:
    """Close the standing trainings of years that are over and can not be made up any more; returns how many."""
    over = Training.objects.filter(is_standing=True, state=Training.State.PUBLISHED, deadline_at__lte=as_of - KEPT_OPEN)
    return over.update(state=Training.State.CLOSED)


@transaction.atomic
def rule_for(*, node: Node) -> Rule:
    """Return the rule that a meeting in person is judged by unless another is chosen: the nearest unit's of that name.

    Where nobody has made one yet it is the site's, made now as an example that its keeper can change.
    """
    found = nearest_rule(node=node, name=RULE_NAME)
    if found is not None:
        return found
    example = {"min_share": 0.5, "late_after_s": 600, "leave_early_s": 600, "make_up_days": 30, "hours": 0}
    made, _is_new = Rule.objects.get_or_create(node=None, name=RULE_NAME, version=1, defaults=example)
    return made


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
