"""``manage.py on_air``: the lectures that are on the air now, one a line; what must not be disturbed by an upgrade."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from live.models import Lecture


class Command(BaseCommand):
    requires_system_checks = ()
    help = "Names the lectures that are on the air, one a line: number, since when, title. Nothing: none is."

    def handle(self, **options: Any) -> None:
        lectures = Lecture.objects.filter(state=Lecture.State.LIVE).order_by("live_at")
        for key, since, title in lectures.values_list("pk", "live_at", "occasion__title"):
            self.stdout.write(f"{key}\t{timezone.localtime(since):%Y-%m-%d %H:%M}\t{title}")
