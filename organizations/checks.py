"""What ``manage.py check --deploy`` says of sign-in."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security, deploy=True)
def a_proxy_is_named(**_kwargs: Any) -> list[CheckMessage]:
    """With HTTPS something stands before us; unless it is named, all visitors count as one address."""
    if not settings.HTTPS or settings.TRUSTED_PROXIES.networks or settings.TRUSTED_PROXIES.unix:
        return []
    return [
        Warning(
            "SITE_URL is https, so a proxy stands before this site, but TRUSTED_PROXIES names none: "
            "limits and logs take all visitors for one address.",
            hint="With nginx on this host: TRUSTED_PROXIES=127.0.0.1,::1 and proxy_set_header X-Forwarded-For.",
            id="organizations.W001",
        )
    ]
