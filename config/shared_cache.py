"""What several web processes remember in Redis: quicker where it is there, and nobody waits where it is not.

Nothing that matters lies here alone. A Redis that is away, silent or full is an empty cache: what is asked is not
there, what is stored is forgotten, and for two seconds nobody asks again.
"""

from collections.abc import Callable
from typing import Any

import redis
import structlog
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.backoff import NoBackoff
from redis.retry import Retry

from live.pause import Pause

log = structlog.get_logger(__name__)


pause = Pause()


class QuickClient(RedisCacheClient):
    """Redis' own retries, with growing pauses, would keep a page waiting for seconds."""

    def __init__(self, servers: list[str], **options: Any) -> None:
        super().__init__(servers, **options, retry=Retry(NoBackoff(), 0))


class SharedCache(RedisCache):
    """Django's cache in Redis that never raises what Redis raises."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = QuickClient

    def _survived(self, work: Callable[[], Any], otherwise: Any) -> Any:
        if pause.is_on():
            return otherwise
        try:
            return work()
        except (redis.RedisError, OSError) as error:
            pause.begin()
            log.warning("cache_away", error=type(error).__name__)
            return otherwise

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._survived(lambda: super(SharedCache, self).add(*args, **kwargs), True)

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        return self._survived(lambda: super(SharedCache, self).get(key, default, version), default)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._survived(lambda: super(SharedCache, self).set(*args, **kwargs), None)

    def touch(self, *args: Any, **kwargs: Any) -> Any:
        return self._survived(lambda: super(SharedCache, self).touch(*args, **kwargs), False)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._survived(lambda: super(SharedCache, self).delete(*args, **kwargs), False)

    def get_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._survived(lambda: super(SharedCache, self).get_many(*args, **kwargs), {})

    def has_key(self, *args: Any, **kwargs: Any) -> Any:
        return self._survived(lambda: super(SharedCache, self).has_key(*args, **kwargs), False)

    def incr(self, key: Any, delta: int = 1, version: Any = None) -> Any:
        return self._survived(lambda: super(SharedCache, self).incr(key, delta, version), delta)

    def set_many(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        return self._survived(lambda: super(SharedCache, self).set_many(data, *args, **kwargs), list(data))

    def delete_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._survived(lambda: super(SharedCache, self).delete_many(*args, **kwargs), None)

    def clear(self) -> Any:
        return self._survived(lambda: super(SharedCache, self).clear(), False)
