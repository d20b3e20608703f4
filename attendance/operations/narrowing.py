"""Giving a training to some of the units below its own, or to all but some of them (ADR 83)."""

from collections.abc import Collection

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from attendance.models import Occasion, Training, TrainingUnit
from attendance.operations.rosters import take_back_preparation
from attendance.queries.listing import being_listed
from organizations.models import Node

log = structlog.get_logger(__name__)


class UnableToNarrowTraining(Exception):
    """A unit lies outside of the training's own, or a roster is being written now; the message says which."""


@transaction.atomic
def narrow_training(*, training_id: int, chosen: Collection[int], left_out: Collection[int]) -> None:
    """Let a training be for the units ``chosen`` (none: all below its own) without those of ``left_out``.

    Whoever stands on a roster stays on it: what has opened is as it was, what has not expects whom the new choice says.
    Raises UnableToNarrowTraining.
    """
    training = Training.objects.select_for_update(of=("self",), no_key=True).select_related("node").get(pk=training_id)
    # Held before it is asked what is being written: what opens in this moment waits, or is seen.
    ahead = Occasion.objects.select_for_update(no_key=True).filter(
        training_id=training_id, state=Occasion.State.SCHEDULED
    )
    ids = list(ahead.order_by("pk").values_list("pk", flat=True))
    if being_listed().filter(occasion__training_id=training_id).exists():
        raise UnableToNarrowTraining(_("这个培训有一场刚开始，名单正在写。请过一分钟再保存一次。"))
    below = Node.objects.filter(path__startswith=training.node.path).exclude(pk=training.node_id)
    asked = {*chosen, *left_out}
    if below.filter(pk__in=asked).count() != len(asked) or set(chosen) & set(left_out):
        raise UnableToNarrowTraining(_("选的组织要在“%(node)s”下面。") % {"node": training.node.name})
    TrainingUnit.objects.filter(training_id=training_id).delete()
    TrainingUnit.objects.bulk_create(
        TrainingUnit(training_id=training_id, node_id=one, is_left_out=one in left_out) for one in sorted(asked)
    )
    Training.objects.filter(pk=training_id).update(is_narrowed=bool(asked))
    Occasion.objects.filter(pk__in=ids).update(is_narrowed=bool(asked))
    for occasion_id in ids:
        take_back_preparation(occasion_id=occasion_id)
    log.info("training_narrowed", training_id=training_id, chosen=len(chosen), left_out=len(left_out))
