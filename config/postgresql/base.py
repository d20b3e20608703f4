"""Django's backend with a pool that hands out only connections that live, and does not wait for a server that is gone.

``DATABASES["default"]["ENGINE"] = "config.postgresql"``. Without a pool (worker, commands, tests) it is Django's own.
"""

from typing import Any

from django.db.backends.postgresql import base
from psycopg_pool import PoolTimeout

from config.postgresql.silence import door, is_dropped

WAITS = 5
"""How many of the pool's own timeouts are waited for a connection while the server answers: it is only busy. Another
number may stand as ``POOL_WAITS`` beside ``OPTIONS``."""


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        if not self.pool:
            return super().get_new_connection(conn_params)
        waited, waits = 0, int(self.settings_dict.get("POOL_WAITS", WAITS))
        while True:
            if door.is_shut(*self._address()):
                raise PoolTimeout("the server did not answer just now")  # not everybody waits for it in turn
            try:
                connection = super().get_new_connection(conn_params)
            except PoolTimeout:
                waited += 1
                if waited >= waits or not self._is_busy():
                    raise
                continue
            if not is_dropped(connection):
                return connection
            connection.close()
            self.pool.putconn(connection)

    def _is_busy(self) -> bool:
        """Whether the server is there, and all connections of the pool are in use."""
        pool = self.pool
        is_there = door.answers(*self._address())
        return is_there and pool is not None and pool.get_stats().get("pool_size", 0) >= pool.max_size

    def _address(self) -> tuple[str, int]:
        """The first of the hosts that are named; libpq's own default is the socket of the machine."""
        host = str(self.settings_dict["HOST"] or "/var/run/postgresql").split(",")[0]
        return host, int(str(self.settings_dict["PORT"] or 5432).split(",")[0])
