"""The sentences of the hall's screen, short and readable from the last row; ``{name}`` marks what is filled in."""

from django.utils.translation import gettext as _

from live.sentences.asking import ask_words
from live.sentences.room import room_words

ROOM = (
    *("waiting_room", "connecting", "reconnecting", "offline", "weak", "full", "locked", "cancelled"),
    *("starts_in", "starts_in_hours", "starts_in_days", "soon", "late", "missed", "no_picture", "loading", "trying"),
    *("failed", "ended", "replay_ready", "not_held", "void", "live_for", "on_break", "break_over"),
    *("sound_only_on", "speaking"),
)


def screen_words() -> dict[str, str]:
    """Return what the screen says."""
    room, asked = room_words(), ask_words()
    return {key: room[key] for key in ROOM} | {
        "good": _("连接正常"),
        "no_right": _("登录的人现在不能进入这个直播间，请换一位能进的人登录后再打开。"),
        "signed_out": _("登录已过期，请重新登录后再打开大屏。"),
        "elsewhere": _("这个账号打开的页面太多，大屏先停了。请关掉不用的页面，再点“在这里放”。"),
        "failed": _("画面暂时放不出来，会自动再试"),
        "loading": _("正在打开画面…"),
        "on_break": _("休息一下，还有 {time} 继续"),
        "break_over": _("马上继续，请回到座位"),
        "poll_open": _("请在手机上作答"),
        "poll_result": _("结果"),
        "right_option": asked["right_option"],
        "count": asked["count"],
    }
