from django.db import migrations
from django.utils import timezone

LEADERS = {"lecture": ("organiser",), "meeting": ("organiser", "secretary")}


def mark_what_hosts_said(apps, schema_editor):
    """Mark what was said before by whoever led the room on that day: roles keep their dates, so it is known.

    A lecture's lecturer had the mark already. Of one who was replaced nobody knows since when they were not.
    """
    ChatMessage, Lecture = apps.get_model("live", "ChatMessage"), apps.get_model("live", "Lecture")
    RoleGrant = apps.get_model("organizations", "RoleGrant")
    with_chat = Lecture.objects.filter(pk__in=ChatMessage.objects.values("lecture_id"))
    for lecture in with_chat.select_related("occasion__node").order_by("pk"):
        said = ChatMessage.objects.filter(lecture=lecture)
        if lecture.kind == "lecture":
            said.filter(author_id=lecture.lecturer_id).update(is_host=True)
        grants = RoleGrant.objects.filter(role__in=LEADERS[lecture.kind], user_id__in=said.values("author_id"))
        for grant in grants.select_related("node"):
            if lecture.occasion.node.path.startswith(grant.node.path):
                rows = said.filter(author_id=grant.user_id).values_list("pk", "at")
                said.filter(pk__in=[pk for pk, at in rows if _holds(grant, timezone.localdate(at))]).update(is_host=True)


def _holds(grant, day):
    return grant.active_from_date <= day and (grant.active_to_date is None or day < grant.active_to_date)


class Migration(migrations.Migration):
    """Apart from the column, which locks the table: the chat of a room that is on goes on meanwhile."""

    dependencies = [("live", "0022_chat_message_is_host"), ("organizations", "0014_departures_go_on")]

    operations = [migrations.RunPython(mark_what_hosts_said, migrations.RunPython.noop, elidable=True)]
