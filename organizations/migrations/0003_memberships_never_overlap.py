"""Nobody belongs to two units on one day. The database holds it: two requests at once each see none of the other.

PostgreSQL: an exclusion constraint; the member's id stands in it as a range, so that no extension is needed. SQLite:
triggers. A later migration that has SQLite remake the table (an altered field) has to make the triggers anew:
tests/organizations/test_leaving.py says when they are missing. Rows that overlap already are named, never repaired:
which of the two holds is not for a machine to say.
"""

from django.db import migrations

NAME = "membership_no_overlap"
SHOWN = 20
OVERLAPPING = """
    SELECT a.member_id, a.id, b.id FROM organizations_membership a JOIN organizations_membership b
        ON b.member_id = a.member_id AND b.id > a.id
    WHERE (b.active_to_date IS NULL OR a.active_from_date < b.active_to_date)
        AND (a.active_to_date IS NULL OR b.active_from_date < a.active_to_date)
        AND (a.active_to_date IS NULL OR a.active_from_date < a.active_to_date)
        AND (b.active_to_date IS NULL OR b.active_from_date < b.active_to_date)
    ORDER BY a.member_id, a.id
"""
EXCLUDE = f"""
    ALTER TABLE organizations_membership ADD CONSTRAINT {NAME} EXCLUDE USING gist (
        int8range(member_id, member_id, '[]') WITH &&, daterange(active_from_date, active_to_date, '[)') WITH &&
    )
"""
TRIGGER = f"""
    CREATE TRIGGER {NAME}_%(event)s BEFORE %(event)s ON organizations_membership
    WHEN (NEW.active_to_date IS NULL OR NEW.active_from_date < NEW.active_to_date) AND EXISTS (
        SELECT 1 FROM organizations_membership other
        WHERE other.member_id = NEW.member_id AND other.id IS NOT NEW.id
            AND (other.active_to_date IS NULL OR other.active_from_date < other.active_to_date)
            AND (other.active_to_date IS NULL OR NEW.active_from_date < other.active_to_date)
            AND (NEW.active_to_date IS NULL OR other.active_from_date < NEW.active_to_date)
    )
    BEGIN SELECT RAISE(ABORT, '{NAME}'); END
"""


class MembershipsOverlap(Exception):
    """Some people belong to two units on one day; somebody has to say which holds."""


def hold(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(OVERLAPPING)
        rows = cursor.fetchmany(SHOWN + 1)
        if rows:
            named = "; ".join(f"member {member}: memberships {one} and {other}" for member, one, other in rows[:SHOWN])
            more = " (and more)" if len(rows) > SHOWN else ""
            raise MembershipsOverlap(f"correct the dates of these rows first, then migrate again: {named}{more}")
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(EXCLUDE)
        return
    for event in ("insert", "update"):
        schema_editor.execute(TRIGGER % {"event": event})


def release(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE organizations_membership DROP CONSTRAINT {NAME}")
        return
    for event in ("insert", "update"):
        schema_editor.execute(f"DROP TRIGGER {NAME}_{event}")


class Migration(migrations.Migration):

    dependencies = [("organizations", "0002_second_look")]

    operations = [migrations.RunPython(hold, release)]
