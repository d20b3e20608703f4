"""A rule and an hours table in words: the one sentence that stands wherever a rule is shown or chosen.

Takes a rule as it is planned with (``models.Rule``) or as it was stamped on an occasion (``core.rules.Rule``).
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Protocol

from django.utils.translation import gettext as _

from attendance.core.hours import OWN, Conversion, Form
from attendance.core.reading import verb_of
from attendance.core.rules import Basis
from attendance.models import HoursConversion, HoursOwed, HoursTable, Occasion, Rule
from attendance.models.hours import EVERYBODY, FORMS
from attendance.queries import rule_of
from attendance.sentences.records import length

FORM_WORDS = dict(FORMS)


class RuleLike(Protocol):
    """What of a rule a sentence speaks of."""

    @property
    def basis(self) -> Any: ...
    @property
    def min_share(self) -> float: ...
    @property
    def min_minutes(self) -> int | None: ...
    @property
    def late_after_s(self) -> float: ...
    @property
    def leave_early_s(self) -> float: ...
    @property
    def make_up_days(self) -> float: ...
    @property
    def hours(self) -> Decimal: ...
    @property
    def asks_check(self) -> bool: ...


def number(value: Decimal) -> str:
    """Return hours as people write them: 1, 0.5, 12.5, 20."""
    return f"{Decimal(value).normalize():f}"


ENOUGH: dict[str, tuple[Callable[[], str], Callable[[], str]]] = {
    # Without and with least minutes.
    "watch": (
        lambda: _("看满 %(percent)s%% 就算学完"), lambda: _("看满 %(percent)s%%（至少 %(minutes)s 分钟）就算学完"),
    ),
    "read": (
        lambda: _("读满 %(percent)s%% 就算学完"), lambda: _("读满 %(percent)s%%（至少 %(minutes)s 分钟）就算学完"),
    ),
    "study": (
        lambda: _("学满 %(percent)s%% 就算学完"), lambda: _("学满 %(percent)s%%（至少 %(minutes)s 分钟）就算学完"),
    ),
}  # fmt: skip


def rule_sentence(
    rule: RuleLike, asked: Mapping[str, Any] | None = None, *, verb: str = "watch", gates: int = 0
) -> str:
    """Return what a rule asks and gives, in one sentence: 参加满 80% 就算参加，没参加的可以补学，……；记 1 学时

    ``asked``: the check of understanding that its occasion has (``Occasion.check_asked``); ``verb``: what is done with
    what there is to study (``core.reading.verb_of``); ``gates``: how many quizzes have to be passed.
    """
    by_media = rule.basis == Basis.MEDIA
    make_up = [_make_up(rule, by_media), _check(rule, by_media, asked)]
    parts = [_enough(rule, by_media, verb), *_besides(verb, gates), "" if by_media else _edges(rule), *make_up]
    return _("；").join([_("，").join(part for part in parts if part), _hours(rule)])


def _besides(verb: str, gates: int) -> list[str]:
    """Return how a text counts, and that quizzes have to be passed: nothing where a course is but watched."""
    said = []
    if verb != "watch":
        said.append(_("文字打开后读够时间（按字数，每讲最多 10 分钟）、在末尾点“读完了”才算读"))
    if gates:
        said.append(_("还要通过课里要求的 %(count)s 个练习（集中收看的不用）") % {"count": gates})
    return said


def _enough(rule: RuleLike, by_media: bool, verb: str) -> str:
    values = {"percent": f"{rule.min_share * 100:.4g}", "minutes": rule.min_minutes}
    if by_media:
        said = ENOUGH[verb][bool(rule.min_minutes)]()
    elif rule.min_minutes:
        said = _("参加满 %(percent)s%%（至少 %(minutes)s 分钟）就算参加")
    else:
        said = _("参加满 %(percent)s%% 就算参加")
    return said % values


def _edges(rule: RuleLike) -> str:
    late, early = (length(round(one * 1000)) for one in (rule.late_after_s, rule.leave_early_s))
    if late == early:
        return _("晚到或早退超过 %(length)s会注明") % {"length": late}
    return _("晚到超过 %(late)s、早退超过 %(early)s会注明") % {"late": late, "early": early}


def _make_up(rule: RuleLike, by_media: bool) -> str:
    days = f"{rule.make_up_days:.4g}"
    if not rule.make_up_days:
        return _("到期以后不能补学") if by_media else _("没参加的不能补学")
    if by_media:
        return _("到期后学完算补学，补到课和培训都结束以后 %(days)s 天") % {"days": days}
    said = _("没参加的可以补学，补到这一场和培训都结束以后 %(days)s 天（回放晚一天以上的，从能看时算起）")
    return said % {"days": days}


def _check(rule: RuleLike, by_media: bool, asked: Mapping[str, Any] | None) -> str:
    """Return that the check of understanding is asked of whom, where it is; nothing where nobody can make up."""
    if not rule.asks_check or not rule.make_up_days:
        return ""
    if asked is None:
        return _("到期后学完的，还要答对小测") if by_media else _("看回放补学的，还要答对小测")
    values = {"of": asked["of"], "need": asked["need"]}
    if by_media:
        return _("到期后学完的，还要答对小测 %(of)s 题中的 %(need)s 题") % values
    return _("看回放补学的，还要答对小测 %(of)s 题中的 %(need)s 题") % values


def _hours(rule: RuleLike) -> str:
    own = dict(getattr(rule, "by_form", ())).get(OWN)
    if own is not None:
        return _gives(own)
    if getattr(rule, "hours_by", None) == Rule.HoursBy.TABLE:
        return _("学时按学时表记")
    return _gives(Conversion(rule.hours))


def _gives(one: Conversion) -> str:
    if not one.hours:
        return _("不记学时")
    if one.minutes is None:
        return _("记 %(hours)s 学时") % {"hours": number(one.hours)}
    return _("每 %(minutes)s 分钟记 %(hours)s 学时") % {"minutes": one.minutes, "hours": number(one.hours)}


def rule_of_occasion(occasion: Occasion) -> str:
    """Return the rule of an occasion in words: as stamped when it opened; before that as it is now."""
    rule = rule_of(occasion) if occasion.rule_stamp else occasion.rule
    verb = verb_of(occasion.media_items or {})
    return rule_sentence(rule, occasion.check_asked, verb=verb, gates=len(occasion.gates))


def labelled(occasion: Occasion) -> str:
    """Return the rule of an occasion with its name and version: 通用 v2：看满 80%…"""
    label = rule_of(occasion).label if occasion.rule_stamp else str(occasion.rule)
    return _("%(rule)s：%(sentence)s") % {"rule": label, "sentence": rule_of_occasion(occasion)}


# --- hours tables -------------------------------------------------------------------------------------------------


def conversion_words(form: str, conversion: Conversion) -> str:
    """Return what one form gives, as a member reads it: 直播看满一场记 1 学时"""
    values = {"form": FORM_WORDS[form], "hours": number(conversion.hours), "minutes": conversion.minutes}
    if not conversion.hours:
        return _("%(form)s不记学时") % values
    if conversion.minutes is not None:
        return _("%(form)s每 %(minutes)s 分钟记 %(hours)s 学时") % values
    if form == Form.LIVE:
        return _("%(form)s看满一场记 %(hours)s 学时") % values
    if form == Form.COURSE:
        return _("%(form)s学完一门记 %(hours)s 学时") % values
    return _("%(form)s参加一场记 %(hours)s 学时") % values


def table_words(conversions: Iterable[HoursConversion]) -> str:
    """Return what every form of a table gives, and at most a year: the sentence beside a member's hours."""
    said = []
    for one in conversions:
        words = conversion_words(one.form, Conversion(one.hours, one.minutes))
        if one.cap is not None:
            words += _("（一年最多 %(cap)s）") % {"cap": number(one.cap)}
        said.append(words)
    return _("；").join(said)


def owed_words(owed: Iterable[HoursOwed]) -> str:
    """Return what a year asks of whom: 党员一年 32 学时、支部书记一年 56 学时"""
    said = [
        _("%(role)s一年 %(hours)s 学时") % {"role": one.get_role_display(), "hours": number(one.hours)} for one in owed
    ]
    return _("、").join(said)


def table_sentence(table: HoursTable) -> str:
    """Return a whole table in one sentence, its rows loaded before."""
    owed = sorted(table.owed.all(), key=lambda one: (one.role != EVERYBODY, one.pk))
    return _("；").join(filter(None, [owed_words(owed), table_words(table.conversions.all())]))
