"""The sentences of live captions at the desk, for its island; ``{name}`` marks what it fills in."""

from django.utils.translation import gettext as _


def caption_words() -> dict[str, str]:
    """Return the sentences of whoever types the captions."""
    return {
        "empty": _("请先写一句字幕"),
        "too_long": _("一次最多 400 字，请分几次发"),
        "closed": _("直播开始以后、结束以前才能发字幕"),
        "many": _("一场最多 5000 条字幕，已经发满"),
        "slow_down": _("发得太快了，请稍等一下再发"),
        "gone": _("这一条已经撤回"),
        "not_host": _("您不能再主持这场直播。"),
        "try_again": _("没有成功，请再试一次"),
        "not_sent": _("没有发出去，联网后自动再发"),
        "drop": _("撤回"),
        "drop_sure": _("确定撤回？"),
        "ready": _("第 {n} 句，共 {all} 句"),
        "done": _("准备好的 {all} 句都发完了"),
        "nothing_prepared": _("里面没有文字。请换一个文件，或者把文字贴进来"),
        "file_too_large": _("文件太大，最多 1 MB。请换一个文本文件"),
        "file_unreadable": _("这个文件读不出文字。请选 .txt、.srt 或 .vtt 文件，或者把文字贴进来"),
    }
