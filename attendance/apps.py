from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AttendanceConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "attendance"
    verbose_name = _("参训台账")

    def ready(self) -> None:
        # Only once every app is loaded.
        from attendance.append_only import install  # noqa: PLC0415
        from attendance.receivers import connect  # noqa: PLC0415

        connect()
        post_migrate.connect(install, sender=self, dispatch_uid="attendance.append_only")
