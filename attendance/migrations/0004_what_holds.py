from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def fill_what_holds(apps, schema_editor):
    """Records written before: the last correction held, whatever came after it."""
    Record, Correction = apps.get_model("attendance", "Record"), apps.get_model("attendance", "Correction")
    Record.objects.update(stands=models.F("state"), stands_hours=models.F("hours"))
    of = Record.objects.filter(pk=OuterRef("record_id"))
    Correction.objects.update(
        was_state=Subquery(of.values("state")[:1]), evidence_digest=Subquery(of.values("evidence_digest")[:1])
    )
    for correction in Correction.objects.select_related("record__occasion").order_by("at", "id"):
        done = correction.state in ("attended", "made_up")
        hours = (correction.record.occasion.rule_stamp or {}).get("hours", 0) if done else 0
        Record.objects.filter(pk=correction.record_id).update(
            stands=correction.state, stands_by=correction, stands_hours=hours
        )


def nothing(apps, schema_editor):
    """Going back, the columns go."""


class Migration(migrations.Migration):

    dependencies = [("attendance", "0003_second_look")]

    operations = [migrations.RunPython(fill_what_holds, nothing, elidable=True)]
