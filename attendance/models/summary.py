"""The ledger in numbers: how many people stand how, for each unit and everything below it.

Derived, never the truth: roster and records are. ``attendance/operations/summary.py`` keeps it, and says how; a row
that is not there means that nobody is counted. The references carry no constraint in the database: rows are written by
the ten thousand, and ``manage.py rebuild_summary --check`` and the nightly check hold them against the records.
"""

from django.db import models
from django.db.models.functions import Now

from attendance.models.plan import Occasion, Training
from organizations.models import Node


class NodeSummary(models.Model):
    """How many entries of one occasion's roster have which record, in a node and everything below it.

    What is counted is the record, not the standing: ending, undoing an end or voiding an occasion changes how everybody
    stands and no number here; ``attendance.standing.counts_of`` makes one of the other. ``own_…`` is what the node has
    by itself. ``exempt`` is exempt by the roster, ``exempted`` by a record.
    """

    occasion = models.ForeignKey(Occasion, on_delete=models.CASCADE, db_constraint=False, related_name="+")
    node = models.ForeignKey(Node, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    attended = models.IntegerField(default=0)
    made_up = models.IntegerField(default=0)
    excused = models.IntegerField(default=0)
    missing = models.IntegerField(default=0)
    incomplete = models.IntegerField(default=0)
    pending = models.IntegerField(default=0)
    exempt = models.IntegerField(default=0)
    exempted = models.IntegerField(default=0)
    own_attended = models.IntegerField(default=0)
    own_made_up = models.IntegerField(default=0)
    own_excused = models.IntegerField(default=0)
    own_missing = models.IntegerField(default=0)
    own_incomplete = models.IntegerField(default=0)
    own_pending = models.IntegerField(default=0)
    own_exempt = models.IntegerField(default=0)
    own_exempted = models.IntegerField(default=0)

    class Meta:
        # The node first: a page reads many occasions of few nodes.
        constraints = [models.UniqueConstraint(fields=["node", "occasion"], name="node_summary_once")]

    def __str__(self) -> str:
        return f"{self.occasion_id}: {self.node_id}"


class TrainingSummary(models.Model):
    """How many people stand how in a training as a whole, in a node and everything below it.

    Everybody is counted once in each unit in which a roster has them, by the worst of their standings there
    (``attendance.standing.WORST_FIRST``); so a parent is the sum of its children. ``own_…`` as in ``NodeSummary``.
    """

    training = models.ForeignKey(Training, on_delete=models.CASCADE, db_constraint=False, related_name="+")
    node = models.ForeignKey(Node, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    missing = models.IntegerField(default=0)
    incomplete = models.IntegerField(default=0)
    due = models.IntegerField(default=0)
    pending = models.IntegerField(default=0)
    made_up = models.IntegerField(default=0)
    attended = models.IntegerField(default=0)
    excused = models.IntegerField(default=0)
    exempt = models.IntegerField(default=0)
    own_missing = models.IntegerField(default=0)
    own_incomplete = models.IntegerField(default=0)
    own_due = models.IntegerField(default=0)
    own_pending = models.IntegerField(default=0)
    own_made_up = models.IntegerField(default=0)
    own_attended = models.IntegerField(default=0)
    own_excused = models.IntegerField(default=0)
    own_exempt = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["node", "training"], name="training_summary_once")]

    def __str__(self) -> str:
        return f"{self.training_id}: {self.node_id}"


class SummaryMark(models.Model):
    """A unit of an occasion whose numbers are to be counted again; without a node every unit of it.

    Written in the transaction of the change, only ever added, and taken away by whoever has counted: writers of one
    occasion never wait for each other by it.
    """

    occasion = models.ForeignKey(Occasion, on_delete=models.CASCADE, db_constraint=False, related_name="+")
    node = models.ForeignKey(
        Node, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+", null=True
    )
    at = models.DateTimeField(db_default=Now(), help_text="of the machinery alone: no number depends on it")

    def __str__(self) -> str:
        return f"{self.occasion_id}: {self.node_id}"


class SummaryCheck(models.Model):
    """What a night's comparison of the numbers with the records found; the last month of them."""

    at = models.DateTimeField(unique=True)
    occasions = models.PositiveIntegerField(help_text="so many were compared")
    differences = models.PositiveIntegerField(help_text="units whose numbers were wrong, and were put right")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d}: {self.differences}"
