"""When a reminder may go out, and what it may say. Pure.

A wording holds names in braces; each is put in for the person who is reminded. Nothing else in braces is taken, nor
an address other than the site's own: whoever reads it must be able to trust the site's signature.
"""

import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta

QUIET_FROM, QUIET_UNTIL = time(22), time(7)
WEEK = timedelta(days=7)
PAUSE = timedelta(hours=20)  # between two reminders of one person about one training
LATE = timedelta(hours=24)  # after that a message that could not go out is no use any more
BACK_OFF = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
LONGEST = 120
NAME, UNIT, TRAINING, UNTIL, SITE = "姓名", "支部", "培训", "截止", "网址"
PLACES = (NAME, UNIT, TRAINING, UNTIL, SITE)
_NAMED = re.compile(r"\{([^{}]*)\}")
_ADDRESS = re.compile(r"https?:|www\.|[a-z0-9-]+\.(?:com|cn|net|org|top|vip|xyz|cc)\b", re.IGNORECASE)
_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class UnableToReadWording(ValueError):
    """The wording cannot be sent: ``code`` says why, ``word`` is what stands in the way."""

    def __init__(self, code: str, word: str = "") -> None:
        super().__init__(code)
        self.code, self.word = code, word


def check_wording(text: str) -> None:
    """Raise UnableToReadWording for what nobody could send: too long, an unknown name, a brace alone, an address."""
    if not text.strip():
        raise UnableToReadWording("empty")
    if len(text) > LONGEST:
        raise UnableToReadWording("too_long", str(len(text)))
    if _UNFIT.search(text):
        raise UnableToReadWording("line_break")
    for word in _NAMED.findall(text):
        if word not in PLACES:
            raise UnableToReadWording("unknown", word)
    if re.search(r"[{}]", _NAMED.sub("", text)):
        raise UnableToReadWording("brace")
    if found := _ADDRESS.search(text):
        raise UnableToReadWording("address", found[0])


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put the values in once: braces in somebody's name are no place of their own. What is unknown stays as it is."""
    return _NAMED.sub(lambda found: values.get(found[1], found[0]), text)


def is_quiet(local: datetime) -> bool:
    """Whether nobody is to be disturbed at this local time."""
    return local.time() >= QUIET_FROM or local.time() < QUIET_UNTIL


def after_quiet(local: datetime) -> datetime:
    """Return the first moment from ``local`` (a local time) on at which a reminder may go out."""
    if not is_quiet(local):
        return local
    day = local.date() + timedelta(days=1) if local.time() >= QUIET_FROM else local.date()
    return datetime.combine(day, QUIET_UNTIL, tzinfo=local.tzinfo)


def retry_after(attempts: int) -> timedelta | None:
    """Return how long to wait after so many attempts that came to nothing; None: it is given up."""
    return BACK_OFF[attempts - 1] if attempts <= len(BACK_OFF) else None
