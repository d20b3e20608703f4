"""Django's backend with a pool that hands out only connections that live, and does not wait for a server that is gone.

``DATABASES["default"]["ENGINE"] = "config.postgresql"``. Without a pool (worker, commands, tests) it is Django's own.
"""

from typing import Any

from django.db.backends.postgresql import base
from psycopg_pool import PoolTimeout

from config.postgresql.silence import door, is_dropped

WAITS = 5
"""How many of the pool's own timeouts are waited for a connection while the server answers: it is only busy."""


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        if not self.pool:
            return super().get_new_connection(conn_params)
        waited = 0
        while True:
            try:
                connection = super().get_new_connection(conn_params)
            except PoolTimeout:
                waited += 1
                if waited >= WAITS or not self._is_busy():
                    raise
                continue
            if not is_dropped(connection):
                return connection
            connection.close()
            self.pool.putconn(connection)

    def _is_busy(self) -> bool:
        """Whether all connections of the pool are in use, and the server is there."""
        pool = self.pool
        if pool is None or pool.get_stats().get("pool_size", 0) < pool.max_size:
            return False
        # The first of the hosts that are named; libpq's own default is the socket of the machine.
        host = str(self.settings_dict["HOST"] or "/var/run/postgresql").split(",")[0]
        port = str(self.settings_dict["PORT"] or 5432).split(",")[0]
        return door.answers(host, int(port))
