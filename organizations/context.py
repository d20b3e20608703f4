"""What every page's shell needs: tabs, elder mode, language, whether this is a demonstration."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string
from django.utils.translation import get_language

from organizations import sms
from organizations.account_ways import ways_here
from organizations.display import is_elder, is_lite, suggests_lite
from organizations.models import User
from organizations.permissions import operates_everything
from organizations.queries import roles_of, withheld_roles

DEMO_CODE_SESSION_KEY = "demo_code"


def tabs_for(user: Any) -> list[dict[str, str]]:
    """The tabs that the user's roles of today open, in the order of ``settings.NAV_TABS``; none for visitors.

    Also those that lead to the second step first: where else would people find it.
    """
    if not isinstance(user, User):
        return []
    roles = roles_of(user=user) | withheld_roles(user=user)
    tabs = []
    for tab in settings.NAV_TABS:
        if tab["roles"] and not roles.intersection(tab["roles"]):
            continue
        url = reverse(str(tab["url"]))
        tabs.append({"key": str(tab["key"]), "label": str(tab["label"]), "icon": str(tab["icon"]), "url": url})
    return tabs


def office_for(user: Any) -> dict[str, str]:
    """The way to the back office (``label``, ``icon``, ``url``) for whoever may enter it today; {} for others."""
    way = settings.BACK_OFFICE
    if not isinstance(user, User) or not (
        user.is_superuser or (roles_of(user=user) | withheld_roles(user=user)).intersection(settings.BACK_OFFICE_ROLES)
    ):
        return {}
    return {"label": str(way["label"]), "icon": str(way["icon"]), "url": reverse(str(way["url"]))}


def unseen_by(user: Any) -> int:
    """How many messages wait unseen for the user; an app above counts them. One query, none for visitors."""
    if not isinstance(user, User) or not settings.UNSEEN_MESSAGES:
        return 0
    count: int = import_string(settings.UNSEEN_MESSAGES)(user.pk)
    return count


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``shell.owner`` (whose records the phone may send), ``.tabs``, ``.office`` (the way
    to the back office, for whoever may enter it), ``.elder``, ``.language``, ``.lite`` (low-data mode),
    ``.suggests_lite`` (it might be offered), ``.help_phone`` (whom anybody may call),
    ``.phone_check`` (where a phone is tried out),
    ``.demo``, ``.runs_site``, ``.roles``, ``.unseen`` (messages not seen yet), ``.sends_codes`` (whether a code can
    reach whoever asks for one), ``.account_ways`` (providers of accounts that one may sign in by), ``.ways_here``
    (those that can be gone in this browser) and, on a demonstration's code page, ``.demo_code``: the code that no phone
    got.

    Evaluated when a template first asks, so that an error page without a shell costs no query.
    """
    user = getattr(request, "user", None)

    def build() -> dict[str, Any]:
        return {
            "owner": str(user.public_id) if isinstance(user, User) else "",
            "tabs": tabs_for(user),
            "office": office_for(user),
            "elder": is_elder(request),
            "lite": is_lite(request),
            "suggests_lite": suggests_lite(request),
            "help_phone": settings.HELP_PHONE,
            "phone_check": reverse(settings.PHONE_CHECK),
            "language": get_language() or settings.LANGUAGE_CODE,
            "demo": settings.DEMO or settings.DEBUG,
            "demo_code": request.session.get(DEMO_CODE_SESSION_KEY, "") if sms.shows_codes() else "",
            "sends_codes": sms.can_tell_codes(),
            "account_ways": settings.ACCOUNT_WAYS,
            "ways_here": ways_here(request),
            "runs_site": operates_everything(user) if isinstance(user, User) else False,
            "roles": roles_of(user=user) if isinstance(user, User) else frozenset(),
            "unseen": unseen_by(user),
        }

    return {"shell": SimpleLazyObject(build)}
