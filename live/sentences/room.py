"""The sentences that the room's islands may say, in the reader's language; ``{name}`` marks what they fill in."""

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from attendance.sentences.records import hour, length
from live.models import Lecture
from live.queries import air_log, keeps_from_recording, not_recorded
from live.sentences.fallback import fallback_words
from media.core.clock import clock


def room_words() -> dict[str, str]:
    """Return the member's sentences."""
    return (
        talk_words()
        | people_words()
        | {
            "good": _("连接良好 · 您的参与正在自动记录"),
            "good_uncounted": _("连接良好 · 您不在这场的名单里，只是观看"),
            "waiting_room": _("连接良好 · 开始后自动记录"),
            "hidden": _("页面在后台而且没有声音，这段时间不计入"),
            "connecting": _("正在连接…"),
            "reconnecting": _("正在重连，离线时间会尽量补记"),
            "offline": _("网络断了，联网后会自动回到直播间"),
            "weak": _("网络不太稳，正在尽力保持连接"),
            "other_place": _(
                "您已被请出直播间。主持人允许以后会自动让您进去，没有听到的部分可以等回放补学。有疑问请联系支部书记。"
            ),
            "no_right": _("您现在不能进入这个直播间。有疑问请联系支部书记。"),
            "elsewhere": _("您在太多页面打开了这场直播，这一页先停了。要在这里看，请点“在这里看”。"),
            "signed_out": _("登录已过期，请重新登录，登录后会回到这里。"),
            "signed_out_kept": _("登录已过期，请重新登录，登录后会回到这里。断线时听到的部分保存在手机，会自动补传。"),
            "full": _("人数较多，正在排队，会自动进入"),
            "locked": _(
                "主持人已锁定直播间，暂时不再让人进入。这一页不用关，打开以后会自动进入；错过的部分照常可以补学。"
            ),
            "cancelled": _("这场直播已经取消。"),
            "starts_in": _("还有 {m} 分 {s} 秒开始"),
            "starts_in_hours": _("还有 {h} 小时 {m} 分开始"),
            "starts_in_days": _("还有 {d} 天 {h} 小时开始"),
            "soon": _("马上开始，请稍等"),
            "late": _("到时间了，正在等讲师开播"),
            "missed": _("到时间没有开播。组织员重新安排以后，会出现在“今天”里。"),
            "no_picture": _("讲师暂时没有画面，请稍等，不用离开"),
            "loading": _("正在打开画面…"),
            "trying": _("画面还没有出来，正在换一种方式再试，不用离开"),
            "sound_only_on": _("正在只听声音，流量很省，照样计入"),
            "sound_only": _("只听声音"),
            "picture_again": _("看画面"),
            "failed": _("画面暂时放不出来，会自动再试。您的参与照样记录。"),
            "ended": _("直播结束了，谢谢参加"),
            "replay_ready": _("回放好了，可以随时看"),
            "not_held": _("这一场未举行（时间太短），没有人缺席，也不用补学"),
            "void": _("这一场已作废：{reason}"),
            "live_for": _("直播 {time}"),
            "may_resume": _("讲师 {m} 分钟内可能恢复直播，那时重新计算。"),
        }
        | _break_words()
        | _member_stage()
    )


def _break_words() -> dict[str, str]:
    """A break as a member meets it."""
    return {
        "good_break": _("连接良好 · 现在休息，这段时间不计入"),
        "on_break": _("休息一下，还有 {time} 继续。休息的时间不计入，也不影响认定，可以先离开一会儿"),
        "break_over": _("休息时间到了，正在等讲师继续，请不要离开"),
        "in_break": _("休息中"),
    }


