from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """The composition root: no models, only commands and the demo."""

    name = "config"

    def ready(self) -> None:
        # Tasks bind to the current Celery application; only here is every setting loaded.
        from config.celery import app  # noqa: PLC0415

        app.set_default()
