"""Issuing: the one way in which a certificate comes to be, for one person's tap and for a hundred thousand people."""

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from attendance.core.text import as_it_reads
from attendance.operations import settle_dirty, tell
from certificates.core.content import Content, sha256_of
from certificates.core.finish import Finish, finish_of
from certificates.core.number import RANDOM_BYTES, number_from
from certificates.models import Certificate, CertificateSetting
from certificates.queries.finished import setting_of, stood_in, terms_of, units_on, way_to
from certificates.queries.issued import last_of
from organizations.models import Node, User

log = structlog.get_logger(__name__)


class UnableToTakeCertificate(Exception):
    """There is none to be had; the message says why and what to do."""


@transaction.atomic
def issue(*, training_id: int, member_ids: Collection[int], as_of: datetime) -> list[int]:
    """Issue the first certificate to those of these people who have finished and never had one; returns to whom.

    Safe to run twice and at once: the database knows one first edition a person. Three reads and one statement that
    writes, whatever their number. Whoever had one that was withdrawn gets the next by hand (``reissue``).
    """
    setting = setting_of(training_id)
    if setting is None or not setting.is_on:
        return []
    had = Certificate.objects.filter(training_id=training_id, member_id__in=member_ids)
    fresh = set(member_ids) - set(had.values_list("member_id", flat=True))
    stood = stood_in(training_ids=[training_id], member_ids=fresh)
    terms = terms_of(setting)
    finished = {
        member_id: finish
        for (_training, member_id), one in stood.items()
        if (finish := finish_of(one.places, terms)).is_finished
    }
    rosters = {member_id: stood[training_id, member_id].node_id for member_id in finished}
    made = _made(setting, finished, rosters, as_of)
    Certificate.objects.bulk_create(made, ignore_conflicts=True, batch_size=500)
    # Of two at once each tells only whom its own rows reached.
    stored = Certificate.objects.filter(public_id__in=[one.public_id for one in made])
    told = list(stored.values_list("member_id", flat=True))
    tell(member_ids=told, kind="certificate_issued", training_id=training_id, as_of=as_of)
    if told:
        log.info("certificates_issued", training_id=training_id, people=len(told))
    return told


def _made(
    setting: CertificateSetting, finished: Mapping[int, Finish], rosters: Mapping[int, int], as_of: datetime
) -> list[Certificate]:
    """Return the first certificates of these people, not stored yet."""
    day = timezone.localdate(as_of)
    units = units_on(member_ids=finished, on_date=day)
    away = Node.objects.in_bulk({rosters[pk] for pk in finished if pk not in units})
    people = User.objects.in_bulk(list(finished))
    return [
        written(
            setting=setting,
            member=people[member_id],
            node=units.get(member_id) or away[rosters[member_id]],
            finish=finish,
            as_of=as_of,
        )
        for member_id, finish in finished.items()
    ]


def written(*, setting: CertificateSetting, member: User, node: Node, finish: Finish, as_of: datetime) -> Certificate:
    """Return a certificate as it would be issued now, not stored."""
    number = number_from(secrets.token_bytes(RANDOM_BYTES))
    content = content_for(setting=setting, name=member.name, unit=node.name, number=number, finish=finish, as_of=as_of)
    return stamped(
        content,
        training_id=setting.training_id,
        member_id=member.pk,
        node_id=node.pk,
        rests_on=list(finish.rests_on),
        terms={"excused": setting.counts_excused, "exempt": setting.counts_exempt, "hours": content.hours},
        issued_at=as_of,
    )


def stamped(content: Content, **fields: object) -> Certificate:
    """Return the row for a content: its canonical text and hash."""
    text = content.canonical()
    return Certificate(public_id=content.number, content=text, sha256=sha256_of(text), **fields)


def content_for(
    *, setting: CertificateSetting, name: str, unit: str, number: str, finish: Finish, as_of: datetime
) -> Content:
    """Return what a certificate says, by what the organiser decided and what the training is called now."""
    training = setting.training
    with translation.override(settings.LANGUAGE_CODE):  # stored once, read by everybody
        title = setting.title or _("结业证书")
    return Content(
        number=number,
        title=title,
        text=setting.text,
        name=name,
        unit=unit,
        training=as_it_reads(training.title),
        from_date=training.starts_date.isoformat(),
        until_date=timezone.localdate(training.deadline_at).isoformat(),
        hours=f"{finish.hours.normalize():f}",
        issuer=setting.issuer.name,
        issued_date=timezone.localdate(as_of).isoformat(),
    )


def take(*, training_id: int, member_id: int, as_of: datetime) -> Certificate:
    """Return a person's own certificate of a training, issuing it where they have finished. Two taps make one.

    Raises UnableToTakeCertificate.
    """
    settle_dirty(as_of=as_of, member_ids=[member_id])
    found = last_of(training_id=training_id, member_id=member_id)
    if found is None:
        setting = setting_of(training_id)
        way = way_to(setting=setting, member_id=member_id) if setting else None
        if way is None or not way.setting.is_on:
            raise UnableToTakeCertificate(_("这个培训不发证书。"))
        if way.coming:
            raise UnableToTakeCertificate(_("培训还有没开始的场次，全部完成以后就可以领。"))
        if not way.finish.is_finished:
            raise UnableToTakeCertificate(_("还没有完成这个培训，现在不能领。还缺什么、还能不能补，写在这一页上。"))
        issue(training_id=training_id, member_ids=[member_id], as_of=as_of)
        found = last_of(training_id=training_id, member_id=member_id)
    if found is None or not found.stands:
        raise UnableToTakeCertificate(_("这张证书已经撤回。有疑问请联系支部书记或颁发单位。"))
    return found.certificate
