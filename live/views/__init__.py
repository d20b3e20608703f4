"""Pages of the live lecture, and the small JSON addresses that its islands ask."""
