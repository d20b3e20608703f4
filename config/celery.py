"""The Celery application; in the embedded shape worker and beat are threads of the web process (config/embedded.py)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("fingertip")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
