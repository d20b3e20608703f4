"""``manage.py send_statements --from 2026-01-01``: let the record store have what happened since then (once more)."""

import datetime as dt
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from api import operations
from api.queries.statements import is_told
from organizations import places


class Command(BaseCommand):
    help = "State what people have learnt since a day once more, for a record store that is new or has lost it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="first", metavar="YYYY-MM-DD", required=True)

    def handle(self, *args: Any, first: str, **options: Any) -> None:
        if not is_told():
            raise CommandError(
                _("没有设置 LRS_URL，什么也没有发。请先写在 %(file)s 里。") % {"file": places.setting("LRS_URL")}
            )
        try:
            day = dt.date.fromisoformat(first)
        except ValueError as error:
            raise CommandError(_("--from 要写一个日期，例如 2026-01-01")) from error
        now, since = timezone.now(), timezone.make_aware(dt.datetime.combine(day, dt.time.min))
        if since > now:
            raise CommandError(_("--from 不能晚于今天"))
        count = operations.state_again(since=since, as_of=now)
        said = {"count": count, "url": settings.LRS.url}
        self.stdout.write(_("有 %(count)s 条学习记录等待发送到 %(url)s，后台任务每分钟发送一次。") % said)
