"""What the player island is told: the media, where to report, and its words in the reader's language."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.template import Context
from django.templatetags.static import static
from django.utils.html import json_script
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from attendance.core.intervals import Spans
from attendance.sentences import length
from attendance.standing import Amount

register = template.Library()
# As the island draws them (frontend/src/player/view.ts): what it finds drawn already moves nothing.
SHOWN_GAP_MS = 2000
SHOWN_GAPS = 6


@register.simple_tag(takes_context=True)
def player_data(context: Context, player: Mapping[str, Any]) -> SafeString:
    """Write the island's data as a JSON script element (strict CSP: no inline code)."""
    occasion = player["occasion"]
    user = context["request"].user
    data = {
        # Whose reports wait in this phone's outbox; a random name, not the person's number.
        "owner": str(getattr(user, "public_id", "")),
        "refresh_url": "",
        "complete_url": "",
        "fault_url": "",
        "needed_ms": None,
        "credited_ms": [],
        "position_ms": 0,
        "records": True,
        **{key: value for key, value in player.items() if key not in ("title", "subtitle", "asked")},
        "hls_script": static("js/hls.js"),
        "play_url": f"/watch/{occasion}/play",
        "report_url": f"/watch/{occasion}/report",
        "words": words(),
    }
    return json_script(data, "player-data")


@register.simple_tag
def player_counted(player: Mapping[str, Any]) -> dict[str, Any]:
    """Return what counts so far, in words: ``done``, ``of``, ``left`` with ``is_enough``, and ``gaps``.

    ``gaps``: ``from``, ``to`` and ``why`` of what does not count; what only the phone knows of them, the island adds.
    """
    said, duration = words(), int(player.get("duration_ms") or 0)
    credited = Spans.of((start, end) for start, end in player.get("credited_ms") or [])
    needed = player.get("needed_ms")
    amount = Amount(credited.total, needed or 0, duration)
    left = said["left"].format(left=amount.left) if amount.left else said["enough"]
    return {
        "done": amount.done,
        "of": said["done_of"].format(all=length(duration)),
        "left": "" if needed is None else left,
        "is_enough": not amount.left,
        "gaps": _gaps(credited, duration, said) if credited else [],
    }


def _gaps(credited: Spans, duration_ms: int, said: Mapping[str, str]) -> Sequence[dict[str, str]]:
    last = credited.items[-1].end
    gaps = [gap for gap in credited.gaps_within(0, duration_ms) if gap.end - gap.start >= SHOWN_GAP_MS]
    return [
        {
            "from": clock(gap.start),
            "to": clock(gap.end),
            "why": said["gap_unseen" if gap.start >= last else "gap_skipped"],
        }
        for gap in gaps[:SHOWN_GAPS]
    ]


def clock(ms: int) -> str:
    """Return media time as 14:20, or 1:05:09 from an hour on."""
    minutes, seconds = divmod(max(0, ms) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"


def words() -> dict[str, str]:
    """Return every sentence the island may say; ``{name}`` marks what it fills in."""
    return {
        "play": _("播放"),
        "pause": _("暂停"),
        "loading": _("正在打开…"),
        "stalled": _("网络较慢，正在缓冲…"),
        "waiting": _("网络断了，正在等网络，连上后自动接着放"),
        "done_of": _(" 已计入，共 {all}"),
        # How a length of time is said: the same sentences as on every page (attendance/sentences.py).
        "seconds": _("%(seconds)s 秒") % {"seconds": "{s}"},
        "minutes": _("%(minutes)s 分钟") % {"minutes": "{m}"},
        "minutes_seconds": _("%(minutes)s 分 %(seconds)s 秒") % {"minutes": "{m}", "seconds": "{s}"},
        "counted": _("已计入的部分："),
        "left": _("还差 {left}"),
        "enough": _("这一段学够了"),
        "from_here": _("从这里看 ›"),
        # Begins with the words that are seen: who speaks to the phone says those.
        "from_here_label": _("从这里看：{at}"),
        "gap_unseen": _("还没有看到"),
        "gap_skipped": _("跳过去了，没有看"),
        "gap_hidden": _("手机锁屏或离开页面，而且没有声音"),
        "gap_waiting": _("已经看过，联网后自动计入"),
        "gap_checking": _("已经看过，几秒后计入"),
        "saved": _("学习记录已保存"),
        "saving": _("正在保存学习记录…"),
        "offline": _("学习记录已保存在手机，联网后自动补传"),
        "retrying": _("暂时连不上服务器，学习记录已保存在手机，会自动补传"),
        "signed_out": _("登录已过期，请重新登录后继续，学习记录已保存在手机"),
        "refused": _("服务器没有接受这条学习记录：{why}"),
        "not_recorded": _("这是查看方式，不记录学习时间。"),
        "no_ahead": _("这门课要按顺序看，还没看到的部分不能往前拖。"),
        "audio_on": _("只听声音"),
        "audio_off": _("看画面"),
        "audio_fallback": _("这部手机放不出画面，已改为只听声音，照样计入。"),
        "failed_media": _("这部手机放不出这个视频，不是网络的问题，组织员会看到。可以换一部手机或电脑再看。"),
        "failed_signed_out": _("登录已过期，请重新登录后接着看。"),
        "failed_gone": _("现在不能看这个视频：可能正在修改，也可能您已不在名单里。请过一会儿再试，或者问支部书记。"),
        "again": _("再试一次"),
        "ended": _("已经放完了"),
        "go_on": _("继续播放"),
        "from_gap": _("从没看过的地方接着看"),
        "once_more": _("再看一遍"),
        "resumed": _("从上次看到的 {at} 继续"),
    }
