"""What needs a training or an occasion: the certificates issued for it, or resting on it (``settings.USES``)."""

from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils.translation import ngettext

from attendance.models import Occasion, Training
from certificates.models import Certificate
from certificates.queries import number_resting_on
from organizations.uses import Use


def uses_of(*, thing: Model, user: Any, as_of: datetime) -> list[Use]:
    """A training for which certificates were issued can neither be deleted nor go back to a draft: who has one in hand
    must find it confirmed. An occasion on which some rest may be voided or judged anew: whoever does so is told."""
    if isinstance(thing, Occasion):
        return _resting_on(thing)
    if not isinstance(thing, Training) or thing.pk is None:
        return []
    count = Certificate.objects.filter(training_id=thing.pk).count()
    if not count:
        return []
    words = ngettext("已经为它发出 %(count)s 张证书。", "已经为它发出 %(count)s 张证书。", count)
    return [Use(words % {"count": count}, blocks=True)]


def _resting_on(occasion: Occasion) -> list[Use]:
    count = number_resting_on(occasion)
    if not count:
        return []
    words = ngettext(
        "有 %(count)s 张证书以这一场为依据：证书不会自动撤回，依据不再成立的会列给组织员，由组织员决定。",
        "有 %(count)s 张证书以这一场为依据：证书不会自动撤回，依据不再成立的会列给组织员，由组织员决定。",
        count,
    )
    return [Use(words % {"count": count})]
