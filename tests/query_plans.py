"""How the database means to answer a question."""

from django.db import connection


def plan_of(sql: str) -> str:
    """Return the plan as text, a line a step. On PostgreSQL whole tables are read only where no index can answer."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # The tables of a test are tiny: a plan of its own choice would read them whole.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sql}")
            return "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return "\n".join(row[3] for row in cursor.fetchall())
