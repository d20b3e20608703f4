from typing import Any

import django.db.models.deletion
from django.db import migrations, models

CHANNELS = [("site", "站内消息"), ("sms", "短信"), ("email", "邮件"), ("wecom", "企业微信"), ("dingtalk", "钉钉")]


class Migration(migrations.Migration):
    dependencies = [
        ("attendance", "0026_message_ways"),
        ("organizations", "0013_account_links"),
    ]

    operations: list[Any] = [
        migrations.CreateModel(
            name="MessageCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("channel", models.CharField(choices=CHANNELS, max_length=8)),
                ("sent", models.PositiveIntegerField(default=0)),
                ("unsure", models.PositiveIntegerField(default=0)),
                ("failed", models.PositiveIntegerField(default=0)),
                ("cost", models.PositiveBigIntegerField(default=0, help_text="1/100 fen, by the price of that day")),
                (
                    "node",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="organizations.node"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("day", "channel", "node"), name="message_count_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="WayTrouble",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(choices=CHANNELS, max_length=8)),
                ("step", models.CharField(max_length=4)),
                ("why", models.CharField(help_text="a code, as a message's", max_length=20)),
                ("code", models.CharField(blank=True, help_text="the provider's own", max_length=60)),
                ("times", models.PositiveIntegerField(default=0)),
                ("since_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("channel", "step"), name="way_trouble_once")],
            },
        ),
        migrations.AddIndex(
            model_name="remindermessage",
            index=models.Index(
                condition=models.Q(("state__in", ["failed", "unknown"])),
                fields=["-done_at"],
                name="reminder_message_bad",
            ),
        ),
    ]
