"""Text messages: one door, with the backend named in ``settings.SMS_BACKEND``."""

from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import structlog
from django.conf import settings
from django.utils.module_loading import import_string

from organizations.core import phones

logger = structlog.get_logger(__name__)
# Sending must not show in the answer's time whether a number is known, so slow gateways work beside the request.
_senders = ThreadPoolExecutor(max_workers=4, thread_name_prefix="sms")


class UnableToSendSms(Exception):
    """The gateway did not take the message."""


class SmsBackend(Protocol):
    """How a message leaves the house."""

    reaches_phones: bool
    """False: nobody gets a message; a demonstration may show the code on the page."""

    def send(self, *, phone: str, text: str) -> None:
        """Deliver ``text`` to the E.164 number. Raises UnableToSendSms."""


class ConsoleBackend:
    """Write into the log that a message would have gone out: the number masked, without the text."""

    reaches_phones = False

    def send(self, *, phone: str, text: str) -> None:
        logger.info("sms_to_console", phone=phones.mask(phone), characters=len(text))


def backend() -> SmsBackend:
    chosen: SmsBackend = import_string(settings.SMS_BACKEND)()
    return chosen


def shows_codes() -> bool:
    """Whether a page may show the code it asks for: a demonstration, and no phone gets the message."""
    return (settings.DEMO or settings.DEBUG) and not backend().reaches_phones


def send_sms(*, phone: str, text: str) -> None:
    """Hand the message over; a failure is logged (masked), the person asks for another code."""
    chosen = backend()
    if chosen.reaches_phones:
        _senders.submit(_send, chosen, phone, text)
    else:
        _send(chosen, phone, text)


def _send(chosen: SmsBackend, phone: str, text: str) -> None:
    try:
        chosen.send(phone=phone, text=text)
    except UnableToSendSms as error:
        logger.warning("sms_not_sent", phone=phones.mask(phone), reason=str(error))
