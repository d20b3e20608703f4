from typing import Any

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("attendance", "0027_message_counts"),
    ]

    operations: list[Any] = [
        migrations.AddField(
            model_name="messagecount",
            name="delivered",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="messagecount",
            name="undelivered",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="remindermessage",
            name="ask_at",
            field=models.DateTimeField(blank=True, help_text="when the provider is asked what became of it", null=True),
        ),
        migrations.AddField(
            model_name="remindermessage",
            name="delivery",
            field=models.CharField(
                blank=True,
                choices=[("delivered", "已送达"), ("undelivered", "没有送达")],
                db_default="",
                default="",
                max_length=11,
            ),
        ),
        migrations.AddField(
            model_name="remindermessage",
            name="delivery_why",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="a reason of organizations.core.receipts",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="remindermessage",
            name="provider_id",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="what the provider and its receipts call it",
                max_length=80,
            ),
        ),
        migrations.AddField(
            model_name="remindermessage",
            name="reported_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="remindermessage",
            index=models.Index(
                condition=models.Q(("provider_id", ""), _negated=True),
                fields=["provider_id"],
                name="reminder_message_provider",
            ),
        ),
        migrations.AddIndex(
            model_name="remindermessage",
            index=models.Index(
                condition=models.Q(("ask_at__isnull", False)), fields=["ask_at"], name="reminder_message_ask"
            ),
        ),
        migrations.AddIndex(
            model_name="remindermessage",
            index=models.Index(
                condition=models.Q(("delivery", "undelivered")), fields=["-done_at"], name="reminder_message_missed"
            ),
        ),
    ]
