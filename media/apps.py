from importlib import import_module

from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy as _


class MediaConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "media"
    verbose_name = _("音视频")

    def ready(self) -> None:
        import_module("media.receivers")
        if not apps.is_installed("wagtail.admin"):
            return
        # Before Wagtail asks for the first time: then it would fall back to Django's model permissions.
        policies = import_module("media.policies")
        import_module("wagtail.permissions").register_permission_policy(
            self.get_model("Video"), policies.VideoPermissionPolicy(self.get_model("Video"))
        )
