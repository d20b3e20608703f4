"""Which way text messages go, from the environment: incomplete or contradictory settings stop the start."""

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.env import text
from organizations.core import gateway

WAYS = ("none", "http", "aliyun", "tencent")
ENDPOINTS = {"aliyun": "https://dysmsapi.aliyuncs.com", "tencent": "https://sms.tencentcloudapi.com"}
PARAMETERS = {"aliyun": "code={code}", "tencent": "{code}"}
REMINDER_PARAMETERS = {
    "aliyun": "name={name},training={training},until={until}",
    "tencent": "{name},{training},{until}",
}
REMINDER_WORDS = {"name", "unit", "training", "until"}
NEEDED = {
    "aliyun": ("KEY_ID", "KEY_SECRET", "SIGN", "TEMPLATE"),
    "tencent": ("KEY_ID", "KEY_SECRET", "SIGN", "TEMPLATE", "APP_ID"),
}
THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


def read() -> tuple[str, str, dict[str, str]]:
    """Return SMS_WAY, SMS_BACKEND and what the way needs, by name without ``SMS_``. Raises ImproperlyConfigured."""
    way, own = text("SMS_WAY", "none") or "none", text("SMS_BACKEND")
    if way not in WAYS:
        raise ImproperlyConfigured(f"SMS_WAY 写的是 {way!r}，只能是 {'、'.join(WAYS)} (not one of the ways)")
    if own and way != "none":
        raise ImproperlyConfigured("SMS_WAY 和 SMS_BACKEND 都写了，请只留一个 (both are set)")
    given = {
        "URL": text("SMS_URL"),
        "METHOD": text("SMS_METHOD", "POST").upper(),
        "HEADERS": text("SMS_HEADERS", '{"Content-Type": "application/json"}'),
        "BODY": text("SMS_BODY"),
        "SUCCESS": text("SMS_SUCCESS", "status"),
        "SECRET": text("SMS_SECRET"),
        "MESSAGE_ID": text("SMS_MESSAGE_ID").strip(),
        "KEY_ID": text("SMS_KEY_ID"),
        "KEY_SECRET": text("SMS_KEY_SECRET"),
        "SIGN": text("SMS_SIGN"),
        "TEMPLATE": text("SMS_TEMPLATE"),
        "PARAMETERS": text("SMS_PARAMETERS") or PARAMETERS.get(way, ""),
        "REMINDER_TEMPLATE": text("SMS_REMINDER_TEMPLATE"),
        "REMINDER_PARAMETERS": text("SMS_REMINDER_PARAMETERS") or REMINDER_PARAMETERS.get(way, ""),
        "APP_ID": text("SMS_APP_ID"),
        "REGION": text("SMS_REGION", "ap-guangzhou"),
        "ENDPOINT": text("SMS_ENDPOINT") or ENDPOINTS.get(way, ""),
    }
    if way == "http":
        _check_template(given)
    elif way in NEEDED:
        _check_account(way, given)
    return way, own, given


def _check_template(given: dict[str, str]) -> None:
    check_address("SMS_URL", given["URL"])
    if given["METHOD"] not in {"GET", "POST"}:
        raise ImproperlyConfigured("SMS_METHOD 只能是 GET 或 POST (must be GET or POST)")
    # First a word that is none: what is missing is then most often the word that was meant.
    for name, check in (
        ("URL", gateway.check_placeholders),
        ("HEADERS", gateway.read_headers),
        ("SUCCESS", gateway.read_success),
        ("MESSAGE_ID", gateway.read_path),
        ("BODY", gateway.check_placeholders),
    ):
        try:
            check(given[name])
        except gateway.UnableToReadTemplate as error:
            raise ImproperlyConfigured(f"SMS_{name} {error}") from error
    whole = given["URL"] + given["BODY"]
    if not any(f"{{{name}}}" in whole for name in ("phone", "mobile")):
        raise ImproperlyConfigured("SMS_URL 或 SMS_BODY 里要有 {phone} 或 {mobile}：发给谁 (must hold one of them)")
    if not any(f"{{{name}}}" in whole for name in ("code", "text")):
        raise ImproperlyConfigured("SMS_URL 或 SMS_BODY 里要有 {text} 或 {code}：写什么 (must hold one of them)")
    if "{secret}" in whole + given["HEADERS"] and not given["SECRET"]:
        raise ImproperlyConfigured("没有写 SMS_SECRET（或 SMS_SECRET_FILE），但是用到了 {secret} (not set)")
    if given["BODY"]:
        headers = {name.lower(): value for name, value in gateway.read_headers(given["HEADERS"]).items()}
        try:
            gateway.escaping_of(headers.get("content-type", ""))
        except gateway.UnableToReadTemplate as error:
            raise ImproperlyConfigured(f"SMS_HEADERS {error}") from error


def _check_account(way: str, given: dict[str, str]) -> None:
    for name in NEEDED[way]:
        if not given[name]:
            file = f"（或 SMS_{name}_FILE）" if name == "KEY_SECRET" else ""
            raise ImproperlyConfigured(f"没有写 SMS_{name}{file}，SMS_WAY={way} 要用它 (not set)")
    check_address("SMS_ENDPOINT", given["ENDPOINT"])
    if urlsplit(given["ENDPOINT"]).path not in {"", "/"}:
        raise ImproperlyConfigured("SMS_ENDPOINT 只写到主机名，例如 https://dysmsapi.aliyuncs.com (a host alone)")
    if unknown := sorted(set(gateway.ANYTHING_BRACED.findall(given["PARAMETERS"])) - {"code"}):
        raise ImproperlyConfigured(f"SMS_PARAMETERS 里的 {{{unknown[0]}}} 不认识，只能写 {{code}} (unknown word)")
    if unknown := sorted(set(gateway.ANYTHING_BRACED.findall(given["REMINDER_PARAMETERS"])) - REMINDER_WORDS):
        known = "}、{".join(sorted(REMINDER_WORDS))
        raise ImproperlyConfigured(
            f"SMS_REMINDER_PARAMETERS 里的 {{{unknown[0]}}} 不认识，只能写 {{{known}}} (unknown word)"
        )
    if way == "aliyun" and not all("=" in one for one in given["REMINDER_PARAMETERS"].split(",")):
        raise ImproperlyConfigured("SMS_REMINDER_PARAMETERS 要写成 变量={name},别的变量=值 (name={name},other=value)")
    if "{code}" not in given["PARAMETERS"]:
        raise ImproperlyConfigured("SMS_PARAMETERS 里要有 {code} (must hold it)")
    if way == "aliyun" and not all("=" in one for one in given["PARAMETERS"].split(",")):
        raise ImproperlyConfigured(
            "SMS_WAY=aliyun 时 SMS_PARAMETERS 要写成 变量={code},别的变量=值 (name={code},other=value)"
        )


def check_address(name: str, address: str) -> None:
    """https, for the secret and the number travel in it; plain http only to this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    local = parts.scheme == "http" and host in THIS_MACHINE
    if not host or "{" in parts.netloc or not (parts.scheme == "https" or local):
        raise ImproperlyConfigured(
            f"{name} 要写 https:// 开头的网址，http:// 只能到 127.0.0.1 或 localhost (must be an https:// address)"
        )
