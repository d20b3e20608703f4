"""Whoever sat in a meeting took part in its own form: until now their record said 集中收看, and the year's page with it.

Hours stay what they were: what a stamped table gave for sitting in a hall is what the meeting gives from now on.
"""

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

KIND, HALL, OWN = "gathering", "hall", ""
AT_ONCE = 500


def own_form(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Rename what records of meetings say, in one statement, and what their stamps say, some at a time."""
    occasion_model, record_model = apps.get_model("attendance", "Occasion"), apps.get_model("attendance", "Record")
    gatherings = occasion_model.objects.filter(kind=KIND)
    record_model.objects.filter(form=HALL, occasion__in=gatherings).update(form=OWN)
    stamped = gatherings.filter(rule_stamp__has_key="by_form").order_by("pk").only("pk", "rule_stamp")
    after = 0
    while some := list(stamped.filter(pk__gt=after)[:AT_ONCE]):
        for occasion in some:
            occasion.rule_stamp = stamp_in_own_form(occasion.rule_stamp)
        occasion_model.objects.bulk_update(some, ["rule_stamp"])
        after = some[-1].pk


def stamp_in_own_form(stamp: dict[str, Any]) -> dict[str, Any]:
    """Return a meeting's stamp with what it gave for a hall as what it gives; else the rule's own hours go on.

    An ``own`` of its own gives way: it held for corrected records alone, whose stored hours stay until they are judged
    again. Whoever sat there was counted by the hall's, and would lose hours the next time they are judged.
    """
    said = {form: gives for form, gives in stamp["by_form"].items() if form not in ("own", HALL)}
    if HALL in stamp["by_form"]:
        said["own"] = stamp["by_form"][HALL]
    return {**stamp, "by_form": said}


class Migration(migrations.Migration):
    dependencies = [
        ("attendance", "0018_summary"),
        ("meetings", "0001_meetings"),
    ]

    operations = [migrations.RunPython(own_form, migrations.RunPython.noop)]
