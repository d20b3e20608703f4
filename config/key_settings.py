"""The keys that the site signed with before, from the environment. Bad values stop the start."""

from django.core.exceptions import ImproperlyConfigured

from config.env import text

SHORTEST = 32


def fallbacks(key: str) -> list[str]:
    """Return SECRET_KEY_FALLBACKS: what these signed still holds, and nothing new is signed by them.

    Raises ImproperlyConfigured. ``key``: SECRET_KEY, which cannot be one of them. Never says what stands in them.
    """
    found = [one.strip() for one in text("SECRET_KEY_FALLBACKS").split(",") if one.strip()]
    if any(len(one) < SHORTEST for one in found):
        raise ImproperlyConfigured(
            "SECRET_KEY_FALLBACKS 里有不到 32 个字符的，请写以前用过的 SECRET_KEY，用逗号分开"
            " / SECRET_KEY_FALLBACKS holds one shorter than 32 characters; name former SECRET_KEYs, with commas between"
        )
    if key in found:
        raise ImproperlyConfigured(
            "SECRET_KEY_FALLBACKS 里有现在的 SECRET_KEY，请只留以前的"
            " / SECRET_KEY_FALLBACKS holds the present SECRET_KEY; keep the former ones alone"
        )
    return found
