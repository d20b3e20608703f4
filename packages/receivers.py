"""Signals that this app receives: which files are a package's."""

from typing import Any

from django.dispatch import receiver

from media import events
from packages.models import Package


@receiver(events.names_asked, dispatch_uid="packages.is_named")
def is_named(key: str, **_kwargs: Any) -> bool:
    """Whether a package has its files there."""
    area, _slash, name = key.partition("/")
    return area == "packages" and Package.objects.filter(key=name).exists()
