from django.db import migrations, models


class Migration(migrations.Migration):
    """Rows that the version before writes meanwhile have the database's default: no mark, as nobody says whose."""

    dependencies = [("live", "0021_recording_turns")]

    operations = [
        migrations.AddField(
            model_name="chatmessage",
            name="is_host",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
