"""Dates in English: the month as a word and the clock of 24 hours, so that nobody takes a day for a month."""

DATE_FORMAT = "j F Y"
MONTH_DAY_FORMAT = "j F"
SHORT_DATE_FORMAT = "j M Y"
SHORT_DATETIME_FORMAT = "j M Y, H:i"
DATETIME_FORMAT = "j F Y, H:i"
TIME_FORMAT = "H:i"
