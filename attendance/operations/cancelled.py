"""What was cancelled leaves no row: what stands of it is in the back office's log, under its training."""

from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.utils.translation import gettext as _
from wagtail.log_actions import LogFormatter
from wagtail.log_actions import log as log_action
from wagtail.models import ModelLogEntry

from attendance.models import Occasion, Training
from attendance.sentences.records import moment
from organizations.models import Node, Role, User
from organizations.permissions import has_role, visible_nodes


def log_cancelled(*, action: str, occasion: Occasion, actor_id: int | None) -> None:
    """Write down in the log of its training that an occasion was cancelled. Call it with what it was before.

    ``action``: of ``register_log_actions``.
    """
    told = {
        "occasion": occasion.pk,
        "title": occasion.title,
        "starts_at": occasion.starts_at.isoformat(),
        "node": occasion.node_id,
    }
    actor = User.objects.filter(pk=actor_id).first()
    log_action(instance=occasion.training, action=action, user=actor, data=told)


def cancelled_words(*, action: str, occasion_id: int, reader: User) -> str:
    """Return by whom and when something was cancelled, for an organiser of its unit; "" for everybody else.

    For whoever had its page open. One query where nothing was.
    """
    found = ModelLogEntry.objects.filter(action=action, data__occasion=occasion_id).select_related("user").first()
    node = Node.objects.filter(pk=found.data["node"]).first() if found else None
    if found is None or node is None or not has_role(reader, Role.ORGANISER, node=node):
        return ""
    values = {"title": found.data["title"], "at": moment(found.timestamp)}
    if found.user is None:
        return _("“%(title)s”已于 %(at)s 取消。") % values
    return _("“%(title)s”已由%(who)s于 %(at)s 取消。") % {**values, "who": found.user.name}


def withdrawn_title(user: User, training_id: int) -> str:
    """Return what a plan was called that is gone, to whoever withdrew it or organises where it was; "" for everybody
    else. One query where none was."""
    kept = ModelLogEntry.objects.filter(content_type=ContentType.objects.get_for_model(Training), deleted=True)
    entry = kept.filter(object_id=str(training_id), action="wagtail.delete").order_by("-timestamp").first()
    if entry is None:
        return ""
    is_near = visible_nodes(user, Role.ORGANISER).filter(pk=entry.data.get("node_id")).exists()
    return str(entry.label) if is_near or entry.user_id == user.pk else ""


class WithTitle(LogFormatter):
    """An entry that names what it is about: ``message`` holds ``%(title)s`` and ``%(starts_at)s``."""

    def format_message(self, log_entry: Any) -> str:
        starts_at = log_entry.data.get("starts_at", "")
        told = moment(datetime.fromisoformat(starts_at)) if starts_at else ""
        return str(self.message) % {"title": log_entry.data.get("title", ""), "starts_at": told}
