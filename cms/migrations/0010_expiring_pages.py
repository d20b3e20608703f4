"""Wagtail looks for pages that expire by reading them all; every minute that is too much."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("cms", "0009_review"), ("wagtailcore", "0094_alter_page_locale")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX IF NOT EXISTS cms_page_expiring ON wagtailcore_page (expire_at) "
            "WHERE live AND expire_at IS NOT NULL",
            "DROP INDEX IF EXISTS cms_page_expiring",
        )
    ]
