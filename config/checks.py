"""``manage.py check --deploy``: what would hurt people stops an installation; each says the setting to change."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError, InterfaceError

from config import doctor
from config.private import readable_by_others
from organizations import sms


@register(Tags.security, deploy=True)
def nothing_that_hurts(**_kwargs: Any) -> list[CheckMessage]:
    """Ask the settings alone, and the database only whether somebody said that PHONE_KEY is kept."""
    return [*_modes(), *_people(), *_keys(), *_shape()]


@register(Tags.security, deploy=True)
def folders_are_closed(**_kwargs: Any) -> list[Error]:
    """A folder of another user is not closed by the start: whoever it belongs to has to."""
    hint = "chown it to the user that runs this program, or chmod o-rwx"
    return [
        Error(f"{path} can be read by every user of this machine", hint=hint, id="site.E010")
        for path in readable_by_others(settings.VAR_DIR, settings.MEDIA_ROOT)
        if path == settings.VAR_DIR or settings.VAR_DIR not in path.parents
    ]


def _modes() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.DEBUG:
        found.append(Error("DEBUG is on: pages of errors show what is inside.", hint="Set DEBUG=0.", id="site.E001"))
    if settings.DEMO:
        hint = "Set DEMO=0 and begin with an empty database."
        found.append(Error("DEMO is on: everybody knows the accounts.", hint=hint, id="site.E002"))
    if not settings.HTTPS:
        hint = "Set SITE_URL=https://…; deploy/install.sh brings a certificate."
        found.append(Error("SITE_URL is http: names and passwords go in clear.", hint=hint, id="site.E003"))
    return found


def _people() -> list[CheckMessage]:
    if settings.DEMO or sms.backend().reaches_phones:
        return []
    hint = "Set SMS_WAY to http, aliyun or tencent. Until then only manage.py sign_in_link lets people in."
    return [Error("No text message can be sent: nobody can sign in with a code.", hint=hint, id="site.E004")]


def _keys() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    keys = {"SECRET_KEY": settings.SECRET_KEY, "PHONE_KEY": settings.PHONE_KEY}
    for name, key in keys.items():
        if len(key) < 32 or len(set(key)) < 10 or key.startswith(("django-insecure", "change", "demo")):
            hint = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
            found.append(Error(f"{name} is short, or an example's.", hint=hint, id="site.E005"))
    if settings.SECRET_KEY == settings.PHONE_KEY:
        found.append(Error("SECRET_KEY and PHONE_KEY are the same.", hint="Give each its own.", id="site.E006"))
    try:
        kept = doctor.is_key_kept()
    except (DatabaseError, InterfaceError) as error:
        text = f"Whether PHONE_KEY is kept elsewhere could not be asked ({type(error).__name__})."
        return [*found, Warning(text, hint="Run it again when the database answers.", id="site.W001")]
    if not kept:
        hint = "Keep it apart from the backups of the database, then: manage.py doctor --key-kept"
        found.append(Error("Nobody has said that PHONE_KEY is kept somewhere else.", hint=hint, id="site.E007"))
    return found


def _shape() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.MEDIA_SANDBOX != "required":
        hint = "Set MEDIA_SANDBOX=required and install bubblewrap."
        found.append(Error("Uploaded files may be read outside a sandbox.", hint=hint, id="site.E008"))
    if not settings.EMBEDDED and settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        hint = "Set DATABASE_URL=postgres://…"
        found.append(Error("Several processes would share one SQLite file.", hint=hint, id="site.E009"))
    return found
