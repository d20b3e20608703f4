"""How reports and pages print numbers."""


def minutes(milliseconds: int) -> float:
    """Return minutes with two decimals, cut and never rounded up: 47.999 is not 48.

    Of the whole seconds that the pages show (``attendance.sentences.records.length``), so that both say the same.
    """
    return milliseconds // 1000 * 100 // 60 / 100


def minutes_left(milliseconds: int) -> float:
    """Return minutes that are still to be done with two decimals, rounded up so that doing them is enough."""
    return -(-milliseconds // 600) / 100
