"""``manage.py personal_data --markdown > docs/zh/个人信息清单.md``: the register of personal data."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import translation
from django.utils.translation import gettext as _

from config.retention.register import markdown as page
from config.retention.register import register


class Command(BaseCommand):
    """Asks no database."""

    help = "Say what is kept of people: field, purpose, who reads it, how long; --markdown: as a page."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--markdown", action="store_true", help="as a page")
        parser.add_argument("--language", default="zh-hans", help="zh-hans or en")

    def handle(self, *, markdown: bool, language: str, **options: Any) -> None:
        with translation.override(language):
            if markdown:
                self.stdout.write(page(), ending="")
                return
            for one in register():
                values = {"table": one.table, "fields": one.fields, "for": one.purpose, "by": one.readers}
                line = _("%(table)s %(fields)s：%(for)s；能看的：%(by)s；保存：%(kept)s") % {**values, "kept": one.kept}
                self.stdout.write(line)
