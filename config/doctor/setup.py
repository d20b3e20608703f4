"""How the site is set up: its address and certificate, messages, media and pages."""

import ipaddress
import socket
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from django.conf import settings
from django.utils.translation import gettext as _

from config.doctor.findings import Check, Finding, Level, is_of_this_machine
from organizations import places, sms

CERTIFICATE_LATE, CERTIFICATE_BAD = timedelta(days=21), timedelta(days=5)


def _messages(_as_of: datetime) -> Iterator[Finding]:
    if sms.backend().reaches_phones:
        yield Finding(Level.FINE, _("短信"), _("已经设置。"))
    elif not settings.DEMO:
        step = _(
            "请在 %(file)s 里设置 SMS_WAY（http、aliyun 或 tencent）；没有短信时用 %(command)s 手机号 发一次性链接。"
        ) % {"file": places.setting(), "command": places.command("sign_in_link")}
        yield Finding(Level.WRONG, _("短信"), _("没有设置：登录验证码发不出去。"), step)


def _address(_as_of: datetime) -> Iterator[Finding]:
    host = settings.SITE.hostname or ""
    if settings.HTTPS:
        yield Finding(Level.FINE, _("网址"), settings.SITE_URL)
    elif is_of_this_machine(host):
        what = _("现在是 %(url)s，只有这台机器能打开。") % {"url": settings.SITE_URL}
        yield Finding(Level.CARE, _("网址"), what, _("要给别人用，请把 SITE_URL 改成 https:// 开头的网址。"))
    else:
        step = _("请给域名配上证书（deploy/install.sh 会做），再把 SITE_URL 改成 https:// 开头。")
        yield Finding(Level.WRONG, _("网址"), _("是 http://，密码和名字在网上不加密。"), step)
    if (settings.DEBUG or settings.DEMO) and not is_of_this_machine(host):
        mode = "DEBUG" if settings.DEBUG else "DEMO"
        what = _("%(mode)s 打开着：任何人都能看到内部信息或者用演示账号登录。") % {"mode": mode}
        yield Finding(
            Level.WRONG,
            _("运行方式"),
            what,
            _("请在 %(file)s 里去掉 %(mode)s，再重新启动。") % {"mode": mode, "file": places.setting()},
        )


def _certificate(as_of: datetime) -> Iterator[Finding]:
    if not settings.HTTPS:
        return
    host, port = settings.SITE.hostname or "", settings.SITE.port or 443
    until = certificate_until(host, port)
    if until is None:
        step = _("请在浏览器里打开 %(url)s 看看，再看 nginx 是否在运行。") % {"url": settings.SITE_URL}
        yield Finding(Level.CARE, _("证书"), _("从这台机器上看不到 %(host)s 的证书。") % {"host": host}, step)
        return
    days = (until - as_of).days
    values = {"day": f"{until:%Y-%m-%d}", "days": days}
    if until < as_of + CERTIFICATE_LATE:
        level = Level.WRONG if until < as_of + CERTIFICATE_BAD else Level.CARE
        what = _("%(day)s 到期，还有 %(days)s 天。") % values
        yield Finding(
            level,
            _("证书"),
            what,
            _("请更换证书，再运行 systemctl reload nginx；自动续期请看 systemctl status certbot.timer。"),
        )
    else:
        yield Finding(Level.FINE, _("证书"), _("%(day)s 到期。") % values)


def certificate_until(host: str, port: int) -> datetime | None:
    """When the certificate that is shown there ends; None where nobody shows one. Waits a second and a half at most."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # how long it lasts, not who signed it
    try:
        with (
            socket.create_connection((host, port), 1.5) as line,
            context.wrap_socket(line, server_hostname=host) as tls,
        ):
            shown = tls.getpeercert(binary_form=True)
    except OSError:
        return None
    return x509.load_der_x509_certificate(shown).not_valid_after_utc if shown else None


def _media(_as_of: datetime) -> Iterator[Finding]:
    addresses = [*settings.MEDIA_ICE_ADDRESSES, settings.MEDIA_PUBLIC_ADDRESS]
    named = [address for address in addresses if address]
    host = settings.SITE.hostname or ""
    if is_of_this_machine(host):
        return
    if not named:
        step = _("请在 %(file)s 里写明 MEDIA_ICE_ADDRESSES：手机连直播用的地址。") % {"file": places.setting()}
        yield Finding(Level.CARE, _("直播地址"), _("没有写明，程序用的是猜的地址。"), step)
    elif all(_is_private(address) for address in named):
        step = _("请在 MEDIA_PUBLIC_ADDRESS 里写公网地址；只在单位里看直播的，不用改。")
        yield Finding(Level.CARE, _("直播地址"), _("都是内网地址，单位外面的手机看不了实时直播。"), step)
    if not settings.EMBEDDED and not settings.MEDIA_ACCEL_PREFIX:
        step = _("请在 %(file)s 里设置 MEDIA_ACCEL_PREFIX，并在 nginx 里加上同名的 internal 位置。")
        step %= {"file": places.setting()}
        yield Finding(Level.CARE, _("视频文件"), _("每一段视频都由程序发送，没有交给 nginx。"), step)


def _is_private(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_private
    except ValueError:
        return False


def _static(_as_of: datetime) -> Iterator[Finding]:
    if settings.STATIC_HASHED and not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        step = _("请运行 deploy/setup.sh run，再重新启动。")
        yield Finding(Level.WRONG, _("页面样式"), _("前端文件没有准备好，页面打不开。"), step)


ALONE: list[Check] = [_messages, _address, _certificate, _media, _static]
