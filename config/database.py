"""DATABASE_URL as Django's settings: what it says about the connection is kept, and pages wait for nothing long."""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.env import env, number

SQLITE = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
    " PRAGMA busy_timeout=20000;",
}
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
NUMBERS = ("connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count")
POOL_MAX, POOL_TIMEOUT = "pool_max", "pool_timeout"
OF_THE_ADDRESS = {"host", "port", "user", "password", "dbname", "client_encoding"}
FOR_HOURS = {"manage.py", "celery"}  # what may work for long: commands and Celery; all else answers pages


def database(url: str, *, testing: bool, embedded: bool, key: str = "DATABASE_URL") -> dict[str, Any]:
    """Return one of ``DATABASES``; ``key``: where its address stands.

    Raises ImproperlyConfigured with a sentence that names what is wrong.
    """
    parts = urlsplit(url)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.scheme == "sqlite":
        if given:
            raise ImproperlyConfigured(f"{key}: SQLite takes no options, but there is {', '.join(given)}")
        # A file does not go away: opening it costs a room's message as much as storing it.
        return {**env.db_url_config(url), "ATOMIC_REQUESTS": False, "CONN_MAX_AGE": 60, "OPTIONS": dict(SQLITE)}
    config: dict[str, Any] = {**env.db_url_config(parts._replace(query="").geturl()), "ATOMIC_REQUESTS": False}
    size = number("DATABASE_POOL_SIZE", default=20, low=2, high=1000)
    patience = number("DATABASE_POOL_TIMEOUT_S", default=1, low=1, high=60)
    pool = {
        "min_size": 0,
        "max_size": _whole(given, key, POOL_MAX, size, low=2),
        "timeout": _whole(given, key, POOL_TIMEOUT, patience, low=1),
    }
    if "host" in given:  # the folder of a socket has no place in the address itself
        config["HOST"] = given.pop("host")
    options = _checked({name: value for name, value in given.items() if name not in (POOL_MAX, POOL_TIMEOUT)}, key)
    config |= {"ENGINE": "config.postgresql", "CONN_MAX_AGE": 0, "OPTIONS": options}
    if testing:
        return config
    if _may_work_for_long():
        return config | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    from config.postgresql.silence import Connection  # noqa: PLC0415 - psycopg is asked for only where it is used

    options.setdefault("connect_timeout", "2")
    # A growing pool whose attempts fail begins anew at the next request, instead of waiting longer and longer.
    options["pool"] = pool | {"connection_class": Connection, "reconnect_timeout": 3}
    if not embedded and not is_agent():
        options["options"] = " ".join([*options.get("options", "").split(" "), *_limits()]).strip()
    return config


def _limits() -> list[str]:
    """How long one statement of a page may take, and wait for a row that another holds; 0: as long as it likes."""
    statement = number("DATABASE_STATEMENT_TIMEOUT_S", default=60, high=86_400)
    lock = number("DATABASE_LOCK_TIMEOUT_S", default=20, high=86_400)
    return [f"-c statement_timeout={statement * 1000}", f"-c lock_timeout={lock * 1000}"]


def _may_work_for_long() -> bool:
    program = Path(sys.argv[0])
    name = program.parent.name if program.name == "__main__.py" else program.name
    return name in FOR_HOURS and not is_agent()


def is_agent() -> bool:
    """Whether this process is a media agent."""
    return sys.argv[1:2] == ["media_agent"]


def _checked(options: dict[str, str], key: str) -> dict[str, Any]:
    """Only what libpq knows: a key that it does not know would be found by the first page."""
    from psycopg import pq  # noqa: PLC0415

    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()} - OF_THE_ADDRESS
    if unknown := sorted(set(options) - known):
        raise ImproperlyConfigured(
            f"{key}: {', '.join(unknown)} is no option of a PostgreSQL connection; there are: "
            f"{', '.join(sorted(known | {POOL_MAX, POOL_TIMEOUT}))}"
        )
    mode = options.get("sslmode", "prefer")
    if mode not in SSL_MODES:
        raise ImproperlyConfigured(f"{key}: sslmode is {mode!r}; it must be one of {', '.join(SSL_MODES)}")
    for name in NUMBERS:
        _whole(options, key, name, 0)
    return dict(options)


def _whole(given: dict[str, str], key: str, name: str, default: int, *, low: int = 0) -> int:
    raw = given.get(name, str(default))
    if not raw.isascii() or not raw.isdigit() or int(raw) < low:
        raise ImproperlyConfigured(f"{key}: {name} is {raw!r}; it must be a whole number from {low}")
    return int(raw)
