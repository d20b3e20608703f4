"""A real streaming replica of the PostgreSQL that the tests run on, made and gone within one test.

Only where the tests run on PostgreSQL: ``tests/services.py`` has started the primary, whose rules let anybody copy it.
"""

import contextlib
import os
import pwd
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection, connections

from organizations import replica
from tests.services import PATIENCE_S, SETTINGS, as_user, binaries, free_port, wait_for_port


@contextlib.contextmanager
def streaming(folder: Path) -> Iterator[int]:
    """Yield the port of a server that replays what the primary writes."""
    primary, port = connection.settings_dict, free_port()
    user = "postgres" if os.geteuid() == 0 else None
    data = folder / "replica"
    data.mkdir(mode=0o700)
    if user:
        entry = pwd.getpwnam(user)
        for above in (folder, *folder.parents):
            if above.owner() == "root" and above.stat().st_mode & 0o005 != 0o005:
                above.chmod(above.stat().st_mode | 0o011)
        os.chown(data, entry.pw_uid, entry.pw_gid)
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    at = ["-h", str(primary["HOST"]), "-p", str(primary["PORT"]), "-U", str(primary["USER"])]
    copy = [str(binaries() / "pg_basebackup"), *at, "-D", str(data), "-X", "stream", "-c", "fast", "-R", "--no-sync"]
    subprocess.run([*as_user(user), *copy], check=True, **quiet)
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": data, **SETTINGS}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    server = subprocess.Popen([*as_user(user), str(binaries() / "postgres"), "-D", str(data), *options], **quiet)
    try:
        wait_for_port(port, server)
        _wait_until_it_answers(port)
        yield port
    finally:
        server.kill()  # nothing of it is kept
        server.wait()


def _wait_until_it_answers(port: int) -> None:
    """Its port is open before it has replayed enough to be read."""
    ends = time.monotonic() + PATIENCE_S
    while True:
        try:
            at = {"user": connection.settings_dict["USER"], "dbname": "postgres"}
            psycopg.connect(host="127.0.0.1", port=port, **at).close()
        except psycopg.OperationalError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.05)
        else:
            return


@contextlib.contextmanager
def read_at(settings: Any, **where: Any) -> Iterator[Any]:
    """Have the site read reports from a database that differs from the tests' own in what is given, for the block."""
    known = connections.settings
    known[replica.REPLICA] = {**connection.settings_dict, **where}
    settings.DATABASE_ROUTERS = ["organizations.replica.Router"]
    replica.forget()
    found = connections[replica.REPLICA]

    def ensure_connection() -> None:
        """As Django's own, which a test has for the databases that were there when it began."""
        if found.connection is None:
            with found.wrap_database_errors:
                found.connect()

    found.ensure_connection = ensure_connection
    try:
        yield found
    finally:
        connections[replica.REPLICA].close()
        del connections[replica.REPLICA], known[replica.REPLICA]
        settings.DATABASE_ROUTERS = []
        replica.forget()
