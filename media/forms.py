"""Fields of the video screens."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from media.core.chapters import Chapter, UnableToReadChapters, read_chapters, write_chapters
from media.sentences import chapters_reason


class ChaptersField(forms.CharField):
    """Chapters as a text of a line each; ``[[start in ms, title], …]`` as they are stored.

    ``within_ms``: the media's length; None while it is not known.
    """

    within_ms: int | None = None

    def prepare_value(self, value: Any) -> Any:
        """Return stored chapters as text, and what was typed as it was typed."""
        return write_chapters(Chapter(*row) for row in value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[list[int | str]]:
        """Return the rows to store. Raises ValidationError with the line that is wrong."""
        text = super().clean(value)
        try:
            found = read_chapters(text, within_ms=self.within_ms)
        except UnableToReadChapters as error:
            raise ValidationError(chapters_reason(error.code, error.line), code=error.code) from error
        return [[chapter.start_ms, chapter.title] for chapter in found]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))


def mark_of(values: Mapping[str, Any]) -> str:
    """Return a mark of what a form began with, by which a newer version is noticed."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
