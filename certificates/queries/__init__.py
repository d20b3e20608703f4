"""Questions about certificates: nouns that never write."""

from certificates.queries.finished import Looked, Way, hours_together, looked_through, setting_of, way_to
from certificates.queries.issued import (
    Issued,
    certificate_by_id,
    certificate_by_number,
    count_of,
    counts_by_child,
    holders,
    lapses_of,
    last_of,
    number_resting_on,
    own,
    personal_data,
    setting_and_count,
    settings_for,
    standing,
)

__all__ = [
    "Issued",
    "Looked",
    "Way",
    "certificate_by_id",
    "certificate_by_number",
    "count_of",
    "counts_by_child",
    "holders",
    "hours_together",
    "lapses_of",
    "last_of",
    "looked_through",
    "number_resting_on",
    "own",
    "personal_data",
    "setting_and_count",
    "setting_of",
    "settings_for",
    "standing",
    "way_to",
]