def _member_stage() -> dict[str, str]:
    """The stage as a member meets it."""
    return {
        "hand": _("举手"),
        "hand_down": _("放下"),
        "hand_up": _("已举手，主持人看得到"),
        "speaking": _("正在发言：{names}"),
        "invited": _("主持人请您上台发言。上台以后，大家都能听到您的声音。"),
        "invitation_over": _("这次邀请已经过时，想发言请再举手。"),
        "stage_heard": _("您正在台上发言，大家都能听到"),
        "deaf": _("现在听不到讲师，正在重试"),
        "stage_mute": _("您在台上，麦克风关着，大家听不到您"),
        "stage_elsewhere": _("您正在台上，这一页的麦克风没有开。要在这里发言，请点“上台发言”。"),
        "down_break": _("现在休息，台上的人都下来了，您的麦克风已经关了。"),
        "down_host": _("主持人请您下台了，您的麦克风已经关了。想再发言请举手。"),
        "down_lost": _("连接断开期间您下台了。想再发言请举手。"),
        "mic_asking": _("请在手机的提示里允许使用麦克风"),
        "mic_denied": _("没有得到麦克风的许可。请在浏览器或微信的设置里允许使用麦克风，再点“上台发言”。"),
        "mic_missing": _("没有找到麦克风。请插好耳机或换一部手机，再点“上台发言”。"),
        "mic_busy": _("麦克风正被别的程序（比如电话、微信语音）占用。请挂断以后再点“上台发言”。"),
        "mic_insecure": _("这个地址不是 https，浏览器不允许使用麦克风。请联系组织员。"),
        "mic_unsupported": _("这个浏览器不能上台发言，请用手机自带的浏览器或微信打开。"),
        "mic_close": _("关麦克风"),
        "mic_open": _("开麦克风"),
        "picture_of": _("现在是 {name} 的画面"),
        "stage_shown": _("大家现在看到的是您的画面"),
        "stage_unshown": _("摄像头开着，主持人选了您的画面，大家才看得到"),
        "camera_close": _("关摄像头"),
        "camera_open": _("开摄像头"),
        "camera_denied": _("没有得到摄像头的许可。请在浏览器或微信的设置里允许摄像头，再点“开摄像头”。声音不受影响。"),
        "camera_missing": _("没有找到摄像头。您的声音不受影响。"),
        "camera_busy": _("摄像头正被别的程序占用。请关掉它，再点“开摄像头”。声音不受影响。"),
    }


def host_words() -> dict[str, str]:
    """Return the lecturer's sentences."""
    return (
        talk_words()
        | people_words()
        | _host_devices()
        | _host_air()
        | fallback_words()
        | _host_headline()
        | _host_break()
        | _host_after()
        | _host_people()
        | _host_stage()
    )


def people_words() -> dict[str, str]:
    """Return how many are there, as both pages of a lecture say it."""
    return {"people": _("大家 {n}"), "people_say": _("现在有 {n} 位党员在直播间（主持人不算）")}


def talk_words() -> dict[str, str]:
    """Return what all live pages say: of the talk, and of what the server refuses."""
    return {
        "not_sent": _("没有发出去，联网后自动再发"),
        "lecturer": _("讲师"),
        "leads": _("主持"),
        "me": _("我"),
        "left_out": _("刚才消息较多，有 {n} 条没有显示"),
        "waiting_turn": _("还没有发完，剩下的会按顺序自动发出，不用再点"),
        "muted_chat": _("主持人暂时关闭了您的发言"),
        "chat_off": _("主持人暂时关闭了发言"),
        "too_long": _("最多 500 个字"),
        "empty": _("请先写点什么"),
        "closed": _("直播已经结束，不能再发言"),
        "try_again": _("没有成功，请再试一次"),
    }


