"""Media engines are guests behind one protocol (base.py). A node's URL names its engine: ``janus+unix:/…``."""

import asyncio
from weakref import WeakKeyDictionary

from django.conf import settings
from django.utils.module_loading import import_string

from .base import MediaEngine

_engines: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, MediaEngine]] = WeakKeyDictionary()


def get_engine(url: str) -> MediaEngine:
    """The engine at a MediaNode's ``url``: one object a process and event loop, which reconnects by itself.

    Raises KeyError for an engine that ``settings.MEDIA_ENGINES`` does not name. Connects at the first call, not here.
    """
    engines = _engines.setdefault(asyncio.get_running_loop(), {})
    if url not in engines:
        kind, _, where = url.partition("+")
        engines[url] = import_string(settings.MEDIA_ENGINES[kind])(where)
    return engines[url]
