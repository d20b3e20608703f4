"""``manage.py add_storyboards``: small pictures above the seek bar for films that have none yet."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from media.operations import add_storyboard
from media.queries import without_storyboard
from media.storage import UnableToStore


class Command(BaseCommand):
    help = "Draw the small pictures above the seek bar of films that have none. Nothing is encoded; safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        added, asked = 0, without_storyboard()
        for video_id in asked:
            try:
                added += add_storyboard(video_id=video_id)
            except UnableToStore as error:
                raise CommandError("The disk is too full: make room, then run this again.") from error
        self.stdout.write(f"{added} of {len(asked)}")
