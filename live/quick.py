"""Redis for whoever must not wait for it: half a second, and no second try."""

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry


def redis_client() -> redis.Redis:
    """Return a client of its own; whoever asks once closes it. Only where REDIS_URL names one."""
    return redis.Redis.from_url(settings.REDIS_URL, **settings.REDIS_QUICKLY, retry=Retry(NoBackoff(), 0))
