"""What is planned of an occasion before it opens; the database refuses what cannot stand."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class OccasionPlan:
    """For whom, when and by which rule: ``[starts_at, ends_at)``, everybody in the node's subtree."""

    training_id: int
    title: str
    node_id: int
    starts_at: datetime
    ends_at: datetime
    rule_id: int

    def columns(self) -> dict[str, Any]:
        """Return what an occasion stores of it; what a plan of an app above adds is that app's."""
        return {field.name: getattr(self, field.name) for field in fields(OccasionPlan)}
