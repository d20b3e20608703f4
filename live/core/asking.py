"""What may be asked in a room, and in which order questions stand. Pure."""

from collections.abc import Sequence

MOST_POLLS = 30
MOST_QUESTIONS_EACH = 10
MAX_POLL_TEXT = 200
MAX_OPTION = 60
MAX_QUESTION = 200
MAX_NOTICE = 200
FEWEST_OPTIONS, MOST_OPTIONS = 2, 6
ORDER = {"now": 0, "waiting": 1, "answered": 2}


def poll_refusal(*, text: str, options: Sequence[str], right: Sequence[int], is_quiz: bool) -> str:
    """Return why a poll cannot be kept like this, "" if it can: "empty", "too_long", "options", "same" or "right".

    A quiz marks at least one option as right, and not all of them; whoever chooses one of those is right.
    """
    if not text or not all(options):
        return "empty"
    if len(text) > MAX_POLL_TEXT or any(len(option) > MAX_OPTION for option in options):
        return "too_long"
    if not FEWEST_OPTIONS <= len(options) <= MOST_OPTIONS:
        return "options"
    if len(set(options)) < len(options):
        return "same"
    marked = set(right)
    is_marked_well = marked <= set(range(len(options))) and 0 < len(marked) < len(options)
    return "right" if is_quiz and not is_marked_well else ""


def order_of(*, state: str, votes: int, question_id: int) -> tuple[int, int, int]:
    """Return what questions are sorted by: the one being answered, then by votes and by age, at last the answered."""
    return ORDER.get(state, len(ORDER)), -votes, question_id
