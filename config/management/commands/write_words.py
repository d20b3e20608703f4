"""Write the TypeScript types of the islands' sentences; a test fails when they have drifted."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.islands import words_module

PATH = Path("frontend/src/lib/sentences.ts")


class Command(BaseCommand):
    help = "Write frontend/src/lib/sentences.ts from the sentences that Python hands to the islands."

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / PATH
        path.write_text(words_module(), encoding="utf-8")
        self.stdout.write(str(PATH))
