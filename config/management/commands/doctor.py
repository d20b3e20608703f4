"""``manage.py doctor``: what is wrong with this site, worst first, and what to do next."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from config import doctor

MARKS = {doctor.Level.WRONG: "✗", doctor.Level.CARE: "!", doctor.Level.FINE: "✓"}


class Command(BaseCommand):
    """Exit status: 0 all is well, 1 something needs care, 2 something is wrong."""

    help = "Say what is wrong with this site, worst first, and what to do next."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--key-kept", action="store_true", help="PHONE_KEY is kept somewhere else as well")
        parser.add_argument("--language", default="zh-hans", help="zh-hans or en")

    def handle(self, **options: Any) -> None:
        with translation.override(options["language"]):
            if options["key_kept"]:
                doctor.confirm_key_kept(by=getpass.getuser(), as_of=timezone.now())
            found = doctor.examine(as_of=timezone.now())
            for finding in found:
                self.stdout.write(f"{MARKS[finding.level]} {finding.title}：{finding.what}")
                if finding.next_step:
                    self.stdout.write(f"    → {finding.next_step}")
            self.stdout.write(said(found))
        sys.exit(int(doctor.worst(found)))


def said(found: list[doctor.Finding]) -> str:
    """The last line: how many of each."""
    count = {level: sum(finding.level == level for finding in found) for level in doctor.Level}
    return _("%(wrong)s 处有问题，%(care)s 处要留意，%(fine)s 处正常。") % {
        "wrong": count[doctor.Level.WRONG], "care": count[doctor.Level.CARE], "fine": count[doctor.Level.FINE],
    }  # fmt: skip
