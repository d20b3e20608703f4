"""The sentences of the page that tries a phone out; each says what is so and, where it is not well, the next step."""

from django.utils.translation import gettext as _


def check_words() -> dict[str, str]:
    """Return what the page says. ``{n}`` is filled in by the island."""
    return _summary() | _sample() | _line() | _way() | _socket() | _microphone()


def _summary() -> dict[str, str]:
    return {
        "sum_running": _("正在检查，大约十几秒…"),
        "sum_ask": _("还差一步：请回答下面“声音”一行，听到了没有。"),
        "sum_good": _("这部手机可以看直播、参加会议，不用再做什么。"),
        "sum_fair": _("这部手机可以参加，有 {n} 项要注意，看下面写着“注意”的。"),
        "sum_bad": _("这部手机现在还不行，有 {n} 项要处理，看下面写着“不行”的。处理好了再检查一次。"),
        "again": _("再检查一次"),
        "grade_good": _("可以"),
        "grade_fair": _("注意"),
        "grade_bad": _("不行"),
        "grade_ask": _("请回答"),
        "running": _("正在检查…"),
    }


def _sample() -> dict[str, str]:
    return {
        "picture_good": _("画面能放。"),
        "picture_sound": _(
            "这个浏览器放不了画面，只能听声音；听声音照样记录。想看画面，请用微信或手机自带的浏览器打开。"
        ),
        "picture_none": _("这个浏览器放不了直播。请用微信或手机自带的浏览器打开这一页，再检查一次。"),
        "picture_stuck": _("画面没有放出来。请刷新这一页再检查一次；还不行，换微信或手机自带的浏览器打开。"),
        "picture_line": _("画面没有下载完，多半是网络慢。请走到信号好的地方，或者连上 Wi-Fi，再检查一次。"),
        "picture_tap": _("手机没有让画面自己放。请点“再放一遍”。"),
        "sound_ask": _("刚才有“嘟”的一声长音，您听到了吗？"),
        "sound_good": _("声音听得到。"),
        "sound_bad": _(
            "没听到：请按手机侧面的键把音量调大，关掉静音，拔下耳机或断开蓝牙，再点“再放一遍”。还是没有，请告诉支部书记。"
        ),
        "sound_none": _("声音没有放出来，先看“画面”一行写的办法。"),
    }


def _line() -> dict[str, str]:
    return {
        "line_good": _("网速够看直播。"),
        "line_fair": _(
            "网速只够听声音：进直播间以后点“只听声音”，照样记录。想看画面，请连上 Wi-Fi 或走到信号好的地方。"
        ),
        "line_bad": _("网速太慢，声音也会断。请连上 Wi-Fi 或走到信号好的地方，再检查一次。"),
        "line_none": _("文件没有下载下来，网络可能断了。请看看流量和 Wi-Fi 开着没有，再检查一次。"),
    }


def _way() -> dict[str, str]:
    return {
        "way_good": _("可以和讲师同步看画面、上台发言。"),
        "way_able": _("这个浏览器可以和讲师同步看画面；网络通不通，进直播间才知道，不通会自动换成慢十几秒的画面。"),
        "way_relayed": _("这个网络只能绕路接通，画面可能慢一点，能看也能发言。换成手机流量通常更好。"),
        "way_shut": _(
            "这个网络接不通同步的画面，直播会自动换成慢十几秒的画面，照样记录；上台发言和视频会议请换成手机流量。"
        ),
        "way_old": _(
            "这个浏览器看的画面会慢十几秒，照样记录；不能上台发言，也不能参加视频会议。要发言，请用微信或手机自带的浏览器打开。"
        ),
        "way_unknown": _("同步的画面这次没有查成，直播间会自动选能用的。可以再检查一次。"),
    }


def _socket() -> dict[str, str]:
    return {
        "socket_good": _("参加的时间能自动记录，聊天、举手能用。"),
        "socket_bad": _(
            "连不上直播间，参加的时间记不上。请换一个网络（Wi-Fi 换成流量，或者反过来）再检查；还不行，请告诉支部书记。"
        ),
    }


def _microphone() -> dict[str, str]:
    return {
        "mic_optional": _("只听只看的不用查。点“检查麦克风”以后，手机会问您允不允许。"),
        "mic_speak": _("请对着手机说几句话…"),
        "mic_good": _("麦克风听得到您。"),
        "mic_quiet": _("麦克风开了，但几乎没有声音。请离手机近一点、不要捂住下面的小孔，再点一次。"),
        "mic_unmeasured": _("麦克风开了，但这个浏览器量不出声音大小。发言时请问一声大家听不听得到。"),
        "mic_insecure": _("这个网址不能用麦克风，请告诉管理员。只听只看不受影响。"),
        "mic_unsupported": _("这个浏览器不能用麦克风。要发言，请用微信或手机自带的浏览器打开。只听只看不受影响。"),
        "mic_denied": _("没有允许用麦克风。要发言，请在手机设置里找到这个浏览器或微信，打开“麦克风”，再点一次。"),
        "mic_missing": _("没有找到麦克风。要发言，请插好麦克风或换一部手机。只听只看不受影响。"),
        "mic_busy": _("麦克风正被别的软件占着。请挂断电话、关掉别的软件，再点一次。"),
    }
