"""Looking after: who has finished since gets theirs, and what a certificate rested on and lost is noted.

Two ways lead to ``look_after``, both by a few hundred people a transaction: everybody of a training once it is closed
(``advance``), and whoever's records changed (``look_at_marks``). Both go on where they stopped, and may run twice.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from attendance.models import Training
from attendance.operations import tell
from attendance.surviving import survived
from certificates.core.finish import lapsed
from certificates.models import CertificateLapse, CertificateMark, CertificateSetting
from certificates.operations.issuing import issue
from certificates.queries.finished import number_of_people, people_of, stood_in, terms_as_issued
from certificates.queries.issued import open_settings, standing
from organizations.models import Role
from organizations.queries import grants_above

log = structlog.get_logger(__name__)
STEP = 500
MOST_FAILED = 20  # of some, one by one


@transaction.atomic
def look_after(*, training_id: int, member_ids: Collection[int], as_of: datetime) -> int:
    """Issue to those who have finished a closed training, and note whose certificate is no longer covered; returns how
    many were issued. Nothing is withdrawn here: that is an organiser's decision."""
    training = Training.objects.select_related("node").get(pk=training_id)
    is_closed = training.state == Training.State.CLOSED
    _note_lapses(training, member_ids, as_of)
    return len(issue(training_id=training_id, member_ids=member_ids, as_of=as_of)) if is_closed else 0


def _note_lapses(training: Training, member_ids: Collection[int], as_of: datetime) -> None:
    certificates = list(standing().filter(training=training, member_id__in=member_ids))
    stood = stood_in(training_ids=[training.pk], member_ids=[one.member_id for one in certificates])
    lacking: dict[int, Any] = {}
    for one in certificates:
        known = stood.get((training.pk, one.member_id))
        lost = lapsed(known.places if known else [], rests_on=one.rests_on, terms=terms_as_issued(one.terms))
        if lost:
            lacking[one.pk] = lost
    ids = [one.pk for one in certificates]
    CertificateLapse.objects.filter(pk__in=set(ids) - set(lacking)).delete()
    known_ids = set(CertificateLapse.objects.filter(pk__in=ids).values_list("pk", flat=True))
    made = [
        CertificateLapse(certificate_id=pk, training=training, lacking=lost, noticed_at=as_of)
        for pk, lost in lacking.items()
    ]
    CertificateLapse.objects.bulk_create(
        made, update_conflicts=True, unique_fields=["certificate"], update_fields=["lacking"], batch_size=STEP
    )
    if set(lacking) - known_ids:
        _tell_organisers(training, as_of)


def _tell_organisers(training: Training, as_of: datetime) -> None:
    """Tell those who issue: the organisers of the training's unit, of none there those next above."""
    grants = list(grants_above(training.node, role=Role.ORGANISER, on_date=timezone.localdate(as_of)))
    nearest = {one.user_id for one in grants if one.node_id == grants[0].node_id}
    tell(member_ids=nearest, kind="certificate_lapsed", training_id=training.pk, as_of=as_of)


def mark(*, occasion_id: int, member_ids: Collection[int]) -> None:
    """Note that these people stand otherwise, in the transaction in which they do: their certificates are looked at
    soon. One question where the training gives none."""
    found = CertificateSetting.objects.filter(training__occasions=occasion_id)
    known = found.values_list("training_id", "training__state", "is_on").first()
    if known is None:
        return
    training_id, state, is_on = known
    ids = set(member_ids)
    if state != Training.State.CLOSED or not is_on:
        # Nothing is issued by itself yet: only those matter who already have one.
        ids = set(standing().filter(training=training_id, member_id__in=ids).values_list("member_id", flat=True))
    rows = [CertificateMark(training_id=training_id, member_id=pk) for pk in sorted(ids)]
    # A mark that is there is held too: ``look_at_marks`` passes it over until what is new can be read.
    CertificateMark.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["training", "member"], update_fields=["member"], batch_size=STEP
    )


