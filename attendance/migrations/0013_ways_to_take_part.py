
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Ways to take part beside the screen: halls, guests, sheets of paper, declarations."""

    dependencies = [
        ("attendance", "0012_leave_and_second_person"),
        ('organizations', '0011_names_by_sound'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Sheet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('members', models.JSONField(help_text='ids, the first is number 1')),
                ('printed_at', models.DateTimeField()),
                ('node', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organizations.node')),
                ('occasion', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sheets', to='attendance.occasion')),
                ('printed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Declaration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('category', models.CharField(max_length=20)),
                ('source', models.CharField(help_text='where: the name of a platform, a class, who came', max_length=60)),
                ('studied_at', models.DateTimeField()),
                ('minutes', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('asked', '等书记确认'), ('confirmed', '已确认'), ('refused', '没有通过'), ('withdrawn', '本人撤回')], default='asked', max_length=10)),
                ('asked_at', models.DateTimeField()),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('answered_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='declarations', to=settings.AUTH_USER_MODEL)),
                ('occasion', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='declarations', to='attendance.occasion')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'asked')), fields=('occasion', 'member'), name='declaration_waiting_once'), models.CheckConstraint(condition=models.Q(('minutes__gt', 0)), name='declaration_has_a_length')],
            },
        ),
        migrations.CreateModel(
            name='Guest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('unit', models.CharField(blank=True, max_length=60)),
                ('last4', models.CharField(blank=True, max_length=4)),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField()),
                ('client_id', models.CharField(max_length=64)),
                ('recorded_at', models.DateTimeField()),
                ('settled_at', models.DateTimeField(blank=True, help_text='found to be a member, or crossed out', null=True)),
                ('member', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('node', models.ForeignKey(help_text='whose hall it was', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organizations.node')),
                ('occasion', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='guests', to='attendance.occasion')),
                ('recorded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('settled_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('settled_at', None)), fields=['occasion', 'name'], name='guest_waiting')],
                'constraints': [models.UniqueConstraint(fields=('recorded_by', 'client_id'), name='guest_client_id_once'), models.CheckConstraint(condition=models.Q(('member', None), ('settled_at__isnull', False), _connector='OR'), name='guest_found_when')],
            },
        ),
        migrations.CreateModel(
            name='Hall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.CharField(blank=True, max_length=60)),
                ('is_offline', models.BooleanField(default=False)),
                ('opened_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('closed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('node', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organizations.node')),
                ('occasion', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='halls', to='attendance.occasion')),
                ('opened_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('occasion', 'node', 'is_offline'), name='hall_open_once')],
            },
        ),
    ]
