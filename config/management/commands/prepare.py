"""``manage.py prepare``: migrations, the right key and, in the demo, its data, once."""

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from organizations.operations import UnableToUseKey, ensure_phone_key


class Command(BaseCommand):
    help = "Migrate the database when it is behind and seed the demo when it is empty."

    def handle(self, *args: Any, **options: Any) -> None:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            self.stdout.write(f"==> Migrating the database ({len(plan)} steps)")
            call_command("migrate", interactive=False, verbosity=0)
        try:
            ensure_phone_key(as_of=timezone.now())
        except UnableToUseKey as error:
            raise CommandError(str(error)) from error
        if settings.DEMO:
            call_command("seed_demo", stdout=self.stdout)
