"""Questions about meetings, one file a subject. Nothing here writes."""

from meetings.queries.books import Book, PersonRow, books_of
from meetings.queries.catalogue import form_at, forms_at, nearest_rule, rules_at
from meetings.queries.meetings import (
    last_named,
    meeting_at,
    meetings,
    meetings_of,
    minutes_of,
    people_of,
    personal_data,
)
from meetings.queries.years import FormYear, UnitYear, counted_units, unit_years, year_of

__all__ = [
    "Book",
    "FormYear",
    "PersonRow",
    "UnitYear",
    "books_of",
    "counted_units",
    "form_at",
    "forms_at",
    "last_named",
    "meeting_at",
    "meetings",
    "meetings_of",
    "minutes_of",
    "nearest_rule",
    "people_of",
    "personal_data",
    "rules_at",
    "unit_years",
    "year_of",
]
