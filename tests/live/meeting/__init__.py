"""Meetings in a live room."""
