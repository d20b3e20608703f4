"""Write the TypeScript types of the room's wire; a test fails when they have drifted."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from live.core.wire.typescript import frames_module

PATH = Path("frontend/src/lib/frames.ts")


class Command(BaseCommand):
    help = "Write frontend/src/lib/frames.ts from live/core/wire/protocol.py."

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / PATH
        path.write_text(frames_module(), encoding="utf-8")
        self.stdout.write(str(PATH))
