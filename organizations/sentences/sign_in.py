"""What the sign-in pages and messages say, where it depends on whether this site can send a message."""

from django.core.management.base import OutputWrapper
from django.utils.functional import lazy
from django.utils.translation import gettext

from organizations import sms


def code_text(code: str) -> str:
    """A sign-in code as a text message, in the language that is active."""
    return gettext("【指尖上的课堂】验证码 %(code)s，5 分钟内有效。请不要告诉别人。") % {"code": code}


def _wrong_password() -> str:
    if sms.can_tell_codes():
        return gettext("手机号或密码不对。忘了密码，可以用短信验证码登录。")
    return gettext("手机号或密码不对。忘了密码，请找管理员要一条登录链接。")


wrong_password = lazy(_wrong_password, str)


def tell_link(out: OutputWrapper, link: str) -> None:
    """Print a sign-in link with what may be done with it."""
    out.write(gettext("登录链接（15 分钟内有效，只能用一次，只交给本人）："))
    out.write(link)
