"""How a person wants pages shown: language and elder mode; on the user when signed in, in a cookie before that.

Low-data mode is the phone's, not the person's: it costs nothing on the wireless network of the other phone.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from organizations.models import User
from organizations.operations import set_display_of

ELDER_COOKIE, LITE_COOKIE = "elder", "lite"
CHOSEN = "chosen_display"
COOKIE_AGE_S = 60 * 60 * 24 * 365


def is_elder(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    if isinstance(user, User):
        return user.elder_mode
    return request.COOKIES.get(ELDER_COOKIE) == "1"


def is_lite(request: HttpRequest) -> bool:
    """Whether this phone saves data: sound first, the cheapest picture, nothing loaded before it is asked for."""
    return request.COOKIES.get(LITE_COOKIE) == "1"


def suggests_lite(request: HttpRequest) -> bool:
    """Whether the browser says that it saves data (``Save-Data``) and nobody has chosen on this phone yet."""
    return LITE_COOKIE not in request.COOKIES and request.headers.get("Save-Data", "").strip().lower() == "on"


def known_language(code: str) -> str | None:
    """The code if pages can be shown in it, else None."""
    return code if code in dict(settings.LANGUAGES) else None


def set_display_cookies(
    response: HttpResponse, *, language: str | None = None, elder: bool | None = None, lite: bool | None = None
) -> None:
    """Remember the choice on this phone, also for the sign-in page after signing out."""
    values = {}
    if language is not None:
        values[settings.LANGUAGE_COOKIE_NAME] = language
    if elder is not None:
        values[ELDER_COOKIE] = "1" if elder else "0"
    if lite is not None:
        values[LITE_COOKIE] = "1" if lite else "0"
    for name, value in values.items():
        response.set_cookie(
            name, value, max_age=COOKIE_AGE_S, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
        )


def choose_before_signing_in(request: HttpRequest, *, language: str | None, elder: bool | None) -> None:
    """Keep what a visitor has chosen for whoever signs in next in this browser.

    In the session, not the cookie: that one stays from whoever used the phone before.
    """
    chosen = {name: value for name, value in (("language", language), ("elder_mode", elder)) if value is not None}
    if chosen:
        request.session[CHOSEN] = {**request.session.get(CHOSEN, {}), **chosen}


@receiver(user_logged_in)
def take_over(request: HttpRequest | None = None, user: User | None = None, **_kwargs: Any) -> None:
    """Whoever made the sign-in page large goes on reading large."""
    if request is None or user is None:
        return
    if chosen := request.session.pop(CHOSEN, None):
        set_display_of(user_id=user.pk, **chosen)
        for name, value in chosen.items():
            setattr(user, name, value)


class DisplayMiddleware:
    """Show pages in the signed-in user's language. Visitors: the cookie, then the phone's languages (LocaleMiddleware).

    Stands after LocaleMiddleware and AuthenticationMiddleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user if settings.SESSION_COOKIE_NAME in request.COOKIES else None
        if isinstance(user, User) and (language := known_language(user.language)):
            translation.activate(language)
            request.LANGUAGE_CODE = language
        response = self.get_response(request)
        if isinstance(user, User):
            response.headers["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
            patch_vary_headers(response, ["Cookie"])
        return response
