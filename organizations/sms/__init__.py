"""Text messages. ``settings.SMS_WAY`` names how they are sent, or ``settings.SMS_BACKEND`` a class of one's own."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import structlog
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from django.utils.module_loading import import_string

from organizations.core import phones
from organizations.sms.answers import Sent, UnableToSendSms
from organizations.sms.ways import AliyunWay, HttpWay, Says, TencentWay

__all__ = [
    "ConsoleBackend",
    "Sent",
    "SmsBackend",
    "UnableToSendSms",
    "backend",
    "can_tell_codes",
    "in_trouble",
    "reminders_say",
    "send_code",
    "send_now",
    "send_reminder",
    "shows_codes",
]
logger = structlog.get_logger(__name__)
# Sending must not show in the answer's time whether a number is known, so slow gateways work beside the request.
_senders = ThreadPoolExecutor(max_workers=4, thread_name_prefix="sms")
WAYS: dict[str, type[HttpWay | AliyunWay | TencentWay]] = {"http": HttpWay, "aliyun": AliyunWay, "tencent": TencentWay}
TROUBLE_KEY = "sms:trouble_at"
TROUBLE_S = 15 * 60


class SmsBackend(Protocol):
    """How a message leaves the house. A way whose templates take only the code has a ``send_code`` of its own."""

    reaches_phones: bool
    """False: nobody gets a message; a demonstration may show the code on the page."""

    def send(self, *, phone: str, text: str) -> Sent | None:
        """Deliver ``text`` to the E.164 number. Raises UnableToSendSms."""


class ConsoleBackend:
    """Write into the log that a message would have gone out: the number masked, without the text."""

    reaches_phones = False

    def send(self, *, phone: str, text: str) -> None:
        logger.info("sms_to_console", phone=phones.mask(phone), characters=len(text))


def backend() -> SmsBackend:
    """The way out: ``SMS_BACKEND`` where it is set, else what ``SMS_WAY`` names, else none."""
    if settings.SMS_BACKEND:
        own: SmsBackend = import_string(settings.SMS_BACKEND)()
        return own
    if settings.SMS_WAY in WAYS:
        chosen: SmsBackend = WAYS[settings.SMS_WAY].from_settings(settings.SMS)
        return chosen
    return ConsoleBackend()


def shows_codes() -> bool:
    """Whether a page may show the code it asks for: a demonstration, and no phone gets the message."""
    return (settings.DEMO or settings.DEBUG) and not backend().reaches_phones


def can_tell_codes() -> bool:
    """Whether somebody who asks for a code can get it: by a message, or on a demonstration's page."""
    return backend().reaches_phones or shows_codes()


def in_trouble() -> bool:
    """Whether the gateway refused or did not answer lately (and took nothing since): for everybody's code page.

    Of the gateway, never of one number: the page must look the same for a known number and an unknown one.
    """
    try:
        return cache.get(TROUBLE_KEY) is not None
    except Exception:  # noqa: BLE001 - a store that is away says nothing about messages
        return False


def send_code(*, phone: str, code: str, text: str) -> None:
    """Hand a sign-in code over: ``text`` says it in words, for ways without templates of their own."""
    chosen = backend()
    if chosen.reaches_phones:
        _senders.submit(_send, chosen, phone, text, code)
    else:
        _send(chosen, phone, text, code)


def send_now(chosen: SmsBackend, *, phone: str, text: str, code: str) -> Sent | None:
    """Send and wait for the gateway's answer. Raises UnableToSendSms."""
    by_code = getattr(chosen, "send_code", None)
    if code and by_code is not None:
        sent: Sent | None = by_code(phone=phone, code=code, text=text)
        return sent
    return chosen.send(phone=phone, text=text)


def reminders_say() -> Says:
    """How a reminder by text message is said: ``text`` (our own words), ``template`` (the provider's); "": not at all.

    A backend of one's own has words, unless it says otherwise (``says``).
    """
    chosen = backend()
    says: Says = getattr(chosen, "says", "text")
    return says if chosen.reaches_phones else ""


def send_reminder(*, phone: str, text: str, values: Mapping[str, str]) -> Sent | None:
    """Send a reminder and wait for the gateway's answer: ``text``, or ``values`` for its template.

    Raises UnableToSendSms.
    """
    chosen = backend()
    by_template = getattr(chosen, "send_reminder", None)
    try:
        if by_template is not None:
            sent: Sent | None = by_template(phone=phone, text=text, values=values)
        else:
            sent = chosen.send(phone=phone, text=text)
    except UnableToSendSms as error:
        logger.warning("sms_not_sent", phone=phones.mask(phone), **error.logged())
        raise
    logger.info("sms_sent", phone=phones.mask(phone), request_id=sent.request_id if sent else "")
    return sent


def _send(chosen: SmsBackend, phone: str, text: str, code: str) -> None:
    try:
        sent = send_now(chosen, phone=phone, text=text, code=code)
    except UnableToSendSms as error:
        if not error.about_number:
            _remember(trouble=True)
        logger.warning("sms_not_sent", phone=phones.mask(phone), **error.logged())
        return
    _remember(trouble=False)
    if sent is not None:
        logger.info("sms_sent", phone=phones.mask(phone), request_id=sent.request_id)


def _remember(*, trouble: bool) -> None:
    try:
        if trouble:
            cache.set(TROUBLE_KEY, timezone.now().isoformat(), TROUBLE_S)
        else:
            cache.delete(TROUBLE_KEY)
    except Exception:  # noqa: BLE001 - the message matters, this note does not
        logger.info("sms_trouble_not_remembered")
