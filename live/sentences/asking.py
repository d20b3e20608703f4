"""The sentences of what is asked in a room, for the room's islands; ``{name}`` marks what they fill in."""

from django.utils.translation import gettext as _


def ask_words() -> dict[str, str]:
    """Return the member's sentences."""
    return _both() | {
        "only_counts": _("只统计人数，别人看不到您选了什么"),
        "quiz_counts": _("只统计人数；结束后您会看到自己答得对不对"),
        "may_change": _("点一下就是回答，主持人结束前可以改"),
        "sending": _("正在提交…"),
        "chosen": _("已记下：{option}。结束前可以改"),
        "poll_closed": _("已经结束，这次没有记上"),
        "not_chosen": _("已经结束，您没有回答"),
        "thanks": _("已经结束。您选的是：{option}"),
        "is_right": _("答对了！您选的是：{option}"),
        "is_wrong": _("没有答对。您选的是：{option}"),
        "your_choice": _("您选的"),
        "own_question": _("您的提问"),
        "also": _("我也想问"),
        "also_on": _("已点“也想问”，再点取消"),
        "also_count": _("{n} 人也想问"),
        "asked": _("问题已经送到，主持人看得到"),
        "own_now": _("讲师正在回答您的问题"),
        "own_answered": _("您的问题已经回答"),
        "own_hidden": _("您的问题主持人收起了，没有公开显示"),
        "muted": _("主持人暂时关闭了您的发言，现在不能提问"),
        "chat_off": _("主持人暂时关闭了发言，打开以后可以提问"),
        "many": _("一场最多提 10 个问题"),
        "answered_already": _("这个问题已经回答"),
        "gone": _("这个问题已经收起"),
        "react_slow": _("点得太快了，请稍等一下"),
        "react_sent": _("已送出"),
    }


def host_ask_words() -> dict[str, str]:
    """Return the lecturer's sentences."""
    return _both() | {
        "open": _("发起"),
        "end": _("结束作答"),
        "show": _("公布结果"),
        "unshow": _("收回结果"),
        "edit": _("修改"),
        "drop": _("删除"),
        "drop_sure": _("确定删除？"),
        "prepared": _("还没有发起"),
        "is_open": _("正在作答：已有 {n} 人回答"),
        "is_closed": _("已结束：{n} 人回答，结果只有主持人看得到"),
        "is_shown": _("已结束：{n} 人回答，结果已公布"),
        "polls_tab": _("答题"),
        "polls_open": _("答题 {n} 人"),
        "saved": _("已保存，可以发起"),
        "empty_poll": _("请写好问题和每个选项"),
        "too_long_poll": _("问题最多 200 字，选项最多 60 字"),
        "options": _("选项要有 2 到 6 个"),
        "same": _("有两个选项一样，请改一个"),
        "right": _("测验请勾选正确答案，但不能全部勾选"),
        "many_polls": _("一场最多准备 30 题，请先删除不用的"),
        "other_open": _("还有一题正在作答，请先结束它"),
        "opened": _("已经发起过，不能再改；可以另写一题"),
        "gone": _("已经不在了，页面会自动刷新"),
        "mark_now": _("正在回答"),
        "mark_answered": _("已回答"),
        "mark_waiting": _("放回待回答"),
        "mark_hidden": _("收起"),
        "also_count": _("{n} 人也想问"),
        "unclear": _("{n} 位说听不清"),
        "notice_set": _("已置顶，大家都看得到"),
        "notice_off": _("现在没有置顶通知"),
        "too_long_notice": _("通知最多 200 字"),
        "kind_poll": _("投票"),
        "kind_quiz": _("测验"),
        "not_host": _("您不能再主持这场直播。"),
        "slow_down": _("发得太快了，请稍等一下"),
    }


def _both() -> dict[str, str]:
    return {
        "not_sent": _("没有发出去，联网后自动再发"),
        "clap": _("鼓掌"),
        "like": _("赞"),
        "clear": _("听清楚了"),
        "unclear_word": _("听不清"),
        "questions_tab": _("提问"),
        "questions_count": _("提问 {n}"),
        "now": _("正在回答"),
        "answered": _("已回答"),
        "right_option": _("正确答案"),
        "count": _("{n} 人"),
        "too_long": _("最多 200 个字"),
        "empty": _("请先写点什么"),
        "closed": _("直播已经结束"),
        "slow": _("提问太快了，请稍等一下再发"),
        "try_again": _("没有成功，请再试一次"),
    }
