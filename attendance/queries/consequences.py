"""What a change of a training or a rule does to those it concerns, said before it is done. Nothing here writes."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.models import Occasion, Recomputation, Rule, Training
from attendance.queries import CALLED_OFF
from attendance.queries.concerned import people_at, people_owing
from attendance.queries.planning import named_units
from attendance.sentences.records import moment
from organizations.models import Node, User
from organizations.permissions import in_subtree
from organizations.uses import Use, uses_of

State = Occasion.State
MOST_NAMED = 8


def named(occasions: Iterable[Occasion]) -> str:
    """Return occasions by their titles and beginnings, the first of many."""
    found = list(occasions)
    words = [
        _("“%(title)s”（%(node)s，%(starts)s 至 %(ends)s）")
        % {"title": one.title, "node": one.node.name, "starts": moment(one.starts_at), "ends": moment(one.ends_at)}
        for one in found[:MOST_NAMED]
    ]
    if len(found) > MOST_NAMED:
        words.append(_("另有 %(count)s 场") % {"count": len(found) - MOST_NAMED})
    return _("、").join(words)


def counted(occasions: Iterable[Occasion], *, as_of: datetime) -> str:
    """Return how many occasions and people that is: 3 场、120 人."""
    found = list(occasions)
    return _("%(occasions)s 场、%(people)s 人") % {
        "occasions": len(found),
        "people": people_at(found, as_of=as_of),
    }


# --- plans of occasions -------------------------------------------------------------------------------------------


def effects_of_dates(
    *,
    training: Training,
    starts_at: datetime,
    ends_at: datetime,
    by_media: bool = False,
    as_stamped: Occasion | None = None,
    from_plan: bool = False,
) -> list[str]:
    """Return what is unusual about when something takes place in its training; never a reason to refuse it.

    A lecture is judged by its own time, so one held again after the deadline counts like any other; a course is on time
    until the deadline (``as_stamped``: of the course that runs) and made up after it. ``from_plan``: it is added to
    the training's plan, where a draft is what everybody sees.
    """
    found: list[str] = []
    if training.state == Training.State.DRAFT and not from_plan:
        words = _("培训“%(title)s”还是草稿：发布以前，大家看不到这一场，也不能开始。")
        found.append(words % {"title": training.title})
    if timezone.localdate(starts_at) < training.starts_date:
        words = _("开始时间早于培训的开始日期 %(date)s。")
        found.append(words % {"date": training.starts_date.isoformat()})
    stamp = (as_stamped.rule_stamp or {}).get("deadline_at") if as_stamped else None
    deadline = datetime.fromisoformat(stamp) if stamp else training.deadline_at
    if ends_at > deadline:
        late = _("结束时间晚于培训的截止时间 %(at)s；这一场照常认定。")
        made_up = _("截止时间晚于培训的截止时间 %(at)s：那以后学完的算“已补学”。")
        found.append((made_up if by_media else late) % {"at": moment(deadline)})
    return found


def resting_on(occasion: Occasion, *, user: User, as_of: datetime) -> str:
    """Return what of the apps above rests on how people stand at an occasion, before that changes; "" for nothing."""
    return "".join(use.text for use in uses_of(occasion, user=user, as_of=as_of))


# --- trainings ----------------------------------------------------------------------------------------------------


def refusals_of(*, before: Training, after: Training) -> list[tuple[str, str]]:
    """Return what of a change of a training cannot be, as ``(field, sentence)``, naming who stands in the way."""
    occasions = list(_counting(before))
    found: list[tuple[str, str]] = []
    if after.node_id != before.node_id and (left_out := [one for one in occasions if not _fits(one, after.node)]):
        words = _("这些场次的对象不在“%(node)s”之内：%(list)s。请先改它们的对象，或者取消、作废。")
        found.append(("node", words % {"node": after.node.name, "list": named(left_out)}))
    if after.node_id != before.node_id and before.is_narrowed:
        units = [one for one, _is_left_out in named_units(before)]
        outside = [one for one in units if one.pk == after.node_id or not in_subtree(one, after.node)]
        if outside:
            words = _("单独选的、不包括的组织不在“%(node)s”下面：%(list)s。请先在安排培训里去掉它们。")
            found.append(("node", words % {"node": after.node.name, "list": _("、").join(one.name for one in outside)}))
    going_on = [one for one in occasions if one.state in (State.SCHEDULED, State.OPEN)]
    if after.deadline_at < before.deadline_at and (late := [o for o in going_on if o.ends_at > after.deadline_at]):
        words = _("这些场次到新的截止时间还没有结束：%(list)s。请先把它们提前，或者取消。")
        found.append(("deadline_at", words % {"list": named(late)}))
    if after.state != before.state:
        found += _state_refusals(after, going_on)
    return found


def _state_refusals(after: Training, going_on: list[Occasion]) -> list[tuple[str, str]]:
    opened = [one for one in going_on if one.state == State.OPEN]
    if after.state == Training.State.DRAFT and opened:
        words = _("正在进行，不能退回草稿：%(list)s。请等它结束，或者先结束、作废。")
        return [("state", words % {"list": named(opened)})]
    if after.state == Training.State.CLOSED and going_on:
        words = _("还没有完，不能结束培训：%(list)s。请等它们结束，或者先取消、作废。")
        return [("state", words % {"list": named(going_on)})]
    return []


def effects_on_training(*, before: Training, after: Training, as_of: datetime) -> list[str]:
    """Return what a change of a training does to those it concerns, a sentence each; [] where it concerns nobody."""
    occasions = list(_counting(before))
    if not occasions:
        return []
    all_of_it = counted(occasions, as_of=as_of)
    found: list[str] = []
    if before.state != after.state:
        found.append(_state_effect(before, after, occasions, as_of))
    # Of a draft members see nothing; what it is published with they see for the first time.
    if before.state == Training.State.DRAFT:
        return found
    if before.title != after.title:
        words = _("名称改为“%(title)s”：涉及 %(count)s，页面和以后的报表都用新名称，已经导出的不变。")
        found.append(words % {"title": after.title, "count": all_of_it})
    if before.node_id != after.node_id:
        words = _("对象改为“%(node)s”：已有的 %(count)s不变，只有以后的场次按新的范围安排。")
        found.append(words % {"node": after.node.name, "count": all_of_it})
    if before.hours_required != after.hours_required:
        words = _("要求学时从 %(old)s 改为 %(new)s：涉及 %(count)s，每个人够不够会按新的要求显示，已有的认定不变。")
        found.append(words % {"old": before.hours_required, "new": after.hours_required, "count": all_of_it})
    return [*found, *_date_effects(before, after, occasions, as_of)]


def _date_effects(before: Training, after: Training, occasions: list[Occasion], as_of: datetime) -> list[str]:
    found: list[str] = []
    early = [one for one in occasions if timezone.localdate(one.starts_at) < after.starts_date]
    if before.starts_date != after.starts_date and early:
        found.append(_("开始日期晚于这些场次的开始：%(list)s。它们照常。") % {"list": named(early)})
    if before.deadline_at == after.deadline_at:
        return found
    by_media = [one for one in occasions if one.rule.basis == Rule.Basis.MEDIA]
    stamped = [one for one in by_media if one.state not in (State.SCHEDULED, *CALLED_OFF)]
    if stamped:
        words = _("已经开始的课程（%(count)s）仍按原来的截止时间 %(old)s 认定，不因这次修改变严或变松。")
        found.append(words % {"count": counted(stamped, as_of=as_of), "old": moment(before.deadline_at)})
    planned = [one for one in by_media if one.state == State.SCHEDULED]
    if planned:
        words = _("还没有开始的课程（%(count)s）按新的截止时间 %(new)s 认定。")
        found.append(words % {"count": counted(planned, as_of=as_of), "new": moment(after.deadline_at)})
    if not by_media:
        words = _("截止时间改为 %(new)s：涉及 %(count)s；直播按自己的时间认定，不受影响。")
        found.append(words % {"new": moment(after.deadline_at), "count": counted(occasions, as_of=as_of)})
    return found


def _state_effect(before: Training, after: Training, occasions: list[Occasion], as_of: datetime) -> str:
    count = counted(occasions, as_of=as_of)
    if after.state == Training.State.DRAFT:
        words = _("退回草稿：%(count)s从大家的页面上消失，不能开播，不能学习；已有的记录保留，再发布就回来。")
        return words % {"count": count}
    if after.state == Training.State.CLOSED:
        offered = [one for one in occasions if one.make_up_until_at and one.make_up_until_at > as_of]
        making_up = people_owing(offered)
        words = _("结束培训：%(count)s的记录都保留，不再出现在“今天”。") % {"count": count}
        if making_up:
            until = max(one.make_up_until_at for one in offered if one.make_up_until_at)
            words += _("其中 %(making_up)s 人还可以补学到 %(until)s，结束以后“今天”不再提醒。") % {
                "making_up": making_up,
                "until": moment(until),
            }
        return words
    over = [one for one in occasions if one.state == State.SCHEDULED and one.ends_at <= as_of]
    words = _("发布：%(count)s出现在大家的页面上。") % {"count": count}
    if over:
        words += _("其中这些已经过了时间，请先改时间：%(list)s。") % {"list": named(over)}
    return words


def uses_of_training(training: Training) -> list[Use]:
    """Return what keeps a training from being deleted: only an empty draft can be."""
    found = [
        Use(f"{named([one])}：{one.get_state_display()}", blocks=True)
        for one in training.occasions.select_related("node").order_by("starts_at", "pk")
    ]
    if not found and training.state != Training.State.DRAFT:
        found.append(Use(_("它已经发布过，大家看到过它。"), blocks=True))
    return found


def _counting(training: Training) -> QuerySet[Occasion]:
    """The occasions of a training that were not called off."""
    occasions = Occasion.objects.filter(training_id=training.pk).exclude(state__in=CALLED_OFF)
    return occasions.select_related("node", "rule").order_by("starts_at", "pk")


def _fits(occasion: Occasion, node: Node) -> bool:
    """Whether an occasion may belong to a training of ``node``: it lies below; a course may also be given above."""
    if occasion.rule.basis == Rule.Basis.MEDIA:
        return in_subtree(occasion.node, node) or in_subtree(node, occasion.node)
    return in_subtree(occasion.node, node)


# --- rules --------------------------------------------------------------------------------------------------------


def effects_of_rule(*, rule: Rule, length: timedelta) -> list[str]:
    """Return why hardly anybody can do what a rule asks of something so long; never a reason to refuse it."""
    minutes = length / timedelta(minutes=1)
    if not rule.min_minutes or not minutes or rule.min_minutes < minutes:
        return []
    values = {"asked": rule.min_minutes, "there": f"{minutes:.4g}"}
    if rule.basis == Rule.Basis.MEDIA:
        words = _("规则要求至少学 %(asked)s 分钟，这门课一共只有 %(there)s 分钟：一秒不缺才算学完，几乎没有人做得到。")
        return [words % values]
    words = _("规则要求至少 %(asked)s 分钟，这一场只有 %(there)s 分钟：从头到尾一秒不缺才算参加，几乎没有人做得到。")
    return [words % values]


def effects_of_asking_all(rule: Rule) -> list[str]:
    """Return that a rule asks for every second, where it does."""
    if rule.min_share < 1:
        return []
    return [_("最低比例是 100%：晚到一秒、断线一次就不算，几乎没有人做得到。一般填 0.8。")]


def too_short_for(*, rule: Rule, nodes: QuerySet[Node], minutes: int | None) -> list[str]:
    """Return which of the planned occasions of a rule are no longer than what its next version would ask."""
    if not minutes or rule.basis == Rule.Basis.MEDIA:
        return []
    planned = occasions_under(rule).filter(state=State.SCHEDULED, node__in=nodes.order_by())
    short = [one for one in planned if one.ends_at - one.starts_at <= timedelta(minutes=minutes)]
    words = _("这些场次不到 %(minutes)s 分钟，改用新版以后几乎没有人做得到：%(list)s。")
    return [words % {"minutes": minutes, "list": named(short)}] if short else []


def occasions_under(rule: Rule) -> QuerySet[Occasion]:
    """Return the occasions that use this version of a rule, the next first."""
    return Occasion.objects.filter(rule_id=rule.pk).select_related("node", "training").order_by("starts_at", "pk")


def effects_of_new_version(*, rule: Rule, version: int, nodes: QuerySet[Node], as_of: datetime) -> list[str]:
    """Return what it does that a rule in use is saved as its next ``version``.

    ``nodes``: the part of the tree of whoever asks; their planned occasions may go over to the new version.
    """
    # A rule is used for years: what has begun is counted and never loaded.
    begun = occasions_under(rule).exclude(state=State.SCHEDULED).count()
    planned = list(occasions_under(rule).filter(state=State.SCHEDULED))
    mine = set(nodes.filter(pk__in={one.node_id for one in planned}).values_list("pk", flat=True))
    own, others = [one for one in planned if one.node_id in mine], [one for one in planned if one.node_id not in mine]
    names = {"old": rule.version, "new": version}
    found = [_("有场次在用第 %(old)s 版，它不变；保存以后多一个第 %(new)s 版。") % names]
    if begun:
        words = _("已经开始或结束的 %(count)s 场仍按第 %(old)s 版认定，结果不变。")
        found.append(words % {**names, "count": begun})
    if own:
        words = _(
            "还没有开始的 %(count)s仍用第 %(old)s 版：%(list)s。"
            "勾选“还没有开始的场次也改用新版”，它们就按第 %(new)s 版认定。"
        )
        found.append(words % {**names, "count": counted(own, as_of=as_of), "list": named(own)})
    if others:
        words = _("另有 %(count)s 场还没有开始的，由别的组织安排，仍用第 %(old)s 版。")
        found.append(words % {**names, "count": len(others)})
    return found


def uses_of_rule(*, rule: Rule, nodes: QuerySet[Node]) -> list[Use]:
    """Return what keeps a rule from being deleted; what lies outside ``nodes`` is counted and not named."""
    used = occasions_under(rule)
    own = list(used.filter(node__in=nodes.order_by()).order_by("-starts_at", "-pk")[:MOST_NAMED])
    found = [Use(f"{named([one])}：{one.get_state_display()}", blocks=True) for one in own]
    giving = Training.objects.filter(Q(lecture_rule=rule) | Q(course_rule=rule))
    found += [Use(_("培训“%(title)s”的新场次用它") % {"title": one.title}, blocks=True) for one in giving[:MOST_NAMED]]
    if tried := Recomputation.objects.filter(rule=rule).count():
        found.append(Use(_("%(count)s 次重新认定的报告里写着它") % {"count": tried}, blocks=True))
    if more := used.count() - len(own):
        found.append(Use(_("另有 %(count)s 场") % {"count": more}, blocks=True))
    return found
