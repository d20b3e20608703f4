"""What people read of certificates where a template cannot say it."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

import segno
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attendance.models import Occasion
from attendance.queries.windows import HELD
from attendance.queries.written import is_over_for_good
from attendance.sentences.rules import number
from attendance.standing import is_due_over, state_label
from certificates.core.content import Content
from certificates.core.finish import HOURS
from certificates.core.number import grouped
from certificates.models import CertificateSetting
from certificates.queries import Issued, Looked, Way
from certificates.queries.issued import REPLACED, STANDS

SHORT_TITLE, LONG_TITLE = 8, 24  # characters of a title that still fit large, and in one line


def date_words(iso: str) -> str:
    """Return an ISO date in words; what is none, as it is."""
    try:
        return date_format(dt.date.fromisoformat(iso), "DATE_FORMAT")
    except ValueError:
        return iso


def period_words(content: Content) -> str:
    return _("%(start)s至%(end)s") % {"start": date_words(content.from_date), "end": date_words(content.until_date)}


def facts_of(content: Content) -> list[tuple[str, str]]:
    """Return what a certificate says, a line each, in the order in which it is read."""
    return [
        (_("姓名"), content.name),
        (_("发证时所在单位"), content.unit),
        (_("培训"), content.training),
        (_("培训时间"), period_words(content)),
        (_("学时"), content.hours),
        (_("颁发单位"), content.issuer),
        (_("颁发日期"), date_words(content.issued_date)),
        (_("编号"), grouped(content.number)),
    ]


def drawn(address: str) -> SafeString:
    """Return an address as a QR code in SVG, without a style or script of its own."""
    code = segno.make(address, error="m", micro=False)
    return mark_safe(code.svg_inline(border=2, omitsize=True, svgclass="code", lineclass=None))  # noqa: S308 - our own


@dataclass(frozen=True)
class Sheet:
    """One certificate as it is printed. ``size``: how large the title is set, so that a long one fits."""

    content: Content
    code: SafeString
    ask: str  # where a number is typed
    mark: str = ""  # printed across it: a specimen

    @property
    def size(self) -> str:
        length = len(self.content.title)
        return "large" if length <= SHORT_TITLE else "middle" if length <= LONG_TITLE else "small"

    @property
    def number(self) -> str:
        return grouped(self.content.number)

    @property
    def period(self) -> str:
        return period_words(self.content)

    @property
    def issued(self) -> str:
        return date_words(self.content.issued_date)


def standing_words(one: Issued) -> tuple[str, str]:
    """Return whether a certificate stands, and since when it does not: what anybody may read, never why."""
    if not one.fits:
        return _("不能确认"), _("存下的内容和发证时的校验值不一致，请联系颁发单位。")
    if one.is_nameless:
        return _nameless_words(one)
    if one.state == STANDS:
        return _("有效"), _("内容和发证时一致，没有撤回。")
    at = date_format(localtime(one.until_at), "DATE_FORMAT") if one.until_at else ""
    if one.state == REPLACED:
        return _("已换发"), _("%(day)s 已换成新的一张，这一张不再有效。") % {"day": at}
    return _("已撤回"), _("%(day)s 由颁发单位撤回，不再有效。") % {"day": at}


def _nameless_words(one: Issued) -> tuple[str, str]:
    """What is said of a certificate whose member was taken out: that it was issued, when and for what; no name."""
    said = _(
        "本站 %(day)s 为“%(training)s”发过这个编号的证书。持有人已离开组织，个人信息已按规定清除，"
        "这里不再显示姓名；请核对纸上的编号和日期。"
    ) % {
        "day": date_format(localtime(one.certificate.issued_at), "DATE_FORMAT"), "training": one.certificate.training,
    }  # fmt: skip
    state = _("发过，已不显示姓名") if one.stands else _("发过，后来撤回或换发，已不显示姓名")
    return state, said


def lacking_words(lacking: list[list[int | str]], titles: dict[int, str]) -> list[str]:
    """Return what a certificate rested on and does not any more, a sentence each."""
    said = []
    for pk, state in lacking:
        if state == HOURS:
            said.append(_("学时比证书上写的少了"))
            continue
        label = _("不在名单上") if state == "gone" else state_label(str(state))
        said.append(_("“%(title)s”现在是：%(state)s") % {"title": titles.get(int(pk), ""), "state": label})
    return said


def terms_words(setting: CertificateSetting) -> str:
    """Return in one sentence who gets a certificate."""
    hours = setting.training.hours_required
    said = _("应参加的场次全部参加或补学")
    if setting.counts_excused:
        said += _("（批准请假的也算）")
    if setting.counts_exempt:
        said += _("（免学的也算）")
    return said + (_("，并且满 %(hours)s 学时") % {"hours": number(hours)} if hours else "") + _("。")


def hours_words(setting: CertificateSetting, given: Decimal | None) -> str:
    """Return what the occasions give together and what is asked, in numbers; "" where no hours are asked for."""
    asked = setting.training.hours_required
    if not asked or given is None:
        return ""
    said = {"given": number(given), "asked": number(asked)}
    if given < asked:
        words = _("各场次合起来最多记 %(given)s 学时，要满 %(asked)s 学时才有证书：谁也领不到。")
        return words % said + _("请先改培训的要求学时，或者再安排场次。")
    return _("各场次合起来最多记 %(given)s 学时，要满 %(asked)s 学时才有证书。") % said


def progress_words(setting: CertificateSetting, looked: Looked | None) -> str:
    """Return how far the issuing of a closed training is, and what came of it (``looked``)."""
    if looked is not None:
        return _looked_words(setting, looked)
    if setting.training.state != "closed":
        return _("培训结束时自动给完成的人发证；在那以前，完成的人可以自己在手机上领。")
    if not setting.whole:
        return _("培训已经结束，马上开始发证。")
    return _("正在发证：已经看过 %(seen)s 位，共 %(whole)s 位。") % {"seen": setting.seen, "whole": setting.whole}


def _looked_words(setting: CertificateSetting, looked: Looked) -> str:
    values = {"seen": setting.seen, "count": looked.issued}
    if looked.issued:
        return _("看过 %(seen)s 位，%(count)s 位有证书；以后补学完成的，几分钟内自动发。") % values
    said = _("看过 %(seen)s 位，0 位完成。") % values
    if looked.given is not None and looked.given < setting.training.hours_required:
        return said + hours_words(setting, looked.given)
    return said + _("还没有人把应参加的场次全部参加或补学；以后完成的，几分钟内自动发。")


def way_words(way: Way, *, as_of: dt.datetime) -> str:
    """Return in one sentence what is still between a person and their certificate; "" where nothing is."""
    if way.is_short:
        return _short_words(way)
    if over := [one for one in way.lacking if is_due_over(one, as_of)]:
        return _over_words(over, as_of)
    if way.coming:
        waits = all(one.starts_at > as_of for one in way.coming)
        said = _("还有没开始的场次：%(titles)s。") if waits else _("还有没完成的场次：%(titles)s。")
        return said % {"titles": _titles(way.coming)} + _("全部完成以后就可以领。")
    if way.lacking:
        makes_up = all(one.state in HELD for one in way.lacking)
        then = _("补上以后就可以领。") if makes_up else _("学完以后就可以领。")
        return _("还缺：%(titles)s。") % {"titles": _titles(way.lacking)} + then
    if not way.finish.has_taken_part:
        return _("没有参加过其中的场次，不发证书。")
    return ""


def _over_words(over: list[Occasion], as_of: dt.datetime) -> str:
    """Return what is left where it is too late to make something up: nothing but a correction once all is closed."""
    final = [one for one in over if is_over_for_good(one, as_of)]
    said = _("还缺：%(titles)s。") % {"titles": _titles(final or over)}
    if final:
        return said + _("培训已经结束，补学时间也过了，不能再补。确实学过的，请支部书记核实更正。")
    return said + _("补学时间已经过了。可以请支部书记安排集中收看或送学上门。")


def way_chip(way: Way, *, as_of: dt.datetime) -> tuple[str, str]:
    """Return how far a certificate is in a few words, and how they look."""
    if way.may_take:
        return _("可以领取"), "ok"
    if any(is_over_for_good(one, as_of) for one in way.lacking):
        return _("不能再领"), "plain"
    count = len(way.lacking) + len(way.coming)
    if count:
        return ngettext("还缺 %(count)s 场", "还缺 %(count)s 场", count) % {"count": count}, "due"
    return _("还不能领"), "plain"


def lacking_step(occasion: Occasion, *, as_of: dt.datetime) -> str:
    """Return what the way to the record of an occasion that lacks is called: never more than can still be done."""
    if is_due_over(occasion, as_of):
        return _("看记录 ›")
    return _("看怎么补 ›") if occasion.state in HELD else _("看怎么学完 ›")


def _short_words(way: Way) -> str:
    values = {
        "training": way.setting.training.title, "title": way.setting.title, "hours": number(way.finish.hours),
        "asked": number(way.finish.asked), "reach": number(way.reach or way.finish.hours),
        "issuer": way.setting.issuer.name,
    }  # fmt: skip
    said = _("“%(training)s”的“%(title)s”要满 %(asked)s 学时，您现在有 %(hours)s 学时。") % values
    if way.coming or way.lacking:
        said += _("下面的场次全部完成，也只有 %(reach)s 学时。") % values
    else:
        said += _("您的场次都完成了，没有别的场次再记学时。")
    ask = _("请告诉支部书记，由颁发单位（%(issuer)s）的组织员核对要求的学时，或者再安排场次。")
    return said + ask % values


def _titles(occasions: list[Occasion], most: int = 3) -> str:
    said = _("、").join(one.title for one in occasions[:most])
    more = len(occasions) - most
    return said + (_("等 %(count)s 场") % {"count": len(occasions)} if more > 0 else "")
