"""What simulated members are called and say while a lecturer rehearses; everybody sees that they are simulated."""

from typing import Any

from django.utils.translation import gettext as _


def rehearsal_script() -> dict[str, Any]:
    """Return the words of the simulated: ``names``, ``units``, ``lines`` of the chat, ``questions``, ``on_stage``."""
    names = (
        *(_("模拟·王一"), _("模拟·李二"), _("模拟·张三"), _("模拟·赵四"), _("模拟·陈五"), _("模拟·刘六")),
        *(_("模拟·杨七"), _("模拟·周八"), _("模拟·吴九"), _("模拟·郑十"), _("模拟·欧阳小村"), _("模拟·买买提")),
    )
    return {
        "names": names,
        "units": (_("模拟·东风村支部"), _("模拟·青石桥社区支部"), _("模拟·山上第三村民组支部")),
        "lines": (
            _("老师好"),
            _("听得很清楚"),
            _("我这里信号不太好，有点卡"),
            _("能不能讲慢一点"),
            _("这一页字有点小，看不清"),
            _("明白了，谢谢老师"),
            _("我们村也遇到过这样的事"),
            _("手机快没电了，先去充电"),
        ),
        "questions": (
            _("遇到这种情况，第一步先找谁？"),
            _("家里老人不会用手机，怎么办？"),
            _("这些材料课后能再看吗？"),
        ),
        "on_stage": _("我是模拟的学员，上了台也没有声音。真正直播时，大家能听到我说话。"),
    }
