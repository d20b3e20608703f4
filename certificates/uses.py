"""What needs a training: the certificates issued for it (``settings.USES``)."""

from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils.translation import ngettext

from attendance.models import Training
from certificates.models import Certificate
from organizations.uses import Use


def uses_of(*, thing: Model, user: Any, as_of: datetime) -> list[Use]:
    """A training for which certificates were issued can neither be deleted nor go back to a draft: who has one in hand
    must find it confirmed."""
    if not isinstance(thing, Training) or thing.pk is None:
        return []
    count = Certificate.objects.filter(training_id=thing.pk).count()
    if not count:
        return []
    words = ngettext("已经为它发出 %(count)s 张证书。", "已经为它发出 %(count)s 张证书。", count)
    return [Use(words % {"count": count}, blocks=True)]
