"""Reasons in words that the person who uploaded can act on."""

import math

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from media.core.ladder import Phase
from media.ffmpeg import MAX_PIXELS
from media.models import Video
from media.pdf import MOST_PAGES
from media.queries import Outlook
from media.storage import UnableToReach

# From here on the hours are said, to the nearest.
HOUR_MIN = 90

REASONS: dict[str, Promise] = {
    "unrecognised": _("无法识别的文件：这不是能播放的音视频，请换一个文件。"),
    "unreadable": _("找不到文件，或者没有权限读取。"),
    "empty": _("文件是空的，请重新选择。"),
    "truncated": _("文件不完整：可能没有录完或没有传完，请重新导出后再上传。"),
    "nothing": _("文件里没有画面也没有声音，请换一个文件。"),
    "still": _("文件里只有一张图片，没有声音：请把它作为图片放进课里，或者上传视频。"),
    "codec": _("这种编码无法处理，请另存为 MP4（H.264）后再上传。"),
    "container": _("这种格式无法处理，请另存为 MP4（H.264）后再上传。"),
    "encrypted": _("加密（受版权保护）的视频不能使用，请换一个没有加密的文件。"),
    "dolby_vision": _("这是杜比视界视频，颜色在手机上显示不对。请关闭杜比视界（HDR）另存为 MP4（H.264）后再上传。"),
    "duration": _("时长信息有误，无法判断视频有多长。请用剪辑软件重新导出为 MP4（H.264）后再上传。"),
    "uneven": _("画面和声音的长度对不上，无法处理。请用剪辑软件重新导出为 MP4（H.264）后再上传。"),
    "too_big": _("视频太大：文件最大 %(size)s，画面最大 %(pixels)s 万像素。请压缩后再上传。"),
    "too_long": _("视频太长：最长 12 小时，请分成几段上传。"),
    "timeout": _("处理超时，已停止。可以重试；多次失败请压缩后再上传。"),
    "no_space": _("服务器存储空间不足，暂时不能处理。请联系管理员清理后重试。"),
    "no_ffmpeg": _("服务器没有安装视频处理程序，请联系管理员。"),
    "no_sandbox": _("服务器的隔离环境没有启动，视频暂时不能处理。请联系管理员，修好后重试。"),
    "source_gone": _("原文件已不在服务器上，请重新上传。"),
    "cut_source_gone": _("原来的视频已经删除，剪不出来了。请把它从课里拿掉，换一个视频。"),
    "worker_lost": _("处理多次中断，已停止。请稍后重试，或联系管理员。"),
    "store_refused": _(
        "存储服务几次拒绝收、发这个视频的文件，处理已停止。视频本身没有问题，请联系管理员检查存储服务，修好后重试。"
    ),
    "store_late": _(
        "存储服务收下了这个视频的文件，可是几次都读不到，处理已停止。视频本身没有问题，请联系管理员检查存储服务，修好后重试。"
    ),
    "killed": _("处理被中断，请重试。"),
    "broken": _("文件已损坏，无法处理。请在原来的手机或电脑上重新导出，再上传；还是不行，请换一个文件。"),
    # uploads
    "signed_out": _("登录已过期。请在另一个标签页重新登录，再回来按“继续”，已传的部分会保留。"),
    "not_allowed": _("没有上传权限。"),
    "too_many": _("未完成的上传太多，请先完成或取消之前的上传。"),
    "bad_length": _("无法上传：文件大小不对。"),
    "bad_request": _("上传请求有误，请刷新页面后重试。"),
    "conflict": _("上传位置不一致，正在重新对齐。"),
    "locked": _("这个文件正在另一个窗口上传。"),
    "gone": _("这个上传已过期或已取消，请重新上传。"),
    "too_large": _("文件太大：最大 %(limit)s。请压缩，或者分成几段再上传。"),
    "no_room": _(
        "服务器存储空间不足：还能接收 %(room)s，这个文件要 %(needed)s。请联系管理员清理，或者先传小一些的文件。"
    ),
    "disk_full": _("服务器存储空间不足，上传停下了，已传的部分会保留。请联系管理员清理后，再按“继续”。"),
    "busy": _("现在人数较多，请稍等几秒再试，已保存的内容不会丢失。"),
    "away": _("文件已经全部收到，正在等存储服务恢复，恢复后会自动接着处理，不用再传。"),
    "elsewhere": _("文件已经全部收到，正在处理，请过一会儿再看。"),
    "bucket_full": _("文件已经全部收到，可是存储服务的空间满了。请联系管理员扩容，扩容后会自动接着处理，不用再传。"),
}


