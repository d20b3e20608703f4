"""Questions about meetings, one file a subject. Nothing here writes."""

from meetings.queries.books import Book, PersonRow, are_more_than, books_of
from meetings.queries.catalogue import form_at, forms_at, is_form_of, nearest_rule, rules_at
from meetings.queries.meetings import (
    form_code_at,
    groups_in,
    last_named,
    meeting_at,
    meetings,
    meetings_of,
    minutes_of,
    named_at,
    people_of,
    personal_data,
)
from meetings.queries.years import FormYear, UnitYear, counted_units, unit_years, year_of

__all__ = [
    "Book",
    "FormYear",
    "PersonRow",
    "UnitYear",
    "are_more_than",
    "books_of",
    "counted_units",
    "form_at",
    "form_code_at",
    "forms_at",
    "groups_in",
    "is_form_of",
    "last_named",
    "meeting_at",
    "meetings",
    "meetings_of",
    "minutes_of",
    "named_at",
    "nearest_rule",
    "people_of",
    "personal_data",
    "rules_at",
    "unit_years",
    "year_of",
]
