"""What a notice says, and where it leads: one function a kind. A kind that nobody knows says something neutral.

``NOTICES`` gets a line for each kind that ``attendance.operations.tell`` is called with; ``notice.member``,
``notice.training`` and ``notice.occasion`` are loaded with it and may be None.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from django.urls import reverse
from django.utils.translation import gettext as _

from attendance.core.reminders import SITE
from attendance.models import Notice
from attendance.reminding import said_to, values_for
from attendance.sentences import day_and_hour

log = structlog.get_logger(__name__)
REMINDERS = ("reminded", "due_soon", "starts_soon")


def _reminded(notice: Notice) -> str:
    """In the words that the unit chose; the address of the site, in the site itself, is only named."""
    data, title = notice.data, notice.training.title if notice.training else ""
    until = _moment(data["until"])
    if not data.get("text"):
        said = {"title": title, "until": day_and_hour(until)}
        return _("书记提醒：“%(title)s”还有没学完的，请在 %(until)s 前学完。") % said
    values = values_for(name=notice.member.name, unit=data.get("unit", ""), training=title, until_at=until)
    return said_to(data["text"], {**values, SITE: _("本站")})


def _due_soon(notice: Notice) -> str:
    said = {"title": _about(notice), "until": day_and_hour(_moment(notice.data["at"]))}
    return _("“%(title)s”%(until)s 截止，您还没学完，现在学还来得及。") % said


def _starts_soon(notice: Notice) -> str:
    said = {"title": _about(notice), "at": day_and_hour(_moment(notice.data["at"]))}
    return _("“%(title)s”%(at)s 开始。") % said


NOTICES: dict[str, Callable[[Notice], str]] = {
    "reminded": _reminded,
    "due_soon": _due_soon,
    "starts_soon": _starts_soon,
}


def words_of(notice: Notice) -> str:
    """Return what a notice says. One that cannot be read costs its own sentence, never the page."""
    write = NOTICES.get(notice.kind)
    try:
        if write is not None:
            return write(notice)
    except (KeyError, TypeError, ValueError, AttributeError):
        log.warning("notice_unread", kind=notice.kind)
    about = _about(notice)
    return _("有一条关于“%(title)s”的消息。") % {"title": about} if about else _("有一条新消息。")


def link_of(notice: Notice) -> str:
    """Return where a notice leads: to what is to be done, or to the record of an occasion that has begun; else ""."""
    if notice.kind in REMINDERS:
        return reverse("today")
    if notice.occasion is not None and notice.occasion.opened_at is not None:
        return reverse("me_record", args=[notice.occasion.pk])
    return ""


def _about(notice: Notice) -> str:
    about: Any = notice.occasion or notice.training
    return about.title if about else ""


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
