"""The meetings' pages."""
