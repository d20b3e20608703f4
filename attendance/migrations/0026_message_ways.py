from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

CHANNELS = [("site", "站内消息"), ("sms", "短信"), ("email", "邮件"), ("wecom", "企业微信"), ("dingtalk", "钉钉")]


def keep_allowances(apps: Any, _schema: Any) -> None:
    """What was taken of today's text messages stays taken."""
    days = apps.get_model("attendance", "SmsDay").objects.values_list("day", "used")
    new = apps.get_model("attendance", "ChannelDay")
    new.objects.bulk_create([new(day=day, channel="sms", used=used) for day, used in days])


def keep_silence(apps: Any, _schema: Any) -> None:
    """Whoever wanted no text messages is written to by no other way that is pushed to a phone, either."""
    apps.get_model("attendance", "NoticeChoice").objects.filter(sms=False).update(wecom=False, dingtalk=False)


class Migration(migrations.Migration):
    dependencies = [
        ("attendance", "0025_units_of_a_training"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ChannelDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("channel", models.CharField(choices=CHANNELS, max_length=8)),
                ("used", models.PositiveIntegerField(default=0)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("day", "channel"), name="channel_day_once")],
            },
        ),
        migrations.RunPython(keep_allowances, migrations.RunPython.noop, elidable=True),
        # The pages of the release before are served until the new code starts (deploy/upgrade.sh stops the workers
        # alone): they find the table and the column that they know. The table can go with a later release.
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel(name="SmsDay")]),
        migrations.CreateModel(
            name="MessageAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(choices=CHANNELS, max_length=8)),
                ("account_cipher", models.BinaryField(null=True)),
                ("phone_index", models.CharField(editable=False, max_length=64)),
                ("asked_at", models.DateTimeField(db_index=True)),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("member", "channel"), name="message_account_once")],
            },
        ),
        migrations.AddField(
            model_name="noticechoice",
            name="wecom",
            field=models.BooleanField(db_default=True, default=True, verbose_name="企业微信"),
        ),
        migrations.AddField(
            model_name="noticechoice",
            name="dingtalk",
            field=models.BooleanField(db_default=True, default=True, verbose_name="钉钉"),
        ),
        migrations.RunPython(keep_silence, migrations.RunPython.noop, elidable=True),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField(model_name="remindermessage", old_name="sms_day", new_name="taken_day"),
                migrations.AlterField(
                    model_name="remindermessage",
                    name="taken_day",
                    field=models.DateField(
                        blank=True, db_column="sms_day", null=True,
                        help_text="whose allowance of its channel it takes from",
                    ),
                ),
            ]
        ),
        migrations.AlterField(
            model_name="remindermessage",
            name="channel",
            field=models.CharField(choices=CHANNELS, max_length=8),
        ),
    ]
