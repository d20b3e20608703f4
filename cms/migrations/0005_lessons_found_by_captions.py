"""No table changes: after a migration of this app the lessons are indexed anew (cms/receivers.py, ADR 61)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("cms", "0004_pictures_and_documents_of_units")]
    operations: list[migrations.operations.base.Operation] = []
