import secrets

from django.db import migrations


def draw_what_there_is(apps, schema_editor):
    """PDFs from before are drawn by and by (cms.reconcile_papers)."""
    Document, DrawnPaper = apps.get_model("wagtaildocs", "Document"), apps.get_model("cms", "DrawnPaper")
    there = Document.objects.filter(file__iendswith=".pdf").values_list("pk", "file")
    rows = (DrawnPaper(document_id=pk, file=file, key=secrets.token_hex(16)) for pk, file in there.iterator())
    DrawnPaper.objects.bulk_create(rows, batch_size=500)


class Migration(migrations.Migration):

    dependencies = [("cms", "0012_drawn_papers"), ("wagtaildocs", "0014_alter_document_file_size")]

    operations = [migrations.RunPython(draw_what_there_is, migrations.RunPython.noop)]
