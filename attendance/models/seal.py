"""What proves that the ledger was not touched: sealed days, and what was removed from them after its time."""

from django.db import models

from attendance.models.plan import Occasion
from organizations.models import Node


class Seal(models.Model):
    """封存: what came into the ledger until a day's end, chained to the seal of the day before (ADR 37).

    ``digest`` is empty while the seal is being made; then the row never changes again.
    """

    day = models.DateField(unique=True)
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    through = models.JSONField(default=dict, help_text="the last id of each table that this seal covers")
    open_spans = models.JSONField(default=list, help_text="presences up to there that had not ended; a later seal's")
    blocks = models.PositiveIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    late = models.PositiveIntegerField(default=0, help_text="rows dated before this day: a clock had been set back")
    claimed_at = models.DateTimeField()
    sealed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.day)


class Removal(models.Model):
    """清除: raw evidence of one occasion that was deleted after its time. The verdicts stay and are fixed from here on.

    ``records_digest`` is over the verdicts of all members as they stood: nothing can be judged again.
    """

    occasion = models.OneToOneField(Occasion, on_delete=models.PROTECT, related_name="removal")
    counts = models.JSONField(help_text="how many rows of each kind")
    records_digest = models.CharField(max_length=64)
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.occasion_id}: {self.at}"


class SealedBlock(models.Model):
    """Up to a thousand sealed rows of one occasion: the id and digest of each, and a digest over them all.

    ``rows`` is gone once its rows were removed; the block's digest stays, so that the chain holds.
    """

    class Kind(models.TextChoices):
        REPORTED = "reported"
        WRITTEN = "written"
        PRESENCE = "presence"
        CORRECTION = "correction"
        REMOVAL = "removal"
        ANSWER = "answer"

    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="sealed_blocks")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    occasion = models.ForeignKey(Occasion, on_delete=models.PROTECT, related_name="+")
    count = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    rows = models.BinaryField(null=True, blank=True)
    removal = models.ForeignKey(Removal, on_delete=models.PROTECT, related_name="blocks", null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seal", "number"], name="sealed_block_once")]

    def __str__(self) -> str:
        return f"{self.seal_id}/{self.number}"


class MonthlyFile(models.Model):
    """月报: what was handed over for a top unit and month, by its SHA-256; the file itself expires, this row stays."""

    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    month = models.DateField(help_text="its first day")
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.PositiveBigIntegerField()
    rows = models.PositiveIntegerField()
    head = models.CharField(max_length=64, blank=True, help_text="of the chain of seals when it was made")
    made_at = models.DateTimeField()
    expired_at = models.DateTimeField(null=True, blank=True, help_text="since when the file is gone")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["node", "month"], name="monthly_file_once")]

    def __str__(self) -> str:
        return f"{self.node_id} {self.month:%Y-%m}"
