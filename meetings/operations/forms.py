"""Changing what a unit says of a form of meeting, and taking that back."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from meetings.models import Audience, MeetingForm
from organizations.models import Node

MOST_TIMES = 31


class UnableToChangeForm(Exception):
    """What is said of the form cannot stand; ``field`` says which input."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@transaction.atomic
def change_form(
    *,
    node: Node | None,
    code: str,
    name: str,
    audience: str,
    per: str,
    times: int,
    is_used: bool,
    actor_id: int,
    as_of: datetime,
) -> MeetingForm:
    """Let a unit (None: the site) say what a form is for it and everything below. Raises UnableToChangeForm.

    Meetings that were held keep the name they were held under.
    """
    name = " ".join(name.replace("\x00", "").split())
    if not 0 < len(name) <= 30:
        raise UnableToChangeForm("name", _("请填写名称，不超过 30 个字。"))
    if audience not in Audience.values:
        raise UnableToChangeForm("audience", _("请选择应到的人。"))
    if per not in MeetingForm.Every.values or not 0 <= times <= MOST_TIMES:
        raise UnableToChangeForm("times", _("次数要在 0 到 31 之间，0 表示不定次数。"))
    said = {"name": name, "audience": audience, "per": per, "times": times, "is_used": is_used}
    by = {"changed_by_id": actor_id, "changed_at": as_of}
    try:
        with transaction.atomic():
            form, _is_new = MeetingForm.objects.update_or_create(node=node, code=code, defaults={**said, **by})
    except IntegrityError as error:  # the same form said for the first time by somebody else in this moment
        raise UnableToChangeForm("name", _("别人刚刚改过它，请再保存一次。")) from error
    return form


@transaction.atomic
def reset_form(*, node: Node | None, code: str) -> bool:
    """Take back what a unit says of a form: what holds above it holds again. False: it said nothing."""
    return MeetingForm.objects.filter(node=node, code=code).delete()[0] > 0
