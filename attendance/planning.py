"""Planning a training in one go (ADR 65): a plan is a training in draft with what is scheduled in it.

The apps above say their part through ``settings.PLANNERS``: a class for each kind of occasion (``Planner``). All or
nothing: each verb here is one transaction, through the operations that there are.
"""

import datetime as dt
from collections import defaultdict
from functools import cache
from typing import Protocol

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from wagtail.log_actions import log as log_action

from attendance.models import Occasion, Training
from attendance.operations import UnableToPlanOccasion
from attendance.operations.narrowing import narrow_training
from attendance.queries.consequences import named
from attendance.queries.naming import leaves_nobody
from attendance.queries.planning import named_units
from attendance.sentences.records import moment
from organizations.models import Role, User
from organizations.permissions import visible_nodes

log = structlog.get_logger(__name__)
State = Occasion.State


class UnableToPlanTraining(Exception):
    """The plan cannot become what is asked; the message is for the person who planned."""


class Planner(Protocol):
    """What an app says of its kind of occasion while a training is planned."""

    add_label: str

    def add_url(self, training: Training) -> str:
        """Return the form that schedules one for this training."""

    def copy(self, occasion: Occasion, *, to: Training, by: dt.timedelta, actor_id: int, as_of: dt.datetime) -> str:
        """Schedule the same once more in another training, so much later; return why not, "" where it is done."""

    def withdraw(self, occasion: Occasion, *, actor_id: int, as_of: dt.datetime) -> None:
        """Withdraw one that has not begun. Raises UnableToPlanOccasion once it has."""

    def lacks(self, occasions: list[Occasion], *, as_of: dt.datetime) -> list[str]:
        """Return what keeps some that have not begun from taking place, a sentence each; as many queries for all."""


def planners() -> dict[str, Planner]:
    """Return the planner of each kind of occasion that is planned in a training."""
    return _load(tuple(settings.PLANNERS.items()))


@cache
def _load(paths: tuple[tuple[str, str], ...]) -> dict[str, Planner]:
    return {name: import_string(path)() for name, path in paths}


def contents_of(training: Training) -> list[Occasion]:
    """Return what is planned in a training, void things apart, in order of time; one query."""
    found = training.occasions.exclude(state=State.VOID).select_related("node", "rule", "training")
    return list(found.order_by("starts_at", "pk"))


def lacks_of(training: Training, contents: list[Occasion], *, as_of: dt.datetime) -> list[str]:
    """Return what keeps a plan from being published, a sentence each, with what to do about it."""
    found = []
    if not contents:
        found.append(_("还没有内容。请先加一场直播或者一门课程。"))
    if training.deadline_at <= as_of:
        found.append(_("截止时间 %(at)s 已经过去。请改成以后的时间。") % {"at": moment(training.deadline_at)})
    if over := [one for one in contents if one.state == State.SCHEDULED and one.ends_at <= as_of]:
        found.append(_("这些已经过了时间，请先改时间或者取消：%(list)s。") % {"list": named(over)})
    root = training.node.path
    outside = [one for one in contents if not one.node.path.startswith(root) and not root.startswith(one.node.path)]
    if outside:
        words = _("这些的对象不在“%(node)s”之内，请先改：%(list)s。")
        found.append(words % {"node": training.node, "list": named(outside)})
    if training.is_narrowed:
        found += _lacks_of_units(training, contents)
    ahead: dict[str, list[Occasion]] = defaultdict(list)
    for one in contents:
        if one.state == State.SCHEDULED and one.kind in planners():
            ahead[one.kind].append(one)
    return found + [said for kind, some in ahead.items() for said in planners()[kind].lacks(some, as_of=as_of)]


