"""What the organiser decides about the certificates of a training; what was issued never follows."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from attendance.core.text import as_it_reads
from attendance.models import Training
from certificates.models import CertificateSetting
from organizations.models import Node


class UnableToDecide(Exception):
    """The setting is not taken over; the message says why."""


@dataclass(frozen=True)
class Wording:
    """What certificates say and what they ask for, as an organiser writes it."""

    title: str
    text: str
    issuer_id: int
    counts_excused: bool
    counts_exempt: bool


@transaction.atomic
def write_setting(*, training_id: int, wording: Wording, actor_id: int, as_of: datetime) -> CertificateSetting:
    """Keep what certificates issued from now on say; the first time, switched off. Raises UnableToDecide."""
    title, text = _tidied(wording.title), _tidied(wording.text)
    training = Training.objects.select_for_update(no_key=True).exclude(state=Training.State.DRAFT)
    if not training.filter(pk=training_id).exists():
        raise UnableToDecide(_("草稿还不能设置证书，请先发布培训。"))
    if not Node.objects.filter(pk=wording.issuer_id).exists():
        raise UnableToDecide(_("请选颁发单位。"))
    values = {
        "title": title, "text": text, "issuer_id": wording.issuer_id,
        "counts_excused": wording.counts_excused, "counts_exempt": wording.counts_exempt,
        "changed_by_id": actor_id, "changed_at": as_of,
    }  # fmt: skip
    setting, is_new = CertificateSetting.objects.get_or_create(training_id=training_id, defaults=values)
    if not is_new:
        # What asks for less or more lets others have one: everybody of a closed training is looked at again.
        asked = (setting.counts_excused, setting.counts_exempt) != (wording.counts_excused, wording.counts_exempt)
        again = {"done_at": None, "after_member_id": 0, "seen": 0} if asked else {}
        CertificateSetting.objects.filter(pk=training_id).update(**values, **again)
        setting.refresh_from_db()
    return setting


def _tidied(text: str) -> str:
    """Return a text as it is printed and kept for good: in one line, without what nobody sees."""
    return " ".join(as_it_reads(text).split())


@transaction.atomic
def switch(*, training_id: int, on: bool, actor_id: int, as_of: datetime) -> None:
    """Begin to issue, or issue nothing more; what was issued stands. Raises UnableToDecide."""
    values = {"is_on": on, "changed_by_id": actor_id, "changed_at": as_of}
    again = {"done_at": None, "after_member_id": 0, "seen": 0} if on else {}
    if not CertificateSetting.objects.filter(pk=training_id).update(**values, **again):
        raise UnableToDecide(_("请先写好证书名称和颁发单位，保存以后再开启。"))
