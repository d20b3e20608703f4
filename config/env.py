"""Typed settings from the environment, loud on bad values: the error names the variable and what it may be.

In Chinese and in English at once: no translation is ready while settings are read.
"""

import os
import re
import secrets
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from organizations.core import addresses
from organizations.core.hosts import host_in_ascii, in_ascii

TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}
env = environ.Env()


def text(name: str, default: str = "") -> str:
    """Return the variable, or the first line of the file that ``<name>_FILE`` names (for secrets)."""
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name}_FILE：读不了 {path}（{error.strerror}） / {path} cannot be read ({error.strerror})"
            ) from error
    return os.environ.get(name, default)


def telephone(name: str) -> str:
    """Return a telephone number as people write it; "" for none."""
    raw = text(name).strip()
    if raw and not re.fullmatch(r"\+?[0-9][0-9 -]{3,18}[0-9]", raw):
        raise ImproperlyConfigured(
            f"{name} 写的是 {raw!r}，请写一个电话号码，例如 0571-88880000"
            f" / {name} is {raw!r}; it must be a telephone number such as 0571-88880000"
        )
    return raw


def flag(name: str, *, default: bool) -> bool:
    raw = os.environ.get(name)
    if raw is None:
        return default
    if raw.lower() in TRUE | FALSE:
        return raw.lower() in TRUE
    raise ImproperlyConfigured(
        f"{name} 写的是 {raw!r}，只能写 1、0、true、false、yes、no、on、off"
        f" / {name} is {raw!r}; it must be one of 1, 0, true, false, yes, no, on, off"
    )


def choice(name: str, default: str, *, of: tuple[str, ...]) -> str:
    raw = os.environ.get(name, "") or default
    if raw not in of:
        raise ImproperlyConfigured(
            f"{name} 写的是 {raw!r}，只能写 {'、'.join(of)} / {name} is {raw!r}; it must be one of {', '.join(of)}"
        )
    return raw


def number(name: str, *, default: int, low: int = 0, high: int = 2**31) -> int:
    raw = os.environ.get(name, str(default))
    if not raw.isascii() or not raw.isdigit() or not low <= int(raw) <= high:
        raise ImproperlyConfigured(
            f"{name} 写的是 {raw!r}，要写 {low} 到 {high} 的整数"
            f" / {name} is {raw!r}; it must be a whole number from {low} to {high}"
        )
    return int(raw)


def words(name: str, *, default: list[str]) -> list[str]:
    raw = os.environ.get(name)
    return default if raw is None else [word.strip() for word in raw.split(",") if word.strip()]


def trusted_proxies(name: str) -> addresses.Proxies:
    """Whose word about a visitor's address is taken; nobody's by default."""
    if os.environ.get("TRUSTED_PROXY_COUNT", "0") != "0":
        raise ImproperlyConfigured(
            f"TRUSTED_PROXY_COUNT 已经不用，请在 {name} 里写明代理的地址（nginx 在这台机器上：127.0.0.1,::1）"
            f" / TRUSTED_PROXY_COUNT is no longer read; name the proxy in {name} (nginx on this host: 127.0.0.1,::1)"
        )
    try:
        return addresses.proxies(words(name, default=[]))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}：请写地址、网段（例如 10.0.0.0/8）或者 unix / {name}: {error}") from error


def url(name: str, *, schemes: tuple[str, ...], default: str = "") -> str:
    raw = text(name, default)
    if raw and raw.split("://", 1)[0] not in schemes:
        raise ImproperlyConfigured(
            f"{name} 要用 {'、'.join(s + '://' for s in schemes)} 开头"
            f" / {name} must begin with one of {', '.join(s + '://' for s in schemes)}"
        )
    return raw


def site_url(name: str, *, default: str) -> str:
    """As ``url`` of a site, without the last slash; a Chinese host name is kept as browsers send it (xn--…)."""
    return _in_ascii(name, [url(name, schemes=("http", "https"), default=default).rstrip("/")])[0]


def hosts(name: str, *, default: list[str]) -> list[str]:
    """Host names or origins, each as browsers send it."""
    return _in_ascii(name, words(name, default=default))


def _in_ascii(name: str, written: list[str]) -> list[str]:
    try:
        return [in_ascii(one) if "://" in one else host_in_ascii(one) for one in written]
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} 里的主机名写得不对：{'、'.join(written)} / {name} holds a host name that is none: {error}"
        ) from error


def secret(name: str, *, var_dir: Path, generate: bool) -> str:
    """Return a secret; where ``generate`` (one host, demo) make it once and keep it in a 0600 file under VAR_DIR.

    Raises ImproperlyConfigured where it is missing, or shorter than 32 characters, and may not be made.
    """
    value = text(name)
    if value:
        if len(value) < 32 and not generate:
            raise ImproperlyConfigured(f"{name} 不到 32 个字符，请换一个长的 / {name} is shorter than 32 characters")
        return value
    if not generate:
        raise ImproperlyConfigured(f"没有设置 {name}（或者 {name}_FILE） / {name} (or {name}_FILE) is not set")
    path = var_dir / "secrets" / name.lower()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.touch(mode=0o600)
        temporary.write_text(secrets.token_urlsafe(48), encoding="utf-8")
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return path.read_text(encoding="utf-8").strip()
