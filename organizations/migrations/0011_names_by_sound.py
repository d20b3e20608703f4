from typing import Any

from django.db import migrations

import organizations.models
from organizations.core.pinyin import sort_key

BATCH = 2000


def spell(apps: Any, schema_editor: Any) -> None:
    """Spell the names there are, some at a time: about a minute for a city."""
    people = apps.get_model("organizations", "User").objects.order_by("pk").only("pk", "name")
    after = 0
    while some := list(people.filter(pk__gt=after)[:BATCH]):
        for one in some:
            one.name_key = sort_key(one.name)
        people.model.objects.bulk_update(some, ["name_key"], batch_size=500)
        after = some[-1].pk


class Migration(migrations.Migration):
    """People are listed by how their names sound, and found by the initials."""

    dependencies = [("organizations", "0010_exemption_document")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="name_key",
            field=organizations.models.KeyOfName(
                blank=True,
                db_default="",
                default="",
                editable=False,
                help_text="sorts by sound (core.pinyin)",
                max_length=200,
            ),
        ),
        migrations.RunPython(spell, migrations.RunPython.noop, elidable=True),
    ]
