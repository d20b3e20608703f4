import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cms', '0011_discussion'),
        ('wagtaildocs', '0014_alter_document_file_size'),
    ]

    operations = [
        migrations.CreateModel(
            name='DrawnPaper',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=32, unique=True)),
                ('state', models.CharField(choices=[('queued', '排队中'), ('running', '处理中'), ('ready', '可以放映'), ('failed', '处理失败')], default='queued', max_length=8)),
                ('error_code', models.CharField(blank=True, max_length=20)),
                ('pages', models.PositiveSmallIntegerField(default=0)),
                ('done', models.PositiveSmallIntegerField(default=0)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('lease', models.CharField(blank=True, max_length=32)),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
                ('file', models.CharField(max_length=255)),
                ('sizes', models.JSONField(blank=True, default=list)),
                ('document', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='drawn', to='wagtaildocs.document')),
            ],
            options={
                'verbose_name': '文件的页面',
                'verbose_name_plural': '文件的页面',
                'indexes': [models.Index(condition=models.Q(('state__in', ['queued', 'running'])), fields=['state'], name='drawn_paper_waiting')],
            },
        ),
    ]