# With what it is that cannot be taken; the code carries the name: "codec:dts".
NAMED: dict[str, Promise] = {
    "codec": _("这种编码（%(name)s）无法处理，请另存为 MP4（H.264）后再上传。"),
    "container": _("这种格式（%(name)s）无法处理，请另存为 MP4（H.264）后再上传。"),
}


STORAGE_WORDS = {
    "away": _("存储服务连不上或者答得太慢。"),
    "late": _("存储服务收下了文件，可是过了好几秒还读不到。"),
    "forbidden": _("存储服务不让进：密钥不对，或者没有这个桶的读、写、删、列出的权限。"),
    "no_bucket": _("存储服务里没有这个桶。"),
    "clock": _("存储服务说时间不对：请校准这台机器的时钟。"),
    "refused": _("存储服务拒绝了请求，或者收到的内容和发出的不一样。"),
}


def storage_words(error: UnableToReach) -> str:
    """What is wrong with the bucket; no key is in it."""
    return str(STORAGE_WORDS[error.code])


def reason(code: str, **counts: int) -> str:
    """The sentence for a code, with its ``counts`` of bytes; an unknown one reads as a damaged file."""
    if not code:
        return ""
    kind, _colon, name = code.partition(":")
    sentence = NAMED.get(kind) if name else REASONS.get(kind)
    sizes = {"size": settings.MEDIA_MAX_UPLOAD_BYTES, **counts}
    words = {key: filesizeformat(size) for key, size in sizes.items()}
    return str(sentence or REASONS["broken"]) % {"name": name, "pixels": MAX_PIXELS // 10_000, **words}


PDFS: dict[str, Promise] = {
    "encrypted": _("这份 PDF 有密码，打不开。请在电脑上去掉密码，另存一份再上传。"),
    "many_pages": _("这份 PDF 页数太多，最多 %(most)s 页。请分成几份再上传。"),
    "unreadable": _("这份 PDF 读不出来，文件可能不完整或已损坏。请用原来的程序打开它，重新导出 PDF 再上传。"),
    "timeout": _("这份 PDF 太复杂，处理超时。请用“打印为 PDF”另存一份，或分成几份再上传。"),
    "too_big": _("这份 PDF 的页面太大。请用“打印为 PDF”另存一份再上传。"),
    "no_space": _("服务器存储空间不足，请联系管理员后再上传。"),
}


def pdf_reason(code: str) -> str:
    """Why the pages of a PDF could not be drawn (``media.pdf.UnableToDraw``), and what to do next."""
    return str(PDFS.get(code, PDFS["unreadable"])) % {"most": MOST_PAGES}


def video_reason(video: Video) -> str:
    """Why a video cannot be played, or not in every quality; "" where all is well."""
    why = reason(video.error_code)
    return gettext("已经可以播放，其他清晰度没有做好：%(why)s") % {"why": why} if video.lacks_rungs else why


def outlook_words(outlook: Outlook | None) -> str:
    """How long the work on a video still takes, or how many come before it; "" where nothing is left to do."""
    if outlook is None:
        return ""
    if outlook.ahead:
        when = ngettext("前面还有 %(n)s 个", "前面还有 %(n)s 个", outlook.ahead) % {"n": outlook.ahead}
    elif outlook.ahead == 0:
        when = gettext("马上开始处理")
    else:
        when = " · ".join(filter(None, [f"{outlook.percent}%", _left(outlook.left_s)]))
    before = {
        Phase.LADDER: gettext("其他清晰度：%(when)s"),
        Phase.LARGE: gettext("1080p 高清：%(when)s"),
    }.get(outlook.phase)
    return before % {"when": when} if before else when


def _left(seconds: int | None) -> str:
    if seconds is None:
        return ""
    minutes = math.ceil(seconds / 60)
    if minutes <= 1:
        return gettext("约还要不到 1 分钟")
    if minutes < HOUR_MIN:
        return ngettext("约还要 %(n)s 分钟", "约还要 %(n)s 分钟", minutes) % {"n": minutes}
    hours = round(minutes / 60)
    return ngettext("约还要 %(n)s 小时", "约还要 %(n)s 小时", hours) % {"n": hours}


CAPTIONS: dict[str, Promise] = {
    "missing": _("字幕文件：还没有选文件。请选一个 .vtt 或 .srt 文件，再按“上传”。"),
    "too_large": _("字幕文件：文件太大，最多 1 MB。请确认选的是 .vtt 或 .srt 字幕文件。"),
    "encoding": _("字幕文件：读不出文字。请用字幕软件另存为 UTF-8 编码的 .vtt 或 .srt 文件，再上传。"),
    "nothing": _("字幕文件：里面没有一条字幕。请换一个 .vtt 或 .srt 文件。"),
    "no_time": _(
        "字幕文件：第 %(line)s 行没有时间。每一条字幕要先写一行时间，如“00:01:05.000 --> 00:01:08.000”，"
        "下面是文字，条与条之间空一行。请改好再上传。"
    ),
    "bad_time": _("字幕文件：第 %(line)s 行的时间看不懂，要写成“00:01:05.000 --> 00:01:08.000”。请改好再上传。"),
    "backwards": _("字幕文件：第 %(line)s 行的结束时间不在开始时间以后。请改好再上传。"),
    "too_long": _("字幕文件：第 %(line)s 行开始的一条超过 500 字。请分成几条再上传。"),
    "too_many": _("字幕文件：第 %(line)s 行起超过 10000 条。请把视频分成几段，或者合并短的字幕。"),
    "outside": _("按这个时间，没有一条字幕落在视频里，所以没有改动。请检查字幕是不是这个视频的、秒数对不对。"),
    "shift": _("整体推迟：请填 -3600 到 3600 之间的秒数，可以有小数，如 -1.5。"),
    "gone": _("这个视频现在没有字幕。可以先上传一份。"),
}


CHAPTERS: dict[str, Promise] = {
    "no_time": _("章节：第 %(line)s 行没有时间。每行先写时间，再写标题，如“01:30 三种常见骗局”。请改好再保存。"),
    "bad_time": _("章节：第 %(line)s 行的时间看不懂，要写成“分:秒”或“时:分:秒”，秒到 59 为止。请改好再保存。"),
    "no_title": _("章节：第 %(line)s 行没有标题。请在时间后面写上标题，或者删掉这一行。"),
    "too_long": _("章节：第 %(line)s 行的标题超过 60 字。请写短一些。"),
    "order": _("章节：第 %(line)s 行的时间不在上一行以后。请按播放的先后排列。"),
    "outside": _("章节：第 %(line)s 行的时间超过了视频的长度。请对照视频改正时间。"),
    "too_many": _("章节：第 %(line)s 行起超过 100 章。请合并一些。"),
}


def chapters_reason(code: str, line: int) -> str:
    """The sentence for why chapters were not taken."""
    return str(CHAPTERS[code]) % {"line": line}


def captions_reason(code: str, line: int = 0) -> str:
    """The sentence for why captions were not taken, with the line of the file where it has one."""
    return str(CAPTIONS[code]) % {"line": line}


def upload_words() -> dict[str, str]:
    """Return the sentences of the upload's island; ``%s`` is filled in by it."""
    return {
        "waiting": gettext("排队中，等待处理…"),
        "sending": gettext("正在上传"),
        "paused": gettext("已暂停"),
        "offline": gettext("网络没有连上，连上后会自动继续…"),
        "sent": gettext("上传完成，正在排队处理。可以关闭这个页面。"),
        "refused": gettext("无法上传。请刷新页面，再选同一个文件。"),
        "signed_out": reason("signed_out"),
        "stale": gettext("页面放得太久了。请刷新页面，再选同一个文件，会从断开的地方继续。"),
        "too_large": reason("too_large", limit=settings.MEDIA_MAX_UPLOAD_BYTES),
        "begun": gettext("这个文件已传 %s，会从断开的地方继续。"),
        "again": gettext("这个文件最近传过，名称是“%s”。要再传一份，请按“开始上传”。"),
        "left": gettext("剩余约 %s 分钟"),
        "soon": gettext("剩余不到 1 分钟"),
        "leave": gettext("上传还没有完成，离开后可以再选择同一个文件继续。"),
        "resumed": gettext("接着上次的进度继续上传"),
    }
