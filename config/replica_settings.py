"""The site's databases from the environment: the one that decides, and a replica of it that reports read (ADR 91)."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.database import database, is_agent
from config.env import number, url

KEY = "DATABASE_REPLICA_URL"
POSTGRESQL = ("postgres", "postgresql", "psql")
# How often a page waits for a connection in its turn, each time for the pool's own timeout (config/postgresql): the
# database that decides has no other to fall back on, a replica has.
POOL_WAITS = 2

Databases = dict[str, dict[str, Any]]


def read(*, var_dir: Path, testing: bool, embedded: bool) -> tuple[Databases, list[str], int]:
    """Return DATABASES, DATABASE_ROUTERS, and how many seconds a replica may lag. Raises ImproperlyConfigured."""
    address = url("DATABASE_URL", schemes=("sqlite", *POSTGRESQL)) or f"sqlite:///{var_dir}/db.sqlite3"
    found: Databases = {"default": database(address, testing=testing, embedded=embedded)}
    replica = url(KEY, schemes=POSTGRESQL)
    lag = number("DATABASE_REPLICA_MAX_LAG_S", default=300, low=1, high=86_400)
    if not replica:
        return found, [], lag
    if urlsplit(address).scheme not in POSTGRESQL:
        raise ImproperlyConfigured(
            f"写了 {KEY}，DATABASE_URL 却不是 PostgreSQL：副本只能是它的"
            f" / {KEY} is set, but DATABASE_URL is not PostgreSQL: there is nothing that it could be a replica of"
        )
    if is_agent():  # shows no report
        return found, [], lag
    copy = database(replica, testing=testing, embedded=embedded, key=KEY)
    copy["OPTIONS"].setdefault("connect_timeout", "2")  # also in commands: doctor asks it, too
    found["replica"] = copy | {"POOL_WAITS": POOL_WAITS}
    return found, ["organizations.replica.Router"], lag
