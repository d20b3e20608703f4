from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("attendance", "0021_check_of_understanding")]

    operations = [
        migrations.AddField(
            model_name="occasion",
            name="is_unrecorded",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="it was held, and there is no replay: none is waited for any more",
            ),
        ),
    ]
