"""The access log: each read of another person's record is one row, written with the read."""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction

from organizations.models import AccessEntry, User
from organizations.queries import phone_of


class UnableToRevealPhone(Exception):
    """The person has no number."""


@transaction.atomic
def log_access(*, reader_id: int, subject_ids: Iterable[int], what: str, as_of: dt.datetime, reason: str = "") -> None:
    """Write down that the reader saw ``what`` (a short key such as ``"record"``) of each subject.

    Call it in the transaction of the read. Reading about oneself is not written down. One INSERT.
    """
    AccessEntry.objects.bulk_create(
        [
            AccessEntry(reader_id=reader_id, subject_id=subject_id, what=what, reason=reason, at=as_of)
            for subject_id in sorted(set(subject_ids) - {reader_id})
        ],
        batch_size=1000,
    )


@transaction.atomic
def reveal_phone(*, reader_id: int, subject_id: int, as_of: dt.datetime, reason: str = "") -> str:
    """The full number of a person, and the row that says who read it. Raises UnableToRevealPhone.

    Whether the reader may is the caller's question (permissions).
    """
    phone = phone_of(User.objects.get(pk=subject_id))
    if not phone:
        raise UnableToRevealPhone("no number")
    log_access(reader_id=reader_id, subject_ids=[subject_id], what="phone", as_of=as_of, reason=reason)
    return phone
