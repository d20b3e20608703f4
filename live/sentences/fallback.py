"""The sentences of the lecturer's fallback, where the network lets WebRTC through by no way (ADR 74)."""

from django.utils.translation import gettext as _


def fallback_words() -> dict[str, str]:
    """Return what the lecturer is told of it."""
    return {
        "fallback_use": _("画面送不出去？换一种方式"),
        "fallback_leave": _("再试直接传送"),
        "fallback_auto": _("网络不允许直接传送画面，已改用备用方式，学员会晚几秒看到"),
        "fallback_on": _("正在用备用方式传送画面，学员会晚几秒看到"),
        "fallback_chosen": _("开播以后用备用方式传送画面，学员会晚几秒看到"),
        "fallback_asking": _("正在用备用方式送出画面…"),
        "fallback_slow": _("上行网络太慢，画面已调低清晰度"),
        "fallback_refused": _("备用方式送出的画面，服务器读不出来，已改回直接传送。请换新版的 Chrome 或 Edge 再试。"),
        "fallback_none": _(
            "网络不允许直接传送画面，这个浏览器也不能用备用方式。请换新版的 Chrome 或 Edge，或换一个网络。"
        ),
        "direct_trying": _("正在再试直接传送，备用方式照常送画面…"),
        "direct_failed": _("还是不能直接传送，继续用备用方式"),
    }
