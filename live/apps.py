from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LiveConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "live"
    verbose_name = _("直播")

    def ready(self) -> None:
        import_module("live.receivers")
