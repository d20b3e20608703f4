"""Where statements of what people learn go, from the environment: incomplete settings stop the start (ADR 79)."""

from dataclasses import dataclass, field

from django.core.exceptions import ImproperlyConfigured

from config.env import choice, flag, text
from config.sms_settings import check_address

PEOPLE = ("id", "number", "name")


@dataclass(frozen=True)
class Lrs:
    """The record store: its base address ("": there is none), how to sign in there, how people are named.

    ``quizzes``: results of quizzes go there too, which else their reader alone sees; pages say which of the two it is.
    """

    url: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    people: str = "id"
    quizzes: bool = False


def read() -> Lrs:
    """Return LRS_URL and what belongs to it. Raises ImproperlyConfigured."""
    url = text("LRS_URL").strip().rstrip("/").removesuffix("/statements")
    user, password, token = text("LRS_USER"), text("LRS_PASSWORD"), text("LRS_TOKEN")
    people = choice("LRS_PEOPLE", "id", of=PEOPLE)
    if not url:
        if user or password or token:
            raise ImproperlyConfigured("写了 LRS_USER、LRS_PASSWORD 或 LRS_TOKEN，没有写 LRS_URL (LRS_URL is not set)")
        return Lrs(people=people)
    check_address("LRS_URL", url)
    if any(sign in url for sign in "?#@") or not url.isascii() or not url.isprintable() or " " in url:
        raise ImproperlyConfigured("LRS_URL 只写到 /statements 以前，账号写在 LRS_USER 里 (the base address alone)")
    if token and (user or password):
        raise ImproperlyConfigured("LRS_TOKEN 和 LRS_USER、LRS_PASSWORD 只写一种 (either a token or an account)")
    if not token and not (user and password):
        raise ImproperlyConfigured(
            "有 LRS_URL 就要写 LRS_USER 和 LRS_PASSWORD（或 LRS_PASSWORD_FILE），或者 LRS_TOKEN (no account is set)"
        )
    if ":" in user:
        raise ImproperlyConfigured("LRS_USER 里不能有冒号 (must not contain a colon)")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise ImproperlyConfigured("LRS_TOKEN 里有空格或者不认识的字 (must be printable ASCII without spaces)")
    return Lrs(url, user, password, token, people, flag("LRS_QUIZZES", default=False))