def _lacks_of_units(training: Training, contents: list[Occasion]) -> list[str]:
    """Return what is wrong with the units a plan is for; one query."""
    units = named_units(training)
    chosen = [one for one, is_left_out in units if not is_left_out]
    if chosen and all(one.closed_date is not None for one in chosen):
        names = _("、").join(f"“{one.name}”" for one in chosen)
        return [_("选的组织都已撤销：%(list)s。请先改这个培训给谁。") % {"list": names}]
    paths = [(one.path, is_left_out) for one, is_left_out in units]
    if empty := [one for one in contents if leaves_nobody(paths, one.node.path)]:
        words = _("这些的对象不在选的组织里，没有人应到：%(list)s。请先改对象，或者改这个培训给谁。")
        return [words % {"list": named(empty)}]
    return []


def beyond_reach(contents: list[Occasion], *, user: User) -> list[Occasion]:
    """Return what of a plan is given to more than this organiser's part of the tree; one query.

    A course may be given to a unit above its training's.
    """
    asked = {one.node_id for one in contents}
    reached = set(visible_nodes(user, Role.ORGANISER).filter(pk__in=asked).values_list("pk", flat=True))
    return [one for one in contents if one.node_id not in reached]


@transaction.atomic
def publish_training(*, training_id: int, actor_id: int, as_of: dt.datetime) -> Training:
    """Show a plan to everybody it is for; a second press changes nothing. Raises UnableToPlanTraining."""
    training = _held(training_id)
    if training.state == Training.State.PUBLISHED:
        return training
    if training.state == Training.State.CLOSED:
        raise UnableToPlanTraining(_("这个培训已经结束，不能再发布。可以照它再办一次。"))
    if lacks := lacks_of(training, contents_of(training), as_of=as_of):
        raise UnableToPlanTraining(" ".join(lacks))
    training.state = Training.State.PUBLISHED
    training.save(update_fields=["state"])
    log_action(instance=training, action="wagtail.edit", user=User.objects.get(pk=actor_id))
    log.info("training_published", training_id=training.pk)
    return training


@transaction.atomic
def copy_training(
    *, training_id: int, title: str, starts_date: dt.date, actor_id: int, as_of: dt.datetime
) -> tuple[Training, list[str]]:
    """Make a draft of the same training, everything as many days later as it begins later.

    Return it and what could not be copied, a sentence each: a time that is over, a lecturer who is one no more, a unit
    beyond the actor's reach. Raises UnableToPlanTraining where the training's own unit is closed.
    """
    source = Training.objects.select_related("node").get(pk=training_id)
    if source.node.closed_date is not None:
        words = _("“%(unit)s”已撤销，不能照它再办一次。请给现在的组织新做一个培训。")
        raise UnableToPlanTraining(words % {"unit": source.node.name})
    actor = User.objects.get(pk=actor_id)
    by = starts_date - source.starts_date
    copied = Training.objects.create(
        title=title, summary=source.summary, node=source.node, starts_date=starts_date,
        deadline_at=_later(source.deadline_at, by), hours_required=source.hours_required,
        lecture_rule_id=source.lecture_rule_id, course_rule_id=source.course_rule_id,
    )  # fmt: skip
    log_action(instance=copied, action="wagtail.create", user=actor)
    left_out = _copy_units(source, copied)
    contents = contents_of(source)
    beyond = {one.pk for one in beyond_reach(contents, user=actor)}
    for one in contents:
        planner = planners().get(one.kind)
        refusal = _not_copied(one, planner, is_beyond=one.pk in beyond)
        if planner is not None and not refusal:
            refusal = planner.copy(one, to=copied, by=by, actor_id=actor_id, as_of=as_of)
        if refusal:
            left_out.append(_("“%(title)s”没有照搬：%(why)s") % {"title": one.title, "why": refusal})
    log.info("training_copied", training_id=copied.pk, source_id=source.pk, left_out=len(left_out))
    return copied, left_out


