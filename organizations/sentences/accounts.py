"""Why an account of elsewhere lets nobody in, in words: what happened, and what to do now."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from organizations.operations.accounts import Refusal

CANCELLED, OVER, AWAY, SETUP, UNREADABLE = "cancelled", "over", "away", "setup", "unreadable"
STATUS = {CANCELLED: 403, OVER: 400, AWAY: 503, SETUP: 502, UNREADABLE: 502}


@dataclass(frozen=True)
class Said:
    """A page's title, its sentences and its status; ``shows_id``: the account's own name helps whoever is called;
    ``by_oneself``: whoever signs in by their number can link it themselves."""

    title: str
    texts: tuple[str, ...]
    status: int = 403
    shows_id: bool = False
    by_oneself: bool = False


def refused(why: Refusal, *, name: str, by_oneself: bool = False) -> Said:
    """Return what somebody reads whom their account does not let in."""
    said = {"name": name}
    if why is Refusal.UNKNOWN and by_oneself:
        first = _("还不知道这个%(name)s是谁的，绑定一次就行：") % said
        second = _("请用手机号登录，在“密码和登录方式”里点“以后用%(name)s登录”。以后点一下就能登录。") % said
        return Said(_("这个%(name)s还没有绑定") % said, (first, second), shows_id=True, by_oneself=True)
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


def not_linked(why: Refusal, *, name: str) -> str:
    """Return why an account is not linked to whoever asked for it."""
    said = {"name": name}
    if why is Refusal.OTHERS:
        text = _(
            "没有绑定：这个%(name)s已经绑定给另一个人。请用您自己的%(name)s；是您自己的，请给支部书记或管理员打电话核对。"
        )
    elif why is Refusal.SECOND:
        text = _("没有绑定：您已经绑定了另一个%(name)s。要换成这一个，请先解除原来的。")
    elif why is Refusal.BY_OPERATOR:
        text = _("没有绑定：管理员解除过您的%(name)s。要再用，请管理员重新绑定。")
    elif why is Refusal.LEFT:
        text = _("没有绑定：您在名册上已经离开。有疑问，请与支部联系。")
    else:
        text = _("没有绑定：同一个%(name)s正在别处绑定，请再试一次。")
    return text % said


def linked(*, name: str) -> str:
    return _("已绑定。以后在登录页点“用%(name)s登录”，就能登录。") % {"name": name}


def failed_to_link(what: str, *, name: str, code: str = "") -> str:
    """Return why nothing was linked: whoever asked for it came back without an answer that says whose account it is."""
    texts = {
        CANCELLED: _("没有绑定：您在%(name)s那里没有同意。要绑定，请再试一次并点同意。"),
        OVER: _("没有绑定：等得太久了，或者这一页已经用过一次。请再试一次。"),
        AWAY: _("没有绑定：%(name)s现在连不上。请过几分钟再试。"),
        SETUP: _("没有绑定：本站的%(name)s登录没有设好（%(code)s）。请告诉管理员。"),
        UNREADABLE: _("没有绑定：%(name)s的回答看不懂。请再试一次；还是这样，请告诉管理员。"),
    }
    return texts[what] % {"name": name, "code": code}


def only_a_preview(*, name: str) -> Said:
    """Return what somebody reads who saw a preview of the page: WeChat signs in nobody there."""
    first = _("%(name)s现在给您看的是预览，不能登录。请点屏幕下方的“使用完整服务”，再点一次“用%(name)s登录”。") % {
        "name": name
    }
    return Said(_("没有登录"), (first, _("没有这个按钮的，请用手机号登录。")))


def not_a_member(*, name: str) -> Said:
    """Return what somebody reads who is not of the organisation that a provider speaks for."""
    first = _("您不在这个单位的%(name)s里，或者看不到这个应用。") % {"name": name}
    return Said(_("还不知道您是谁"), (first, _("请给支部书记或管理员打电话核对，也可以用手机号登录。")))


def failed(what: str, *, name: str, code: str = "") -> Said:
    """Return what somebody reads who came back from a provider without an answer that says who they are."""
    said = {"name": name, "code": code}
    if what == CANCELLED:
        texts = (_("您在%(name)s那里没有同意。要用它登录，请再试一次并点同意；也可以用手机号登录。") % said,)
        return Said(_("没有登录"), texts, STATUS[what])
    if what == OVER:
        texts = (_("等得太久了，或者这一页已经用过一次。请回到登录页，从头再登录一次。"),)
        return Said(_("这一次登录已经过时"), texts, STATUS[what])
    if what == AWAY:
        texts = (_("%(name)s现在连不上。请过几分钟再试，或者用手机号登录。") % said,)
        return Said(_("%(name)s没有回应") % said, texts, STATUS[what])
    if what == SETUP:
        texts = (_("本站的%(name)s登录没有设好（%(code)s）。请告诉管理员，先用手机号登录。") % said,)
        return Said(_("没有登录"), texts, STATUS[what])
    texts = (_("%(name)s的回答看不懂，不知道您是谁。请再试一次；还是这样，请告诉管理员，先用手机号登录。") % said,)
    return Said(_("没有登录"), texts, STATUS[what])
