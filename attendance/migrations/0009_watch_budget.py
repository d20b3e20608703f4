from django.db import migrations, models


class Migration(migrations.Migration):
    """Another name for the model alone: the table keeps its own, so that nothing in the database changes."""

    dependencies = [("attendance", "0008_roster_work")]

    operations = [
        migrations.AlterModelTable(name="watchpurse", table="attendance_watchpurse"),
        migrations.RenameModel(old_name="WatchPurse", new_name="WatchBudget"),
        migrations.AlterField(
            model_name="watchbudget",
            name="held_ms",
            field=models.PositiveIntegerField(help_text="film time in the budget at ``filled_at``"),
        ),
    ]
