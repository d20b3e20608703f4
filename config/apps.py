from importlib import import_module
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import Error, Tags, register

from config.private import readable_by_others


@register(Tags.security, deploy=True)
def folders_are_closed(**_kwargs: Any) -> list[Error]:
    """A folder of another user is not closed by the start: whoever it belongs to has to."""
    hint = "chown it to the user that runs this program, or chmod o-rwx"
    return [
        Error(f"{path} can be read by every user of this machine", hint=hint, id="config.E281")
        for path in readable_by_others(settings.VAR_DIR, settings.MEDIA_ROOT)
        if path == settings.VAR_DIR or settings.VAR_DIR not in path.parents
    ]


class ConfigConfig(AppConfig):
    """The composition root: commands, the demo, and what the parts of the site leave for whoever asks how it is."""

    name = "config"

    def ready(self) -> None:
        # Tasks bind to the current Celery application; only here is every setting loaded.
        from config.celery import app  # noqa: PLC0415

        app.set_default()
        import_module("config.checks")
        if apps.is_installed("django_prometheus"):  # the media agent has none
            import_module("config.metrics").register()
