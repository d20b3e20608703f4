"""The providers of accounts that people have elsewhere: those of the settings, and those that apps above keep."""

from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


def account_way_name(provider: str) -> str:
    """What people call a provider of accounts; its key where there is none any more.

    No query for one of the settings.
    """
    for way in settings.ACCOUNT_WAYS:
        if way.id == provider:
            return str(way.name)
    return next((str(way.name) for way in _beside() if way.id == provider), provider)


def account_ways() -> list[tuple[str, str]]:
    """Every provider whose accounts may be linked now, by id and name; one query each plug point."""
    beside = [(way.id, way.name) for way in _beside() if way.is_on]
    return [(way.id, str(way.name)) for way in settings.ACCOUNT_WAYS] + beside


def _beside() -> list[Any]:
    return [way for path in settings.ACCOUNT_WAYS_BESIDE for way in import_string(path)()]
