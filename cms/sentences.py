"""The sentences that the player and the editor's island may say, in the reader's language; ``{name}`` is filled in.

And what is said of a PDF whose pages are drawn for phones (ADR 78): to its authors, and to members.
"""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cms.models import DrawnPaper
from media.pdf import MOST_PAGES
from media.sentences import pdf_reason


def player_words() -> dict[str, str]:
    """Return the player's sentences."""
    return {
        "play": _("播放"),
        "pause": _("暂停"),
        "loading": _("正在打开…"),
        "stalled": _("网络较慢，正在缓冲…"),
        "waiting": _("网络断了，正在等网络，连上后自动接着放"),
        "done_of": _(" 已计入，共 {all}"),
        # How a length of time is said: the same sentences as on every page (attendance/sentences/records.py).
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
        "transcript_found": _("找到 {n} 处，点一句就跳到那里"),
        "transcript_none": _("没有找到“{words}”，请换一个词，或者少写几个字。"),
        "transcript_page": _("第 {page} 页，共 {pages} 页"),
        "transcript_failed": _("文字稿没有打开，请看看网络，合上这一栏再打开。"),
        "captions_failed": _("字幕没有打开，请看看网络，再按一次“字幕”。"),
    }


def asked_words() -> dict[str, str]:
    """Return what the island says that asks a video's questions."""
    return {
        "asks": _("视频里的提问"),
        "practice": _("练习，不影响学习结果"),
        "answer": _("提交答案"),
        "skip": _("跳过，继续播放"),
        "go_on": _("继续播放"),
        "close": _("关闭"),
        "right": _("答对了"),
        "wrong": _("答错了"),
        "correct": _("正确答案：{what}"),
        "yours": _("您的答案：{what}"),
        "explained": _("讲解：{what}"),
        "sending": _("正在提交…"),
        "waits": _("暂时没有连上，答案已存在手机里，连上后自动提交。对错到时在下面的列表里看。"),
        "looking": _("您在查看，答案不保存。"),
        "first": _("请先答题，再提交。"),
        "order": _("请给每一项选一个不同的位置。"),
        "place": _("第 {n} 位"),
        "choose": _("选位置"),
        "comma": _("、"),
        "state_right": _("答对了 · 再看 ›"),
        "state_wrong": _("答错了 · 再看 ›"),
        "state_waits": _("已答，等联网 · 再看 ›"),
        "gone": _("这道题已经不用答了，请接着学。"),
        "state_over": _("不用答了 · 再看 ›"),
        "state_open": _("还没有答 · 去看 ›"),
    }


def editor_words() -> dict[str, str]:
    """Return what the editor's island says when the session has ended."""
    return {
        "ended": _("您已退出登录，写的内容都还在这一页上。"),
        "how": _("请在新窗口里登录，再回到这里，点“继续保存”。不要关闭这一页。"),
        "sign_in": _("在新窗口登录"),
        "again": _("继续保存"),
        "still": _("还没有登录。请先在新窗口里登录。"),
        "other": _("现在登录的是另一个人。请换回原来的账号再保存。"),
        "offline": _("连不上服务器。写的内容还在这一页上，网络好了再点保存。"),
    }


def paper_note(paper: DrawnPaper) -> str:
    """Return in one short line why members can only open a PDF as a file; of one whose pages are not drawn."""
    if paper.state != paper.State.FAILED:
        return _("正在处理，现在只能打开原来的文件")
    said = {
        "encrypted": _("有密码，只能打开原来的文件"),
        "many_pages": _("超过 %(most)s 页，只能打开原来的文件") % {"most": MOST_PAGES},
        "unreadable": _("文件可能不完整，只能打开原来的文件"),
    }
    return said.get(paper.error_code, _("没有处理成功，只能打开原来的文件"))


def paper_standing(paper: DrawnPaper) -> str:
    """Return for the document's own page whether phones show its pages, and if not, why and what to do."""
    if paper.is_ready:
        words = ngettext(
            "党员在手机上可以一页一页看，共 %(n)d 页。", "党员在手机上可以一页一页看，共 %(n)d 页。", paper.pages
        )
        return words % {"n": paper.pages}
    if paper.state != paper.State.FAILED:
        return _("正在处理，好了党员在手机上就能一页一页看；现在只能打开原来的文件。")
    why = pdf_reason(paper.error_code)
    return _("党员在手机上不能一页一页看，只能打开原来的文件。%(why)s") % {"why": why}


def paper_advice(paper: DrawnPaper, *, title: str) -> str:
    """Return the same for a lesson that shows the document; "" where its pages are there."""
    if paper.is_ready:
        return ""
    if paper.state != paper.State.FAILED:
        return _("“%(title)s”正在处理，处理好以前党员只能打开原来的文件。") % {"title": title}
    words = _("“%(title)s”在手机上不能一页一页看，党员只能打开原来的文件。%(why)s传好以后，在这一块换一个文件。")
    return words % {"title": title, "why": pdf_reason(paper.error_code)}
