"""A roster file read into rows, pure: sheets, columns, cells, what is wrong with them, and the level a name suggests.

Nothing here speaks to people: problems and remarks are codes with parameters (``roster_texts.py`` has the sentences),
and none repeats a phone or ID number.
"""

from organizations.core.roster.cells import date_of, holds_id_number, number_key, text_of, tidy_name, tidy_unit
from organizations.core.roster.headings import COLUMNS, OURS, TITLE
from organizations.core.roster.levels import LEVELS, guess_kind
from organizations.core.roster.person import EARLIEST, MAX_NAME, MAX_NODE_NAME, MAX_NUMBER
from organizations.core.roster.read import read_roster
from organizations.core.roster.rows import (
    Area,
    Cell,
    Line,
    NoValue,
    Problem,
    Remark,
    RosterRow,
    RosterTable,
    Sheet,
    UnableToReadRoster,
)

__all__ = [
    "COLUMNS",
    "EARLIEST",
    "LEVELS",
    "MAX_NAME",
    "MAX_NODE_NAME",
    "MAX_NUMBER",
    "OURS",
    "TITLE",
    "Area",
    "Cell",
    "Line",
    "NoValue",
    "Problem",
    "Remark",
    "RosterRow",
    "RosterTable",
    "Sheet",
    "UnableToReadRoster",
    "date_of",
    "guess_kind",
    "holds_id_number",
    "number_key",
    "read_roster",
    "text_of",
    "tidy_name",
    "tidy_unit",
]
