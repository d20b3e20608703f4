"""Which way text messages go, from the environment: incomplete or contradictory settings stop the start."""

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.env import text
from organizations.core import gateway

WAYS = ("none", "http", "aliyun", "tencent")
ENDPOINTS = {"aliyun": "https://dysmsapi.aliyuncs.com", "tencent": "https://sms.tencentcloudapi.com"}
PARAMETERS = {"aliyun": "code={code}", "tencent": "{code}"}
NEEDED = {
    "aliyun": ("KEY_ID", "KEY_SECRET", "SIGN", "TEMPLATE"),
    "tencent": ("KEY_ID", "KEY_SECRET", "SIGN", "TEMPLATE", "APP_ID"),
}
THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


def read() -> tuple[str, str, dict[str, str]]:
    """Return SMS_WAY, SMS_BACKEND and what the way needs, by name without ``SMS_``. Raises ImproperlyConfigured."""
    way, own = text("SMS_WAY", "none") or "none", text("SMS_BACKEND")
    if way not in WAYS:
        raise ImproperlyConfigured(f"SMS_WAY is {way!r}; it must be one of {', '.join(WAYS)}")
    if own and way != "none":
        raise ImproperlyConfigured("SMS_WAY and SMS_BACKEND are both set; choose one")
    given = {
        "URL": text("SMS_URL"),
        "METHOD": text("SMS_METHOD", "POST").upper(),
        "HEADERS": text("SMS_HEADERS", '{"Content-Type": "application/json"}'),
        "BODY": text("SMS_BODY"),
        "SUCCESS": text("SMS_SUCCESS", "status"),
        "SECRET": text("SMS_SECRET"),
        "KEY_ID": text("SMS_KEY_ID"),
        "KEY_SECRET": text("SMS_KEY_SECRET"),
        "SIGN": text("SMS_SIGN"),
        "TEMPLATE": text("SMS_TEMPLATE"),
        "PARAMETERS": text("SMS_PARAMETERS") or PARAMETERS.get(way, ""),
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
    _check_address("SMS_URL", given["URL"])
    if given["METHOD"] not in {"GET", "POST"}:
        raise ImproperlyConfigured("SMS_METHOD must be GET or POST")
    whole = given["URL"] + given["BODY"]
    if not any(f"{{{name}}}" in whole for name in ("phone", "mobile")):
        raise ImproperlyConfigured("SMS_URL or SMS_BODY must hold {phone} or {mobile}: where the message goes")
    if not any(f"{{{name}}}" in whole for name in ("code", "text")):
        raise ImproperlyConfigured("SMS_URL or SMS_BODY must hold {text} or {code}: what the message says")
    if "{secret}" in whole + given["HEADERS"] and not given["SECRET"]:
        raise ImproperlyConfigured("SMS_SECRET (or SMS_SECRET_FILE) is not set, but {secret} is used")
    for name, check in (
        ("URL", gateway.check_placeholders),
        ("HEADERS", gateway.read_headers),
        ("SUCCESS", gateway.read_success),
        ("BODY", gateway.check_placeholders),
    ):
        try:
            check(given[name])
        except gateway.UnableToReadTemplate as error:
            raise ImproperlyConfigured(f"SMS_{name} {error}") from error
    if given["BODY"]:
        headers = {name.lower(): value for name, value in gateway.read_headers(given["HEADERS"]).items()}
        try:
            gateway.escaping_of(headers.get("content-type", ""))
        except gateway.UnableToReadTemplate as error:
            raise ImproperlyConfigured(f"SMS_HEADERS {error}") from error


def _check_account(way: str, given: dict[str, str]) -> None:
    for name in NEEDED[way]:
        if not given[name]:
            file = f" (or SMS_{name}_FILE)" if name == "KEY_SECRET" else ""
            raise ImproperlyConfigured(f"SMS_{name}{file} is not set, but SMS_WAY={way} needs it")
    _check_address("SMS_ENDPOINT", given["ENDPOINT"])
    if urlsplit(given["ENDPOINT"]).path not in {"", "/"}:
        raise ImproperlyConfigured("SMS_ENDPOINT is a host alone, for example https://dysmsapi.aliyuncs.com")
    if "{code}" not in given["PARAMETERS"]:
        raise ImproperlyConfigured("SMS_PARAMETERS must hold {code}")
    if way == "aliyun" and not all("=" in one for one in given["PARAMETERS"].split(",")):
        raise ImproperlyConfigured("SMS_PARAMETERS must be written name={code},other=value for SMS_WAY=aliyun")


def _check_address(name: str, address: str) -> None:
    """https, for the secret and the number travel in it; plain http only to this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    local = parts.scheme == "http" and host in THIS_MACHINE
    if not host or "{" in parts.netloc or not (parts.scheme == "https" or local):
        raise ImproperlyConfigured(f"{name} must be an https:// address (http:// only to 127.0.0.1 or localhost)")