def _host_devices() -> dict[str, str]:
    return {
        "ready": _("设备正常，可以开始直播"),
        "no_device": _("没有找到摄像头或麦克风，请插好后再试"),
        "no_microphone": _("没有找到麦克风，大家会听不到您。请插好麦克风或耳机，再点“重新检查设备”。"),
        "denied": _("浏览器没有得到摄像头和麦克风的许可。请点地址栏旁的图标，允许后再试。"),
        "insecure": _("这个地址不是 https，浏览器不允许使用摄像头。请用 https 或 localhost 打开。"),
        "unsupported": _("这个浏览器不能直播，请换用新版的 Chrome、Edge 或 Firefox。"),
        "device_busy": _("摄像头或麦克风正被别的程序（比如微信、腾讯会议）占用。请关掉它，再点“重新检查设备”。"),
        "asking": _("请在浏览器的提示里允许使用摄像头和麦克风"),
        "camera": _("摄像头"),
        "no_camera": _("不用摄像头，只讲声音"),
        "voice_only": _("语音授课"),
        "microphone": _("麦克风"),
        "screen": _("共享屏幕"),
        "screen_stop": _("停止共享"),
        "screen_over": _("共享已停止，请再点“共享屏幕”"),
        "screen_kept": _(
            "屏幕没有共享出去：电脑没有让浏览器看屏幕。请在电脑的“设置－隐私”里允许浏览器录制屏幕，再点“共享屏幕”。"
        ),
        "screen_silent": _("共享的画面没有声音。要让大家听到，请停止共享，重新选标签页或整个屏幕，勾选“分享音频”。"),
        "face_on": _("加上我的人像"),
        "face_off": _("去掉人像"),
        "face_cost": _("人像由这台电脑合成，每秒约 12 帧；电脑变慢时会自动去掉。"),
        "face_slow": _("这台电脑合成人像太慢，已经去掉，大家看到的是屏幕。"),
        "silent_mic": _("没有听到声音，请检查麦克风"),
        "mic_off": _("麦克风已关，大家听不到您"),
        "mic_close": _("关麦克风"),
        "mic_open": _("开麦克风"),
    }


def _host_air() -> dict[str, str]:
    return {
        "connecting": _("正在连接…"),
        "good": _("连接良好"),
        "weak": _("网络不太稳"),
        "reconnecting": _("正在重连，会自动恢复直播"),
        "offline": _("已离线，联网后自动恢复直播"),
        "full": _("人数较多，正在排队，会自动进入"),
        "locked": _("直播间已锁定"),
        "going": _("正在开播…"),
        "on_air": _("正在直播 {time}"),
        "no_engine": _("媒体服务还没有准备好，正在再试"),
        "publishing": _("正在送出画面…"),
        "sending": _("画面已送出"),
        "slow": _("上行网络较慢，画面可能不清楚"),
        "hung_up": _("画面中断，正在恢复"),
        "replaced": _("已在另一个页面开播，这里不再送出画面"),
        "too_early": _("还没有到时间，开始前 30 分钟可以开播。"),
        "too_late": _("已经过了可以开播的时间，请联系组织员重新安排。"),
        "draft": _("这场直播的培训还没有发布，大家还看不到它。请联系组织员。"),
        "state": _("现在不能这样做。"),
        "slow_down": _("发得太快了，请稍等一下"),
    }


def _host_headline() -> dict[str, str]:
    """What the audience gets, in one sentence."""
    return {
        "head_coming": _("正在把画面送给大家，请稍等"),
        "head_seen": _("大家看得到、听得到您"),
        "head_unseen": _("大家听得到您，看不到画面"),
        "head_unheard": _("大家看得到画面，听不到您"),
        "head_lost": _("大家现在看不到您，也听不到您"),
        "head_partly": _("有一部分人现在看不到您，正在自动恢复"),
        "head_unknown": _("还不知道大家看不看得到，正在查"),
        "head_break": _("已休息，大家看到的是倒计时"),
        "head_break_over": _("休息时间到了，点“继续讲”大家才看得到您"),
        "named_seen": _("大家看得到、听得到 {name}"),
        "named_unseen": _("大家听得到 {name}，看不到画面"),
        "named_unheard": _("大家看得到画面，听不到 {name}"),
        "named_lost": _("大家现在看不到 {name}，也听不到"),
        "named_partly": _("有一部分人现在看不到 {name}，正在自动恢复"),
        "named_break_over": _("休息时间到了，点“继续讲”大家才看得到 {name}"),
        "time_left": _("还有 {m} 分钟"),
        "time_over": _("已超过预定时间 {m} 分钟"),
        "time_hint": _("离预定的结束时间还有 10 分钟，可以准备收尾了"),
        "look_behind": _("比您现在晚 {s} 秒（静音）"),
        "look_waiting": _("正在打开大家看到的画面…"),
        "look_silent": _("大家看到的画面（静音）"),
        "look_close": _("收起"),
        "look_open": _("看看大家看到的画面"),
    }


