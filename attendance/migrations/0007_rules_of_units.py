import django.db.models.deletion
from django.db import migrations, models

STEP = 4
ORGANISER = "organiser"


def give_rules_to_units(apps, schema_editor):
    """Each rule goes to the lowest unit that holds everybody who uses it and the organiser who made it.

    Where neither is known it is the whole tree's; on a site with several trees it then stays the site's own.
    """
    rules, nodes = apps.get_model("attendance", "Rule"), apps.get_model("organizations", "Node")
    roots = list(nodes.objects.filter(depth=1).values_list("path", flat=True)[:2])
    for name in set(rules.objects.values_list("name", flat=True)):
        made_at = _makers_places(apps, rules.objects.filter(name=name).order_by("version").first())
        used_at = apps.get_model("attendance", "Occasion").objects.filter(rule__name=name)
        used_at = set(used_at.values_list("node__path", flat=True)) if made_at or len(roots) > 1 else set()
        # Whose maker is not known stays with the root below which it is used.
        path = _common([*made_at, *used_at]) if made_at else _common([path[:STEP] for path in used_at])
        path = path or (roots[0] if len(roots) == 1 else "")
        rules.objects.filter(name=name).update(node=nodes.objects.filter(path=path).first() if path else None)
    schema_editor.connection.check_constraints()  # PostgreSQL alters no table whose checks are still waiting


def _makers_places(apps, first):
    logged = apps.get_model("wagtailcore", "ModelLogEntry").objects.filter(
        content_type__app_label="attendance",
        content_type__model="rule",
        object_id=str(first.pk),
        action="wagtail.create",
        user__isnull=False,
    )
    maker = logged.order_by("timestamp").values_list("user_id", flat=True).first()
    grants = apps.get_model("organizations", "RoleGrant").objects.filter(user_id=maker, role=ORGANISER)
    return set(grants.values_list("node__path", flat=True)) if maker else set()


def _common(paths):
    """The path of the lowest unit that holds all of these; empty where none does."""
    if not paths:
        return ""
    same = 0
    while all(path[same : same + STEP] == paths[0][same : same + STEP] != "" for path in paths):
        same += STEP
    return paths[0][:same]


class Migration(migrations.Migration):

    dependencies = [
        ("attendance", "0006_dispute_seen"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("organizations", "0004_merged_units"),
        ("wagtailcore", "0089_log_entry_data_json_null_to_object"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="rule", name="rule_name_version"),
        migrations.AddField(
            model_name="rule",
            name="node",
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.node", verbose_name="所属组织"),
        ),
        migrations.RunPython(give_rules_to_units, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="rule",
            constraint=models.UniqueConstraint(fields=("node", "name", "version"), name="rule_version_of_node"),
        ),
        migrations.AddConstraint(
            model_name="rule",
            constraint=models.UniqueConstraint(condition=models.Q(("node", None)), fields=("name", "version"), name="rule_version_of_site"),
        ),
    ]
