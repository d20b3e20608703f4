"""What records of meetings say of whoever sat there: 到会 (``room``); until now it was 集中收看 (``hall``)."""

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

KIND, AT_ONCE = "gathering", 500


def say_room(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Rename it in the stored reasons, some at a time; states, hours and digests stay what they are."""
    record_model = apps.get_model("attendance", "Record")
    records = record_model.objects.filter(occasion__kind=KIND, hall_ms__gt=0).order_by("pk").only("pk", "reasons")
    after = 0
    while some := list(records.filter(pk__gt=after)[:AT_ONCE]):
        for record in some:
            record.reasons = [in_room(reason) for reason in record.reasons]
        record_model.objects.bulk_update(some, ["reasons"])
        after = some[-1].pk


def in_room(reason: dict[str, Any]) -> dict[str, Any]:
    """Return a stored reason of a meeting in the words of one."""
    if reason.get("code") == "hall":
        return {**reason, "code": "room"}
    return {**reason, "clock": "room"} if reason.get("clock") in ("hall", "live_hall") else reason


class Migration(migrations.Migration):
    dependencies = [
        ("attendance", "0021_check_of_understanding"),
        ("meetings", "0002_gatherings_in_their_own_form"),
    ]

    operations = [migrations.RunPython(say_room, migrations.RunPython.noop)]
