"""What people read whom a learning platform's message does not let in: what happened, and what to do now."""

from django.utils.translation import gettext as _

from lti.core.claims import Refusal
from organizations.sentences.accounts import Said


def refused(why: Refusal, *, name: str) -> Said:
    """Return title, sentences and status; ``name``: the platform's, "" where it is not known."""
    said = {"name": name}
    again = _("请回到学习平台，从那里再打开一次。")
    call = _("请告诉管理员；学习可以先用手机号登录。")
    if why is Refusal.UNKNOWN:
        first = _("您来的学习平台没有在本站登记，或者登记的平台标识（issuer）、客户端编号（client ID）和它的不一样。")
        return Said(_("不认识这个学习平台"), (first, call), 404)
    if why is Refusal.OFF:
        return Said(_("不能从%(name)s进来了") % said, (_("管理员停用了它。"), _("请用手机号登录，学过的都在。")))
    if why is Refusal.BROWSER:
        first = _("浏览器没有让本站记住您是从哪里来的：多半是因为嵌在别的网页里，或者关掉了 Cookie。")
        second = _("请回到学习平台，在新窗口里打开；还是不行的，请管理员把它设成“在新窗口打开”。")
        return Said(_("请在新窗口里打开"), (first, second), 400)
    if why in {Refusal.OVER, Refusal.GONE}:
        texts = (_("等得太久了，或者这一页已经用过一次。"), again)
        return Said(_("这一次打开已经过时"), texts, 404 if why is Refusal.GONE else 400)
    if why is Refusal.CANCELLED:
        return Said(_("没有登录"), (_("%(name)s没有说您是谁：多半是那边的登录已经过期。") % said, again))
    if why is Refusal.AWAY:
        first = _("%(name)s的公钥现在取不到，不能确认您是谁。") % said
        return Said(_("%(name)s没有回应") % said, (first, _("请过几分钟再试，或者用手机号登录。")), 503)
    if why is Refusal.TIME:
        first = _("%(name)s发来的内容已经过期，或者那边的时钟和本站差了一分钟以上。") % said
        return Said(_("时间对不上"), (first, again, _("还是这样，请管理员核对两边服务器的时间。")), 400)
    if why is Refusal.DEPLOYMENT:
        first = _("%(name)s用的部署编号（deployment ID）没有在本站登记。") % said
        return Said(_("这个部署没有登记"), (first, call))
    if why is Refusal.NOBODY:
        first = _("%(name)s没有说您是谁：那边没有登录，或者设成了不告诉姓名编号。") % said
        return Said(_("还不知道您是谁"), (first, again))
    if why is Refusal.MANAGES:
        first = _("您管理本站，为了安全，不能从%(name)s进来。") % said
        return Said(_("请用别的办法登录"), (first, _("请用手机号登录。")))
    if why is Refusal.SIGNATURE:
        first = _("%(name)s发来的内容核对不了：签名、平台标识或客户端编号和登记的不一样。没有登录，什么也没有改。")
        return Said(_("没有登录"), (first % said, call))
    first = _("%(name)s发来的内容看不懂，或者缺了要有的部分。没有登录，什么也没有改。") % said
    return Said(_("没有登录"), (first, call), 400)
