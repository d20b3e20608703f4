"""``manage.py prepare``: migrations, the right key and, in the demo, its data, once."""

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from config.private import open_to_group
from organizations.operations import UnableToUseKey, ensure_phone_key


class Command(BaseCommand):
    help = "Migrate the database when it is behind and seed the demo when it is empty."

    def handle(self, *args: Any, **options: Any) -> None:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            self.stdout.write(f"==> Migrating the database ({len(plan)} steps)")
            call_command("migrate", interactive=False, verbosity=0)
        self._open_files()
        try:
            ensure_phone_key(as_of=timezone.now())
        except UnableToUseKey as error:
            raise CommandError(str(error)) from error
        if settings.DEMO:
            call_command("seed_demo", stdout=self.stdout)

    def _open_files(self) -> None:
        """What lay there before FILES_GROUP was named is opened once; all that comes later is written so."""
        group, stamp = settings.FILES_GROUP, settings.VAR_DIR / "files-group"
        if group is None or (stamp.exists() and stamp.read_text() == str(group)):
            return
        changed = open_to_group(trees=[settings.MEDIA_ROOT, settings.VAR_DIR / "live"], group=group)
        stamp.write_text(str(group))
        self.stdout.write(f"==> Opened {changed} files and folders to FILES_GROUP")
