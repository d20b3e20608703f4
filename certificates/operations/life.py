"""What becomes of a certificate: withdrawn with a reason, replaced by another; never changed."""

import secrets
from dataclasses import replace
from datetime import datetime

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.core.text import as_it_reads
from attendance.operations import settle_dirty, tell
from certificates.core.finish import finish_of
from certificates.core.number import RANDOM_BYTES, number_from
from certificates.models import Certificate, CertificateLapse, CertificateSetting, CertificateWithdrawal
from certificates.operations.issuing import stamped, written
from certificates.queries.finished import setting_of, stood_in, terms_of, units_on
from certificates.queries.issued import Issued, certificate_by_id, last_of
from organizations.models import Node, User

log = structlog.get_logger(__name__)
MOST_REASON = 200


class UnableToChangeCertificate(Exception):
    """It cannot be withdrawn or replaced; the message says why."""


@transaction.atomic
def withdraw(*, certificate_id: int, reason: str, withdrawn_by_id: int, as_of: datetime) -> CertificateWithdrawal:
    """Withdraw a certificate for good; its member is told, with the reason. Raises UnableToChangeCertificate."""
    reason = " ".join(as_it_reads(reason).replace("\x00", "").split())
    if not 0 < len(reason) <= MOST_REASON:
        raise UnableToChangeCertificate(_("请写明撤回的原因，不超过 200 个字，本人会看到。"))
    found = _held(certificate_id)
    if not found.stands:
        raise UnableToChangeCertificate(_("这张证书已经撤回或者换发过了，不用再撤。"))
    made = CertificateWithdrawal.objects.create(
        certificate=found.certificate, reason=reason, withdrawn_by_id=withdrawn_by_id, withdrawn_at=as_of
    )
    CertificateLapse.objects.filter(certificate=found.certificate).delete()
    _tell(found, "certificate_withdrawn", as_of, reason=reason)
    log.info("certificate_withdrawn", certificate_id=certificate_id, by_id=withdrawn_by_id)
    return made


@transaction.atomic
def reissue(*, certificate_id: int, issued_by_id: int, as_of: datetime) -> Certificate:
    """Issue a person's certificate anew, with what is right now; the old one, if it stands, says that it is replaced.

    Only to who has finished. Raises UnableToChangeCertificate.
    """
    found = _held(certificate_id)
    old = found.certificate
    _check_newest(found)
    setting = setting_of(old.training_id)
    if setting is None or not setting.is_on:
        raise UnableToChangeCertificate(_("这个培训现在不发证书，请先在“证书设置”里开启。"))
    settle_dirty(as_of=as_of, member_ids=[old.member_id])
    key = (old.training_id, old.member_id)
    stood = stood_in(training_ids=[key[0]], member_ids=[key[1]]).get(key)
    finish = finish_of(stood.places if stood else [], terms_of(setting))
    if stood is None or not finish.is_finished:
        raise UnableToChangeCertificate(_("本人现在没有完成这个培训，不能发新证书。缺的补上以后再发。"))
    node = units_on(member_ids=[key[1]], on_date=timezone.localdate(as_of)).get(key[1])
    node = node or Node.objects.get(pk=stood.node_id)
    new = written(setting=setting, member=old.member, node=node, finish=finish, as_of=as_of)
    return _put(found, new, issued_by_id=issued_by_id, as_of=as_of)


@transaction.atomic
def renew_name(*, training_id: int, member_id: int, as_of: datetime) -> Certificate:
    """Give a person whose name was corrected the same certificate with the name as it is now, under a new number.

    Raises UnableToChangeCertificate.
    """
    last = last_of(training_id=training_id, member_id=member_id)
    if last is None:
        raise UnableToChangeCertificate(_("还没有这个培训的证书。"))
    found = _held(last.certificate.pk)
    _check_newest(found)
    name = User.objects.get(pk=member_id).name
    if not found.stands or not found.fits or found.content is None:
        raise UnableToChangeCertificate(_("这张证书已经不能换发，请联系支部书记或颁发单位。"))
    if found.content.name == name:
        raise UnableToChangeCertificate(_("证书上的姓名和名册一致，不用换。"))
    if CertificateLapse.objects.filter(certificate=found.certificate).exists():
        raise UnableToChangeCertificate(_("这张证书正在由颁发单位核对，核对以后再换。"))
    number, day = number_from(secrets.token_bytes(RANDOM_BYTES)), timezone.localdate(as_of).isoformat()
    old = found.certificate
    content = replace(found.content, name=name, number=number, issued_date=day)
    new = stamped(
        content, training_id=training_id, member_id=member_id, node_id=old.node_id, rests_on=old.rests_on,
        terms=old.terms, issued_at=as_of,
    )  # fmt: skip
    return _put(found, new, issued_by_id=None, as_of=as_of)


def _held(certificate_id: int) -> Issued:
    """Return a certificate whose training's setting is held: of two who change it at once, the later sees the first."""
    known = Certificate.objects.filter(pk=certificate_id).values("training_id")
    list(CertificateSetting.objects.select_for_update(no_key=True).filter(training_id__in=known).values_list("pk"))
    found = certificate_by_id(certificate_id)
    if found is None:
        raise UnableToChangeCertificate(_("没有这张证书。"))
    return found


def _check_newest(found: Issued) -> None:
    last = last_of(training_id=found.certificate.training_id, member_id=found.certificate.member_id)
    if last is not None and last.certificate.pk != found.certificate.pk:
        raise UnableToChangeCertificate(_("这张证书已经换发过了，请看新的那一张。"))


def _put(found: Issued, new: Certificate, *, issued_by_id: int | None, as_of: datetime) -> Certificate:
    old = found.certificate
    new.edition = old.edition + 1
    new.replaces = old if found.stands else None
    new.issued_by_id = issued_by_id
    try:
        with transaction.atomic():
            new.save(force_insert=True)
    except IntegrityError as error:
        raise UnableToChangeCertificate(_("这张证书已经换发过了，请看新的那一张。")) from error
    CertificateLapse.objects.filter(certificate=old).delete()
    _tell(found, "certificate_replaced", as_of)
    log.info("certificate_reissued", certificate_id=old.pk, new_id=new.pk, by_id=issued_by_id)
    return new


def _tell(found: Issued, kind: str, as_of: datetime, **data: str) -> None:
    old = found.certificate
    tell(member_ids=[old.member_id], kind=kind, training_id=old.training_id, as_of=as_of, data=data)
