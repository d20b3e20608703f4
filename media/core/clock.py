"""Media time as every page and every file of an author says it. Pure."""


def clock(ms: int) -> str:
    """Return media time as the player shows it (frontend/src/lib/clock.ts): 02:03, or 1:05:09 from an hour on."""
    minutes, seconds = divmod(max(0, ms) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"
