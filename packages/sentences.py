"""What is said of packages and their results. A result is always the package's own word, and called so."""

from dataclasses import dataclass

from django.template.defaultfilters import floatformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from packages.core.reports import said_done
from packages.models import Package, Result
from packages.queries import Standing


@dataclass(frozen=True)
class Shown:
    """A package where it stands in a lesson: what it said of the reader, and the way to it; no ``url``: none leads."""

    url: str
    said: str
    step: str
    is_done: bool = False


def shown(package: Package, now: Standing, *, url: str) -> Shown:
    """Return what a package said of a member, in one line."""
    if package.withdrawn_at is not None:
        said = _("课件 · 已撤下，不用学；以前的结果都保存着") if now.began else _("课件 · 已撤下，不用学")
        return Shown("", said, "", now.was_done)
    if now.now is None:
        said = _("课件 · 换了新的一版，以前的结果保存着") if now.began else _("课件 · 还没有学")
        return Shown(url, said, _("去学 ›"), now.was_done)
    step = _("再看看 ›") if said_done(now.now.status, now.now.success) else _("接着学 ›")
    return Shown(url, _("课件自己报告：%(said)s") % {"said": result_words(now.now)}, step, now.was_done)


def previewed(package: Package, *, url: str) -> Shown:
    """Return a package of a lesson as its author sees it, without anybody's results."""
    return Shown(url, _("课件 · 还没有学"), _("预览 ›"))


def result_words(result: Result | None) -> str:
    """Return what a package said last: how far, and the score where it gave one."""
    if result is None or not result.revision:
        return _("还没有开始")
    if "failed" in (result.status, result.success):
        said = _("没有通过")
    elif "passed" in (result.status, result.success):
        said = _("已通过")
    elif said_done(result.status, result.success):
        said = _("已学完")
    else:
        said = _("学到一半")
    if result.score is None:
        return said
    return _("%(said)s，得分 %(score)s") % {"said": said, "score": floatformat(result.score, -1)}


def counts_words(began: int, done: int, *, version: int = 1) -> str:
    """Return how many people began a package and finished it, as it says itself; of a later version, that it is of
    all of them together."""
    first = ngettext("%(n)s 人学过", "%(n)s 人学过", began) % {"n": began}
    second = ngettext("课件报告 %(n)s 人学完", "课件报告 %(n)s 人学完", done) % {"n": done}
    said = _("%(first)s，%(second)s") % {"first": first, "second": second}
    return said if version == 1 else _("%(said)s（前后各版一共）") % {"said": said}


def why_not_kept(code: str) -> str:
    """Return why a report was not kept, and what to do."""
    return {
        "newer": _("您在另一台设备上学得更新，这里的进度没有保存。请点“重新打开”，从那里接着学。"),
        "replaced": _("这个课件早就换了新的一版，这里的进度不再保存，以前的结果都在。请点“重新打开”，学新的一版。"),
        "withdrawn": _("这个课件已经撤下，不用再学；以前的结果都保存着。"),
        "large": _("课件要记的内容太多，没有全部记下；学没学完和得分照样保存。请告诉课程的老师，换一个课件。"),
        "malformed": _("课件报告的内容看不懂，进度没有保存。请点“重新打开”再试；还不行，请告诉课程的老师。"),
    }[code]


def kept_note(package: Package, kept: Result) -> str:
    """Return what is said with a report that was kept; "" where there is nothing to say but that."""
    if kept.version == package.version:
        return ""
    return _("进度已保存。课程的老师刚换了新的一版，您可以先把这一版学完；下次打开就是新的一版。")


def given_words(package: Package) -> str:
    """Return by what a package is judged, as its manifest says; "" where it leaves that to itself."""
    passing, threshold = package.given.get("passing", ""), package.given.get("threshold", "")
    said = []
    if passing:
        score = passing if package.standard == Package.Standard.SCORM_12 else float(passing) * 100
        said.append(_("%(score)s 分合格") % {"score": floatformat(score, -1)})
    if threshold:
        said.append(_("学到 %(percent)s%% 算学完") % {"percent": floatformat(float(threshold) * 100, -1)})
    return _("课件里写明：%(said)s。") % {"said": _("，").join(said)} if said else ""


def page_words() -> dict[str, str]:
    """Return the sentences of the page in which a package plays (frontend/src/package)."""
    return {
        "saved": _("进度已保存"),
        "saving": _("正在保存进度……"),
        "waiting": _("网络没有连上，进度先存在这台设备上，连上以后自动补交"),
        "again": _("重新打开"),
        "gone": _("网站刚刚更新过，或者这一课换了地方。没有交上的进度存在这台设备上，请点“重新打开”，会自动补交。"),
        "preview": _("这是预览，进度不保存"),
        "reading": _("您在查看本组织的课程，不在名单上，进度不保存"),
    }
