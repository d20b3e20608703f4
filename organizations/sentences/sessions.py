"""Where somebody is signed in, in words."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organizations.core.devices import device_and_browser

DEVICES = {
    "ipad": gettext_lazy("iPad"),
    "iphone": gettext_lazy("iPhone"),
    "harmony": gettext_lazy("鸿蒙手机"),
    "android": gettext_lazy("安卓手机"),
    "windows": gettext_lazy("Windows 电脑"),
    "mac": gettext_lazy("苹果电脑"),
    "linux": gettext_lazy("Linux 电脑"),
}
BROWSERS = {
    "wecom": gettext_lazy("企业微信"),
    "wechat": gettext_lazy("微信"),
    "dingtalk": gettext_lazy("钉钉"),
    "feishu": gettext_lazy("飞书"),
    "edge": gettext_lazy("Edge 浏览器"),
    "firefox": gettext_lazy("Firefox 浏览器"),
    "chrome": gettext_lazy("Chrome 浏览器"),
    "safari": gettext_lazy("Safari 浏览器"),
}


def device_said(user_agent: str) -> str:
    """Return the device and its browser, as people call them."""
    device, browser = device_and_browser(user_agent)
    said = [str(names[key]) for names, key in ((DEVICES, device), (BROWSERS, browser)) if key]
    return " · ".join(said) or _("不认识的设备")
