"""Signals that this app receives: which files are a package's."""

from typing import Any

from django.dispatch import receiver

from media import events
from packages.models import Package, Replaced


@receiver(events.names_asked, dispatch_uid="packages.is_named")
def is_named(key: str, **_kwargs: Any) -> bool:
    """Whether a package has its files there."""
    area, _slash, name = key.partition("/")
    if area != "packages":
        return False
    return Package.objects.filter(key=name).exists() or Replaced.objects.filter(key=name).exists()
