"""How slow a request may come, and how many at once, from the environment: config/guard.py, config/admission.py."""

from config.env import number

BODY_IDLE_S = number("BODY_IDLE_S", default=30, low=1, high=3600)
BODY_GRACE_S = number("BODY_GRACE_S", default=10, low=1, high=3600)
BODY_FLOOR_BYTES_S = number("BODY_FLOOR_BYTES_S", default=1024, low=1, high=2**20)
BODY_MAX_OPEN = number("BODY_MAX_OPEN", default=1000, low=1, high=100_000)
BODY_MAX_LARGE = number("BODY_MAX_LARGE", default=200, low=1, high=100_000)
BODY_MAX_LARGE_EACH = number("BODY_MAX_LARGE_EACH", default=8, low=1, high=1000)
PAGES_MAX_OPEN = number("PAGES_MAX_OPEN", default=64, low=1, high=100_000)
