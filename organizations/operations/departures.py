"""Taking somebody out who left long ago: who they were goes for good, what they did stays as numbers (ADR 88).

First, in one transaction, the name, the numbers and every way in: from then on nobody takes them back, and a roster
that names them makes a new person. Then what else is theirs, app by app (``settings.TAKING_OUT``), each in a
transaction of its own that can be done twice. Whoever is interrupted anywhere has left a person without a name, and the
next turn goes on.
"""

import datetime as dt
import secrets
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from auditlog.models import LogEntry
from django.apps import apps
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Exists, Max, OuterRef
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from organizations import departing
from organizations.core.pinyin import sort_key
from organizations.models import (
    AccountLink,
    Departure,
    EndedAccount,
    Exemption,
    Membership,
    Node,
    PersonHold,
    SignInLink,
    User,
)
from organizations.operations.exemptions import lock_member
from organizations.queries import not_over_on

log = structlog.get_logger(__name__)

NAMELESS = "（已清除）"  # stored, for every list that shows a name; the same for all of them
MOST_REASON = 200
PEOPLE_A_TURN, MISSED_AT_ONCE = 20_000, 500
# What others' apps keep to let somebody in; those of them that are installed.
WAYS_IN = ("account.EmailAddress", "mfa.Authenticator", "socialaccount.SocialAccount", "usersessions.UserSession")


class UnableToHold(Exception):
    """There is nobody to hold, or there is a hold already, or none; the message is for the auditor who asks."""


def note_left(left: Mapping[int, dt.date]) -> None:
    """Note since when these people belong nowhere; call it in the transaction in which they leave."""
    Departure.objects.bulk_create(
        [Departure(member_id=member_id, left_date=day) for member_id, day in sorted(left.items())],
        update_conflicts=True, unique_fields=["member"], batch_size=900,
        update_fields=["left_date", "told_at", "written_at", "asked_at"],
    )  # fmt: skip


def note_back(member_ids: Iterable[int]) -> None:
    """Note that these people are here again; call it in the transaction in which they come back."""
    ids = sorted(set(member_ids))
    for start in range(0, len(ids), 900):
        Departure.objects.filter(pk__in=ids[start : start + 900], began_at=None).delete()


def take_out(*, as_of: dt.datetime, most: int = departing.AT_ONCE) -> int:
    """Take out up to ``most`` people whose time is over, and finish those who were begun; returns how many are done.

    Safe to repeat, twice at once, and to be killed anywhere. What fails at one stops no other. Whoever something keeps
    is told of anew once nothing does: thirty days are left to them then, too.
    """
    done = sum(_finish(member_id) for member_id in list(departing.begun().values_list("pk", flat=True)[:most]))
    today = timezone.localdate(as_of)
    rows = list(departing.over(as_of=as_of).values_list("pk", flat=True)[: departing.MOST_LOOKED_AT])
    for start in range(0, len(rows), departing.AT_ONCE):
        part = rows[start : start + departing.AT_ONCE]
        kept = departing.why_not(part, on_date=today)
        # Begun by another, or told of anew meanwhile: the conditions leave those alone.
        waits = Departure.objects.filter(pk__in=kept, began_at=None, told_at__lte=as_of - departing.TOLD_BEFORE)
        waits.update(told_at=None, written_at=None, asked_at=as_of)
        for member_id in part:
            if done >= most:
                return done
            if member_id not in kept and _begin(member_id, as_of):
                done += _finish(member_id)
    return done


def note_missed(*, as_of: dt.datetime) -> int:
    """Note that those left whose account was closed before they did, or who never belonged anywhere; returns how many.

    Without a day of leaving their time runs from today. One part of all people a call, another one each hour: bounded,
    however many there are; every part has its turn. Safe to repeat.
    """
    last = User.objects.aggregate(last=Max("pk"))["last"] or 0
    first = int(as_of.timestamp()) // 3600 % (last // PEOPLE_A_TURN + 1) * PEOPLE_A_TURN
    today = timezone.localdate(as_of)
    here = Membership.objects.filter(not_over_on(today), member_id=OuterRef("pk"))
    closed = User.objects.filter(pk__gte=first, pk__lt=first + PEOPLE_A_TURN, is_active=False, departure=None)
    missed = list(closed.exclude(Exists(here)).order_by("pk").values_list("pk", flat=True)[:MISSED_AT_ONCE])
    return sum(_note_one(member_id, today) for member_id in missed)


@transaction.atomic
def _note_one(member_id: int, today: dt.date) -> bool:
    lock_member(member_id)
    # Asked again under the lock: they may have come back since the list was read.
    places = Membership.objects.filter(member_id=member_id)
    if places.filter(not_over_on(today)).exists() or not User.objects.filter(pk=member_id, is_active=False).exists():
        return False
    if Departure.objects.filter(pk=member_id).exists():
        return False
    last = places.aggregate(day=Max("active_to_date"))["day"]
    Departure.objects.create(member_id=member_id, left_date=last or today)
    log.info("member_found_gone", member_id=member_id)
    return True


