from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApiConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "api"
    verbose_name = _("数据接口")

    def ready(self) -> None:
        from api.receivers import connect  # noqa: PLC0415 - only once every app is loaded

        connect()
