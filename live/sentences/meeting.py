"""The sentences of a meeting's room, in the reader's language; ``{name}`` marks what the island fills in."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from attendance.sentences.records import hour
from live.models import Lecture, RecordingTurn
from live.sentences.room import talk_words


def meeting_words() -> dict[str, str]:
    """Return what the page of a meeting says."""
    return talk_words() | _line() | _room() | _devices() | _leading()


def _line() -> dict[str, str]:
    return {
        "good": _("连接良好 · 您的参会正在自动记录"),
        "good_uncounted": _("连接良好 · 您不在应到名单里"),
        "waiting_room": _("连接良好 · 开会以后自动记录"),
        "hidden": _("页面在后台而且没有声音，这段时间不计入"),
        "connecting": _("正在连接…"),
        "reconnecting": _("正在重连，离线时间会尽量补记"),
        "offline": _("网络断了，联网后会自动回到会议室"),
        "weak": _("网络不太稳，正在尽力保持连接"),
        "full": _("人数较多，正在排队，会自动进入"),
        "locked": _("主持人已锁定会议室，暂时不再让人进入。这一页不用关，打开以后会自动进入。"),
        "lobby": _("请稍候，主持人会让您进来。等候的时间不算参会。"),
        "no_seat": _("会议室已满 50 人，有人离开后会自动进入。请告诉主持人。"),
        "other_place": _("您已被请出会议室。主持人允许以后会自动让您进去。有疑问请联系支部书记。"),
        "no_right": _("您现在不能进入这个会议室。有疑问请联系支部书记。"),
        "elsewhere": _("您在太多页面打开了这场会议，这一页先停了。要在这里开会，请刷新这一页。"),
        "signed_out": _("登录已过期，请重新登录，登录后会回到这里。"),
        "cancelled": _("这场会议已经取消。"),
        "left": _("您已离开会议室。"),
    }


def _room() -> dict[str, str]:
    return {
        "leads": _("主持人"),
        "closed": _("会议已经结束，不能再发言"),
        "before": _("会议还没有开始，请稍等"),
        "alone": _("现在只有您一个人，请稍等其他人"),
        "nobody_seen": _("没有人开摄像头，可以听声音"),
        "ended": _("会议结束了，谢谢参加"),
        "void": _("这一场已作废"),
        "not_held": _("这一场未举行（时间太短），没有人缺席"),
        "live_for": _("会议 {time}"),
        "here": _("到会 {n} 人"),
        "everybody": _("大家"),
        "more": _("还有 {n} 人没有显示"),
        "you": _("{name}（我）"),
        "media_off": _("声音和画面暂时没有接通，正在再试。您的参会照样记录。"),
        "media_never": _(
            "这个浏览器不能收听收看会议，可以看议程、决定和聊天。请用手机自带的浏览器或微信打开，或打电话给主持人。"
        ),
        "hand": _("举手"),
        "hand_down": _("放下"),
        "hand_up": _("已举手，主持人看得到"),
        "floor": _("主持人请您发言，请开麦克风"),
        "floor_mark": _("请发言"),
        "silenced": _("主持人关了您的麦克风，需要发言时可以再打开"),
        "silenced_all": _("主持人请大家安静，已关麦克风；需要发言时可以再打开，或先举手"),
        "recorded_now": _("主持人打开了录音录像，大家的声音和画面会录下来"),
        "recorded_no_more": _("录音录像已停止"),
        "mic_on": _("麦克风开着"),
        "mic_off": _("麦克风关着"),
    }


def _devices() -> dict[str, str]:
    return {
        "mic_open": _("开麦克风"),
        "mic_close": _("关麦克风"),
        "cam_open": _("开摄像头"),
        "cam_close": _("关摄像头"),
        "asking": _("请在手机的提示里允许使用麦克风和摄像头"),
        "denied": _("没有得到许可。请在浏览器或微信的设置里允许使用麦克风和摄像头，再试一次。"),
        "no_device": _("没有找到麦克风或摄像头。请插好或换一部手机，再试一次。"),
        "device_busy": _("麦克风或摄像头正被别的程序（比如电话、微信语音）占用。请挂断以后再试一次。"),
        "insecure": _("这个地址不是 https，浏览器不允许使用麦克风和摄像头。请联系组织员。"),
        "unsupported": _("这个浏览器不能发言，请用手机自带的浏览器或微信打开。"),
        "muted": _("主持人暂时不让您发言"),
        "replaced": _("您已改用另一部手机或电脑发言，这里的麦克风和摄像头关了，还可以听"),
        "took_over": _("已改用这里发言，您另一部手机或电脑的麦克风和摄像头关了"),
    }


def _leading() -> dict[str, str]:
    return {
        "too_early": _("开始前 30 分钟起可以开会"),
        "end_sure": _("真的结束？"),
        "end": _("结束会议"),
        "resume": _("恢复会议（还有 {m} 分钟）"),
        "too_late": _("已经过了计划时间很久，不能再开始。请重新安排。"),
        "state": _("现在不能这样做，请刷新页面看看。"),
        "not_restrictable": _("不能对主持人这样做"),
        "silence": _("关麦克风"),
        "give_floor": _("请发言"),
        "take_floor": _("收回发言"),
        "remove": _("请出"),
        "remove_sure": _("真的请出？"),
        "back_in": _("允许回来"),
        "ban": _("禁言"),
        "unban": _("解除禁言"),
        "lock": _("锁定会议室"),
        "unlock": _("解除锁定"),
        "lobby_on": _("打开等候室"),
        "lobby_off": _("关闭等候室"),
        "admit": _("让进来"),
        "record_on": _("开始录音录像"),
        "record_on_sure": _("真的开始录音录像？大家都会看到提示"),
        "record_off": _("停止录音录像"),
        "record_off_sure": _("真的停止录音录像？"),
        "not_recorded": _("现在没有录上，正在自动恢复。请告诉管理员；会议不用停。"),
        "room_full": _("会议室已满 50 人，有人离开后再让进来。"),
        "waiting_n": _("等候室 {n} 人"),
        "raised": _("举手"),
        "drop": _("删除"),
        "edit": _("修改"),
        "too_many": _("议程最多写 30 条，决定最多写 30 条"),
        "too_long": _("议程一共最多 8000 字，这一条还没有写上，请写短一些"),
        "drop_sure": _("再点一次就删除"),
    }


def recording_words(lecture: Lecture) -> str:
    """Return why there is nothing to play of a meeting's recording yet, or any more."""
    if lecture.is_recording_dropped:
        return _("这场会议的录像已经删除。")
    if lecture.state == Lecture.State.ENDED:
        return _("录像正在整理，一般几分钟就好。请过一会儿再来。")
    return _("这场会议没有录像。")


def turn_words(turns: Sequence[RecordingTurn]) -> list[str]:
    """Return from when to when a meeting was recorded, and who switched it on."""
    said = _("{since}—{until} 录音录像，由 {who} 打开")
    return [
        said.format(since=hour(turn.began_at), until=hour(turn.ended_at), who=turn.began_by.name)
        for turn in turns
        if turn.ended_at is not None
    ]
