"""The access log: who read what of other people's records, written with the read (ADR 30).

One person's page is a row about that person. A list, table or file is one row, however long: it names up to
``MOST_NAMED`` people; of a longer one everybody in its scope counts as read.
"""

import datetime as dt
from collections.abc import Collection, Iterable

from django.db import connection, transaction
from django.db.models import QuerySet

from organizations.models import AccessEntry, User
from organizations.queries import phone_of

# Going on from a page within a few minutes (to a form, back, to the next page of a table) is the same read.
ONE_VISIT = dt.timedelta(minutes=10)
# People of a list who are named one by one; what is longer is matched by its scope.
MOST_NAMED = 500


class UnableToRevealPhone(Exception):
    """The person has no number."""


def log_access(
    *,
    reader_id: int,
    subject_ids: Iterable[int],
    what: str,
    as_of: dt.datetime,
    reason: str = "",
    role: str = "",
    once_in: dt.timedelta | None = None,
) -> None:
    """Write down that the reader, in that role, saw ``what`` (a short key such as ``"record"``) of each subject.

    Call it in the transaction of the read. Reading about oneself is not written down. ``once_in``: nor is what the
    same reader saw of the same person so lately. One statement that writes, atomic in itself, or none.
    """
    subjects = set(subject_ids) - {reader_id}
    if once_in is not None and subjects:
        lately = AccessEntry.objects.filter(reader_id=reader_id, at__gt=as_of - once_in, at__lte=as_of)
        subjects -= set(lately.filter(what=what, subject_id__in=subjects).values_list("subject_id", flat=True))
    if not subjects:
        return
    AccessEntry.objects.bulk_create(
        [
            AccessEntry(reader_id=reader_id, subject_id=subject_id, what=what, reason=reason, role=role, at=as_of)
            for subject_id in sorted(subjects)
        ],
        batch_size=1000,
    )


def log_list(
    *,
    reader_id: int | None,
    node_id: int,
    member_ids: Collection[int] | None,
    what: str,
    as_of: dt.datetime,
    role: str = "",
    about: int | None = None,
    title: str = "",
    reason: str = "",
    count: int | None = None,
    once_in: dt.timedelta | None = ONE_VISIT,
    is_refreshed: bool = False,
) -> None:
    """Write down, in one row, that the reader saw a list of people of a unit. Call it in the transaction of the read.

    ``reader_id``: None for a command on the server, where nobody is signed in.

    ``about``: the id of what it is a list of in the app above (a training), ``title`` in words; ``reason``: its filter.
    ``count``: how many were seen, the reader among them, where ``member_ids`` are only the first, or None: everybody
    in the scope was. The reader is not named among ``members``, and a list of the reader alone is not written down.
    ``once_in``: nor is the same list that the same reader saw so lately; each table and occasion is a list of its own.
    ``is_refreshed``: a list that changes as it is looked at; then only whom it did not name so lately is written down.
    """
    seen = set(member_ids or ())
    if is_refreshed and once_in is not None:
        same = {"reader_id": reader_id, "node_id": node_id, "what": what, "about": about, "reason": reason[:200]}
        lately = AccessEntry.objects.filter(at__gt=as_of - once_in, at__lte=as_of, **same)
        named = ",".join(lately.values_list("members", flat=True))
        seen -= {int(one) for one in named.split(",") if one}
        if not seen:
            return
        member_ids = seen
    others = sorted(seen - {reader_id})
    is_whole = member_ids is not None and (count or 0) <= len(seen)
    if is_whole and not others:
        return
    members = f",{','.join(map(str, others))}," if is_whole and len(others) <= MOST_NAMED else ""
    row = {
        "reader_id": reader_id, "node_id": node_id, "what": what, "about": about, "title": title[:120],
        "reason": reason[:200], "members": members, "role": role,
    }  # fmt: skip
    entry = AccessEntry(**row, count=max(len(seen), count or 0), at=as_of)
    if once_in is None:
        entry.save(force_insert=True)
        return
    _insert_unless(entry, AccessEntry.objects.filter(at__gt=as_of - once_in, at__lte=as_of, **row))


def _insert_unless(entry: AccessEntry, known: QuerySet[AccessEntry]) -> None:
    """Store the row unless there is one of ``known``: one statement, which every page with a list of names costs."""
    model = AccessEntry._meta  # noqa: SLF001 - documented
    fields = [one for one in model.concrete_fields if not one.primary_key]
    values = [one.get_db_prep_save(one.pre_save(entry, True), connection) for one in fields]
    select, params = known.order_by().values("pk")[:1].query.sql_with_params()
    columns = ", ".join(connection.ops.quote_name(str(one.column)) for one in fields)
    table, places = connection.ops.quote_name(str(model.db_table)), ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {places} WHERE NOT EXISTS ({select})",
            [*values, *params],
        )


@transaction.atomic
def reveal_phone(*, reader_id: int, subject_id: int, as_of: dt.datetime, reason: str = "", role: str = "") -> str:
    """The full number of a person, and the row that says who read it. Raises UnableToRevealPhone.

    Whether the reader may is the caller's question (permissions). Each time is a row of its own.
    """
    phone = phone_of(User.objects.get(pk=subject_id))
    if not phone:
        raise UnableToRevealPhone("no number")
    log_access(reader_id=reader_id, subject_ids=[subject_id], what="phone", as_of=as_of, reason=reason, role=role)
    return phone