def _host_break() -> dict[str, str]:
    return {
        "break_take": _("休息"),
        "break_change": _("改休息时间"),
        "break_left": _("休息还有 {time}"),
        "break_length": _("休息时间请填 1 到 60 分钟。"),
    }


def _host_after() -> dict[str, str]:
    return {
        "undo_left": _("误点了结束？还可以恢复 {m} 分钟。恢复以后大家会自动回来。"),
        "undo_over": _("结束已经超过 10 分钟，不能再恢复。可以再开一场。"),
        "not_held": _("这一场时间太短，算“未举行”：没有人缺席，也没有人需要补学。可以再开一场，或者作废。"),
        "void": _("这一场已作废：{reason}"),
        "packing": _("正在整理回放，记录正在认定，不需要再做什么。"),
        "replay_ready": _("回放已经提供给没有参加的人。"),
        "no_replay": _("这一场没有保存回放。"),
        "cancelled": _("这场直播已经取消。"),
        "no_right": _("您不能再主持这场直播。"),
        "elsewhere": _("您在太多页面打开了这场直播，这一页先停了。要在这里主持，请点“在这里主持”。"),
        "signed_out": _("登录已过期，请重新登录后回到这里。"),
    }


def _host_people() -> dict[str, str]:
    return {
        "hide": _("隐藏"),
        "mute": _("禁言"),
        "unmute": _("解除禁言"),
        "remove": _("请出"),
        "let_in": _("允许再进"),
        "confirm_remove": _("把 {name} 请出直播间？可以在“大家”里撤销。"),
        "muted": _("已禁言"),
        "removed": _("已请出"),
        "hands_tab": _("举手 {n}"),
        "lower": _("放下"),
        "invite": _("请上台"),
        "take_down": _("下台"),
        "is_speaking": _("正在发言"),
        "is_quiet": _("麦克风关着"),
        "came_not": _("{names} 没有上台（不方便，或没有回应）"),
        "is_invited": _("已邀请，等对方答应"),
        "has_camera": _("开着摄像头"),
        "show_picture": _("让大家看"),
        "show_lecturer": _("换回讲师画面"),
        "is_shown": _("大家正看着"),
        "shown": _("大家现在看到的是 {name} 的画面，不是讲师的画面或屏幕"),
        "no_picture": _("这位的摄像头没有开，请对方点“开摄像头”"),
        "stage_full": _("台上最多三位，请先请一位下台"),
        "is_muted": _("这位学员被禁言，请先解除禁言，再请上台"),
        "not_invitable": _("不能请这位上台：主持人自己送出画面，离开的人请不到"),
        "not_restrictable": _("不能对主持人这样做"),
    }


