"""What kind of device and browser a User-Agent speaks of: enough for somebody to know their own again."""

# The first word that is found; WeChat's and WeCom's browsers name the phone's, too, and Edge names Chrome's.
DEVICES = (
    ("iPad", "ipad"), ("iPhone", "iphone"), ("HarmonyOS", "harmony"), ("OpenHarmony", "harmony"),
    ("Android", "android"), ("Windows", "windows"), ("Macintosh", "mac"), ("Linux", "linux"),
)  # fmt: skip
BROWSERS = (
    ("wxwork", "wecom"), ("MicroMessenger", "wechat"), ("DingTalk", "dingtalk"), ("Lark", "feishu"),
    ("Edg", "edge"), ("Firefox", "firefox"), ("FxiOS", "firefox"), ("Chrome", "chrome"), ("CriOS", "chrome"),
    ("Safari", "safari"),
)  # fmt: skip


def device_and_browser(user_agent: str) -> tuple[str, str]:
    """Return two keys, "" for what is not known."""
    device = next((key for word, key in DEVICES if word in user_agent), "")
    browser = next((key for word, key in BROWSERS if word in user_agent), "")
    return device, browser