def look_at_marks(*, as_of: datetime, most: int = STEP) -> int:
    """Look at up to ``most`` of those whose records changed; returns how many there were."""
    with transaction.atomic():
        marks = list(CertificateMark.objects.select_for_update(skip_locked=True, of=("self",)).order_by("pk")[:most])
        by_training: defaultdict[int, list[int]] = defaultdict(list)
        for one in marks:
            by_training[one.training_id].append(one.member_id)
        # They go first: who changes while we look is marked again.
        CertificateMark.objects.filter(pk__in=[one.pk for one in marks]).delete()
        for training_id, member_ids in by_training.items():
            _look_or_put_aside(training_id, member_ids, as_of)
    return len(marks)


def _look_or_put_aside(training_id: int, member_ids: Collection[int], as_of: datetime) -> None:
    """Look after some people; where that fails, after their halves, down to those who cannot be looked after.

    These wait with a new mark, behind all others. That the database is away is no fault of theirs, and raised.
    """
    waiting, failed = [sorted(member_ids)], 0
    while waiting:
        some = waiting.pop()
        done = survived(
            look_after, event="certificates_put_aside", training_id=training_id, member_ids=some, as_of=as_of
        )
        if done is not None:
            continue
        if len(some) > 1 and failed < MOST_FAILED:
            waiting += [some[len(some) // 2 :], some[: len(some) // 2]]
            continue
        failed += len(some)
        rows = [CertificateMark(training_id=training_id, member_id=pk) for pk in some]
        CertificateMark.objects.bulk_create(rows, ignore_conflicts=True, batch_size=STEP)


def look_again(*, occasion_id: int, as_of: datetime) -> None:
    """Look at everybody of an occasion's training again: it was voided, and with it what certificates rested on."""
    found = CertificateSetting.objects.filter(training__occasions=occasion_id)
    found.update(began_at=as_of, done_at=None, after_member_id=0, seen=0)


def opened_again(*, training_id: int) -> None:
    """Note that a training runs again: whoever finishes then is looked for when it closes once more."""
    done = CertificateSetting.objects.filter(pk=training_id, done_at__isnull=False)
    done.update(began_at=None, done_at=None, after_member_id=0, seen=0)


def unfinished() -> Iterator[int]:
    """Yield the trainings in which people are still to be looked at."""
    yield from list(CertificateSetting.objects.filter(open_settings()).values_list("pk", flat=True))


def advance(*, training_id: int, as_of: datetime, most: int | None = None) -> bool:
    """Look at the next people of a training, ``most`` of them (None: all); returns whether that was everybody.

    Stopped half way, the next turn goes on there; two at once take turns.
    """
    seen = 0
    while most is None or seen < most:
        number = _step(training_id, as_of)
        if number < STEP:
            return True
        seen += number
    return False


@transaction.atomic
def _step(training_id: int, as_of: datetime) -> int:
    held = CertificateSetting.objects.select_for_update(no_key=True, of=("self",)).filter(open_settings())
    setting = held.select_related("training").filter(pk=training_id).first()
    if setting is None:
        return 0
    if not setting.after_member_id:
        setting.whole, setting.seen, setting.began_at = number_of_people(training_id), 0, as_of
    ids = people_of(training_id, after=setting.after_member_id, most=STEP)
    _look_or_put_aside(training_id, ids, as_of)
    setting.seen += len(ids)
    if len(ids) == STEP:
        setting.after_member_id = ids[-1]
    else:
        is_closed = setting.training.state == Training.State.CLOSED
        setting.done_at, setting.after_member_id = (as_of if is_closed and setting.is_on else None), 0
        setting.began_at = None
        log.info("certificates_looked_through", training_id=training_id, people=setting.seen)
    setting.save(update_fields=["whole", "began_at", "seen", "after_member_id", "done_at"])
    return len(ids)
