"""PHONE_KEY lies outside the database; its fingerprint inside says whether it is the right one.

Another key would read no number and find nobody: an import would make everybody a second time.
"""

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from organizations import places
from organizations.core import phones
from organizations.models import KeyFingerprint
from organizations.queries import PHONE_KEY_NAME, phone_key_fits, phones_can_be_read


class UnableToUseKey(Exception):
    """PHONE_KEY is not the key that this database was written with."""


def check_phone_key() -> None:
    """Refuse a PHONE_KEY that is not the one this database was filled with: raises UnableToUseKey, writes nothing.

    Asked once at a start and before an import, never for each request.
    """
    fits = phone_key_fits()
    if fits is False or (fits is None and not phones_can_be_read()):
        raise UnableToUseKey(
            _(
                "PHONE_KEY 不是这个数据库原来用的密钥，已经停下，什么也没有改动。"
                "请把原来的 PHONE_KEY 放回 %(place)s，再启动。"
            )
            % {"place": places.phone_key()}
        )


@transaction.atomic
def ensure_phone_key(*, as_of: dt.datetime) -> None:
    """``check_phone_key``, and remember the fingerprint where none is: the first start or import of a database."""
    check_phone_key()
    KeyFingerprint.objects.get_or_create(
        name=PHONE_KEY_NAME, defaults={"value": phones.fingerprint(settings.PHONE_KEY), "made_at": as_of}
    )
    check_phone_key()  # two first starts at once with two keys: one of them was second
