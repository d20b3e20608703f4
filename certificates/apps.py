from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CertificatesConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "certificates"
    verbose_name = _("证书")

    def ready(self) -> None:
        # Only once every app is loaded.
        from attendance.append_only import guard  # noqa: PLC0415
        from certificates.receivers import connect  # noqa: PLC0415

        guard("certificates_certificate")
        guard("certificates_certificatewithdrawal")
        connect()