@transaction.atomic
def _begin(member_id: int, as_of: dt.datetime) -> bool:
    """Take away the name and every way in; False: they are here again, on hold, or something waits for an answer."""
    # Held as an import holds them: it looks for people by name and number, and must not find this one and then write.
    list(Node.objects.select_for_update(no_key=True).filter(depth=1).values_list("pk"))
    lock_member(member_id)
    row = departing.over(as_of=as_of).filter(pk=member_id).first()
    if row is None or departing.why_not([member_id], on_date=timezone.localdate(as_of)):
        return False
    person = User.objects.get(pk=member_id)
    person.groups.clear()
    person.user_permissions.clear()
    # Not by ``save``: the log of changes would keep the name that goes.
    User.objects.filter(pk=member_id).update(
        public_id=uuid.uuid4(), username=secrets.token_hex(12), name=NAMELESS, name_key=sort_key(NAMELESS),
        number=None, phone_cipher=None, phone_index=None, phone_last4="", phone_verified=False,
        password=make_password(None), last_login=None, language="zh-hans", elder_mode=False,
        is_active=False, is_staff=False, is_superuser=False,
    )  # fmt: skip
    Departure.objects.filter(pk=member_id).update(began_at=as_of)
    log.info("person_being_taken_out", member_id=member_id)
    return True


def _finish(member_id: int) -> bool:
    """Take out what else there is; False: a part failed, and the next turn tries again."""
    for path in settings.TAKING_OUT:
        try:
            with transaction.atomic():
                import_string(path)(member_id=member_id)
        except Exception:
            log.exception("person_not_taken_out", member_id=member_id, part=path)
            Departure.objects.filter(pk=member_id).update(asked_at=timezone.now())  # after those who were not tried
            return False
    done = Departure.objects.filter(pk=member_id, done_at=None).update(done_at=timezone.now())
    log.info("person_taken_out", member_id=member_id)
    return bool(done)


def take_out_access(*, member_id: int) -> None:
    """The links by which they signed in, their accounts elsewhere and other ways in, what the log of changes says of
    their name, the numbers of papers, and why somebody held them."""
    SignInLink.objects.filter(member_id=member_id).delete()
    AccountLink.objects.filter(member_id=member_id).delete()
    EndedAccount.objects.filter(member_id=member_id).delete()
    for model in apps.get_models():
        if model._meta.label in WAYS_IN:  # noqa: SLF001 - documented
            model._default_manager.filter(user_id=member_id).delete()  # noqa: SLF001 - documented
    Exemption.objects.filter(member_id=member_id).exclude(document="").update(document="")
    PersonHold.objects.filter(member_id=member_id).exclude(reason="").update(reason="")
    _clear_changes(member_id)
    _clear_papers(member_id)


def _clear_changes(member_id: int) -> None:
    """Who changed what of the account, and when, stays; not what was called how, nor from which address they came."""
    about = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(User), object_pk=str(member_id))
    for entry in about.order_by("pk").iterator(chunk_size=200):
        entry.object_repr, entry.serialized_data, entry.additional_data = NAMELESS, None, None
        entry.changes = {field: _without_words(field, change) for field, change in (entry.changes or {}).items()}
        entry.save(update_fields=["object_repr", "serialized_data", "additional_data", "changes"])
    LogEntry.objects.filter(actor_id=member_id).update(remote_addr=None, actor_email=None)


def _clear_papers(member_id: int) -> None:
    """The log of an exemption says who noted it and when; no longer which paper, nor by its words whose it was."""
    theirs = Exemption.objects.filter(member_id=member_id).values_list("pk", flat=True)
    about = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Exemption), object_pk__in=[str(pk) for pk in theirs]
    )
    for entry in about.order_by("pk").iterator(chunk_size=200):
        changes = entry.changes or {}
        entry.changes = {field: ["…", "…"] if field == "document" else said for field, said in changes.items()}
        entry.serialized_data, entry.additional_data = None, None
        entry.save(update_fields=["changes", "serialized_data", "additional_data"])


def _without_words(field: str, change: Any) -> Any:
    return ["…", "…"] if field in ("name", "number") else change


@transaction.atomic
def place_hold(*, member_id: int, reason: str, actor_id: int, as_of: dt.datetime) -> PersonHold:
    """Keep what is known of somebody who left, until the hold is lifted. Raises UnableToHold."""
    tidy = " ".join(reason.split())
    if not tidy or len(tidy) > MOST_REASON:
        raise UnableToHold(_("请写明理由，最多 %(most)s 个字。") % {"most": MOST_REASON})
    lock_member(member_id)
    if not Departure.objects.filter(pk=member_id, began_at=None).exists():
        raise UnableToHold(_("这个人没有离开，或者个人信息已经清除，不能暂缓。"))
    if PersonHold.objects.filter(member_id=member_id, lifted_at=None).exists():
        raise UnableToHold(_("已经暂缓了，不用再办。"))
    log.info("person_held", member_id=member_id, actor_id=actor_id)
    return PersonHold.objects.create(member_id=member_id, reason=tidy, set_by_id=actor_id, set_at=as_of)


@transaction.atomic
def lift_hold(*, member_id: int, actor_id: int, as_of: dt.datetime) -> None:
    """Let the time run again: it is said anew, so at least thirty days are left. Raises UnableToHold."""
    lock_member(member_id)
    if not PersonHold.objects.filter(member_id=member_id, lifted_at=None).update(lifted_at=as_of, lifted_by=actor_id):
        raise UnableToHold(_("现在没有暂缓，不用解除。"))
    Departure.objects.filter(pk=member_id, began_at=None).update(told_at=None, written_at=None, asked_at=None)
    log.info("person_hold_lifted", member_id=member_id, actor_id=actor_id)
