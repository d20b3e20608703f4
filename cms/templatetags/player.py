"""What the player island is told: the media, where to report, and its words in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.template import Context
from django.templatetags.static import static
from django.utils.html import json_script
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()


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
        "needed_ms": None,
        "credited_ms": [],
        "position_ms": 0,
        "records": True,
        **{key: value for key, value in player.items() if key not in ("title", "subtitle")},
        "hls_script": static("js/hls.js"),
        "play_url": f"/watch/{occasion}/play",
        "report_url": f"/watch/{occasion}/report",
        "words": words(),
    }
    return json_script(data, "player-data")


def words() -> dict[str, str]:
    """Return every sentence the island may say; ``{name}`` marks what it fills in."""
    return {
        "play": _("播放"),
        "pause": _("暂停"),
        "loading": _("正在打开…"),
        "stalled": _("网络较慢，正在缓冲…"),
        "minutes_done": _(" 分钟已计入，共 {all} 分钟"),
        "clock_done": _(" 已计入，共 {all}"),
        "counted": _("已计入的部分："),
        "left": _("还差 {n} 分钟"),
        "left_seconds": _("还差 {n} 秒"),
        "enough": _("这一段学够了"),
        "from_here": _("从这里看 ›"),
        "from_here_label": _("从 {at} 开始看"),
        "gap_unseen": _("还没有看到"),
        "gap_skipped": _("跳过去了，没有看"),
        "gap_hidden": _("手机锁屏或离开页面，而且没有声音"),
        "gap_waiting": _("已经看过，联网后自动计入"),
        "gap_checking": _("已经看过，正在核对时间，稍后计入"),
        "saved": _("学习记录已保存"),
        "saving": _("正在保存学习记录…"),
        "offline": _("已离线，学习记录已保存在手机，联网后自动补传"),
        "retrying": _("暂时连不上服务器，学习记录已保存在手机，会自动补传"),
        "signed_out": _("登录已过期，请重新登录后继续，学习记录已保存在手机"),
        "refused": _("服务器没有接受这条学习记录：{why}"),
        "not_recorded": _("这是查看方式，不记录学习时间。"),
        "no_ahead": _("这门课要按顺序看，还没看到的部分不能往前拖。"),
        "audio_on": _("只听声音"),
        "audio_off": _("看画面"),
        "audio_fallback": _("画面放不出来，已改为只听声音。"),
        "failed": _("这个视频暂时放不出来。请检查网络后再试；一直不行，请告诉支部书记。"),
        "again": _("再试一次"),
        "ended": _("已经放完了"),
        "resumed": _("从上次看到的 {at} 继续"),
    }
