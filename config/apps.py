from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """The composition root: no models, only commands and the demo."""

    name = "config"
