"""The sentences of slides, for hosts, the room and the replay; ``{name}`` marks what an island fills in."""

from django.utils.translation import gettext as _

from live.models import SlideDeck

State = SlideDeck.State


def slide_words() -> dict[str, str]:
    """Return the lecturer's sentences."""
    return {
        "sending": _("正在上传：{percent}%"),
        "sent": _("已上传，正在一页一页处理，可以先做别的"),
        "not_sent": _("没有传上去，请检查网络后再选一次文件"),
        "too_large": _("文件太大：课件最大 50 MB。请在电脑上压缩图片，或分成几份再上传。"),
        "queued": _("排队中，马上开始处理"),
        "running": _("正在处理：第 {done} 页，共 {pages} 页"),
        "starting": _("正在打开文件…"),
        "ready": _("共 {pages} 页"),
        "page": _("第 {page} 页，共 {pages} 页"),
        "show": _("放映"),
        "shown": _("正在放映"),
        "replace": _("换成新文件"),
        "remove": _("移除"),
        "remove_sure": _("确定移除？"),
        "replacing": _("处理好以后替换“{name}”"),
        "thumb": _("第 {page} 页"),
        "no_papers": _("文档库里没有可选的 PDF"),
        "choose": _("选这份"),
        "state": _("直播已经结束，不能再翻页"),
        "slides_gone": _("这份课件已经移除，请选另一份"),
        "slide_page": _("没有这一页"),
        "try_again": _("没有成功，请再试一次"),
    }


def slide_room_words() -> dict[str, str]:
    """Return the member's sentences."""
    return {
        "alt": _("课件第 {page} 页，共 {pages} 页"),
        "of": _("课件 {page}/{pages}"),
        "big_picture": _("放大讲师"),
        "big_slide": _("放大课件"),
        "lost": _("这一页没有加载出来，正在重试…"),
    }


def chapter_title(*, title: str, page: int) -> str:
    """Return what a chapter is called: as the PDF's outline calls its first page, else by its number."""
    return title or _("第 %(page)s 页") % {"page": page}
