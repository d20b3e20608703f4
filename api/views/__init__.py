"""The interface itself, and the pages of whoever opens it."""
