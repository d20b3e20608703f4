"""Words for what the access log holds."""

from django import template
from django.utils.translation import gettext_lazy as _

register = template.Library()

READ = {
    "record": _("参训记录"),
    "evidence": _("参训记录的依据"),
    "phone": _("手机号"),
    "missing": _("未参加名单"),
    "export": _("导出名单"),
    "roster": _("名册"),
    "person": _("人员资料"),
    "sign_in_link": _("生成了登录链接"),
    "sign_in_link_used": _("用登录链接登录了"),
}


@register.filter
def what_was_read(key: str) -> str:
    """The key that ``log_access`` got, in words; an unknown key as it is."""
    return str(READ.get(key, key))
