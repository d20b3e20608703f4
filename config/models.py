"""What the parts of the site leave behind for whoever asks how it is: a few rows, each written over and over."""

from django.db import models


class Mark(models.Model):
    """When something was last seen to work: a worker, beat, a backup. One row a name, so that it never grows.

    Names: ``worker@<host>/<queue>`` (data: queue, host, sandbox, disk_free, skew_s), ``alive@<host>/<queues>`` (a
    worker's own process; data: queues, films), ``beat@<host>``, ``backup``, ``restore_drill``, ``phone_key_kept`` (that
    somebody wrote the key down), ``restored`` (that the data were replaced by those of a backup).
    """

    name = models.CharField(max_length=120, unique=True)
    at = models.DateTimeField()
    data = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return self.name


class TaskCount(models.Model):
    """How often a task of this name was done or failed since the site was set up, and how long it took."""

    name = models.CharField(max_length=120, unique=True)
    done = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveBigIntegerField(default=0)
    seconds = models.FloatField(default=0)
    failed_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True, help_text="the type of the last failure; no words of it")

    def __str__(self) -> str:
        return self.name
