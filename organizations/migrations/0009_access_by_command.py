import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """A command on the server reads too: such an entry has no reader."""

    dependencies = [("organizations", "0008_membership_left_by_day")]

    operations = [
        migrations.AlterField(
            model_name="accessentry",
            name="reader",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
