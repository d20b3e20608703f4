"""What a process asks once before it works: that PHONE_KEY is this database's."""

import structlog
from django.db import DatabaseError, connection
from django.utils import timezone

from organizations.operations import UnableToUseKey, ensure_phone_key

log = structlog.get_logger(__name__)


def refusal() -> str:
    """Return why this process must not start, or an empty text.

    A database that does not answer, or has no tables yet, is not for this to judge: /readyz says so and the process
    waits for it.
    """
    try:
        ensure_phone_key(as_of=timezone.now())
    except UnableToUseKey as error:
        log.error("phone_key_refused")
        return str(error)
    except DatabaseError as error:
        log.warning("phone_key_unchecked", error=type(error).__name__)
    finally:
        if not connection.in_atomic_block:
            connection.close()  # a worker forks: its children must not share this one
    return ""