def _host_stage() -> dict[str, str]:
    return {
        "assistant": _("您是助手：可以管理聊天、举手和人员，不送出画面"),
        "on_air_who": _("正在送出画面：{name}"),
        "on_air_away": _("{name} 的画面断了，正在等对方回来"),
        "on_air_you": _("您在另一个页面送出画面"),
        "take_asks": _(
            "现在由 {name} 送出画面。接替以后大家看到、听到的是您，对方可以一键收回。确定由您来送出画面吗？"
        ),
        "take_own_asks": _(
            "现在由您的另一个页面送出画面。由这一页送出以后，那一页不再送出。确定由这一页来送出画面吗？"
        ),
        "taken": _("现在由别人送出画面。要接替，请点“由我来送出画面”。"),
        "taken_from": _("您接替了 {before} 送出画面。"),
        "taken_own": _("现在由这一页送出画面，您原来的那一页不再送出。"),
        "give_back_asked": _("已请 {before} 收回画面。对方收回以前，大家看到的还是您。"),
        "air_taken": _("{name} 接替了您：大家现在看到、听到的是对方。要收回，请点“收回画面”。"),
        "air_offered": _("{name} 请您收回画面"),
        "air_left": _("{name} 离开了，请您收回画面"),
        "encoder": encoder_name(),
        "encoder_on": _("外部设备（OBS）正在送画面"),
        "encoder_away": _("正在等外部设备（OBS）送来画面：请在设备上开始推流。不用它了，点“由我来送出画面”。"),
        "encoder_take_asks": _("现在由外部设备（OBS）送画面。由您来送出以后，设备的画面就断开。确定由您来送出画面吗？"),
        "encoder_taken": _("画面已经交给外部设备（OBS）。要收回，请点“收回画面”，设备的画面就断开。"),
        "encoder_left": _("外部设备（OBS）的画面断了。设备会自己再连；要由您来送，请点“收回画面”。"),
        "encoder_awaited": _("已经允许外部设备接替：设备一开始推流，画面就换过去。在那以前大家看到的还是您。"),
        "encoder_let": _("换外部设备（OBS）送画面"),
        "encoder_stay": _("不换了，还是我送"),
        "lower_all": _("全部放下（{n}）"),
        "units_more": _("还有 {n} 个组织，写出名称里的几个字就能找到"),
        "units_none": _("没有这样的组织有人在场"),
        "people_found": _("找到 {n} 位，第 {page} 页，共 {pages} 页"),
        "people_none": _("没有找到。开播以后在场的人才在这里，页面在后台的不算。"),
        "chat_close": _("关闭发言"),
        "chat_reopen": _("打开发言"),
        "chat_is_off": _("发言已关闭：只有主持人可以说话，大家也不能提问。"),
        "lock": _("锁定直播间"),
        "unlock": _("解除锁定"),
        "is_locked": _("直播间已锁定：不再让新的人进入，两分钟内掉线的可以回来。没进来的人照常补学。"),
    }


def encoder_name() -> str:
    """Return what a device outside is called."""
    return _("外部设备（OBS）")


def air_notes(occasion_id: int) -> list[str]:
    """Return who took the air from whom, as hosts read it, the newest first."""
    return [
        _("{time} {name} 接替 {before} 送出画面").format(
            time=hour(one.at), name=one.name or encoder_name(), before=one.before_name or encoder_name()
        )
        for one in air_log(occasion_id)
    ]


def because_words() -> dict[str, str]:
    """Return what kept a lecture from being recorded."""
    return {
        "disk": _("磁盘满了"),
        "agent": _("媒体服务停了"),
        "engine": _("媒体引擎停了"),
        "packager": _("录制程序停了"),
        "load": _("服务器太忙"),
        "web": _("网页服务重启了"),
    }


def recording_told(lecture: Lecture, *, as_of: dt.datetime) -> dict[str, str | int]:
    """Return what the lecturer is told of the recording.

    ``off``: why nothing is recorded now, ``missed``: what was lost so far, each a sentence or ""; ``count``: how often.
    """
    because = keeps_from_recording(lecture, as_of=as_of)
    lost = [each.length_ms for each in not_recorded(lecture) if each.length_ms is not None]
    off = ""
    if because == "disk":
        off = _(
            "没有在录：磁盘满了。请告诉管理员腾出空间，腾出以后会自动接着录。"
            "直播不用停；要是一点空间也没有了，有的人会看不到画面。"
        )
    elif because:
        off = _("没有在录：{because}，正在自动恢复。").format(because=because_words().get(because, because))
    missed = _("录制中断 {time}，已恢复。这一段不在回放里。").format(time=length(sum(lost)))
    return {"off": off, "missed": missed if lost else "", "count": len(lost)}


def missing_rows(lecture: Lecture) -> list[dict[str, Any]]:
    """Return what is missing of a recording as the pages show it."""
    words = because_words()
    return [
        {
            "at": each.at,
            "length": _("还没有恢复") if each.length_ms is None else length(each.length_ms),
            "because": words.get(each.because, each.because),
            "position": "" if each.position_ms is None else clock(each.position_ms),
        }
        for each in not_recorded(lecture)
    ]


def missing_words(*, is_half: bool) -> str:
    """Return what is said above the parts that a recording does not have; ``is_half``: less than half is there."""
    if is_half:
        return _("录上的不到一半，只看回放还不能算参加。请联系支部书记，看怎样补学。下面的部分没有录上：")
    return _("下面的部分当时没有录上，回放里没有，也不用补：")
