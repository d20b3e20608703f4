"""``manage.py check --deploy``: what would hurt people stops an installation; each says the setting to change."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError, InterfaceError
from django.utils.translation import gettext as _

from config import doctor
from config.private import readable_by_others
from organizations import places, sms

MAKE_KEY = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"


@register(Tags.security, deploy=True)
def nothing_that_hurts(**_kwargs: Any) -> list[CheckMessage]:
    """Ask the settings alone, and the database only whether somebody said that PHONE_KEY is kept."""
    return [*_modes(), *_people(), *_keys(), *_shape()]


@register(Tags.security, deploy=True)
def folders_are_closed(**_kwargs: Any) -> list[Error]:
    """A folder of another user is not closed by the start: whoever it belongs to has to."""
    hint = _("请用 chown 改成运行这个程序的用户，或者 chmod o-rwx")
    return [
        Error(_("这台机器上的每个用户都能读 %(path)s") % {"path": path}, hint=hint, id="site.E010")
        for path in readable_by_others(settings.VAR_DIR, settings.MEDIA_ROOT)
        if path == settings.VAR_DIR or settings.VAR_DIR not in path.parents
    ]


def _set(wanted: str) -> str:
    """What to write, and in which file it stands here."""
    return _("请在 %(file)s 里写 %(wanted)s。") % {"file": places.setting(wanted.partition("=")[0]), "wanted": wanted}


def _modes() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.DEBUG:
        found.append(Error(_("DEBUG 打开着：出错的页面会显示内部信息。"), hint=_set("DEBUG=0"), id="site.E001"))
    if settings.DEMO:
        hint = _set("DEMO=0") + _("并且从空的数据库开始。")
        found.append(Error(_("DEMO 打开着：人人都知道演示账号。"), hint=hint, id="site.E002"))
    if not settings.HTTPS:
        hint = _set("SITE_URL=https://…") + _("deploy/install.sh 会配好证书。")
        found.append(Error(_("SITE_URL 是 http://：密码和名字在网上不加密。"), hint=hint, id="site.E003"))
    return found


def _people() -> list[CheckMessage]:
    if settings.DEMO or sms.backend().reaches_phones:
        return []
    hint = _set("SMS_WAY=http、aliyun 或 tencent") + _("在那以前只能用 %(command)s 手机号 发登录链接。") % {
        "command": places.command("sign_in_link")
    }
    return [Error(_("发不出短信：谁也收不到登录验证码。"), hint=hint, id="site.E004")]


def _keys() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    keys = {"SECRET_KEY": settings.SECRET_KEY, "PHONE_KEY": settings.PHONE_KEY}
    for name, key in keys.items():
        if len(key) < 32 or len(set(key)) < 10 or key.startswith(("django-insecure", "change", "demo")):
            hint = _("生成一个新的：%(command)s") % {"command": MAKE_KEY}
            found.append(Error(_("%(name)s 太短，或者是例子里的。") % {"name": name}, hint=hint, id="site.E005"))
    if settings.SECRET_KEY == settings.PHONE_KEY:
        found.append(Error(_("SECRET_KEY 和 PHONE_KEY 是同一个。"), hint=_("请各用各的。"), id="site.E006"))
    try:
        kept = doctor.is_key_kept()
    except (DatabaseError, InterfaceError) as error:
        text = _("问不到 PHONE_KEY 是不是另外存了一份（%(why)s）。") % {"why": type(error).__name__}
        return [*found, Warning(text, hint=_("数据库能用以后请再运行一次。"), id="site.W001")]
    if not kept:
        hint = _("请把 %(place)s 另外存一份，不和数据库备份放在一起，再运行 %(command)s。") % {
            "place": places.phone_key(), "command": places.command("doctor --key-kept"),
        }  # fmt: skip
        found.append(Error(_("没有人确认过 PHONE_KEY 另外存了一份。"), hint=hint, id="site.E007"))
    return found


def _shape() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.MEDIA_SANDBOX != "required":
        hint = _set("MEDIA_SANDBOX=required") + _("并且安装 bubblewrap。")
        found.append(Error(_("上传的文件可能不在隔离环境里处理。"), hint=hint, id="site.E008"))
    if not settings.EMBEDDED and settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        hint = _set("DATABASE_URL=postgres://…")
        found.append(Error(_("几个进程会共用一个 SQLite 文件。"), hint=hint, id="site.E009"))
    return found
