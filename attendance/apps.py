from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AttendanceConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "attendance"
    verbose_name = _("参训台账")

    def ready(self) -> None:
        # Only once every app is loaded.
        from attendance.receivers import connect  # noqa: PLC0415

        connect()
