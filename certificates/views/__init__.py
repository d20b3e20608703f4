"""The certificates' pages."""
