"""How long things about people are kept, from the environment, in days (ADR 88): impossible periods stop the start."""

from django.core.exceptions import ImproperlyConfigured

from config.env import number

NEVER = 0
# Shorter than this nobody who left is taken out: whoever comes back within the year is the same person, and a year's
# hours are closed and asked about in the year after.
LEAST_PERSON_DAYS = 400
# Three years: as long as a claim can be brought as a rule (诉讼时效, 民法典第一百八十八条).
PERSON_DAYS = 1095
LONGEST = 36_500


def read() -> tuple[int, int, int, int, int, int, int]:
    """Return the periods of raw evidence, guests, monthly files, quiz answers, comments, notices and people who left,
    in days. Raises ImproperlyConfigured."""
    return (
        # How long raw evidence is kept once its record is final; verdicts and reasons stay.
        number("EVIDENCE_KEEP_DAYS", default=90, low=30, high=LONGEST),
        # Those who came to a hall and are on nobody's list: outsiders, who never asked for a place here.
        number("GUEST_KEEP_DAYS", default=90, low=7, high=LONGEST),
        number("MONTHLY_FILE_KEEP_DAYS", default=400, low=30, high=LONGEST),
        # What people answered in the quizzes of lessons; what it came to stays.
        number("QUIZ_KEEP_DAYS", default=400, low=30, high=LONGEST),
        # What people said under lessons, and what was answered.
        number("COMMENT_KEEP_DAYS", default=400, low=30, high=LONGEST),
        # What people were told.
        number("NOTICE_KEEP_DAYS", default=400, low=30, high=LONGEST),
        _person(),
    )


def _person() -> int:
    """How long it stays who somebody was who left; 0: for good."""
    days = number("PERSON_KEEP_DAYS", default=PERSON_DAYS, high=LONGEST)
    if NEVER < days < LEAST_PERSON_DAYS:
        raise ImproperlyConfigured(
            f"PERSON_KEEP_DAYS 写 0（不清除），或者 {LEAST_PERSON_DAYS} 以上的天数 (0 for never, or at least "
            f"{LEAST_PERSON_DAYS} days)"
        )
    return days
