"""Why an account of elsewhere lets nobody in, in words: what happened, and what to do now."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from organizations.operations.accounts import Refusal

CANCELLED, OVER, AWAY, UNREADABLE = "cancelled", "over", "away", "unreadable"
STATUS = {CANCELLED: 403, OVER: 400, AWAY: 503, UNREADABLE: 502}


@dataclass(frozen=True)
class Said:
    """A page's title, its sentences and its status; ``shows_id``: the account's own name helps whoever is called."""

    title: str
    texts: tuple[str, ...]
    status: int = 403
    shows_id: bool = False


def refused(why: Refusal, *, name: str) -> Said:
    """Return what somebody reads whom their account does not let in."""
    said = {"name": name}
    call = _("请给支部书记或管理员打电话核对，也可以用手机号登录。")
    if why is Refusal.UNKNOWN:
        first = _("%(name)s已经确认了您的身份，可是名册上没有找到您：登记的手机号不一样，或者还没有登记。") % said
        return Said(_("还不知道这个账号是谁的"), (first, call), shows_id=True)
    if why is Refusal.LEFT:
        return Said(_("这个账号已停用"), (_("您在名册上已经离开，不能再登录。有疑问，请与支部联系。"),))
    if why is Refusal.OTHERS_PHONE:
        first = _("%(name)s里您的手机号，在名册上是另一个人的。没有登录，什么也没有改。") % said
        return Said(_("手机号对不上"), (first, call), 409, shows_id=True)
    if why is Refusal.NUMBER_CHANGED:
        first = _("%(name)s里的手机号，与名册上登记的不一样。没有登录，什么也没有改。") % said
        second = _("换了手机号的，请管理员把名册上的也改过来，再登录；没有换的，请给管理员打电话核对。")
        return Said(_("手机号对不上"), (first, second), 409, shows_id=True)
    if why is Refusal.OTHER_ACCOUNT:
        first = _("用这个手机号登记的人，已经绑定了另一个%(name)s账号。没有登录，什么也没有改。") % said
        return Said(_("手机号对不上"), (first, call), 409, shows_id=True)
    if why is Refusal.BY_HAND:
        first = _("您管理本站，为了安全，%(name)s账号不按手机号自动绑定。") % said
        second = _("请用手机号登录，请另一位管理员在您的个人页上绑定；只有您一位的，用服务器上的命令绑定。")
        return Said(_("要由管理员绑定"), (first, second), shows_id=True)
    if why is Refusal.ENDED:
        first = _("您的%(name)s账号解除过，不再按手机号自动绑定。没有登录，什么也没有改。") % said
        second = _("自己解除的，请用手机号登录，在“我的 → 密码和登录方式”里重新允许；管理员解除的，请管理员重新绑定。")
        return Said(_("这个账号解除过"), (first, second), shows_id=True)
    return Said(_("刚才没有登录成功"), (_("同一个账号正在别处登录，请再试一次。"),), 409)


def not_a_member(*, name: str) -> Said:
    """Return what somebody reads who is not of the organisation that a provider speaks for."""
    first = _("您不在这个单位的%(name)s里，或者看不到这个应用。") % {"name": name}
    return Said(_("还不知道您是谁"), (first, _("请给支部书记或管理员打电话核对，也可以用手机号登录。")))


def failed(what: str, *, name: str) -> Said:
    """Return what somebody reads who came back from a provider without an answer that says who they are."""
    said = {"name": name}
    if what == CANCELLED:
        texts = (_("您在%(name)s那里没有同意。要用它登录，请再试一次并点同意；也可以用手机号登录。") % said,)
        return Said(_("没有登录"), texts, STATUS[what])
    if what == OVER:
        texts = (_("等得太久了，或者这一页已经用过一次。请回到登录页，从头再登录一次。"),)
        return Said(_("这一次登录已经过时"), texts, STATUS[what])
    if what == AWAY:
        texts = (_("%(name)s现在连不上。请过几分钟再试，或者用手机号登录。") % said,)
        return Said(_("%(name)s没有回应") % said, texts, STATUS[what])
    texts = (_("%(name)s的回答看不懂，不知道您是谁。请再试一次；还是这样，请告诉管理员，先用手机号登录。") % said,)
    return Said(_("没有登录"), texts, STATUS[what])
