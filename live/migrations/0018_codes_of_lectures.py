import secrets

from django.db import migrations, transaction

ALPHABET, LENGTH = "23456789ABCDEFGHJKMNPQRSTVWXYZ", 8  # as live.core.short_code makes them
AT_ONCE = 500


def give_codes(apps, schema_editor):
    """Give each lecture that stands a code of its own, some hundreds at once; after a cut it goes on where it was."""
    lectures = apps.get_model("live", "Lecture").objects
    while keys := list(lectures.filter(code=None).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        codes = _new(lectures, len(keys))
        with transaction.atomic(using=schema_editor.connection.alias):
            for pk in keys:
                lectures.filter(pk=pk, code=None).update(code=codes.pop())


def _new(lectures, count):
    codes = set()
    while len(codes) < count:
        codes |= {"".join(secrets.choice(ALPHABET) for _place in range(LENGTH)) for _each in range(count - len(codes))}
        codes -= set(lectures.filter(code__in=codes).values_list("code", flat=True))
    return codes


class Migration(migrations.Migration):
    # Not under one lock: rooms are open while it runs.
    atomic = False

    dependencies = [
        ("live", "0017_speakers"),
    ]

    operations = [
        migrations.RunPython(give_codes, migrations.RunPython.noop),
    ]
