from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("attendance", "0004_what_holds")]

    operations = [
        migrations.RemoveField(model_name="occasion", name="capture_failed"),
        migrations.AddField(
            model_name="occasion",
            name="media_history",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="what it had before a change: [[the last report it was received under, {key: ms}], …], oldest first",
            ),
        ),
        migrations.AddField(
            model_name="watchpurse",
            name="turn",
            field=models.PositiveIntegerField(default=0, help_text="reports paid; a report claims the next number"),
        ),
        migrations.AddIndex(
            model_name="workerlease",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)), fields=["ended_at"], name="lease_over_by_end"
            ),
        ),
    ]
