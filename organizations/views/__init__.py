"""Pages about people: sign-in, the display switches, the roster, the access log."""
