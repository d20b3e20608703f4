"""How a member wants to be told: channels on and off, an e-mail address that was proved, a secret calendar address."""

import hashlib
import secrets
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from attendance.models import NoticeChoice
from attendance.operations.messaging import NotSent, send_email
from organizations.core import phones

log = structlog.get_logger(__name__)
CODE_LIVES = timedelta(minutes=15)
MOST_TRIES = 5
LONGEST_ADDRESS = 120


class UnableToChoose(Exception):
    """A member's choice cannot be kept; says why and what to do."""


def choose_channels(
    *, member_id: int, sms: bool, email: bool, wecom: bool | None = None, dingtalk: bool | None = None
) -> None:
    """Turn channels on or off (None: as it was); it holds at once, also for what waits to be sent."""
    wanted = {"sms": sms, "email": email, "wecom": wecom, "dingtalk": dingtalk}
    values = {name: value for name, value in wanted.items() if value is not None}
    NoticeChoice.objects.update_or_create(pk=member_id, defaults=values)


def ask_for_email(*, member_id: int, address: str, as_of: datetime) -> None:
    """Send a code to an address that a member gave; the address counts once the code was typed in.

    The address that counted before goes on until then. Raises UnableToChoose.
    """
    address = address.strip()
    try:
        validate_email(address)
    except ValidationError as error:
        raise UnableToChoose(_("这不是邮箱地址，请写成 name@example.com 的样子。")) from error
    if len(address) > LONGEST_ADDRESS or not address.isascii():
        raise UnableToChoose(_("这个邮箱地址用不了，请换一个。"))
    code = f"{secrets.randbelow(1_000_000):06}"
    values = {
        "asked_cipher": phones.seal(settings.PHONE_KEY, address.encode()), "code_hash": _hashed(member_id, code),
        "code_until_at": as_of + CODE_LIVES, "code_tries": 0,
    }  # fmt: skip
    NoticeChoice.objects.update_or_create(pk=member_id, defaults=values)
    said = _("验证码：%(code)s。15 分钟内在“我的-消息和通知”里填写。不是您本人操作，请不用理会。") % {"code": code}
    try:
        send_email(to=address, subject=_("验证邮箱"), said=said)
    except NotSent as error:
        log.warning("email_code_not_sent", member_id=member_id, why=error.why)
        raise UnableToChoose(_("验证邮件没有发出去，请核对邮箱地址，过一会儿再试。")) from error


def confirm_email(*, member_id: int, code: str, as_of: datetime) -> None:
    """Take the address whose code this is. Raises UnableToChoose; after a few wrong codes only a new one helps."""
    asked = NoticeChoice.objects.filter(pk=member_id, code_until_at__gt=as_of).exclude(code_hash="")
    # The try is counted first, and kept: many at once cannot all be the first.
    if asked.filter(code_tries__lt=MOST_TRIES).update(code_tries=F("code_tries") + 1) != 1:
        raise UnableToChoose(_("验证码已经过期，请重新发送。"))
    choice = asked.first()
    if choice is None or not constant_time_compare(choice.code_hash, _hashed(member_id, code.strip())):
        raise UnableToChoose(_("验证码不对，请再看一下邮件。"))
    taken = asked.filter(code_hash=choice.code_hash)
    taken.update(email_cipher=choice.asked_cipher, asked_cipher=None, code_hash="", code_until_at=None, email=True)
    log.info("email_confirmed", member_id=member_id)


def drop_email(*, member_id: int) -> None:
    """Forget a member's address, the one that was asked for too."""
    NoticeChoice.objects.filter(pk=member_id).update(
        email_cipher=None, asked_cipher=None, code_hash="", code_until_at=None, code_tries=0
    )


def make_calendar(*, member_id: int, as_of: datetime) -> str:
    """Return the token of a fresh secret calendar address; an earlier one ends. It is nowhere but in the answer."""
    token = secrets.token_urlsafe(32)
    values = {"calendar_hash": calendar_hash(token), "calendar_made_at": as_of}
    NoticeChoice.objects.update_or_create(pk=member_id, defaults=values)
    log.info("calendar_made", member_id=member_id)
    return token


def end_calendar(*, member_id: int) -> None:
    """End the secret calendar address: whoever has it gets nothing any more."""
    NoticeChoice.objects.filter(pk=member_id).update(calendar_hash=None, calendar_made_at=None)
    log.info("calendar_ended", member_id=member_id)


def calendar_hash(token: str) -> str:
    """What is stored of a calendar's token. It has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def _hashed(member_id: int, code: str) -> str:
    return salted_hmac("attendance.email_code", f"{member_id}:{code}", algorithm="sha256").hexdigest()
