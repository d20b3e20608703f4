"""The ledger is told of the lectures so far that there is no replay of."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def say_so(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Mark the occasions of lectures without a recording; one that was deleted after its time had been one."""
    lectures = apps.get_model("live", "Lecture").objects.filter(state="unrecorded", recording_dropped_at=None)
    apps.get_model("attendance", "Occasion").objects.filter(
        pk__in=lectures.values("pk"), media_ms=None
    ).update(is_unrecorded=True)


class Migration(migrations.Migration):
    dependencies = [("live", "0006_chat_hidden"), ("attendance", "0022_no_replay_to_wait_for")]

    operations = [migrations.RunPython(say_so, migrations.RunPython.noop)]