def _copy_units(source: Training, copied: Training) -> list[str]:
    """Let a copy be for the same units, before anything is planned in it; return which are closed, a sentence each.

    Where all that were chosen are closed they stay chosen: without any it would be for everybody, and published as it
    is. What the plan lacks says so (``_lacks_of_units``).
    """
    units = named_units(source)
    closed = [one for one, _is_left_out in units if one.closed_date is not None]
    copies = [(one, is_left_out) for one, is_left_out in units if one.closed_date is None]
    if all(is_left_out for _one, is_left_out in copies):
        copies += [(one, is_left_out) for one, is_left_out in units if one in closed and not is_left_out]
    if copies:
        narrow_training(
            training_id=copied.pk,
            chosen=[one.pk for one, is_left_out in copies if not is_left_out],
            left_out=[one.pk for one, is_left_out in copies if is_left_out],
        )
        copied.refresh_from_db(fields=["is_narrowed"])
    stay = {one.pk for one, _is_left_out in copies}
    words = _("“%(unit)s”已撤销，没有照搬到对象里，请看看给谁。")
    return [words % {"unit": one.name} for one in closed if one.pk not in stay]


def _not_copied(occasion: Occasion, planner: Planner | None, *, is_beyond: bool) -> str:
    """Return why something is in no copy, whatever its kind says; "" where it may be."""
    if is_beyond:
        return _("它的对象“%(unit)s”不在您的范围内。") % {"unit": occasion.node.name}
    if planner is None:
        return _("这一类不能照搬，请另外安排。")
    if occasion.repeats_id is not None:
        return _("这是再讲的一场，要等新的一场办过以后再安排。")
    if occasion.node.closed_date is not None:
        return _("“%(unit)s”已撤销，请另外安排。") % {"unit": occasion.node.name}
    return ""


def _later(at: dt.datetime, by: dt.timedelta) -> dt.datetime:
    """Return the same hour so many days later, by the clock on the wall."""
    local = timezone.localtime(at).replace(tzinfo=None)
    return timezone.make_aware(local + by)


def why_not_withdrawn(contents: list[Occasion], *, user: User) -> str:
    """Return why what is planned cannot be called off as a whole, with what can be done; "" where it can."""
    if beyond := beyond_reach(contents, user=user):
        words = _("这些的对象不在您的范围内，不能整个撤回：%(list)s。请上级来撤回，或者只取消您自己的。")
        return words % {"list": named(beyond)}
    begun = [one for one in contents if one.state != State.SCHEDULED or one.kind not in planners()]
    return _begun_words(begun) if begun else ""


def _begun_words(begun: list[Occasion]) -> str:
    words = _("已经开始或者已经办过，不能整个撤回：%(list)s。还没有开始的，可以一场一场取消。")
    return words % {"list": named(begun)}


@transaction.atomic
def withdraw_training(*, training_id: int, actor_id: int, as_of: dt.datetime) -> bool:
    """Call a training off of which nothing has begun, with all that is planned in it.

    Return whether it is gone; it stays, closed, where something in it is kept for the leave written down for it.
    Raises UnableToPlanTraining.
    """
    # With its key: whatever is added to it in this moment waits, or is seen here.
    training = Training.objects.select_for_update(of=("self",)).select_related("node").get(pk=training_id)
    actor = User.objects.get(pk=actor_id)
    contents = contents_of(training)
    if why := why_not_withdrawn(contents, user=actor):
        raise UnableToPlanTraining(why)
    for one in contents:
        try:
            planners()[one.kind].withdraw(one, actor_id=actor_id, as_of=as_of)
        except UnableToPlanOccasion as error:  # it has begun since it was read
            raise UnableToPlanTraining(_begun_words([one])) from error
    is_gone = not training.occasions.exists()
    if is_gone:
        data = {"node_id": training.node_id}  # by it those who planned it are told that it was withdrawn
        log_action(instance=training, action="wagtail.delete", user=actor, deleted=True, data=data)
        training.delete()
    else:
        training.state = Training.State.CLOSED
        training.save(update_fields=["state"])
        log_action(instance=training, action="wagtail.edit", user=actor)
    log.info("training_withdrawn", training_id=training_id, is_gone=is_gone)
    return is_gone


def _held(training_id: int) -> Training:
    """Return a training whose row is held against whoever changes its state at the same time."""
    held = Training.objects.select_for_update(of=("self",), no_key=True).select_related("node")
    return held.get(pk=training_id)
