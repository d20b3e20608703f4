"""The providers of accounts that people have elsewhere: those of the settings, and those that apps above keep."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

from organizations.core.devices import device_and_browser

# What WeChat's own camera cannot be held to.
PHONES = {"iphone", "android", "harmony"}


def account_way_name(provider: str) -> str:
    """What people call a provider of accounts; its key where there is none any more.

    No query for one of the settings.
    """
    for way in settings.ACCOUNT_WAYS:
        if way.accounts == provider:
            return str(way.name)
    return next((str(way.name) for way in _beside() if way.id == provider), provider)


def account_ways() -> list[tuple[str, str]]:
    """Every provider whose accounts may be linked now, by id and name; one query each plug point."""
    ours = {way.accounts: way.name for way in settings.ACCOUNT_WAYS}
    return [*ours.items(), *((way.id, str(way.name)) for way in _beside() if way.is_on)]


def ways_here(request: HttpRequest) -> list[Any]:
    """The ways of the settings that can be gone in this browser, in the order of their buttons.

    By a service account in WeChat's own; by a code to scan where another device holds the camera.
    """
    device, browser = device_and_browser(request.headers.get("User-Agent", ""))
    fits = {"": True, "inside": browser == "wechat"}
    fits["outside"] = browser not in ("wechat", "wecom") and device not in PHONES
    return [way for way in settings.ACCOUNT_WAYS if fits[way.where]]


def personal_accounts() -> set[str]:
    """Under what accounts are kept that people link themselves: no number says whose they are."""
    return {way.accounts for way in settings.ACCOUNT_WAYS if way.is_personal}


def _beside() -> list[Any]:
    return [way for path in settings.ACCOUNT_WAYS_BESIDE for way in import_string(path)()]
