"""``manage.py prune_evidence [--dry-run]``: raw evidence whose time is over, by occasion and kind, and guests."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from attendance.operations import remove_evidence
from attendance.operations.hall_terms import prune_guests
from attendance.queries.final import removable
from attendance.queries.halls import guests_over


class Command(BaseCommand):
    help = (
        "Delete raw evidence of occasions that have been final for EVIDENCE_KEEP_DAYS, verdicts and reasons stay; "
        "and guests of halls after GUEST_KEEP_DAYS."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        as_of, total, occasions = timezone.now(), Counter[str](), 0
        for one in removable(as_of=as_of):
            occasions += 1
            total.update(one.counts)
            where = f"{one.occasion.pk} {one.occasion.training.title} · {one.occasion.title}"
            self.stdout.write(f"{one.final_at:%Y-%m-%d} {where}: {_said(one.counts)}")
        self.stdout.write(f"{occasions} occasions, final for {settings.EVIDENCE_KEEP_DAYS} days: {_said(total)}")
        while not dry_run and (gone := remove_evidence(as_of=as_of)).total():
            gone.pop("blocks", None)
            self.stdout.write(f"deleted: {_said(gone)}")
        self._guests(as_of, dry_run=dry_run)

    def _guests(self, as_of: datetime, *, dry_run: bool) -> None:
        over = guests_over(as_of=as_of)
        count = over.model.objects.filter(recorded_at__lt=as_of - timedelta(days=settings.GUEST_KEEP_DAYS)).count()
        self.stdout.write(f"guests written down {settings.GUEST_KEEP_DAYS} days ago: {count}")
        while not dry_run and (gone := prune_guests(as_of=as_of)):
            self.stdout.write(f"deleted: guest {gone}")


def _said(counts: dict[str, int]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items())) or "nothing"
