from importlib import import_module

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class ConfigConfig(AppConfig):
    """The composition root: commands, the demo, and what the parts of the site leave for whoever asks how it is."""

    name = "config"

    def ready(self) -> None:
        # Tasks bind to the current Celery application; only here is every setting loaded.
        from config.celery import app  # noqa: PLC0415

        app.set_default()
        import_module("config.checks")
        post_migrate.connect(import_module("config.restored").write_down, sender=self, dispatch_uid="restored")
        if apps.is_installed("django_prometheus"):  # the media agent has none
            import_module("config.metrics").register()
